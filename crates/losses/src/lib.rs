//! Loss functions with their gradients.
//!
//! The key decision: a loss returns its sum and its weight apart, as [`WeightedSum`] in `f64`, and the
//! gradient is that of their ratio. Batches of different size then add up to exactly the mean over
//! all rows; a loss that returned the mean of a batch would give the last, smaller batch too much
//! to say.
//!
//! ```
//! use approx::assert_abs_diff_eq;
//! use backprop_losses::{Loss, SoftmaxCrossEntropy, TargetsView};
//! use ndarray::{Array2, array};
//!
//! let logits = array![[2.0_f64, 0.0], [0.0, 0.0]];
//! let mut grad = Array2::zeros((2, 2));
//! let classes = TargetsView::Classes(&[0, 1]);
//! let total = SoftmaxCrossEntropy.value_and_grad(logits.view(), classes, None, Some(grad.view_mut()));
//! assert_abs_diff_eq!(total.mean(), (0.126928 + 0.693147) / 2.0, epsilon = 1e-6);
//! assert_abs_diff_eq!(grad[[1, 1]], -0.25, epsilon = 1e-15);
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod binary_cross_entropy;
mod compiled;
mod cross_entropy;
mod distribution;
mod error;
mod exp_sums;
mod loss;
mod mean_squared_error;
mod softmax_cross_entropy;

use backprop_tensor::Scalar;

pub use binary_cross_entropy::BinaryCrossEntropyWithLogits;
pub use cross_entropy::CrossEntropy;
pub use error::LossError;
pub use loss::{Loss, OutputKind, RowTarget, TargetsView, WeightedSum};
pub use mean_squared_error::MeanSquaredError;
pub use softmax_cross_entropy::SoftmaxCrossEntropy;

/// The loss of this crate with this [name](Loss::name), as a trained model keeps it.
///
/// ```
/// use backprop_losses::{Loss, by_name};
///
/// let loss = by_name::<f32>("MeanSquaredError").unwrap();
/// assert_eq!(loss.name(), "MeanSquaredError");
/// assert!(by_name::<f32>("MyOwnLoss").is_none());
/// ```
#[inline(never)]
pub fn by_name<T: Scalar>(name: &str) -> Option<Box<dyn Loss<T>>> {
    all().into_iter().find(|loss| loss.name() == name)
}

/// The names of all losses of this crate, each of which [`by_name`] finds.
///
/// ```
/// use backprop_losses::{by_name, names};
///
/// assert!(names().contains(&"CrossEntropy"));
/// assert!(names().iter().all(|name| by_name::<f64>(name).is_some()));
/// ```
pub fn names() -> Vec<&'static str> {
    all::<f32>().iter().map(|loss| loss.name()).collect()
}

/// The losses of this crate: the list that a new loss joins.
fn all<T: Scalar>() -> Vec<Box<dyn Loss<T>>> {
    vec![
        Box::new(SoftmaxCrossEntropy),
        Box::new(CrossEntropy),
        Box::new(BinaryCrossEntropyWithLogits),
        Box::new(MeanSquaredError),
    ]
}
