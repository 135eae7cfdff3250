use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::mean_row::{constant, mean_row};
use crate::{Loss, LossError, OutputKind, RowTarget};

/// The pinball loss of a quantile (Koenker and Bassett, 1978):
/// `l = (1 / outputs) sum_j max(tau (t_j - y_j), (tau - 1) (t_j - y_j))`, smallest at the value that a
/// part `tau` of the targets lies below.
///
/// Gradient: `-tau / outputs` where `y_j < t_j`, `(1 - tau) / outputs` where `y_j > t_j`, 0 at the kink.
///
/// ```
/// use backprop_losses::{Loss, Quantile, TargetsView};
/// use ndarray::array;
///
/// let (output, target) = (array![[0.0_f64, 2.0]], array![[1.0, 1.0]]);
/// let total = Quantile::new(0.75)?.value_and_grad(output.view(), TargetsView::Values(target.view()), None, None);
/// assert_eq!(total.mean(), (0.75 + 0.25) / 2.0);
/// # Ok::<(), backprop_losses::LossError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    tau: f64,
}

impl Quantile {
    /// With this part of the targets below the prediction.
    ///
    /// # Errors
    /// If `tau` is not above 0 and below 1.
    pub fn new(tau: f64) -> Result<Self, LossError> {
        let fits = tau > 0.0 && tau < 1.0;
        let tau = constant("Quantile", tau, "a quantile above 0 and below 1", fits)?;
        Ok(Quantile { tau })
    }
}

impl Default for Quantile {
    /// The median, `tau = 0.5`.
    fn default() -> Self {
        Quantile { tau: 0.5 }
    }
}

impl<T: Scalar> Loss<T> for Quantile {
    fn name(&self) -> &'static str {
        "Quantile"
    }

    fn constant(&self) -> Option<f64> {
        Some(self.tau)
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
        let (below, above) = (T::from_f64(-self.tau), T::from_f64(1.0 - self.tau));
        mean_row("Quantile", y, target, row_weight, grad, |y, t| {
            let error = (y - t).as_f64();
            if y < t {
                (-self.tau * error, below)
            } else if y > t {
                ((1.0 - self.tau) * error, above)
            } else {
                (error, y - t)
            }
        })
    }
}
