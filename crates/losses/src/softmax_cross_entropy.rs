use backprop_tensor::{Scalar, row_max, shifted_exp_rows};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};

use crate::distribution::check_distributions;
use crate::exp_sums::{ExpSums, ordered_sum};
use crate::loss::{check_shapes, reduce_rows};
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView, WeightedSum};

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
        if let Some(grad) = &mut grad {
            grad.assign(&z);
            shifted_exp_rows(grad.view_mut().insert_axis(Axis(0)));
        }
        let sum = match &grad {
            Some(exps) => ordered_sum(exps.iter()),
            None => ExpSums::new(z.insert_axis(Axis(0))).of(0),
        };
        with_exps(z, target, row_weight, sum, grad)
    }

    #[track_caller]
    #[inline(never)]
    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        mut grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        check_shapes(output, targets, weights, grad.as_ref());
        if let Some(grad) = &mut grad {
            grad.assign(&output);
            shifted_exp_rows(grad.view_mut());
        }
        let mut sums = ExpSums::new(output);
        reduce_rows(
            output,
            targets,
            weights,
            grad,
            |row, z, target, row_weight, grad| {
                let sum = match &grad {
                    Some(exps) => ordered_sum(exps.iter()),
                    None => sums.of(row),
                };
                with_exps(z, target, row_weight, sum, grad)
            },
        )
    }
}

/// The loss of a row, whose shifted exponentials have this sum; `exps`, if there are any, become the
/// gradient.
#[inline(always)]
fn with_exps<T: Scalar>(
    z: ArrayView1<'_, T>,
    target: RowTarget<'_, T>,
    row_weight: T,
    sum: T,
    exps: Option<ArrayViewMut1<'_, T>>,
) -> f64 {
    if let Some(mut grad) = exps {
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
    let (max, log_sum) = (row_max(z), sum.as_f64().ln());
    let nll = |z: T| log_sum - (z - max).as_f64();
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
