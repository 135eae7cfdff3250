use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::distribution::{check_distributions, share};
use crate::log_softmax::LogSoftmax;
use crate::mean_row::constant;
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView};

/// The focal loss of the softmax of logits (Lin et al., 2017): `l = -sum_j t_j (1 - p_j)^gamma log p_j`
/// with `p = softmax(z)`, where a class means the distribution that is 1 at the class. Rows that are
/// easy already weigh less than in the cross-entropy, which `gamma = 0` is.
///
/// Gradient: `dl/dz_k = t_k a_k - p_k sum_j t_j a_j` with
/// `a_j = gamma (1 - p_j)^(gamma - 1) p_j log p_j - (1 - p_j)^gamma`.
///
/// ```
/// use backprop_losses::{Focal, Loss, TargetsView};
/// use ndarray::array;
///
/// let logits = array![[0.0_f64, 0.0]];
/// let total = Focal::new(2.0)?.value_and_grad(logits.view(), TargetsView::Classes(&[0]), None, None);
/// approx::assert_relative_eq!(total.mean(), 0.25 * 2.0_f64.ln(), max_relative = 1e-15);
/// # Ok::<(), backprop_losses::LossError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Focal {
    gamma: f64,
}

impl Focal {
    /// With this exponent of `1 - p`.
    ///
    /// # Errors
    /// If `gamma` is not at least 0 and finite.
    pub fn new(gamma: f64) -> Result<Self, LossError> {
        let fits = gamma >= 0.0 && gamma.is_finite();
        let gamma = constant("Focal", gamma, "a gamma of at least 0", fits)?;
        Ok(Focal { gamma })
    }

    /// `-(1 - p)^gamma log p`, and `dl/dz` of the logit of `p` over `1 - p`: `a` of the formula.
    fn of(&self, log_p: f64) -> (f64, f64) {
        // 1 - p without cancellation.
        let rest = -log_p.exp_m1();
        let factor = rest.powf(self.gamma);
        if rest == 0.0 {
            return (0.0, -factor);
        }
        let pull = self.gamma * factor / rest * log_p.exp() * log_p;
        (-factor * log_p, pull - factor)
    }
}

impl Default for Focal {
    /// `gamma = 2`, as in the paper.
    fn default() -> Self {
        Focal { gamma: 2.0 }
    }
}

impl<T: Scalar> Loss<T> for Focal {
    fn name(&self) -> &'static str {
        "Focal"
    }

    fn constant(&self) -> Option<f64> {
        Some(self.gamma)
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Logits
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        check_distributions("Focal", outputs, targets)
    }

    fn row(
        &self,
        z: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        let softmax = LogSoftmax::new(z);
        let term = |j: usize, t: f64| {
            // An output without a share of the target adds nothing, not even an infinite loss.
            if t == 0.0 {
                return (0.0, 0.0);
            }
            let (loss, a) = self.of(softmax.log_probability(j));
            (t * loss, t * a)
        };
        let of_output = |j: usize| term(j, share(&target, j));
        let (mut loss, mut sum) = (0.0, 0.0);
        for j in 0..z.len() {
            let (of_loss, a) = of_output(j);
            loss += of_loss;
            sum += a;
        }
        if let Some(grad) = grad {
            for (k, g) in grad.into_iter().enumerate() {
                let slope = of_output(k).1 - softmax.log_probability(k).exp() * sum;
                *g = row_weight * T::from_f64(slope);
            }
        }
        loss
    }
}
