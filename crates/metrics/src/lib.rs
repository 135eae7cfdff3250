#![doc = include_str!("../README.md")]
//!
//! The key decision: a metric is a function of plain data, and knows neither network nor data set.
//! A caller who collects batch by batch keeps the labels and outputs, a few bytes a row, and
//! computes every metric at the end; there is no accumulator to reset.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod calibration;
mod classification;
mod interval;
mod predictions;
mod regression;
mod roc;

pub use calibration::{Calibration, CalibrationBin};
pub use classification::{
    ClassMetrics, MajorityClass, accuracy, balanced_accuracy, class_metrics, confusion_matrix,
    macro_average, macro_f1, predicted_classes,
};
pub use interval::wilson_interval;
pub use predictions::{
    ClassPredictions, Predictions, ValuePredictions, WorstPrediction, worst_predictions,
};
pub use regression::RegressionMetrics;
pub use roc::{RocCurve, RocPoint};
