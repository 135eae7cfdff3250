use crate::axis::{Axis, Fit, Scale};
use crate::chart::frame::{Frame, Side};
use crate::figure::{Anchor, Figure};
use crate::text::short;

/// One bar for each name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What stands above it.
    pub title: String,
    /// What the names are.
    pub x: String,
    /// The vertical axis; it begins at 0.
    pub y: Axis,
    /// Names and values.
    pub bars: Vec<(String, f64)>,
}

impl Bars {
    /// Draws it.
    pub fn figure(&self) -> Figure {
        let names = self.bars.iter().map(|(name, _)| name.clone());
        let axis = Axis::new(&self.x, Scale::Names(names.collect()));
        let x = Side {
            axis: &axis,
            values: Vec::new(),
            fit: Fit::Exact,
        };
        let values = self.bars.iter().map(|&(_, value)| value);
        let y = Side {
            axis: &self.y,
            values: values.chain([0.0]).collect(),
            fit: Fit::Round,
        };
        let mut frame = Frame::new(&self.title, &[], x, y);
        let slot = (frame.right - frame.left) / self.bars.len().max(1) as f64;
        let zero = frame.y(0.0).unwrap_or(frame.bottom);
        let mut about = Vec::new();
        for (k, (name, value)) in self.bars.iter().enumerate() {
            let Some(x) = frame.x(k as f64) else { continue };
            let text = format!("{name}: {}", short(*value));
            match frame.y(*value) {
                Some(y) => {
                    let size = (0.7 * slot, (zero - y).abs());
                    let at = (x - 0.35 * slot, y.min(zero));
                    frame.canvas.rect("f0", at, size, "", &text);
                    if slot > 44.0 {
                        let above = (x, y.min(zero) - 5.0);
                        frame
                            .canvas
                            .text("s halo", above, Anchor::Middle, &short(*value));
                    }
                }
                None => frame.canvas.cross((x, frame.top + 5.0), &text),
            }
            about.push(text);
        }
        Figure::new(&self.title, about.join("; "), frame.canvas)
    }
}
