use crate::axis::{Axis, Fit, Scale};
use crate::chart::frame::{Frame, Side, Swatch};
use crate::figure::{Anchor, Figure};
use crate::metrics::Calibration;
use crate::text::{fixed, percent};

/// How often predictions come true, over the probability that they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReliabilityDiagram {
    /// What stands above it.
    pub title: String,
    /// What is shown.
    pub calibration: Calibration,
}

impl ReliabilityDiagram {
    /// Draws it: a bar for each bin that has rows, the diagonal, and below the rows of each bin.
    pub fn figure(&self) -> Figure {
        let axis = Axis::new("probability given to the predicted class", Scale::Percent);
        let y_axis = Axis::new("of these predictions are right", Scale::Percent);
        let side = |axis| Side {
            axis,
            values: vec![0.0, 1.0],
            fit: Fit::Exact,
        };
        let legend = [
            (Swatch::Area, 0, "share that is right"),
            (Swatch::Dot, 1, "mean probability"),
        ];
        let mut frame = Frame::with_height(&self.title, &legend, side(&axis), side(&y_axis), 240.0);
        let mut about = vec![format!(
            "Expected calibration error {}.",
            percent(self.calibration.expected_error, 2)
        )];
        for bin in self.calibration.bins.iter().filter(|bin| bin.rows > 0) {
            let text = format!(
                "{} to {}: {} rows, mean probability {}, {} right",
                percent(bin.from, 0),
                percent(bin.to, 0),
                fixed(bin.rows as f64, 0),
                percent(bin.confidence, 1),
                percent(bin.accuracy, 1)
            );
            let low = frame.point((bin.from, 0.0));
            let high = frame.point((bin.to, bin.accuracy));
            if let (Some(low), Some(high)) = (low, high) {
                let (at, size) = (
                    (low.0 + 1.0, high.1),
                    (high.0 - low.0 - 2.0, low.1 - high.1),
                );
                frame.canvas.rect("f0 faint", at, size, "", &text);
                let middle = (low.0 + high.0) / 2.0;
                let place = (middle, frame.bottom - 6.0);
                let halo = if low.1 - high.1 > 18.0 {
                    "s b"
                } else {
                    "s b halo"
                };
                frame
                    .canvas
                    .text(halo, place, Anchor::Middle, &few_letters(bin.rows));
            }
            about.push(text);
        }
        if let (Some(from), Some(to)) = (frame.point((0.0, 0.0)), frame.point((1.0, 1.0))) {
            frame.canvas.line("guide", from, to);
        }
        for bin in self.calibration.bins.iter().filter(|bin| bin.rows > 0) {
            if let Some(place) = frame.point(((bin.from + bin.to) / 2.0, bin.confidence)) {
                frame.canvas.circle("f1", place, 4.5, "");
            }
        }
        Figure::new(&self.title, about.join(" "), frame.canvas)
    }
}

/// A count that fits into a bar.
fn few_letters(count: usize) -> String {
    match count {
        0..10_000 => fixed(count as f64, 0),
        10_000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}
