use ndarray::{ArrayView2, ArrayViewMut2};

use crate::Scalar;

/// The product of two matrices of any strides, by the matrixmultiply crate:
/// `c <- alpha a b + beta c`.
///
/// Shapes: `a` (m, k), `b` (k, n), `c` (m, n). With `beta` 0 the old contents of `c` are not read,
/// so NaN there does no harm. The products of a linear layer, whose weight is packed in panels, are
/// [`affine`](crate::affine) and its gradients.
///
/// ```
/// use backprop_tensor::{matmul, ndarray::array};
///
/// let (a, b) = (array![[1.0, 2.0]], array![[3.0], [4.0]]);
/// let mut c = array![[f64::NAN]];
/// matmul(1.0, a.view(), b.view(), 0.0, c.view_mut());
/// assert_eq!(c, array![[11.0]]);
/// ```
///
/// # Panics
/// If the shapes do not fit, with all three of them.
#[track_caller]
pub fn matmul<T: Scalar>(
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(
        b.nrows() == k && c.dim() == (m, n),
        "product of {:?} and {:?} into {:?}: inner sizes must agree and the result is (m, n)",
        a.dim(),
        b.dim(),
        c.dim()
    );
    if m == 0 || n == 0 {
        return;
    }
    let (sa, sb) = (a.strides(), b.strides());
    let (sc0, sc1) = (c.strides()[0], c.strides()[1]);
    // SAFETY: the views are valid at every index within their shapes, the shapes fit, and `c` is
    // a mutable view, which ndarray never lets alias itself or another view.
    unsafe {
        T::gemm(
            (m, k, n),
            alpha,
            (a.as_ptr(), sa[0], sa[1]),
            (b.as_ptr(), sb[0], sb[1]),
            beta,
            (c.as_mut_ptr(), sc0, sc1),
        );
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn strides_make_a_transpose_a_view_and_beta_zero_never_reads() {
        let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let b = array![[1.0, 0.5], [-1.0, 2.0]];
        let mut c = Array2::from_elem((2, 3), f64::NAN);
        matmul(2.0, a.t(), b.t(), 0.0, c.view_mut().reversed_axes());
        assert_eq!(c, array![[6.0, 9.0, 12.0], [14.0, 16.0, 18.0]]);
    }
}
