//! The targets of a cross-entropy.

use backprop_tensor::Scalar;

use crate::loss::{check_classes, check_values};
use crate::{LossError, RowTarget, TargetsView};

/// Checks that the targets are classes with an output each, or values of at least 0. There have to be
/// two outputs: the softmax of one number is 1.
pub(crate) fn check_distributions<T: Scalar>(
    loss: &'static str,
    outputs: usize,
    targets: TargetsView<'_, T>,
) -> Result<(), LossError> {
    if outputs < 2 {
        return Err(LossError::OneClass { loss, outputs });
    }
    match targets {
        TargetsView::Classes(classes) => check_classes(outputs, classes),
        TargetsView::Values(values) => {
            check_values(loss, outputs, values, "finite shares of at least 0", |t| {
                t >= 0.0 && t.is_finite()
            })
        }
    }
}

/// The share of an output in a target; of a class 1 at the class and 0 elsewhere.
#[inline]
pub(crate) fn share<T: Scalar>(target: &RowTarget<'_, T>, output: usize) -> f64 {
    match target {
        RowTarget::Class(class) => f64::from(u8::from(*class == output)),
        RowTarget::Values(values) => values[output].as_f64(),
    }
}
