use crate::axes::{Axes, AxisInput, PLOT_HEIGHT};
use crate::axis::{Axis, Scale};
use crate::canvas::Anchor;
use crate::figure::Figure;
use crate::scaled_axis::Margin;
use crate::text::significant;

/// A bar for each name.
///
/// ```
/// use backprop_plot::{Axis, BarChart, Scale};
///
/// let chart = BarChart {
///     title: "Rows a second".into(),
///     x: "batch size".into(),
///     y: Axis::new("rows a second", Scale::Linear),
///     bars: vec![("1".into(), 8e3), ("50".into(), 9.1e4)],
/// };
/// assert_eq!(chart.figure().description(), "1: 8,000; 50: 91,000");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarChart {
    /// The title.
    pub title: String,
    /// The quantity that the names are values of.
    pub x: String,
    /// The vertical axis; it begins at 0.
    pub y: Axis,
    /// The names and values.
    pub bars: Vec<(String, f64)>,
}

/// The narrowest slot of a bar, in pixels, whose value is written above the bar.
const LABELLED_SLOT: f64 = 44.0;

impl BarChart {
    /// The figure.
    pub fn figure(&self) -> Figure {
        let names = self.bars.iter().map(|(name, _)| name.clone());
        let axis = Axis::new(&self.x, Scale::Names(names.collect()));
        let x = AxisInput {
            axis: &axis,
            values: Vec::new(),
            margin: Margin::None,
        };
        let values = self.bars.iter().map(|&(_, value)| value);
        let y = AxisInput {
            axis: &self.y,
            values: values.chain([0.0]).collect(),
            margin: Margin::ToTick,
        };
        let mut axes = Axes::new(&self.title, &[], x, y, PLOT_HEIGHT);
        let slot = (axes.right - axes.left) / self.bars.len().max(1) as f64;
        let zero = axes.y(0.0).unwrap_or(axes.bottom);
        let mut description = Vec::new();
        for (k, (name, value)) in self.bars.iter().enumerate() {
            let Some(x) = axes.x(k as f64) else { continue };
            let text = format!("{name}: {}", significant(*value));
            match axes.y(*value) {
                Some(y) => {
                    let size = (0.7 * slot, (zero - y).abs());
                    let at = (x - 0.35 * slot, y.min(zero));
                    axes.canvas.rect("f0", at, size, "", &text);
                    if slot > LABELLED_SLOT {
                        let above = (x, y.min(zero) - 5.0);
                        let label = significant(*value);
                        axes.canvas.text("s halo", above, Anchor::Middle, &label);
                    }
                }
                None => axes.canvas.mark_invalid((x, axes.top + 5.0), &text),
            }
            description.push(text);
        }
        Figure::new(&self.title, description.join("; "), axes.canvas)
    }
}
