//! The targets of a cross-entropy.

use backprop_tensor::Scalar;

use crate::loss::{check_classes, check_values};
use crate::{LossError, TargetsView};

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
