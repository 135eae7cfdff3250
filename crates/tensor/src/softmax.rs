use ndarray::{ArrayView1, ArrayViewMut1};

use crate::Scalar;

/// Replaces a row by its softmax, `p_j = e^z_j / sum_k e^z_k`.
///
/// All `z` are shifted by the largest of them, so that no exponential overflows. The sum runs from
/// the first element to the last.
///
/// ```
/// use backprop_tensor::{ndarray::array, softmax};
///
/// let mut row = array![1000.0_f32, 1000.0];
/// softmax(row.view_mut());
/// assert_eq!(row, array![0.5, 0.5]);
/// ```
pub fn softmax<T: Scalar>(mut row: ArrayViewMut1<'_, T>) {
    let max = row.iter().fold(T::neg_infinity(), |max, &z| max.max(z));
    let mut sum = T::zero();
    for z in &mut row {
        *z = (*z - max).exp();
        sum += *z;
    }
    row.iter_mut().for_each(|p| *p /= sum);
}

/// The logistic function `1 / (1 + e^-z)`.
///
/// ```
/// use backprop_tensor::logistic;
///
/// assert_eq!(logistic(0.0_f64), 0.5);
/// assert_eq!(logistic(-1000.0_f64), 0.0);
/// ```
pub fn logistic<T: Scalar>(z: T) -> T {
    T::one() / (T::one() + (-z).exp())
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
