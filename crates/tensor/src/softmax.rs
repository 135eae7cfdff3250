use ndarray::ArrayViewMut1;

use crate::Scalar;

/// The softmax of a row, in place: `p_j = e^z_j / sum_k e^z_k`, shifted by the largest, so that no
/// exponential is too large; summed from the first to the last.
///
/// ```
/// use backprop_tensor::{ndarray::array, softmax};
///
/// let mut row = array![1000.0_f32, 1000.0];
/// softmax(row.view_mut());
/// assert_eq!(row, array![0.5, 0.5]);
/// ```
pub fn softmax<T: Scalar>(mut row: ArrayViewMut1<'_, T>) {
    let top = row.iter().fold(T::neg_infinity(), |top, &z| top.max(z));
    let mut sum = T::zero();
    for z in &mut row {
        *z = (*z - top).exp();
        sum += *z;
    }
    row.iter_mut().for_each(|p| *p /= sum);
}
