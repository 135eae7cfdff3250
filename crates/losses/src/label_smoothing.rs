use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::distribution::{check_distributions, share};
use crate::log_softmax::LogSoftmax;
use crate::mean_row::constant;
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView};

/// Cross-entropy of the softmax of logits with smoothed targets (Szegedy et al., 2016):
/// `l = sum_j t'_j (log sum_k e^z_k - z_j)` with `t'_j = (1 - s) t_j + s / outputs`, where a class means
/// the distribution that is 1 at the class.
///
/// Gradient: `dl/dz_j = softmax(z)_j sum_k t'_k - t'_j`.
///
/// ```
/// use backprop_losses::{LabelSmoothing, Loss, TargetsView};
/// use ndarray::array;
///
/// let logits = array![[0.0_f64, 0.0]];
/// let loss = LabelSmoothing::new(0.1)?;
/// let total = loss.value_and_grad(logits.view(), TargetsView::Classes(&[0]), None, None);
/// assert_eq!(total.mean(), 2.0_f64.ln());
/// # Ok::<(), backprop_losses::LossError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelSmoothing {
    smoothing: f64,
}

impl LabelSmoothing {
    /// With this part of each target spread over all outputs.
    ///
    /// # Errors
    /// If `smoothing` is not at least 0 and below 1.
    pub fn new(smoothing: f64) -> Result<Self, LossError> {
        let fits = (0.0..1.0).contains(&smoothing);
        let range = "a smoothing of at least 0 and below 1";
        let smoothing = constant("LabelSmoothing", smoothing, range, fits)?;
        Ok(LabelSmoothing { smoothing })
    }
}

impl Default for LabelSmoothing {
    /// A smoothing of 0.1, as in the paper.
    fn default() -> Self {
        LabelSmoothing { smoothing: 0.1 }
    }
}

impl<T: Scalar> Loss<T> for LabelSmoothing {
    fn name(&self) -> &'static str {
        "LabelSmoothing"
    }

    fn constant(&self) -> Option<f64> {
        Some(self.smoothing)
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Logits
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        check_distributions("LabelSmoothing", outputs, targets)
    }

    fn row(
        &self,
        z: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        let softmax = LogSoftmax::new(z);
        let (kept, spread) = (1.0 - self.smoothing, self.smoothing / z.len() as f64);
        let smoothed = |j: usize| kept * share(&target, j) + spread;
        if let Some(grad) = grad {
            let sum: f64 = (0..z.len()).map(smoothed).sum();
            for (j, g) in grad.into_iter().enumerate() {
                let slope = softmax.log_probability(j).exp() * sum - smoothed(j);
                *g = row_weight * T::from_f64(slope);
            }
        }
        let terms = (0..z.len()).map(|j| (smoothed(j), softmax.log_probability(j)));
        // An output without a share of the target adds nothing, not even an infinite loss.
        let terms = terms.filter(|(t, _)| *t != 0.0);
        terms.map(|(t, log_p)| -t * log_p).sum()
    }
}
