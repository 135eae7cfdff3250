//! The building of a blocked CSR.

use std::ops::Range;

use ndarray::NdFloat;

use super::csr::{BlockedCsr, CSR_BLOCK_COLUMNS, STORE_SLACK};
use crate::kernels::simd::Simd;
use crate::kernels::{Job, Kernel};
use crate::matrix::Matrix;
use crate::prefetch::prefetch_lines;

/// Elements between the element that is indexed and the element that is prefetched. While a row
/// lies in memory and not in the cache, indexing it takes longer than multiplying by it.
const PREFETCH_DISTANCE: usize = 2048;

/// The work of building some consecutive rows of a CSR.
pub(super) struct BuildCsr<T> {
    /// A matrix that is valid for reads.
    pub(super) matrix: Matrix<T>,
    /// Reserved for the matrix; no other thread reads or writes these rows of it.
    pub(super) csr: BlockedCsr<T>,
    pub(super) rows: Range<usize>,
}

impl<T: NdFloat + Default> Job<T> for BuildCsr<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) {
        // SAFETY: the caller's promise.
        unsafe { build_csr::<K::Simd>(self.matrix, self.csr, self.rows) }
    }
}

crate::kernels::dispatch::compile_here!(BuildCsr<f32>, BuildCsr<f64>);

/// # Safety
/// The CPU has the instruction set of `V`; the rest is as [`BuildCsr`] says.
#[inline(always)]
unsafe fn build_csr<V: Simd>(
    matrix: Matrix<V::Element>,
    csr: BlockedCsr<V::Element>,
    rows: Range<usize>,
) {
    // `matrix` and `csr` are values, not references: no store can alias them, so they stay in
    // registers.
    //
    // A line of the buffer may still be in the cache of another core, which read it last, and a
    // store to such a line waits for it. To have many of these misses in flight at once, each line
    // is written once: a block is staged on the stack and copied from there.
    let mut staged_indices = [0; CSR_BLOCK_COLUMNS + STORE_SLACK];
    let mut staged_values = [V::Element::default(); CSR_BLOCK_COLUMNS + STORE_SLACK];
    let (indices, values) = (staged_indices.as_mut_ptr(), staged_values.as_mut_ptr());
    let mut start = rows.start * csr.stride;
    for row in rows {
        // SAFETY: every element that is read lies in the row. A block has at most as many nonzero
        // elements as columns, and so has a row: row `r` starts at `r * stride` at the latest. What
        // is written behind the last element fits into the slack of the stage and of the row.
        unsafe {
            let x = matrix.start.at(row * matrix.row_stride);
            *csr.row_ptr.at(row) = start as u32;
            let (mut row_nnz, mut column) = (0, 0);
            for block in 0..csr.blocks {
                let end = matrix.columns.min((block + 1) * CSR_BLOCK_COLUMNS);
                let mut nnz = 0;
                while column + V::LANES <= end {
                    let lanes = V::load(x.add(column));
                    prefetch_lines(x.wrapping_add(column + PREFETCH_DISTANCE), 1);
                    nnz += lanes.compress_store(column as u32, indices.add(nnz), values.add(nnz));
                    column += V::LANES;
                }
                while column < end {
                    let value = *x.add(column);
                    *indices.add(nnz) = column as u32;
                    *values.add(nnz) = value;
                    nnz += usize::from(value != V::Element::default());
                    column += 1;
                }
                for copied in (0..nnz).step_by(STORE_SLACK) {
                    let to = start + row_nnz + copied;
                    copy_slack(indices.add(copied), csr.indices.at(to));
                    copy_slack(values.add(copied), csr.values.at(to));
                }
                row_nnz += nnz;
                *csr.block_end.at(row * csr.blocks + block) = row_nnz as u32;
            }
            start += row_nnz;
        }
    }
}

/// Copies [`STORE_SLACK`] elements.
///
/// # Safety
/// The elements are valid for reads at `from` and for writes at `to`.
#[inline(always)]
unsafe fn copy_slack<T: Copy>(from: *const T, to: *mut T) {
    // SAFETY: the caller's promise.
    unsafe {
        to.cast::<[T; STORE_SLACK]>()
            .write_unaligned(from.cast::<[T; STORE_SLACK]>().read_unaligned())
    }
}
