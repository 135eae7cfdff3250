#![doc = include_str!("../README.md")]
//!
//! The key decision: a page is one file that works from a disk, a mail or a printer, years later. So it
//! holds its style sheet, its charts as SVG and its images as data addresses, folds tables with
//! `<details>` instead of a script, and its content security policy forbids everything else.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod collect;
mod document;
mod experiments;
mod image;
mod page;
mod range;
mod run;
mod run_page;
mod search;
mod search_page;
mod style;
mod table;

pub use backprop_metrics as metrics;
pub use backprop_plot as plot;

pub use collect::{collect_predictions, layer_weights};
pub use document::Document;
pub use experiments::{Comparison, Experiment, Experiments, table_page};
pub use page::Page;
pub use run::{HistoryColumns, LayerWeights, Run};
pub use run_page::run_page;
pub use search::{Search, SearchedSetting, Trial, Value};
pub use search_page::search_page;
pub use table::{Column, Table};
