//! The charts: plain data in, a [`Figure`](crate::Figure) out.

mod bars;
mod confusion;
mod frame;
mod histogram;
mod line;
mod pictures;
mod reliability;
mod scatter;

pub use bars::Bars;
pub use confusion::ConfusionMatrix;
pub use histogram::Histogram;
pub use line::{LineChart, Mark};
pub(crate) use pictures::ink_picture;
pub use pictures::{PictureGrid, Shades};
pub use reliability::ReliabilityDiagram;
pub use scatter::Scatter;

/// Points of one kind. A value that is not finite is marked where it can be and never drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// (x, y), in the order in which a line runs through them.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A series of these points.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Series {
            name: name.into(),
            points,
        }
    }

    /// Values by epoch, the first of epoch 1.
    pub fn by_epoch(name: impl Into<String>, values: &[f64]) -> Self {
        let points = values.iter().zip(1..);
        Series::new(
            name,
            points
                .map(|(&value, epoch)| (f64::from(epoch), value))
                .collect(),
        )
    }
}
