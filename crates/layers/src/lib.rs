//! Layers and sequential networks with hand-derived gradients.
//!
//! The key decision: ownership follows lifetime. A [`Layer`] owns the values of its parameters;
//! everything that a pass writes, gradients included, is in a [`Workspace`]. So a trained
//! [`Sequential`] is shared between threads as it is, and prediction needs neither gradients nor
//! locks. A tape that records operations (autograd) was turned down: for a chain of layers the
//! backward pass is the forward pass reversed, and can be read as such.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod activation;
mod dropout;
mod elementwise;
mod error;
mod layer;
mod linear;
mod parameter;
mod sequential;
mod softmax;
mod spec;
mod workspace;

pub use backprop_tensor::{Gradient, Key, Pool, Scalar, ndarray};

pub use activation::{LeakyRelu, Relu, Sigmoid, Tanh};
pub use dropout::Dropout;
pub use error::BuildError;
pub use layer::{BackwardArgs, GradientSink, Layer, Mode, PassContext, Saved};
pub use linear::{Init, Linear};
pub use parameter::{Parameter, ParameterKind};
pub use sequential::{ParamWithGrad, Sequential};
pub use softmax::Softmax;
pub use spec::{LayerSpec, dropout, leaky_relu, linear, relu, sigmoid, softmax, tanh};
pub use workspace::Workspace;
