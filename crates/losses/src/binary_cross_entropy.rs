use backprop_tensor::{Scalar, logistic};
use ndarray::{ArrayView1, ArrayViewMut1, ArrayViewMut2};

use crate::loss::check_values;
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView};

/// Binary cross-entropy of the logistic function of logits, for several yes-or-no labels at once:
/// `l = (1 / outputs) sum_j (max(z_j, 0) - z_j t_j + log(1 + e^-|z_j|))` with `0 <= t_j <= 1`.
///
/// Gradient: `dl/dz_j = (1 / (1 + e^-z_j) - t_j) / outputs`.
///
/// ```
/// use backprop_losses::{BinaryCrossEntropyWithLogits, Loss, TargetsView};
/// use ndarray::array;
///
/// let (logits, labels) = (array![[0.0_f64, 0.0]], array![[1.0, 0.0]]);
/// let labels = TargetsView::Values(labels.view());
/// let total = BinaryCrossEntropyWithLogits.value_and_grad(logits.view(), labels, None, None);
/// assert_eq!(total.mean(), 2.0_f64.ln());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BinaryCrossEntropyWithLogits;

impl<T: Scalar> Loss<T> for BinaryCrossEntropyWithLogits {
    fn name(&self) -> &'static str {
        "BinaryCrossEntropyWithLogits"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Logits
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        let loss = "BinaryCrossEntropyWithLogits";
        match targets {
            TargetsView::Classes(_) => Err(LossError::NeedsValues { loss }),
            TargetsView::Values(values) => {
                check_values(loss, outputs, values, "numbers from 0 to 1", |t| {
                    (0.0..=1.0).contains(&t)
                })
            }
        }
    }

    fn row(
        &self,
        z: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        let RowTarget::Values(t) = target else {
            panic!("BinaryCrossEntropyWithLogits takes values as targets, not classes");
        };
        let outputs = z.len() as f64;
        if let Some(grad) = grad {
            let factor = row_weight * T::from_f64(1.0 / outputs);
            for ((g, &z), &t) in grad.into_iter().zip(z).zip(t) {
                *g = factor * (logistic(z) - t);
            }
        }
        let terms = z.iter().zip(t).map(|(&z, &t)| {
            let (z, t) = (z.as_f64(), t.as_f64());
            // Not `z.max(0)`, which would turn a NaN into a number.
            (if z < 0.0 { 0.0 } else { z }) - z * t + (-z.abs()).exp().ln_1p()
        });
        terms.sum::<f64>() / outputs
    }

    #[inline(never)]
    fn activate(&self, mut output: ArrayViewMut2<'_, T>) {
        output.mapv_inplace(logistic);
    }
}
