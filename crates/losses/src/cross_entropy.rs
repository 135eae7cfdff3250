use backprop_tensor::{Scalar, logistic, softmax};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use crate::loss::{RowTarget, check_classes, check_values, sum_rows};
use crate::{Loss, LossError, OutputKind, TargetsView, WeightedSum};

/// Cross-entropy of the softmax of logits: `l = sum_j t_j (log sum_k e^z_k - z_j)`, where a class
/// stands for the distribution that is 1 there.
///
/// Gradient: `dl/dz_j = softmax(z)_j sum_k t_k - t_j`, for a class `softmax(z)_j - t_j`. The
/// logarithm of the sum is shifted by the row's maximum, so no logit is too large for it.
///
/// ```
/// use backprop_losses::{Loss, SoftmaxCrossEntropy, TargetsView};
/// use ndarray::array;
///
/// let logits = array![[1000.0_f32, 0.0]];
/// let right = SoftmaxCrossEntropy.value_and_grad(logits.view(), TargetsView::Classes(&[0]), None, None);
/// let wrong = SoftmaxCrossEntropy.value_and_grad(logits.view(), TargetsView::Classes(&[1]), None, None);
/// assert_eq!((right.sum, wrong.sum), (0.0, 1000.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftmaxCrossEntropy;

/// Cross-entropy of probabilities: `l = -sum_j t_j log p_j`, where a class stands for the
/// distribution that is 1 there.
///
/// Gradient: `dl/dp_j = -t_j / p_j`. A `p` below the smallest normal number is taken as that, so
/// that loss and gradient stay finite. Prefer [`SoftmaxCrossEntropy`], which loses nothing there.
///
/// ```
/// use backprop_losses::{CrossEntropy, Loss, TargetsView};
/// use ndarray::array;
///
/// let probabilities = array![[0.25_f64, 0.75]];
/// let total = CrossEntropy.value_and_grad(probabilities.view(), TargetsView::Classes(&[0]), None, None);
/// assert_eq!(total.sum, 4.0_f64.ln());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossEntropy;

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

/// The targets of a cross-entropy: classes with an output each, or shares of at least 0. There
/// have to be two outputs: the softmax of one number is 1.
fn check_distributions<T: Scalar>(
    loss: &'static str,
    outputs: usize,
    targets: TargetsView<'_, T>,
) -> Result<(), LossError> {
    if outputs < 2 {
        return Err(LossError::OneClass { loss, outputs });
    }
    match targets {
        TargetsView::Classes(classes) => check_classes(outputs, classes),
        TargetsView::Values(values) => {
            check_values(loss, outputs, values, "finite shares of at least 0", |t| {
                t >= 0.0 && t.is_finite()
            })
        }
    }
}

fn top<T: Scalar>(row: ArrayView1<'_, T>) -> T {
    row.iter().fold(T::neg_infinity(), |top, &z| top.max(z))
}

impl<T: Scalar> Loss<T> for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "SoftmaxCrossEntropy"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Logits
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        check_distributions("SoftmaxCrossEntropy", outputs, targets)
    }

    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        sum_rows(output, targets, weights, grad, |z, target, share, grad| {
            let top = top(z);
            let mut grad = grad;
            // The exponentials wait where the gradient goes.
            let sum: T = match &mut grad {
                Some(grad) => {
                    let exps = grad.iter_mut().zip(z).map(|(g, &z)| {
                        *g = (z - top).exp();
                        *g
                    });
                    exps.sum()
                }
                None => z.iter().map(|&z| (z - top).exp()).sum(),
            };
            let log_sum = sum.as_f64().ln();
            let share_of_all = match &target {
                RowTarget::Class(_) => T::one(),
                RowTarget::Values(t) => t.sum(),
            };
            if let Some(mut grad) = grad {
                let factor = share * share_of_all / sum;
                grad.iter_mut().for_each(|g| *g = factor * *g);
                match &target {
                    RowTarget::Class(class) => grad[*class] -= share,
                    RowTarget::Values(t) => grad.scaled_add(-share, t),
                }
            }
            let surprise = |z: T| log_sum - (z - top).as_f64();
            match target {
                RowTarget::Class(class) => surprise(z[class]),
                RowTarget::Values(t) => t
                    .iter()
                    .zip(z)
                    .filter(|(t, _)| **t != T::zero())
                    .map(|(&t, &z)| t.as_f64() * surprise(z))
                    .sum(),
            }
        })
    }

    fn activate(&self, mut output: ArrayViewMut2<'_, T>) {
        output.rows_mut().into_iter().for_each(softmax);
    }
}

impl<T: Scalar> Loss<T> for CrossEntropy {
    fn name(&self) -> &'static str {
        "CrossEntropy"
    }

    fn output_kind(&self) -> OutputKind {
        OutputKind::Probabilities
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        check_distributions("CrossEntropy", outputs, targets)
    }

    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        // Not `max`, which would turn a NaN into a number.
        let clamped = |p: T| {
            if p < T::min_positive_value() {
                T::min_positive_value()
            } else {
                p
            }
        };
        sum_rows(output, targets, weights, grad, |p, target, share, grad| {
            let term = |t: T, p: T| {
                if t == T::zero() {
                    0.0
                } else {
                    -t.as_f64() * clamped(p).as_f64().ln()
                }
            };
            match target {
                RowTarget::Class(class) => {
                    if let Some(mut grad) = grad {
                        grad.fill(T::zero());
                        grad[class] = -share / clamped(p[class]);
                    }
                    term(T::one(), p[class])
                }
                RowTarget::Values(t) => {
                    if let Some(grad) = grad {
                        for ((g, &t), &p) in grad.into_iter().zip(t).zip(p) {
                            *g = -share * t / clamped(p);
                        }
                    }
                    t.iter().zip(p).map(|(&t, &p)| term(t, p)).sum()
                }
            }
        })
    }

    fn activate(&self, _output: ArrayViewMut2<'_, T>) {}
}

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

    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        let outputs = output.ncols() as f64;
        sum_rows(output, targets, weights, grad, |z, target, share, grad| {
            let RowTarget::Values(t) = target else {
                panic!("BinaryCrossEntropyWithLogits takes values as targets, not classes");
            };
            if let Some(grad) = grad {
                let factor = share * T::from_f64(1.0 / outputs);
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
        })
    }

    fn activate(&self, mut output: ArrayViewMut2<'_, T>) {
        output.mapv_inplace(logistic);
    }
}
