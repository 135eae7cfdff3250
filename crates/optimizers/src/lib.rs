#![doc = include_str!("../README.md")]
//!
//! The key decision: an [`Optimizer`] is a pure rule, `&self`, that works element by element, and
//! [`OptimizerState`] owns everything that changes: the moments and the number of steps. A rule
//! can then run on any part of a parameter, on the thread that owns that part, and a checkpoint
//! needs to know nothing about which rule it was. Optimizers that own their moments were
//! rejected: their step counter tends to advance once a parameter instead of once a step.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod adagrad;
mod adam;
mod adamw;
mod clip;
mod error;
mod lion;
mod momentum;
mod nadam;
mod nesterov;
mod optimizer;
mod rmsprop;
mod schedule;
mod sgd;
mod state;

use std::hint::black_box;

use backprop_tensor::Scalar;

pub use adagrad::AdaGrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use clip::{clip_scale, global_norm};
pub use error::OptimizerError;
pub use lion::Lion;
pub use momentum::Momentum;
pub use nadam::NAdam;
pub use nesterov::Nesterov;
pub use optimizer::{MAX_STATE_SLOTS, Optimizer, ParamInfo, Step, WeightDecay};
pub use rmsprop::RmsProp;
pub use schedule::{Progress, Schedule};
pub use sgd::Sgd;
pub use state::{OptimizerState, StepGuard};

/// The functions that are compiled with this crate, for `f32` and `f64`, and not again by each
/// program as fast as that program is built. A new rule joins the list.
fn instances<T: Scalar>() {
    black_box(StepGuard::<T>::parameter as fn(_, _, _, _, _));
    of::<T, Sgd>();
    of::<T, Momentum>();
    of::<T, Nesterov>();
    of::<T, AdaGrad>();
    of::<T, RmsProp>();
    of::<T, Adam>();
    of::<T, AdamW>();
    of::<T, NAdam>();
    of::<T, Lion>();
}

fn of<T: Scalar, O: Optimizer<T>>() {
    black_box(O::update as fn(_, _, _, _, _));
}

#[used]
static F32: fn() = instances::<f32>;
#[used]
static F64: fn() = instances::<f64>;
