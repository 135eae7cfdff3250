use crate::axes::{Axes, AxisInput, FONT_SIZE, LegendEntry, LegendKey, PLOT_HEIGHT, invalid_note};
use crate::axis::{Axis, Scale};
use crate::canvas::Anchor;
use crate::figure::Figure;
use crate::scaled_axis::Margin;
use crate::series::{Series, finite_range};
use crate::text::{significant, text_width};
use crate::theme::SERIES;

/// Lines through points, such as losses over epochs.
///
/// ```
/// use backprop_plot::{Axis, LineChart, Scale, Series};
///
/// let chart = LineChart {
///     title: "Loss".into(),
///     x: Axis::new("epoch", Scale::Whole),
///     y: Axis::new("loss (nats)", Scale::Linear),
///     series: vec![Series::by_epoch("training", &[0.9, 0.4, f64::NAN])],
///     mark: None,
/// };
/// assert_eq!(chart.figure().caption(), "Crosses at the upper edge: 1 not finite.");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// The title.
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

/// A point of a line chart that is set off with a ring and a label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    /// The index of the series that the point belongs to.
    pub series: usize,
    /// The point's value on the horizontal axis.
    pub x: f64,
    /// The label beside the point.
    pub label: String,
}

/// The most points of a series that are shown as dots too.
const MAX_DOTS: usize = 60;
/// The pixels that a label keeps from a line, so that a line's width and dots stay clear of it.
const CLEARANCE: f64 = 4.0;

impl LineChart {
    /// The figure.
    pub fn figure(&self) -> Figure {
        let mut axes = self.axes();
        if self.points().next().is_none() {
            axes.placeholder("nothing to show yet");
        }
        let mark = self.marked(&axes);
        if let Some((_, (x, _))) = mark {
            axes.canvas.line("guide", (x, axes.top), (x, axes.bottom));
        }
        let mut invalid = 0;
        for (k, series) in self.series.iter().enumerate() {
            invalid += draw_line(&mut axes, k % SERIES, series, &self.x.label);
        }
        if let Some((mark, at)) = mark {
            axes.canvas.ring("mark", at, 6.0);
            let (place, anchor) = self.label_place(&axes, &mark.label, at.0);
            axes.canvas.text("b halo", place, anchor, &mark.label);
        }
        let why = if self.y.scale == Scale::Log {
            "not positive and finite"
        } else {
            "not finite"
        };
        let note = invalid_note(invalid, why);
        let description = format!("{} {note}", self.describe());
        Figure::new(&self.title, description.trim().to_string(), axes.canvas).with_caption(note)
    }

    fn points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn axes(&self) -> Axes {
        let names = self.series.iter().enumerate();
        let legend: Vec<LegendEntry<'_>> = names
            .filter(|_| self.series.len() > 1)
            .map(|(k, series)| (LegendKey::Line, k % SERIES, &*series.name))
            .collect();
        let mut heights: Vec<f64> = self.points().map(|point| point.1).collect();
        // A linear axis begins at 0, unless all values are far from it.
        if let Some((low, high)) = finite_range(heights.iter().copied())
            && self.y.scale == Scale::Linear
            && low > 0.0
            && low < 0.7 * high
        {
            heights.push(0.0);
        }
        let x = AxisInput {
            axis: &self.x,
            values: self.points().map(|point| point.0).collect(),
            margin: Margin::None,
        };
        let y = AxisInput {
            axis: &self.y,
            values: heights,
            margin: Margin::ToTick,
        };
        Axes::new(&self.title, &legend, x, y, PLOT_HEIGHT)
    }

    /// The mark and the coordinates of its point, if there is such a point and it can be drawn.
    fn marked(&self, axes: &Axes) -> Option<(&Mark, (f64, f64))> {
        let mark = self.mark.as_ref()?;
        let points = &self.series.get(mark.series)?.points;
        let point = points.iter().find(|point| point.0 == mark.x)?;
        Some((mark, axes.point(*point)?))
    }

    /// The place for a label beside the vertical line at `x`: of the four corners the one that the
    /// fewest lines run through, at the top and over the longer part of the axis if there is a choice.
    fn label_place(&self, axes: &Axes, label: &str, x: f64) -> ((f64, f64), Anchor) {
        let width = text_width(label, FONT_SIZE);
        let fits_left = x - width - 8.0 > axes.left;
        let to_left = fits_left && x > (axes.left + axes.right) / 2.0;
        let fits = |left: bool| match left {
            true => fits_left,
            false => x + width + 8.0 < axes.right,
        };
        let corners = [
            (to_left, true),
            (to_left, false),
            (!to_left, true),
            (!to_left, false),
        ];
        let corners = corners
            .into_iter()
            .filter(|&(left, _)| left == to_left || fits(left));
        let place = |(left, top): (bool, bool)| {
            let y = if top {
                axes.top + 13.0
            } else {
                axes.bottom - 7.0
            };
            let (x, anchor) = if left {
                (x - 7.0, Anchor::End)
            } else {
                (x + 7.0, Anchor::Start)
            };
            let start = if left { x - width } else { x };
            let low = (start - CLEARANCE, y - 10.0 - CLEARANCE);
            let high = (start + width + CLEARANCE, y + 3.0 + CLEARANCE);
            (((x, y), anchor), self.lines_through(axes, low, high))
        };
        let best = corners.map(place).min_by_key(|&(_, lines)| lines);
        best.map_or(((x + 7.0, axes.top + 13.0), Anchor::Start), |(place, _)| {
            place
        })
    }

    /// The number of line segments that run through the box between two corners.
    fn lines_through(&self, axes: &Axes, low: (f64, f64), high: (f64, f64)) -> usize {
        let crossed = |series: &Series| {
            let segments = series.points.windows(2).filter_map(|pair| {
                let (from, to) = (axes.point(pair[0])?, axes.point(pair[1])?);
                Some(crosses(from, to, low, high))
            });
            segments.filter(|&crosses| crosses).count()
        };
        self.series.iter().map(crossed).sum()
    }

    /// The lines in words.
    fn describe(&self) -> String {
        let sentences = self.series.iter().filter_map(|series| {
            let finite = || series.points.iter().filter(|point| point.1.is_finite());
            let (first, last) = (finite().next()?, finite().next_back()?);
            let (lowest, highest) = finite_range(finite().map(|point| point.1))?;
            Some(format!(
                "{}: from {} at {} {} to {} at {}, between {} and {}.",
                series.name,
                significant(first.1),
                self.x.label,
                significant(first.0),
                significant(last.1),
                significant(last.0),
                significant(lowest),
                significant(highest),
            ))
        });
        let mark = self.mark.iter();
        let mark = mark.map(|mark| format!("Marked: {}.", mark.label));
        sentences.chain(mark).collect::<Vec<_>>().join(" ")
    }
}

/// Whether the segment between two points runs through the box between two corners (Liang and Barsky,
/// 1984: the part of the segment within each pair of sides is an interval, and all must overlap).
fn crosses(from: (f64, f64), to: (f64, f64), low: (f64, f64), high: (f64, f64)) -> bool {
    let within = |from: f64, to: f64, low: f64, high: f64| {
        if from == to {
            return if (low..=high).contains(&from) {
                (0.0, 1.0)
            } else {
                (1.0, 0.0)
            };
        }
        let (a, b) = ((low - from) / (to - from), (high - from) / (to - from));
        (a.min(b), a.max(b))
    };
    let (x, y) = (
        within(from.0, to.0, low.0, high.0),
        within(from.1, to.1, low.1, high.1),
    );
    x.0.max(y.0).max(0.0) <= x.1.min(y.1).min(1.0)
}

/// Draws one line, broken at points that cannot be drawn, which are marked; returns their number.
fn draw_line(axes: &mut Axes, colour: usize, series: &Series, x_label: &str) -> usize {
    let (line, dot) = (format!("line l{colour}"), format!("f{colour}"));
    let with_dots = series.points.len() <= MAX_DOTS;
    let (mut invalid, mut run) = (Vec::new(), Vec::new());
    for &point in series.points.iter().chain([&(f64::NAN, f64::NAN)]) {
        if let Some(at) = axes.point(point) {
            run.push(at);
            continue;
        }
        match run[..] {
            [] => {}
            [at] if !with_dots => axes.canvas.circle(&dot, at, 2.5, ""),
            [_] => {}
            _ => axes.canvas.path(&line, &run),
        }
        run.clear();
        if !point.0.is_nan() {
            invalid.push(point);
        }
    }
    if with_dots {
        for &point in &series.points {
            if let Some(at) = axes.point(point) {
                let (x, y) = (significant(point.0), significant(point.1));
                let title = format!("{}, {x_label} {x}: {y}", series.name);
                axes.canvas.circle(&dot, at, 3.0, &title);
            }
        }
    }
    axes.mark_invalid(&invalid, &series.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_crosses_a_box_that_it_enters() {
        let (low, high) = ((0.0, 0.0), (2.0, 1.0));
        assert!(crosses((-1.0, 0.5), (3.0, 0.5), low, high));
        assert!(crosses((1.0, 5.0), (1.0, 0.5), low, high));
        assert!(crosses((0.5, 0.5), (1.0, 0.6), low, high));
        assert!(!crosses((-1.0, 2.0), (3.0, 1.5), low, high));
        assert!(!crosses((-1.0, 0.0), (0.5, 3.0), low, high));
        assert!(!crosses((3.0, 0.5), (4.0, 0.5), low, high));
    }

    /// A rising line lies at the top right, where a label of its last point would otherwise stand.
    #[test]
    fn a_label_avoids_the_lines() {
        let mut chart = LineChart {
            series: vec![Series::by_epoch("accuracy", &[0.5, 1.0, 1.0, 1.0, 1.0])],
            mark: Some(Mark {
                series: 0,
                x: 4.0,
                label: "best".into(),
            }),
            ..LineChart::default()
        };
        let y_of_label = |chart: &LineChart| {
            let axes = chart.axes();
            let (_, at) = chart.marked(&axes).expect("a point");
            let ((_, y), _) = chart.label_place(&axes, "best", at.0);
            (y - axes.top).min(axes.bottom - y) == y - axes.top
        };
        assert!(!y_of_label(&chart), "below the line");
        chart.series[0]
            .points
            .iter_mut()
            .for_each(|point| point.1 = -point.1);
        assert!(y_of_label(&chart), "above the line");
    }
}
