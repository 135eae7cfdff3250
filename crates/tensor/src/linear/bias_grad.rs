//! The bias gradient, the column sums of `dy`.

use ndarray::{ArrayView2, NdFloat};

use crate::Scalar;
use crate::kernels::simd::Simd;
use crate::kernels::{Isa, Job, Kernel};
use crate::matrix::{Matrix, with_contiguous_rows};

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
    affine_bias_grad_on(Isa::best(), output_grad, bias_grad);
}

/// [`affine_bias_grad`] on a given instruction set.
fn affine_bias_grad_on<T: Scalar>(isa: Isa, output_grad: ArrayView2<'_, T>, sums: &mut [T]) {
    let output_grad = with_contiguous_rows(output_grad);
    let matrix = Matrix::of(&output_grad.view());
    // SAFETY: the matrix is valid for reads, and has as many columns as there are sums.
    unsafe { T::run_job(isa, ColumnSums { matrix, sums }) }
}

/// The sums of the columns of a matrix.
struct ColumnSums<'a, T> {
    /// Valid for reads.
    matrix: Matrix<T>,
    /// One for each column.
    sums: &'a mut [T],
}

impl<T: NdFloat + Default> Job<T> for ColumnSums<'_, T> {
    type Output = ();

    /// Many columns at a time keep their sums in registers: the next addition to a sum waits for the
    /// last one, and the other sums fill that wait.
    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) {
        let lanes = K::Simd::LANES;
        let mut first = 0;
        while first < self.sums.len() {
            let to = &mut self.sums[first..];
            // SAFETY: the caller's promise.
            first += unsafe {
                match to.len() / lanes {
                    8.. => sum_columns::<K::Simd, 8>(self.matrix, first, to),
                    2.. => sum_columns::<K::Simd, 2>(self.matrix, first, to),
                    _ => sum_columns::<K::Simd, 1>(self.matrix, first, to),
                }
            };
        }
    }
}

crate::kernels::dispatch::compile_here!(ColumnSums<'static, f32>, ColumnSums<'static, f64>);

/// The sums of `REGS` registers of columns from `first` on, or of the few columns that are left, row
/// by row. Returns the number of columns.
///
/// # Safety
/// The CPU has the instruction set of `V`, and the matrix is valid for reads from `first` on for as
/// many columns as there are in `to`, which are at least `REGS` registers, or `REGS` is 1.
#[inline(always)]
unsafe fn sum_columns<V: Simd, const REGS: usize>(
    matrix: Matrix<V::Element>,
    first: usize,
    to: &mut [V::Element],
) -> usize {
    // SAFETY: all columns lie within the matrix and `to`.
    unsafe {
        let count = to.len().min(REGS * V::LANES);
        let last = count - (REGS - 1) * V::LANES;
        let mut sums = [V::splat(V::Element::default()); REGS];
        for row in 0..matrix.rows {
            let from = matrix.start.at(row * matrix.row_stride + first);
            for (v, sum) in sums[..REGS - 1].iter_mut().enumerate() {
                *sum = V::load(from.add(v * V::LANES)).add(*sum);
            }
            let rest = V::load_first(from.add((REGS - 1) * V::LANES), last);
            sums[REGS - 1] = rest.add(sums[REGS - 1]);
        }
        let to = to.as_mut_ptr();
        for (v, sum) in sums[..REGS - 1].iter().enumerate() {
            sum.store(to.add(v * V::LANES));
        }
        sums[REGS - 1].store_first(to.add((REGS - 1) * V::LANES), last);
        count
    }
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
        for isa in Isa::available() {
            let mut sums = vec![T::nan(); matrix.ncols()];
            affine_bias_grad_on(isa, matrix, &mut sums);
            assert_eq!(sums, plain_sums(matrix), "{isa:?} {:?}", matrix.dim());
        }
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
