//! The ground floor of `backprop`: element types ([`Scalar`]), named random streams ([`Key`]), a
//! small thread pool ([`Pool`]), the storage order of weights ([`PanelLayout`]) and matrix products
//! ([`matmul()`], [`affine`] and its gradients).
//!
//! Three letters name the sizes of a linear layer wherever a shape is given: **B** rows of a batch,
//! **I** inputs, **O** outputs. An input is (B, I), a weight (O, I), a bias (O), an output (B, O).
//!
//! The key decision: a thread owns output columns, in the forward pass, in the weight gradient and
//! in the update, so weights never travel between cores and no sum is split by the number of
//! threads. Results have the same bits for any number of threads. This is the only crate of the
//! workspace with `unsafe`.
//!
//! ```
//! use backprop_tensor::ndarray::array;
//! use backprop_tensor::{PanelLayout, Pool, SparseIndex, affine, affine_weight_grad};
//!
//! // B = 2, I = 2, O = 1: y = x W^T + b.
//! let (pool, layout) = (Pool::new(2), PanelLayout::new(2, 1));
//! let mut weights = vec![0.0_f64; layout.packed_len::<f64>()];
//! layout.pack(&[0.5, -0.5], &mut weights);
//! let (x, mut y) = (array![[3.0, 1.0], [0.0, 2.0]], array![[0.0], [0.0]]);
//! let mut index = SparseIndex::default();
//! affine(&pool, layout, x.view(), &weights, &[1.0], y.view_mut(), &mut index);
//! assert_eq!(y, array![[2.0], [0.0]]);
//!
//! // dW = dy^T x and db = the column sums of dy.
//! let (dy, mut dw, mut db) = (array![[1.0], [10.0]], weights.clone(), [0.0]);
//! affine_weight_grad(&pool, layout, x.view(), dy.view(), Some(&index), &mut dw, &mut db);
//! assert_eq!((dw[layout.offset::<f64>(0, 1)], db), (21.0, [11.0]));
//! ```

#![warn(missing_docs)]
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod aligned_vec;
mod compiled;
pub mod cutoffs;
mod executor;
mod functions;
mod gradient;
mod kernels;
mod linear;
mod matmul;
mod matrix;
mod panel_layout;
mod pool;
mod prefetch;
mod random;
mod scalar;
mod scratch;
mod sealed;
mod softmax;
mod sparse;

pub use ndarray;
pub use rand;

pub use aligned_vec::AlignedVec;
pub use functions::{erf, exp, logistic, logistic_all, sign, softplus, tanh};
pub use gradient::Gradient;
pub use kernels::{SimdLoop, fma_peak_loop, run_with_best_simd, with_best_simd};
pub use linear::{affine, affine_bias_grad, affine_input_grad, affine_weight_grad};
pub use matmul::matmul;
pub use panel_layout::PanelLayout;
pub use pool::Pool;
pub use prefetch::prefetch;
pub use random::Key;
pub use scalar::Scalar;
pub use softmax::{argmax, row_max, shifted_exp_rows, softmax, softmax_rows};
pub use sparse::SparseIndex;
