use backprop_tensor::{Scalar, sign};
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::mean_row::{constant, mean_row};
use crate::{Loss, LossError, OutputKind, RowTarget};

/// Huber's loss (Huber, 1964): the mean over outputs of `e^2 / 2` where the error `e = y_j - t_j` is at
/// most `delta`, and of `delta (|e| - delta / 2)` beyond: outliers pull no more than by `delta`.
///
/// Gradient: `dl/dy_j = max(-delta, min(delta, e)) / outputs`.
///
/// ```
/// use backprop_losses::{Huber, Loss, TargetsView};
/// use ndarray::array;
///
/// let (output, target) = (array![[1.0_f64, 5.0]], array![[0.0, 0.0]]);
/// let total = Huber::new(2.0)?.value_and_grad(output.view(), TargetsView::Values(target.view()), None, None);
/// assert_eq!(total.mean(), (0.5 + 2.0 * (5.0 - 1.0)) / 2.0);
/// # Ok::<(), backprop_losses::LossError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber {
    delta: f64,
}

impl Huber {
    /// With this error above which the loss is linear.
    ///
    /// # Errors
    /// If `delta` is not above 0 and finite.
    pub fn new(delta: f64) -> Result<Self, LossError> {
        let fits = delta > 0.0 && delta.is_finite();
        let delta = constant("Huber", delta, "a delta above 0", fits)?;
        Ok(Huber { delta })
    }
}

impl Default for Huber {
    /// `delta = 1`, as in PyTorch.
    fn default() -> Self {
        Huber { delta: 1.0 }
    }
}

impl<T: Scalar> Loss<T> for Huber {
    fn name(&self) -> &'static str {
        "Huber"
    }

    fn constant(&self) -> Option<f64> {
        Some(self.delta)
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
        let delta = T::from_f64(self.delta);
        mean_row("Huber", y, target, row_weight, grad, |y, t| {
            let error = y - t;
            let size = error.as_f64().abs();
            if error.abs() <= delta {
                (0.5 * size * size, error)
            } else {
                (self.delta * (size - 0.5 * self.delta), delta * sign(error))
            }
        })
    }
}
