//! The row of a loss that is a mean over outputs.

use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayViewMut1};

use crate::{LossError, RowTarget};

/// `(1 / outputs) sum_j l(y_j, t_j)`, and in `grad` the derivatives times `row_weight / outputs`;
/// `of` gives `l` and `dl/dy`.
///
/// # Panics
/// If the target is a class.
#[inline(always)]
#[track_caller]
pub(crate) fn mean_row<T: Scalar>(
    name: &str,
    y: ArrayView1<'_, T>,
    target: RowTarget<'_, T>,
    row_weight: T,
    grad: Option<ArrayViewMut1<'_, T>>,
    of: impl Fn(T, T) -> (f64, T),
) -> f64 {
    let RowTarget::Values(t) = target else {
        panic!("{name} takes values as targets, not classes");
    };
    let outputs = y.len() as f64;
    let pairs = y.iter().zip(t);
    let sum: f64 = match grad {
        None => pairs.map(|(&y, &t)| of(y, t).0).sum(),
        Some(grad) => {
            let factor = row_weight * T::from_f64(1.0 / outputs);
            let terms = grad.into_iter().zip(pairs).map(|(g, (&y, &t))| {
                let (loss, slope) = of(y, t);
                *g = factor * slope;
                loss
            });
            terms.sum()
        }
    };
    sum / outputs
}

/// -1, 0 or 1; NaN for NaN, so that no error is hidden.
#[inline(always)]
pub(crate) fn sign<T: Scalar>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        x
    }
}

/// Checks a constant of a loss; its range is in words.
pub(crate) fn constant(
    loss: &'static str,
    value: f64,
    range: &'static str,
    fits: bool,
) -> Result<f64, LossError> {
    if fits {
        return Ok(value);
    }
    Err(LossError::Constant { loss, value, range })
}
