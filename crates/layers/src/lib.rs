//! Layers and sequential networks with hand-derived gradients.
//!
//! The key decision: ownership follows lifetime. A [`Layer`] owns the values of its parameters;
//! everything that a pass writes, gradients included, is in a [`Workspace`]. So a trained
//! [`Sequential`] is shared between threads as it is, and prediction needs neither gradients nor
//! locks. The rejected alternative is a tape that records operations (autograd): for a chain of
//! layers the backward pass is the forward pass reversed, and can be read as such.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod activation;
mod build;
mod compiled;
mod custom;
mod dropout;
mod elementwise;
mod error;
mod init;
mod layer;
mod linear;
mod notation;
mod parameter;
mod predictor;
mod sequential;
mod smooth_activation;
mod softmax;
mod spec;
mod workspace;

pub use backprop_tensor::{Gradient, Key, Pool, Scalar, SparseIndex, ndarray};

// By glob, so that a new activation or a new entry of lists needs no line here.
pub use activation::*;
pub use smooth_activation::*;
pub use spec::*;

pub use build::Weights;
pub use custom::CustomSpec;
pub use dropout::Dropout;
pub use error::BuildError;
pub use init::Init;
pub use layer::{BackwardArgs, CloneLayer, GradientSink, Layer, Mode, PassContext, Saved};
pub use linear::Linear;
pub use notation::parse_layers;
pub use parameter::{Parameter, ParameterKind};
pub use predictor::Predictor;
pub use sequential::{ParamWithGrad, Sequential};
pub use softmax::Softmax;
pub use workspace::Workspace;
