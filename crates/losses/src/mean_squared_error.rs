use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::mean_row::mean_row;
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

    #[inline(always)]
    fn row(
        &self,
        y: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        mean_row("MeanSquaredError", y, target, row_weight, grad, |y, t| {
            let error = y - t;
            (error.as_f64().powi(2), error + error)
        })
    }
}
