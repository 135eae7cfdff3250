use ndarray::{ArrayView1, ArrayViewMut1, ArrayViewMut2, Axis};

use crate::{Scalar, SimdLoop, exp, run_with_best_simd};

/// Elements that are shifted, and still in the L1 cache when their exponentials are computed.
const BLOCK_ELEMENTS: usize = 2048;

/// Chains of comparisons.
const LANES: usize = 8;

/// Replaces a row by its softmax, `p_j = e^z_j / sum_k e^z_k`, as [`softmax_rows`] does.
///
/// ```
/// use backprop_tensor::{ndarray::array, softmax};
///
/// let mut row = array![1000.0_f32, 1000.0];
/// softmax(row.view_mut());
/// assert_eq!(row, array![0.5, 0.5]);
/// ```
#[inline(never)]
pub fn softmax<T: Scalar>(row: ArrayViewMut1<'_, T>) {
    softmax_rows(row.insert_axis(Axis(0)));
}

/// Replaces each row by its softmax, `p_j = e^z_j / sum_k e^z_k`. Shape: (B, O).
///
/// All `z` of a row are shifted by the largest of them, so that no exponential overflows. The sum
/// runs from the first element to the last.
///
/// ```
/// use backprop_tensor::{ndarray::array, softmax_rows};
///
/// let mut rows = array![[1000.0_f32, 1000.0], [0.0, 0.0]];
/// softmax_rows(rows.view_mut());
/// assert_eq!(rows, array![[0.5, 0.5], [0.5, 0.5]]);
/// ```
#[inline(never)]
pub fn softmax_rows<T: Scalar>(mut rows: ArrayViewMut2<'_, T>) {
    shifted_exp_rows(rows.view_mut());
    let columns = rows.ncols();
    match rows.as_slice_mut() {
        Some(elements) if columns > 0 => run_with_best_simd(Normalize { elements, columns }),
        _ => {
            for mut row in rows.rows_mut() {
                let sum = row.iter().fold(T::zero(), |sum, &e| sum + e);
                row.mapv_inplace(|e| e / sum);
            }
        }
    }
}

/// Replaces each row by `e^(z_j - max_k z_k)`: the softmax before it is divided by the sum. Shape:
/// (B, O).
///
/// The exponentials of all rows are computed together, since a row of a few elements fills no
/// register.
///
/// ```
/// use backprop_tensor::{ndarray::array, shifted_exp_rows};
///
/// let mut rows = array![[7.0_f64, 7.0], [1.0, 2.0]];
/// shifted_exp_rows(rows.view_mut());
/// assert_eq!(rows, array![[1.0, 1.0], [(-1.0_f64).exp(), 1.0]]);
/// ```
#[inline(never)]
pub fn shifted_exp_rows<T: Scalar>(mut rows: ArrayViewMut2<'_, T>) {
    let columns = rows.ncols();
    match rows.as_slice_mut() {
        Some(elements) if columns > 0 => run_with_best_simd(ShiftedExp { elements, columns }),
        _ => {
            for mut row in rows.rows_mut() {
                let max = row_max(row.view());
                row.mapv_inplace(|z| exp(z - max));
            }
        }
    }
}

/// The loop of [`shifted_exp_rows`] over contiguous rows.
struct ShiftedExp<'a, T> {
    elements: &'a mut [T],
    columns: usize,
}

impl<T: Scalar> SimdLoop for ShiftedExp<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows_per_block = (BLOCK_ELEMENTS / self.columns).max(1);
        for block in self.elements.chunks_mut(rows_per_block * self.columns) {
            for row in block.chunks_exact_mut(self.columns) {
                let max = slice_max(row);
                row.iter_mut().for_each(|z| *z -= max);
            }
            for z in block {
                *z = exp(*z);
            }
        }
    }
}

/// The division of contiguous rows by their sums.
struct Normalize<'a, T> {
    elements: &'a mut [T],
    columns: usize,
}

impl<T: Scalar> SimdLoop for Normalize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for row in self.elements.chunks_exact_mut(self.columns) {
            let sum = row.iter().fold(T::zero(), |sum, &e| sum + e);
            row.iter_mut().for_each(|e| *e /= sum);
        }
    }
}

/// The largest element of a row; NaN is left out. Negative infinity for an empty row.
///
/// ```
/// use backprop_tensor::{ndarray::array, row_max};
///
/// assert_eq!(row_max(array![1.0_f32, f32::NAN, 3.0].view()), 3.0);
/// ```
#[inline]
pub fn row_max<T: Scalar>(row: ArrayView1<'_, T>) -> T {
    match row.as_slice() {
        Some(row) => slice_max(row),
        None => row.iter().fold(T::neg_infinity(), larger),
    }
}

/// In a row of many elements each comparison would wait for the one before, so eight chains run side
/// by side.
#[inline(always)]
fn slice_max<T: Scalar>(row: &[T]) -> T {
    if row.len() < 4 * LANES {
        return row.iter().fold(T::neg_infinity(), larger);
    }
    let mut lanes = [T::neg_infinity(); LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, z) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, z);
        }
    }
    lanes.iter().chain(rest).fold(T::neg_infinity(), larger)
}

/// `z` if it is larger, `max` also if `z` is NaN.
#[inline(always)]
fn larger<T: Scalar>(max: T, z: &T) -> T {
    if *z > max { *z } else { max }
}

/// The index of the largest element of a row, the first of equals; `None` for an empty row or one
/// with a NaN.
///
/// ```
/// use backprop_tensor::{argmax, ndarray::array};
///
/// assert_eq!(argmax(array![1.0_f64, 3.0, 3.0].view()), Some(1));
/// assert_eq!(argmax(array![1.0_f64, f64::NAN].view()), None);
/// ```
pub fn argmax<T: Scalar>(row: ArrayView1<'_, T>) -> Option<usize> {
    let mut best: Option<(usize, T)> = None;
    for (index, &value) in row.iter().enumerate() {
        if value.is_nan() {
            return None;
        }
        if best.is_none_or(|(_, largest)| value > largest) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, ShapeBuilder};

    use super::*;

    #[test]
    fn the_layout_changes_no_bit() {
        for (rows, columns) in [(1, 1), (3, 10), (300, 7), (2, 3000), (0, 4), (4, 0)] {
            let z = |(row, column)| ((row * 31 + column * 17) % 101) as f32 / 8.0;
            let mut row_major = Array2::from_shape_fn((rows, columns), z);
            let mut column_major = Array2::from_shape_fn((rows, columns).f(), z);
            softmax_rows(row_major.view_mut());
            softmax_rows(column_major.view_mut());
            assert_eq!(row_major, column_major);
            let sums = row_major.rows().into_iter().map(|row| row.sum());
            assert!(columns == 0 || sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-5));
        }
    }

    #[test]
    fn the_maximum_is_found_everywhere() {
        for length in [1, 7, 31, 32, 33, 100] {
            for at in 0..length {
                let mut row = Array1::from_elem(length, -3.0_f64);
                row[(at + length / 2) % length] = f64::NAN;
                row[at] = -2.5;
                assert_eq!(row_max(row.view()), -2.5);
                assert_eq!(row_max(row.slice(ndarray::s![..;-1])), -2.5);
            }
        }
        assert_eq!(row_max(Array1::<f32>::zeros(0).view()), f32::NEG_INFINITY);
    }
}
