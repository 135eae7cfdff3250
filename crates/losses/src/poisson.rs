use backprop_tensor::{Scalar, exp};
use ndarray::{ArrayView1, ArrayViewMut1, ArrayViewMut2};

use crate::loss::check_values_only;
use crate::mean_row::mean_row;
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView};

/// The negative log-likelihood of counts under Poisson distributions whose rates have the outputs as
/// logarithms: `l = (1 / outputs) sum_j (e^y_j - t_j y_j)`, without the constant `log(t_j!)`.
///
/// Gradient: `dl/dy_j = (e^y_j - t_j) / outputs`. [`activate`](Loss::activate) makes rates of outputs.
///
/// ```
/// use backprop_losses::{Loss, Poisson, TargetsView};
/// use ndarray::array;
///
/// let (log_rates, counts) = (array![[0.0_f64, 2.0]], array![[3.0, 0.0]]);
/// let counts = TargetsView::Values(counts.view());
/// let total = Poisson.value_and_grad(log_rates.view(), counts, None, None);
/// assert_eq!(total.mean(), (1.0 + 2.0_f64.exp()) / 2.0);
/// let mut rates = log_rates;
/// Loss::activate(&Poisson, rates.view_mut());
/// assert_eq!(rates, array![[1.0, 2.0_f64.exp()]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poisson;

impl<T: Scalar> Loss<T> for Poisson {
    fn name(&self) -> &'static str {
        "Poisson"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Values
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        let (loss, range) = ("Poisson", "finite counts of at least 0");
        check_values_only(loss, outputs, targets, range, |t| t >= 0.0 && t.is_finite())
    }

    fn row(
        &self,
        y: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        mean_row("Poisson", y, target, row_weight, grad, |y, t| {
            let (y, t) = (y.as_f64(), t.as_f64());
            let rate = exp(y);
            (rate - t * y, T::from_f64(rate - t))
        })
    }

    #[inline(never)]
    fn activate(&self, mut output: ArrayViewMut2<'_, T>) {
        output.mapv_inplace(exp);
    }
}
