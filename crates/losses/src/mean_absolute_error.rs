use backprop_tensor::{Scalar, sign};
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::mean_row::mean_row;
use crate::{Loss, OutputKind, RowTarget};

/// Mean absolute error: `l = (1 / outputs) sum_j |y_j - t_j|`, smallest at the median.
///
/// Gradient: `dl/dy_j = sign(y_j - t_j) / outputs`, 0 at the kink.
///
/// ```
/// use backprop_losses::{Loss, MeanAbsoluteError, TargetsView};
/// use ndarray::array;
///
/// let (output, target) = (array![[1.0_f64, 3.0]], array![[0.0, 0.0]]);
/// let total = MeanAbsoluteError.value_and_grad(output.view(), TargetsView::Values(target.view()), None, None);
/// assert_eq!(total.mean(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanAbsoluteError;

impl<T: Scalar> Loss<T> for MeanAbsoluteError {
    fn name(&self) -> &'static str {
        "MeanAbsoluteError"
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
        let name = "MeanAbsoluteError";
        mean_row(name, y, target, row_weight, grad, |y, t| {
            ((y - t).as_f64().abs(), sign(y - t))
        })
    }
}
