use crate::axes::{Axes, AxisInput, LegendKey};
use crate::axis::{Axis, Scale};
use crate::canvas::Anchor;
use crate::figure::Figure;
use crate::scaled_axis::Margin;
use crate::text::{decimals, percent};

/// The accuracy of predictions over the probability that they were given, in bins.
///
/// ```
/// use backprop_plot::{ReliabilityBin, ReliabilityDiagram};
///
/// let diagram = ReliabilityDiagram {
///     title: "Reliability".into(),
///     bins: vec![ReliabilityBin { from: 0.5, to: 1.0, rows: 40, confidence: 0.9, accuracy: 0.8 }],
///     calibration_error: 0.1,
/// };
/// let words = "Expected calibration error 10.00 %. 50 % to 100 %: 40 rows, mean probability 90.0 %, \
///              80.0 % right";
/// assert_eq!(diagram.figure().description(), words);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReliabilityDiagram {
    /// The title.
    pub title: String,
    /// The bins; a bin without rows is not drawn.
    pub bins: Vec<ReliabilityBin>,
    /// The expected calibration error.
    pub calibration_error: f64,
}

/// The predictions whose probability lies between two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReliabilityBin {
    /// The lower bound of the probability.
    pub from: f64,
    /// The upper bound of the probability.
    pub to: f64,
    /// The number of predictions.
    pub rows: usize,
    /// The mean probability.
    pub confidence: f64,
    /// The fraction of predictions that is right.
    pub accuracy: f64,
}

/// The height of the area between the axes in pixels.
const HEIGHT: f64 = 240.0;
/// The lowest bar, in pixels, that holds the count of its rows.
const LABELLED_HEIGHT: f64 = 18.0;

impl ReliabilityDiagram {
    /// The figure: a bar for each bin that has rows, with their number, and the diagonal.
    pub fn figure(&self) -> Figure {
        let x_axis = Axis::new("probability given to the predicted class", Scale::Percent);
        let y_axis = Axis::new("of these predictions are right", Scale::Percent);
        let input = |axis| AxisInput {
            axis,
            values: vec![0.0, 1.0],
            margin: Margin::None,
        };
        let legend = [
            (LegendKey::Area, 0, "fraction that is right"),
            (LegendKey::Dot, 1, "mean probability"),
        ];
        let (x, y) = (input(&x_axis), input(&y_axis));
        let mut axes = Axes::new(&self.title, &legend, x, y, HEIGHT);
        let bins = || self.bins.iter().filter(|bin| bin.rows > 0);
        for bin in bins() {
            bin.draw_bar(&mut axes);
        }
        if let (Some(from), Some(to)) = (axes.point((0.0, 0.0)), axes.point((1.0, 1.0))) {
            axes.canvas.line("guide", from, to);
        }
        for bin in bins() {
            if let Some(at) = axes.point(((bin.from + bin.to) / 2.0, bin.confidence)) {
                axes.canvas.circle("f1", at, 4.5, "");
            }
        }
        let error = percent(self.calibration_error, 2);
        let mut description = vec![format!("Expected calibration error {error}.")];
        description.extend(bins().map(ReliabilityBin::describe));
        Figure::new(&self.title, description.join(" "), axes.canvas)
    }
}

impl ReliabilityBin {
    fn describe(&self) -> String {
        format!(
            "{} to {}: {} rows, mean probability {}, {} right",
            percent(self.from, 0),
            percent(self.to, 0),
            decimals(self.rows as f64, 0),
            percent(self.confidence, 1),
            percent(self.accuracy, 1)
        )
    }

    fn draw_bar(&self, axes: &mut Axes) {
        let low = axes.point((self.from, 0.0));
        let high = axes.point((self.to, self.accuracy));
        let (Some(low), Some(high)) = (low, high) else {
            return;
        };
        let (width, height) = (high.0 - low.0 - 2.0, low.1 - high.1);
        let at = (low.0 + 1.0, high.1);
        let title = self.describe();
        axes.canvas
            .rect("f0 faint", at, (width, height), "", &title);
        let class = if height > LABELLED_HEIGHT {
            "s b"
        } else {
            "s b halo"
        };
        let middle = ((low.0 + high.0) / 2.0, axes.bottom - 6.0);
        let count = short_count(self.rows);
        axes.canvas.text(class, middle, Anchor::Middle, &count);
    }
}

/// A count of few enough characters for a bar.
fn short_count(count: usize) -> String {
    match count {
        0..10_000 => decimals(count as f64, 0),
        10_000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}
