//! Blocked CSR (compressed sparse rows): the nonzero elements of a matrix, row by row.
//!
//! Within a row the elements are in order of their columns, and `block_end` tells where each block
//! of [`CSR_BLOCK_COLUMNS`] columns ends. With blocks of 4 columns instead of 208:
//!
//! ```text
//!             block 0        block 1
//!           0  1  2  3  |  4  5  6  7
//! row 0   [ .  a  .  b  |  .  .  c  . ]     block_end = [ 2, 3,    one entry for each row and
//! row 1   [ .  .  .  .  |  d  .  .  . ]                   0, 1,    block, counted from the
//! row 2   [ e  .  .  .  |  .  .  .  f ]                   1, 2 ]   start of the row
//!
//! indices = [ 1, 3, 6,   4,   0, 7 ]        the column of each element
//! values  = [ a, b, c,   d,   e, f ]        the element
//! row_ptr = [ 0,         3,   4    ]        the start of each row in indices and values
//! nnz     =   3,         1,   2             of a row: its last block_end
//! ```
//!
//! Standard CSR has one more entry in `row_ptr`, which ends the last row. Here the rows of two
//! threads do not adjoin: a thread writes from `row_ptr = first row * stride` on, where the rows of
//! the thread before it end at the latest, whatever is in them.

use std::ops::Range;

use ndarray::NdFloat;

use super::reserve_zeroed;
use crate::kernels::simd::Simd;
use crate::kernels::{Job, Kernel};
use crate::matrix::Matrix;
use crate::pool::SyncPtr;
use crate::prefetch::prefetch_lines;

/// Columns in a block. Less than a third of a block's weights are read: in four panels, of 64 bytes
/// each, these are less than 18 KiB and stay in the L1 cache while all rows pass.
pub(super) const CSR_BLOCK_COLUMNS: usize = 208;

/// Elements between the element that is indexed and the element that is prefetched. While a row
/// lies in memory and not in the cache, indexing it takes longer than multiplying by it.
const PREFETCH_DISTANCE: usize = 2048;

/// Elements that may be written behind the last element of a row: whole registers are stored and
/// copied.
pub(super) const STORE_SLACK: usize = 16;

/// The memory of a blocked CSR. It grows to the largest matrix and is then never allocated again:
/// its size is a function of the shape, never of the data.
#[derive(Default)]
pub(super) struct CsrBuffer<T> {
    row_ptr: Vec<u32>,
    block_end: Vec<u32>,
    indices: Vec<u32>,
    values: Vec<T>,
}

impl<T: NdFloat + Default> CsrBuffer<T> {
    /// The CSR of a matrix of this shape, to be built.
    pub(super) fn reserve(&mut self, rows: usize, columns: usize) -> BlockedCsr<T> {
        let (stride, blocks) = (row_stride(columns), columns.div_ceil(CSR_BLOCK_COLUMNS));
        BlockedCsr {
            rows,
            columns,
            stride,
            blocks,
            row_ptr: reserve_zeroed(&mut self.row_ptr, rows),
            block_end: reserve_zeroed(&mut self.block_end, rows * blocks),
            indices: reserve_zeroed(&mut self.indices, rows * stride),
            values: reserve_zeroed(&mut self.values, rows * stride),
        }
    }

    /// The CSR of a matrix of this shape, to be read: it has been reserved and built.
    pub(super) fn view(&self, rows: usize, columns: usize) -> BlockedCsr<T> {
        let (stride, blocks) = (row_stride(columns), columns.div_ceil(CSR_BLOCK_COLUMNS));
        assert!(
            self.row_ptr.len() >= rows
                && self.block_end.len() >= rows * blocks
                && self.indices.len() >= rows * stride
                && self.values.len() >= rows * stride,
            "the index holds fewer than {rows} rows and {columns} columns"
        );
        let read = |buffer: &Vec<u32>| SyncPtr(buffer.as_ptr().cast_mut());
        BlockedCsr {
            rows,
            columns,
            stride,
            blocks,
            row_ptr: read(&self.row_ptr),
            block_end: read(&self.block_end),
            indices: read(&self.indices),
            values: SyncPtr(self.values.as_ptr().cast_mut()),
        }
    }
}

/// Elements that a row may take in `indices` and `values`.
fn row_stride(columns: usize) -> usize {
    columns + STORE_SLACK
}

/// Whether a `u32` can hold every offset in the CSR of a matrix of this shape.
pub(super) fn fits_u32_indices(rows: usize, columns: usize) -> bool {
    rows.checked_mul(row_stride(columns))
        .is_some_and(|elements| u32::try_from(elements).is_ok())
}

/// The nonzero elements of a matrix by row; see the drawing above. The pointers are into a
/// [`CsrBuffer`], which outlives them.
#[derive(Clone, Copy)]
pub(crate) struct BlockedCsr<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    stride: usize,
    blocks: usize,
    row_ptr: SyncPtr<u32>,
    block_end: SyncPtr<u32>,
    indices: SyncPtr<u32>,
    values: SyncPtr<T>,
}

impl<T> BlockedCsr<T> {
    /// The number of blocks of columns.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    /// The nonzero elements of a row in some blocks of columns: their columns, in order, and their
    /// values.
    ///
    /// # Safety
    /// The row is built and no thread writes to it.
    #[inline(always)]
    pub(crate) unsafe fn row(&self, row: usize, blocks: Range<usize>) -> (&[u32], &[T]) {
        // SAFETY: the ends of a row's blocks ascend and lie within the row.
        unsafe {
            let ends = self.block_end.at(row * self.blocks);
            let end = |blocks: usize| match blocks {
                0 => 0,
                _ => *ends.add(blocks - 1) as usize,
            };
            let (from, to) = (end(blocks.start), end(blocks.end));
            let start = *self.row_ptr.at(row) as usize + from;
            (
                std::slice::from_raw_parts(self.indices.at(start), to - from),
                std::slice::from_raw_parts(self.values.at(start), to - from),
            )
        }
    }
}

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
