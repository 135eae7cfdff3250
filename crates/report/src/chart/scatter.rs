use crate::axis::{Axis, Fit};
use crate::chart::Series;
use crate::chart::frame::{Frame, Side, Swatch, not_drawn};
use crate::figure::Figure;
use crate::text::short;
use crate::theme::SERIES;

/// Points, such as the loss of trials over their learning rates.
///
/// A point whose y is not finite (or not positive on a log axis) becomes a cross at the upper edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    /// What stands above it.
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
    /// What a point without a finite y is, such as `diverged`.
    pub odd: String,
}

/// More points than this are thinned out evenly.
const MOST: usize = 3_000;

impl Scatter {
    /// Draws it.
    pub fn figure(&self) -> Figure {
        let all = || self.series.iter().flat_map(|series| &series.points);
        let names = self.series.iter().enumerate();
        let legend: Vec<_> = names
            .filter(|_| self.series.len() > 1)
            .map(|(k, series)| (Swatch::Dot, k % SERIES, &*series.name))
            .collect();
        let mut xs: Vec<f64> = all().map(|point| point.0).collect();
        let mut ys: Vec<f64> = all().map(|point| point.1).collect();
        if self.diagonal {
            let both = [xs.clone(), ys.clone()].concat();
            (xs, ys) = (both.clone(), both);
        }
        let ends = extremes(&xs);
        let x = Side {
            axis: &self.x,
            values: xs,
            fit: Fit::Padded,
        };
        let y = Side {
            axis: &self.y,
            values: ys,
            fit: if self.diagonal {
                Fit::Padded
            } else {
                Fit::Round
            },
        };
        let mut frame = Frame::with_height(
            &self.title,
            &legend,
            x,
            y,
            if self.diagonal { 320.0 } else { 230.0 },
        );
        let line = ends
            .filter(|_| self.diagonal)
            .and_then(|(low, high)| Some((frame.point((low, low))?, frame.point((high, high))?)));
        if let Some((from, to)) = line {
            frame.canvas.line("guide", from, to);
        }
        let total = all().count();
        let stride = total.div_ceil(MOST).max(1);
        let (mut odd, mut drawn) = (0, 0);
        for (k, series) in self.series.iter().enumerate() {
            let mut without_place = Vec::new();
            for &point in series.points.iter().step_by(stride) {
                match frame.point(point) {
                    None => without_place.push(point),
                    Some(place) => {
                        drawn += 1;
                        let title = match total {
                            0..=200 => {
                                format!("{}: {}, {}", series.name, short(point.0), short(point.1))
                            }
                            _ => String::new(),
                        };
                        let class = format!("f{} faint", k % SERIES);
                        let radius = if total > 200 { 2.0 } else { 4.5 };
                        frame.canvas.circle(&class, place, radius, &title);
                    }
                }
            }
            odd += frame.crosses(&without_place, &series.name);
        }
        if total == 0 {
            frame.remark("nothing to show yet");
        }
        if let Some(place) = self.mark.and_then(|mark| frame.point(mark)) {
            frame.canvas.ring("odd", place, 8.0);
        }
        let why = if self.odd.is_empty() {
            "not finite"
        } else {
            &self.odd
        };
        let mut note = not_drawn(odd, why);
        if stride > 1 {
            note = format!("One point in {stride} is drawn. {note}");
        }
        let best = self.mark.map_or(String::new(), |(x, y)| {
            format!(" The marked point is at {}, {}.", short(x), short(y))
        });
        let about = format!(
            "{drawn} points, {} over {}.{best} {note}",
            self.y.label, self.x.label
        );
        Figure::new(&self.title, about.trim().to_string(), frame.canvas).with_caption(note.trim())
    }
}

/// The least and the largest of the values that are finite.
fn extremes(values: &[f64]) -> Option<(f64, f64)> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    finite.fold(None, |range, value| {
        Some(range.map_or((value, value), |(low, high): (f64, f64)| {
            (low.min(value), high.max(value))
        }))
    })
}
