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
mod focal;
mod huber;
mod label_smoothing;
mod log_softmax;
mod loss;
mod mean_absolute_error;
mod mean_row;
mod mean_squared_error;
mod notation;
mod poisson;
mod quantile;
mod softmax_cross_entropy;

use backprop_tensor::Scalar;

pub use binary_cross_entropy::BinaryCrossEntropyWithLogits;
pub use cross_entropy::CrossEntropy;
pub use error::LossError;
pub use focal::Focal;
pub use huber::Huber;
pub use label_smoothing::LabelSmoothing;
pub use loss::{Loss, OutputKind, RowTarget, TargetsView, WeightedSum};
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use notation::{by_name, notation, option_names, parse};
pub use poisson::Poisson;
pub use quantile::Quantile;
pub use softmax_cross_entropy::SoftmaxCrossEntropy;

/// The names of all losses of this crate, each of which [`by_name`] finds.
///
/// ```
/// use backprop_losses::{by_name, names};
///
/// assert!(names().contains(&"CrossEntropy"));
/// assert!(names().iter().all(|name| by_name::<f64>(name).is_some()));
/// ```
pub fn names() -> Vec<&'static str> {
    let all = all::<f32>();
    all.iter().map(|(loss, _)| loss.name()).collect()
}

/// The function that makes a loss with a constant.
type WithConstant<T> = fn(f64) -> Result<Box<dyn Loss<T>>, LossError>;
/// A loss with its default constant, and the function for another one if it has a constant.
type Entry<T> = (Box<dyn Loss<T>>, Option<WithConstant<T>>);

/// The losses of this crate: the list that a new loss joins.
fn all<T: Scalar>() -> Vec<Entry<T>> {
    vec![
        (Box::new(SoftmaxCrossEntropy), None),
        (Box::new(CrossEntropy), None),
        (Box::new(BinaryCrossEntropyWithLogits), None),
        (Box::new(MeanSquaredError), None),
        (Box::new(MeanAbsoluteError), None),
        (
            Box::new(Huber::default()),
            Some(|delta| Ok(Box::new(Huber::new(delta)?))),
        ),
        (
            Box::new(Quantile::default()),
            Some(|tau| Ok(Box::new(Quantile::new(tau)?))),
        ),
        (Box::new(Poisson), None),
        (
            Box::new(LabelSmoothing::default()),
            Some(|smoothing| Ok(Box::new(LabelSmoothing::new(smoothing)?))),
        ),
        (
            Box::new(Focal::default()),
            Some(|gamma| Ok(Box::new(Focal::new(gamma)?))),
        ),
    ]
}
