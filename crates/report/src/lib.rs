#![doc = include_str!("../README.md")]
//!
//! The key decision: charts are text that this crate writes itself, against a drawing library. A
//! library would bring bitmaps, fonts or a script that has to be loaded, and its charts could
//! follow neither the reader's colour scheme nor a screen reader. Colours are rules of a style
//! sheet, once for light and once for dark.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod axis;
mod chart;
mod experiments;
mod figure;
mod gather;
pub mod metrics;
mod page;
mod png;
mod run;
mod run_classes;
mod run_training;
mod run_values;
mod search;
mod table;
mod text;
mod theme;

pub use axis::{Axis, Scale};
pub use chart::{
    Bars, ConfusionMatrix, Histogram, LineChart, Mark, PictureGrid, ReliabilityDiagram, Scatter,
    Series, Shades,
};
pub use experiments::{Compared, Experiment, Experiments, table_page};
pub use figure::Figure;
pub use gather::linear_layers;
pub use page::Page;
pub use run::{Curves, LinearLayer, Outcome, Run, Worst, run_page};
pub use search::{Search, Searched, Trial, Value, search_page};
pub use table::{Column, Table};

/// A finished page, and its plots one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The text of one self-contained HTML file.
    pub html: String,
    /// File names such as `loss.svg`, and the text of each file.
    pub plots: Vec<(String, String)>,
}
