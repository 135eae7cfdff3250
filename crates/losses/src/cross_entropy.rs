use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::distribution::check_distributions;
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView};

/// Cross-entropy of probabilities: `l = -sum_j t_j log p_j`, where a class means the
/// distribution that is 1 at the class.
///
/// Gradient: `dl/dp_j = -t_j / p_j`. A `p` below the smallest normal number is taken as that, so
/// that loss and gradient stay finite. Prefer [`SoftmaxCrossEntropy`](crate::SoftmaxCrossEntropy), which loses nothing there.
///
/// ```
/// use backprop_losses::{CrossEntropy, Loss, TargetsView};
/// use ndarray::array;
///
/// let probabilities = array![[0.25_f64, 0.75]];
/// let total = CrossEntropy.value_and_grad(probabilities.view(), TargetsView::Classes(&[0]), None, None);
/// assert_eq!(total.sum, 4.0_f64.ln());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

/// `p`, or the smallest normal number if `p` is below it. Not `max`, which would turn a NaN into a
/// number.
fn clamped<T: Scalar>(p: T) -> T {
    if p < T::min_positive_value() {
        T::min_positive_value()
    } else {
        p
    }
}

/// `-t log p`; 0 where `t` is 0.
fn term<T: Scalar>(t: T, p: T) -> f64 {
    if t == T::zero() {
        0.0
    } else {
        -t.as_f64() * clamped(p).as_f64().ln()
    }
}

impl<T: Scalar> Loss<T> for CrossEntropy {
    fn name(&self) -> &'static str {
        "CrossEntropy"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Probabilities
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        check_distributions("CrossEntropy", outputs, targets)
    }

    fn row(
        &self,
        p: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        match target {
            RowTarget::Class(class) => {
                if let Some(mut grad) = grad {
                    grad.fill(T::zero());
                    grad[class] = -row_weight / clamped(p[class]);
                }
                term(T::one(), p[class])
            }
            RowTarget::Values(t) => {
                if let Some(grad) = grad {
                    for ((g, &t), &p) in grad.into_iter().zip(t).zip(p) {
                        *g = -row_weight * t / clamped(p);
                    }
                }
                t.iter().zip(p).map(|(&t, &p)| term(t, p)).sum()
            }
        }
    }
}
