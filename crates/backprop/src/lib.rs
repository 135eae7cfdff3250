#![cfg_attr(feature = "sample", doc = include_str!("../README.md"))]
//!
//! The key decision: this crate holds no code. Each part is a crate of its own, so that a program
//! which only predicts compiles no training loop; this crate gives them one name and one
//! [`prelude`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub use backprop_data as data;
pub use backprop_datasets as datasets;
pub use backprop_formats as formats;
pub use backprop_layers as layers;
pub use backprop_losses as losses;
pub use backprop_optimizers as optimizers;
pub use backprop_tensor as tensor;
pub use backprop_trainer as trainer;
pub use ndarray;

pub mod prelude;
