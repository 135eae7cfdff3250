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
    let factor = row_weight * T::from_f64(1.0 / y.len() as f64);
    let sum = match (y.to_slice(), t.to_slice(), grad) {
        // Loops over slices take a third of the time of loops over views.
        (Some(y), Some(t), None) => sum_of(y, t, of),
        (Some(y), Some(t), Some(mut grad)) if grad.is_standard_layout() => {
            let grad = grad.as_slice_mut().expect("standard layout");
            sum_with_grad(grad, y, t, of, factor)
        }
        (_, _, None) => sum_of(y, t, of),
        (_, _, Some(grad)) => sum_with_grad(grad, y, t, of, factor),
    };
    sum / y.len() as f64
}

/// `sum_j l(y_j, t_j)`.
#[inline(always)]
fn sum_of<'a, T: Scalar>(
    y: impl IntoIterator<Item = &'a T>,
    t: impl IntoIterator<Item = &'a T>,
    of: impl Fn(T, T) -> (f64, T),
) -> f64 {
    let pairs = y.into_iter().zip(t);
    pairs.map(|(&y, &t)| of(y, t).0).sum()
}

/// `sum_j l(y_j, t_j)`, and `grad_j = factor dl/dy_j`.
#[inline(always)]
fn sum_with_grad<'a, T: Scalar>(
    grad: impl IntoIterator<Item = &'a mut T>,
    y: impl IntoIterator<Item = &'a T>,
    t: impl IntoIterator<Item = &'a T>,
    of: impl Fn(T, T) -> (f64, T),
    factor: T,
) -> f64 {
    let terms = grad.into_iter().zip(y.into_iter().zip(t));
    let terms = terms.map(|(g, (&y, &t))| {
        let (loss, slope) = of(y, t);
        *g = factor * slope;
        loss
    });
    terms.sum()
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
