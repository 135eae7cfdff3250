//! The three products of a linear layer, `y = x W^T + b`: [`forward`], [`weight_grad`] and
//! [`input_grad`], one file each, from the public function down to the job of one thread.
//!
//! All three use the checks of [`shapes`] and the [`ownership`]: a thread owns panels of output
//! columns in the forward product and in the weight gradient, and panels of input columns
//! in the input gradient; for a small weight it owns rows instead. Each element is one sum in one
//! order, whatever the number of threads and of rows, so the results have the same bits.

mod bias_grad;
mod forward;
mod input_grad;
mod ownership;
mod shapes;
mod weight_grad;

pub use bias_grad::affine_bias_grad;
pub use forward::affine;
pub use input_grad::affine_input_grad;
pub(crate) use weight_grad::StreamedWeightGrad;
pub use weight_grad::affine_weight_grad;

#[cfg(test)]
pub(crate) mod tests;
