use std::ops::Range;

use backprop_tensor::{Scalar, SimdLoop, logistic, logistic_all, run_with_best_simd, softplus};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

use crate::loss::{check_shapes, check_values_only, reduce_rows};
use crate::{Loss, LossError, OutputKind, RowTarget, TargetsView, WeightedSum};

/// Terms that are computed together.
const BUFFER: usize = 128;

const NEEDS_VALUES: &str = "BinaryCrossEntropyWithLogits takes values as targets, not classes";

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
        let (loss, range) = ("BinaryCrossEntropyWithLogits", "numbers from 0 to 1");
        check_values_only(loss, outputs, targets, range, |t| (0.0..=1.0).contains(&t))
    }

    fn row(
        &self,
        z: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        let RowTarget::Values(t) = target else {
            panic!("{NEEDS_VALUES}");
        };
        let outputs = z.len() as f64;
        if let Some(grad) = grad {
            let factor = row_weight * T::from_f64(1.0 / outputs);
            for ((g, &z), &t) in grad.into_iter().zip(z).zip(t) {
                *g = factor * (logistic(z) - t);
            }
        }
        z.iter().zip(t).map(|(&z, &t)| term(z, t)).sum::<f64>() / outputs
    }

    #[track_caller]
    #[inline(never)]
    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        mut grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        check_shapes(output, targets, weights, grad.as_ref());
        let TargetsView::Values(values) = targets else {
            panic!("{NEEDS_VALUES}");
        };
        let slices = (output.as_slice(), values.as_slice());
        let grads = grad.as_mut().map(|grad| grad.as_slice_mut());
        let ((Some(z), Some(t)), None | Some(Some(_))) = (slices, &grads) else {
            return reduce_rows(output, targets, weights, grad, |_, z, t, weight, grad| {
                self.row(z, t, weight, grad)
            });
        };
        if let Some(Some(grad)) = grads {
            run_with_best_simd(Differences { z, t, grad });
        }
        let outputs = output.ncols();
        let mut terms = Terms::new(z, t);
        reduce_rows(
            output,
            targets,
            weights,
            grad,
            |row, _, _, row_weight, grad| {
                if let Some(mut grad) = grad {
                    let factor = row_weight * T::from_f64(1.0 / outputs as f64);
                    grad.iter_mut().for_each(|g| *g = factor * *g);
                }
                let elements = row * outputs..(row + 1) * outputs;
                elements.map(|element| terms.of(element)).sum::<f64>() / outputs as f64
            },
        )
    }

    #[inline(never)]
    fn activate(&self, mut output: ArrayViewMut2<'_, T>) {
        match output.as_slice_mut() {
            Some(output) => logistic_all(output),
            None => output.mapv_inplace(logistic),
        }
    }
}

/// The loss of one output.
#[inline(always)]
fn term<T: Scalar>(z: T, t: T) -> f64 {
    let (z, t) = (z.as_f64(), t.as_f64());
    // Not `z.max(0)`, which would turn a NaN into a number.
    (if z < 0.0 { 0.0 } else { z }) - z * t + softplus(-z.abs())
}

/// The loss of each output. A row may have a single output: the terms of the outputs behind it, of
/// all rows, are computed together.
struct Terms<'a, T> {
    z: &'a [T],
    t: &'a [T],
    buffer: [f64; BUFFER],
    /// The outputs whose terms are in the buffer.
    elements: Range<usize>,
}

impl<'a, T: Scalar> Terms<'a, T> {
    fn new(z: &'a [T], t: &'a [T]) -> Self {
        Terms {
            z,
            t,
            buffer: [0.0; BUFFER],
            elements: 0..0,
        }
    }

    #[inline]
    fn of(&mut self, element: usize) -> f64 {
        if element >= self.elements.end {
            self.elements = element..self.z.len().min(element + BUFFER);
            let (z, t) = (
                &self.z[self.elements.clone()],
                &self.t[self.elements.clone()],
            );
            run_with_best_simd(TermLoop {
                z,
                t,
                terms: &mut self.buffer,
            });
        }
        self.buffer[element - self.elements.start]
    }
}

/// The terms of some outputs.
struct TermLoop<'a, T> {
    z: &'a [T],
    t: &'a [T],
    terms: &'a mut [f64],
}

impl<T: Scalar> SimdLoop for TermLoop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((term_of, &z), &t) in self.terms.iter_mut().zip(self.z).zip(self.t) {
            *term_of = term(z, t);
        }
    }
}

/// `sigma(z) - t` of all outputs.
struct Differences<'a, T> {
    z: &'a [T],
    t: &'a [T],
    grad: &'a mut [T],
}

impl<T: Scalar> SimdLoop for Differences<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((g, &z), &t) in self.grad.iter_mut().zip(self.z).zip(self.t) {
            *g = logistic(z) - t;
        }
    }
}
