use crate::axis::{Axis, Fit, Scale};
use crate::chart::Series;
use crate::chart::frame::{Frame, Side, Swatch, not_drawn};
use crate::figure::{Anchor, Figure};
use crate::text::{short, width};
use crate::theme::SERIES;

/// Lines through points, such as losses over epochs.
///
/// ```
/// use backprop_report::{Axis, LineChart, Scale, Series};
///
/// let chart = LineChart {
///     title: "Loss".into(),
///     x: Axis::new("epoch", Scale::Whole),
///     y: Axis::new("loss (nats)", Scale::Linear),
///     series: vec![Series::by_epoch("training", &[0.9, 0.4, f64::NAN])],
///     mark: None,
/// };
/// assert!(chart.figure().to_svg().contains("Crosses at the upper edge: 1 not finite"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// What stands above it.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines; from the eighth on, colours repeat.
    pub series: Vec<Series>,
    /// A point that is set off.
    pub mark: Option<Mark>,
}

/// A point of a line chart that is set off.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    /// The series, from 0, that it is a point of.
    pub series: usize,
    /// Its place on the horizontal axis.
    pub x: f64,
    /// What stands beside it.
    pub label: String,
}

/// Up to so many points of a series are shown as dots too.
const DOTS: usize = 60;

impl LineChart {
    /// Draws it.
    pub fn figure(&self) -> Figure {
        let all = || self.series.iter().flat_map(|series| &series.points);
        let with_legend = self.series.len() > 1;
        let names = self.series.iter().enumerate();
        let legend: Vec<_> = names
            .filter(|_| with_legend)
            .map(|(k, series)| (Swatch::Line, k % SERIES, &*series.name))
            .collect();
        // A linear axis begins at 0, unless all values are far from it.
        let mut heights: Vec<f64> = all().map(|point| point.1).collect();
        let finite = || all().map(|point| point.1).filter(|y| y.is_finite());
        let (low, high) = (
            finite().fold(f64::NAN, f64::min),
            finite().fold(f64::NAN, f64::max),
        );
        if self.y.scale == Scale::Linear && low > 0.0 && low < 0.7 * high {
            heights.push(0.0);
        }
        let x = Side {
            axis: &self.x,
            values: all().map(|point| point.0).collect(),
            fit: Fit::Exact,
        };
        let y = Side {
            axis: &self.y,
            values: heights,
            fit: Fit::Round,
        };
        let mut frame = Frame::new(&self.title, &legend, x, y);
        if all().next().is_none() {
            frame.remark("nothing to show yet");
        }
        self.draw_guide(&mut frame);
        let mut odd = 0;
        for (k, series) in self.series.iter().enumerate() {
            odd += draw(&mut frame, k % SERIES, series, &self.x.label);
        }
        self.draw_mark(&mut frame);
        let why = if self.y.scale == Scale::Log {
            "not positive and finite"
        } else {
            "not finite"
        };
        let note = not_drawn(odd, why);
        let about = format!("{} {note}", self.about());
        Figure::new(&self.title, about.trim().to_string(), frame.canvas).with_caption(note)
    }

    fn marked(&self, frame: &Frame) -> Option<(&Mark, (f64, f64))> {
        let mark = self.mark.as_ref()?;
        let points = &self.series.get(mark.series)?.points;
        let point = points.iter().find(|point| point.0 == mark.x)?;
        Some((mark, frame.point(*point)?))
    }

    fn draw_guide(&self, frame: &mut Frame) {
        if let Some((_, (x, _))) = self.marked(frame) {
            frame
                .canvas
                .line("guide", (x, frame.top), (x, frame.bottom));
        }
    }

    fn draw_mark(&self, frame: &mut Frame) {
        let Some((mark, (x, y))) = self.marked(frame) else {
            return;
        };
        frame.canvas.ring("odd", (x, y), 6.0);
        let fits_left = x - width(&mark.label, 13.0) - 8.0 > frame.left;
        let to_left = fits_left && x > (frame.left + frame.right) / 2.0;
        let (place, anchor) = if to_left {
            (x - 7.0, Anchor::End)
        } else {
            (x + 7.0, Anchor::Start)
        };
        frame
            .canvas
            .text("b halo", (place, frame.top + 13.0), anchor, &mark.label);
    }

    /// The lines in words.
    fn about(&self) -> String {
        let sentences = self.series.iter().filter_map(|series| {
            let finite = || series.points.iter().filter(|point| point.1.is_finite());
            let (first, last) = (finite().next()?, finite().next_back()?);
            let lowest = finite().map(|point| point.1).fold(f64::INFINITY, f64::min);
            let highest = finite()
                .map(|point| point.1)
                .fold(f64::NEG_INFINITY, f64::max);
            Some(format!(
                "{}: from {} at {} {} to {} at {}, between {} and {}.",
                series.name,
                short(first.1),
                self.x.label,
                short(first.0),
                short(last.1),
                short(last.0),
                short(lowest),
                short(highest),
            ))
        });
        let marked = self
            .mark
            .iter()
            .map(|mark| format!("Marked: {}.", mark.label));
        sentences.chain(marked).collect::<Vec<_>>().join(" ")
    }
}

/// Draws one line, broken where a point has no place; says how many have none.
fn draw(frame: &mut Frame, colour: usize, series: &Series, x_label: &str) -> usize {
    let mut odd = Vec::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    let with_dots = series.points.len() <= DOTS;
    for &point in series.points.iter().chain([&(f64::NAN, f64::NAN)]) {
        match frame.point(point) {
            Some(place) => run.push(place),
            None => {
                if run.len() > 1 {
                    frame.canvas.path(&format!("line l{colour}"), &run);
                } else if let (Some(&place), false) = (run.first(), with_dots) {
                    frame.canvas.circle(&format!("f{colour}"), place, 2.5, "");
                }
                run.clear();
                if !point.0.is_nan() {
                    odd.push(point);
                }
            }
        }
    }
    if with_dots {
        for &point in &series.points {
            if let Some(place) = frame.point(point) {
                let title = format!(
                    "{}, {x_label} {}: {}",
                    series.name,
                    short(point.0),
                    short(point.1)
                );
                frame
                    .canvas
                    .circle(&format!("f{colour}"), place, 3.0, &title);
            }
        }
    }
    frame.crosses(&odd, &series.name)
}
