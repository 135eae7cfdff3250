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

use super::zeroed::reserve_zeroed;
use crate::pool::SyncPtr;

/// Columns in a block. Less than a third of a block's weights are read: in four panels, of 64 bytes
/// each, these are less than 18 KiB and stay in the L1 cache while all rows pass.
pub(super) const CSR_BLOCK_COLUMNS: usize = 208;

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
    pub(super) stride: usize,
    pub(super) blocks: usize,
    pub(super) row_ptr: SyncPtr<u32>,
    pub(super) block_end: SyncPtr<u32>,
    pub(super) indices: SyncPtr<u32>,
    pub(super) values: SyncPtr<T>,
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
