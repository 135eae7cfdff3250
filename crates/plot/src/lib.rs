#![doc = include_str!("../README.md")]
//!
//! The key decision: charts are text that this crate writes itself. The rejected alternative, a
//! drawing library, brings bitmaps, fonts or a script that has to be loaded, and its charts follow
//! neither the reader's colour scheme nor a screen reader. Colours are rules of a style sheet, once
//! for light and once for dark.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod axes;
mod axis;
mod canvas;
mod charts {
    pub(crate) mod bar;
    pub(crate) mod confusion;
    pub(crate) mod histogram;
    pub(crate) mod image_grid;
    pub(crate) mod line;
    pub(crate) mod reliability;
    pub(crate) mod scatter;
}
mod figure;
mod image;
mod scaled_axis;
mod series;
pub mod text;
mod theme;

pub use axis::{Axis, Scale};
pub use charts::bar::BarChart;
pub use charts::confusion::ConfusionMatrix;
pub use charts::histogram::Histogram;
pub use charts::image_grid::ImageGrid;
pub use charts::line::{LineChart, Mark};
pub use charts::reliability::{ReliabilityBin, ReliabilityDiagram};
pub use charts::scatter::Scatter;
pub use figure::Figure;
pub use image::{Colormap, gray_image_uri, rgb_image_uri};
pub use series::Series;
pub use theme::{Theme, style_sheet};
