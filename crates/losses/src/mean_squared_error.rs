use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::{Loss, OutputKind, RowTarget};

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

    fn row(
        &self,
        y: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        let RowTarget::Values(t) = target else {
            panic!("MeanSquaredError takes values as targets, not classes");
        };
        let outputs = y.len() as f64;
        if let Some(grad) = grad {
            let factor = row_weight * T::from_f64(2.0 / outputs);
            for ((g, &y), &t) in grad.into_iter().zip(y).zip(t) {
                *g = factor * (y - t);
            }
        }
        let squares = y.iter().zip(t).map(|(&y, &t)| (y - t).as_f64().powi(2));
        squares.sum::<f64>() / outputs
    }
}
