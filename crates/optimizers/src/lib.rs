#![doc = include_str!("../README.md")]
//!
//! The key decision: an [`Optimizer`] is a pure rule, `&self`, that works element by element, and
//! [`OptimizerState`] owns everything that changes: the moments and the number of steps. A rule
//! can then run on any part of a parameter, on the thread that owns that part, and a checkpoint
//! needs to know nothing about which rule it was. Optimizers that own their moments were
//! rejected: their step counter tends to advance once a parameter instead of once a step.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod adam;
mod clip;
mod error;
mod nesterov;
mod optimizer;
mod rmsprop;
mod schedule;
mod sgd;
mod state;

pub use adam::Adam;
pub use clip::{clip_scale, global_norm};
pub use error::OptimizerError;
pub use nesterov::Nesterov;
pub use optimizer::{MAX_STATE_SLOTS, Optimizer, ParamInfo, Step, WeightDecay};
pub use rmsprop::RmsProp;
pub use schedule::{Progress, Schedule};
pub use sgd::Sgd;
pub use state::{OptimizerState, StepGuard};
