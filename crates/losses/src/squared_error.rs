use backprop_tensor::Scalar;
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::loss::{RowTarget, check_values, sum_rows};
use crate::{Loss, LossError, OutputKind, TargetsView, WeightedSum};

/// Mean squared error: `l = (1 / outputs) sum_j (y_j - t_j)^2`, without a factor of 1/2.
///
/// Gradient: `dl/dy_j = 2 (y_j - t_j) / outputs`.
///
/// ```
/// use backprop_losses::{Loss, MeanSquaredError, TargetsView};
/// use ndarray::array;
///
/// let (output, target) = (array![[1.0_f64, 3.0]], array![[0.0, 0.0]]);
/// let total = MeanSquaredError.value_and_grad(output.view(), TargetsView::Values(target.view()), None, None);
/// assert_eq!(total.mean(), 5.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

impl<T: Scalar> Loss<T> for MeanSquaredError {
    fn name(&self) -> &'static str {
        "MeanSquaredError"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Values
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        let loss = "MeanSquaredError";
        match targets {
            TargetsView::Classes(_) => Err(LossError::NeedsValues { loss }),
            TargetsView::Values(values) => {
                check_values(loss, outputs, values, "finite numbers", f64::is_finite)
            }
        }
    }

    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        let outputs = output.ncols() as f64;
        sum_rows(output, targets, weights, grad, |y, target, share, grad| {
            let RowTarget::Values(t) = target else {
                panic!("MeanSquaredError takes values as targets, not classes");
            };
            if let Some(grad) = grad {
                let factor = share * T::from_f64(2.0 / outputs);
                for ((g, &y), &t) in grad.into_iter().zip(y).zip(t) {
                    *g = factor * (y - t);
                }
            }
            let squares = y.iter().zip(t).map(|(&y, &t)| (y - t).as_f64().powi(2));
            squares.sum::<f64>() / outputs
        })
    }

    fn activate(&self, _output: ArrayViewMut2<'_, T>) {}
}
