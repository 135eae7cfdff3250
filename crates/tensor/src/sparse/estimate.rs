use ndarray::NdFloat;

use crate::cutoffs::MAX_DENSITY_RECIPROCAL;
use crate::kernels::simd::Simd;
use crate::kernels::{Job, Kernel};
use crate::matrix::Matrix;

/// The number of rows that the density of a matrix is estimated from.
const SAMPLE_ROWS: usize = 8;

/// The question whether few elements of a matrix differ from 0, judged by eight of its rows.
pub(super) struct EstimateSparse<T> {
    /// A matrix that is valid for reads.
    pub(super) matrix: Matrix<T>,
}

impl<T: NdFloat + Default> Job<T> for EstimateSparse<T> {
    type Output = bool;

    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { estimate_sparse::<K::Simd>(&self.matrix) }
    }
}

/// # Safety
/// The CPU has the instruction set of `V`, and the matrix is valid for reads.
#[inline(always)]
unsafe fn estimate_sparse<V: Simd>(matrix: &Matrix<V::Element>) -> bool {
    let samples = matrix.rows.min(SAMPLE_ROWS);
    let mut nnz = 0;
    for sample in 0..samples {
        let row = sample * matrix.rows / samples;
        let mut column = 0;
        while column + V::LANES <= matrix.columns {
            // SAFETY: within a row of the matrix.
            unsafe {
                let lanes = V::load(matrix.start.at(row * matrix.row_stride + column));
                nnz += lanes.nonzero_mask().count_ones();
            }
            column += V::LANES;
        }
    }
    (nnz as usize) * MAX_DENSITY_RECIPROCAL < samples * matrix.columns
}

crate::kernels::dispatch::compile_here!(EstimateSparse<f32>, EstimateSparse<f64>);
