use crate::axes::{Axes, AxisInput, LegendEntry, LegendKey, invalid_note};
use crate::axis::Axis;
use crate::figure::Figure;
use crate::scaled_axis::Margin;
use crate::series::{Series, finite_range};
use crate::text::significant;
use crate::theme::SERIES;

/// A scatter plot, such as the loss of trials over their learning rates.
///
/// A point whose y is not finite (or not positive on a logarithmic axis) becomes a cross at the upper
/// edge.
///
/// ```
/// use backprop_plot::{Axis, Scale, Scatter, Series};
///
/// let scatter = Scatter {
///     x: Axis::new("learning rate", Scale::Log),
///     y: Axis::new("loss", Scale::Linear),
///     series: vec![Series::new("trials", vec![(0.1, 0.5), (1.0, f64::NAN)])],
///     invalid: "diverged".into(),
///     ..Scatter::default()
/// };
/// assert_eq!(scatter.figure().caption(), "Crosses at the upper edge: 1 diverged.");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    /// The title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The points by kind.
    pub series: Vec<Series>,
    /// A point that is set off with a ring.
    pub mark: Option<(f64, f64)>,
    /// Whether the line y = x is drawn; both axes then have the same ends.
    pub diagonal: bool,
    /// The word for points without a finite y, such as `diverged`; empty for `not finite`.
    pub invalid: String,
}

/// The most points that are drawn; more are thinned out evenly.
const MAX_POINTS: usize = 3_000;
/// The most points that are drawn large, each with a tooltip.
const MAX_LARGE_POINTS: usize = 200;
/// The height of the area between the axes in pixels, without and with the diagonal.
const HEIGHTS: [f64; 2] = [230.0, 320.0];

impl Scatter {
    /// The figure.
    pub fn figure(&self) -> Figure {
        let mut axes = self.axes();
        self.draw_diagonal(&mut axes);
        let total = self.points().count();
        let stride = total.div_ceil(MAX_POINTS).max(1);
        let (mut invalid, mut drawn) = (0, 0);
        for (k, series) in self.series.iter().enumerate() {
            let missing = draw_points(&mut axes, k % SERIES, series, stride, total);
            drawn += series.points.len().div_ceil(stride) - missing;
            invalid += missing;
        }
        if total == 0 {
            axes.placeholder("nothing to show yet");
        }
        if let Some(at) = self.mark.and_then(|mark| axes.point(mark)) {
            axes.canvas.ring("mark", at, 8.0);
        }
        let why = match &*self.invalid {
            "" => "not finite",
            why => why,
        };
        let mut note = invalid_note(invalid, why);
        if stride > 1 {
            note = format!("One point in {stride} is drawn. {note}");
        }
        let mark = self.mark.map_or(String::new(), |(x, y)| {
            let (x, y) = (significant(x), significant(y));
            format!(" The marked point is at {x}, {y}.")
        });
        let (x, y) = (&self.x.label, &self.y.label);
        let description = format!("{drawn} points, {y} over {x}.{mark} {note}");
        Figure::new(&self.title, description.trim().to_string(), axes.canvas)
            .with_caption(note.trim())
    }

    fn points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn axes(&self) -> Axes {
        let names = self.series.iter().enumerate();
        let legend: Vec<LegendEntry<'_>> = names
            .filter(|_| self.series.len() > 1)
            .map(|(k, series)| (LegendKey::Dot, k % SERIES, &*series.name))
            .collect();
        let mut xs: Vec<f64> = self.points().map(|point| point.0).collect();
        let mut ys: Vec<f64> = self.points().map(|point| point.1).collect();
        if self.diagonal {
            xs.append(&mut ys);
            ys.clone_from(&xs);
        }
        let x = AxisInput {
            axis: &self.x,
            values: xs,
            margin: Margin::Padded,
        };
        let y = AxisInput {
            axis: &self.y,
            values: ys,
            margin: if self.diagonal {
                Margin::Padded
            } else {
                Margin::ToTick
            },
        };
        let height = HEIGHTS[usize::from(self.diagonal)];
        Axes::new(&self.title, &legend, x, y, height)
    }

    fn draw_diagonal(&self, axes: &mut Axes) {
        if !self.diagonal {
            return;
        }
        let ends = finite_range(self.points().flat_map(|point| [point.0, point.1]));
        let line = ends.and_then(|(low, high)| {
            let (from, to) = ((low, low), (high, high));
            Some((axes.point(from)?, axes.point(to)?))
        });
        if let Some((from, to)) = line {
            axes.canvas.line("guide", from, to);
        }
    }
}

/// Draws every `stride`-th point of a series; returns how many cannot be drawn.
fn draw_points(
    axes: &mut Axes,
    colour: usize,
    series: &Series,
    stride: usize,
    total: usize,
) -> usize {
    let large = total <= MAX_LARGE_POINTS;
    let class = format!("f{colour} faint");
    let radius = if large { 4.5 } else { 2.0 };
    let mut missing = Vec::new();
    for &point in series.points.iter().step_by(stride) {
        let Some(at) = axes.point(point) else {
            missing.push(point);
            continue;
        };
        let title = if large {
            let (x, y) = (significant(point.0), significant(point.1));
            format!("{}: {x}, {y}", series.name)
        } else {
            String::new()
        };
        axes.canvas.circle(&class, at, radius, &title);
    }
    axes.mark_invalid(&missing, &series.name)
}
