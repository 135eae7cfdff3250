use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::distribution::check_distributions;
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView};

/// Cross-entropy of the softmax of logits: `l = sum_j t_j (log sum_k e^z_k - z_j)`, where a class
/// means the distribution that is 1 at the class.
///
/// Gradient: `dl/dz_j = softmax(z)_j sum_k t_k - t_j`, for a class `softmax(z)_j - t_j`. The
/// logarithm of the sum is shifted by the row's maximum, so no logit is too large for it.
///
/// ```
/// use backprop_losses::{Loss, SoftmaxCrossEntropy, TargetsView};
/// use ndarray::array;
///
/// let logits = array![[1000.0_f32, 0.0]];
/// let right = SoftmaxCrossEntropy.value_and_grad(logits.view(), TargetsView::Classes(&[0]), None, None);
/// let wrong = SoftmaxCrossEntropy.value_and_grad(logits.view(), TargetsView::Classes(&[1]), None, None);
/// assert_eq!((right.sum, wrong.sum), (0.0, 1000.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftmaxCrossEntropy;

impl<T: Scalar> Loss<T> for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "SoftmaxCrossEntropy"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Logits
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        check_distributions("SoftmaxCrossEntropy", outputs, targets)
    }

    fn row(
        &self,
        z: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        mut grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        let row_max = z.iter().fold(T::neg_infinity(), |max, &z| max.max(z));
        // The exponentials are kept in the gradient's memory until the sum is known.
        let sum: T = match &mut grad {
            Some(grad) => {
                let exps = grad.iter_mut().zip(z).map(|(g, &z)| {
                    *g = (z - row_max).exp();
                    *g
                });
                exps.sum()
            }
            None => z.iter().map(|&z| (z - row_max).exp()).sum(),
        };
        let log_sum = sum.as_f64().ln();
        if let Some(mut grad) = grad {
            let target_sum = match &target {
                RowTarget::Class(_) => T::one(),
                RowTarget::Values(t) => t.sum(),
            };
            let factor = row_weight * target_sum / sum;
            grad.iter_mut().for_each(|g| *g = factor * *g);
            match &target {
                RowTarget::Class(class) => grad[*class] -= row_weight,
                RowTarget::Values(t) => grad.scaled_add(-row_weight, t),
            }
        }
        let nll = |z: T| log_sum - (z - row_max).as_f64();
        match target {
            RowTarget::Class(class) => nll(z[class]),
            RowTarget::Values(t) => t
                .iter()
                .zip(z)
                .filter(|(t, _)| **t != T::zero())
                .map(|(&t, &z)| t.as_f64() * nll(z))
                .sum(),
        }
    }
}
