#![doc = include_str!("../README.md")]
//!
//! The key decision: a run is a pure function of its settings, its seed and its data. Every random
//! stream is named after the epoch or the step that it is for, so a run that was interrupted and
//! resumed ends with the same bytes as one that was not, and the number of threads changes no bit.
//! Callbacks that may change the training were rejected for the same reason: an [`Observer`]
//! watches, and may stop the run.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod builder;
mod checkpoint;
mod compiled;
mod config;
mod error;
mod evaluate;
mod fingerprint;
mod fit;
mod history;
mod observer;
pub mod search;
mod snapshot;
mod step;
mod trainer;

pub use backprop_data as data;
pub use backprop_formats as formats;
pub use backprop_layers as layers;
pub use backprop_losses as losses;
pub use backprop_optimizers as optimizers;
pub use backprop_tensor as tensor;
pub use ndarray;

pub use config::{StopMetric, TrainConfig};
pub use error::TrainError;
pub use evaluate::Evaluation;
pub use history::{Epoch, History, StopReason};
pub use observer::{BatchReport, Observer, on_epoch};
pub use trainer::Trainer;
