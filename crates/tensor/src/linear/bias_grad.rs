//! The bias gradient, the column sums of `dy`.

use ndarray::ArrayView2;

use crate::matrix::with_contiguous_rows;
use crate::{Scalar, with_best_simd};

/// The gradient of the loss by the bias of a linear layer: `bias_grad` (O) becomes the column sums
/// of `output_grad` (B, O), summed row by row.
///
/// ```
/// use backprop_tensor::{affine_bias_grad, ndarray::array};
///
/// let mut bias_grad = [f64::NAN; 2];
/// affine_bias_grad(array![[1.0, 2.0], [3.0, 4.0]].view(), &mut bias_grad);
/// assert_eq!(bias_grad, [4.0, 6.0]);
/// ```
///
/// # Panics
/// If the widths differ.
#[track_caller]
pub fn affine_bias_grad<T: Scalar>(output_grad: ArrayView2<'_, T>, bias_grad: &mut [T]) {
    let (outputs, found) = (output_grad.ncols(), bias_grad.len());
    assert_eq!(
        found, outputs,
        "elements in the gradient of a bias of {outputs}"
    );
    let output_grad = with_contiguous_rows(output_grad);
    with_best_simd(|| column_sums(output_grad.view(), bias_grad));
}

/// The sums of the columns, as many columns at a time as keep their sums in registers: the next
/// addition to a sum waits for the last one, and the other sums fill that wait.
#[inline(always)]
fn column_sums<T: Scalar>(matrix: ArrayView2<'_, T>, sums: &mut [T]) {
    let mut first = 0;
    while first < sums.len() {
        let to = &mut sums[first..];
        first += match to.len() {
            64.. => some_column_sums::<T, 64>(matrix, first, to),
            16.. => some_column_sums::<T, 16>(matrix, first, to),
            4.. => some_column_sums::<T, 4>(matrix, first, to),
            _ => some_column_sums::<T, 1>(matrix, first, to),
        };
    }
}

/// The sums of `COLUMNS` columns from `first` on, row by row. Returns `COLUMNS`.
#[inline(always)]
fn some_column_sums<T: Scalar, const COLUMNS: usize>(
    matrix: ArrayView2<'_, T>,
    first: usize,
    to: &mut [T],
) -> usize {
    let mut sums = [T::zero(); COLUMNS];
    for row in matrix.rows() {
        let row = row.to_slice().expect("contiguous rows");
        for (sum, &x) in sums.iter_mut().zip(&row[first..first + COLUMNS]) {
            *sum += x;
        }
    }
    to[..COLUMNS].copy_from_slice(&sums);
    COLUMNS
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::linear::tests::random;

    /// The sums from the first row to the last, in this type.
    fn plain_sums<T: Scalar>(matrix: ArrayView2<'_, T>) -> Vec<T> {
        let mut sums = vec![T::zero(); matrix.ncols()];
        for row in matrix.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x);
        }
        sums
    }

    #[track_caller]
    fn assert_sums<T: Scalar>(matrix: ArrayView2<'_, T>) {
        let mut sums = vec![T::nan(); matrix.ncols()];
        affine_bias_grad(matrix, &mut sums);
        assert_eq!(sums, plain_sums(matrix), "{:?}", matrix.dim());
    }

    #[test]
    fn every_width_has_the_bits_of_a_plain_loop() {
        for width in 0..100 {
            assert_sums(random::<f32>(7, width, 1, 1.0).view());
            assert_sums(random::<f64>(7, width, 2, 1.0).view());
        }
        assert_sums(random::<f32>(0, 3, 1, 1.0).view());
    }

    #[test]
    fn a_view_may_have_any_strides() {
        let matrix = random::<f32>(40, 50, 3, 1.0);
        for view in [
            matrix.t(),
            matrix.slice(s![..;-1, ..]),
            matrix.slice(s![..;3, 5..;2]),
            matrix.slice(s![.., 7..8]),
        ] {
            assert_sums(view);
        }
    }
}
