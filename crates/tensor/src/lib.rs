//! The ground that the other crates of `backprop` stand on: the number types ([`Scalar`]), random
//! streams that are named, not shared ([`Key`]), a small pool of threads ([`Pool`]), the storage
//! order of weights ([`PanelLayout`]) and matrix products ([`matmul`], [`affine`] and its gradients).
//!
//! The key decision: a thread owns output columns, in the forward pass, the weight gradient and
//! the update, so weights never travel between cores and no sum is split by the number of threads.
//! Results have the same bits for any number of threads. This is the only crate of the workspace
//! with `unsafe`.

#![warn(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

mod aligned;
mod gradient;
#[doc(hidden)]
pub mod kernel;
mod linear;
mod panels;
mod pool;
mod prefetch;
mod product;
mod random;
mod scalar;
mod softmax;
mod sparse_index;
mod threads;
mod with_best_simd;

pub use ndarray;
pub use rand;

pub use aligned::AlignedVec;
pub use gradient::Gradient;
pub use linear::{affine, affine_bias_grad, affine_input_grad, affine_weight_grad};
pub use panels::PanelLayout;
pub use pool::Pool;
#[doc(hidden)]
pub use pool::{Scratch, Space};
pub use prefetch::prefetch;
pub use product::matmul;
pub use random::Key;
pub use scalar::Scalar;
pub use softmax::{argmax, logistic, softmax};
pub use sparse_index::SparseIndex;
pub use with_best_simd::with_best_simd;
