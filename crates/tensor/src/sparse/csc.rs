//! Blocked CSC (compressed sparse columns): the nonzero elements of a matrix, column by column,
//! in blocks of [`CSC_BLOCK_ROWS`] rows.
//!
//! With blocks of 3 rows instead of 128, for a matrix of 3 rows:
//!
//! ```text
//!            column 0  1  2  3
//! row 0         [   a  .  .  b ]
//! row 1         [   .  .  c  . ]
//! row 2         [   d  .  .  e ]
//!
//! nnz     =       [ 2, 0, 1, 2 ]                             elements of each column
//! entries = [ (0,a) (2,d)  - |  -  -  - | (1,c) -  - | (0,b) (2,e) - ]     index and value
//!             column 0         column 1   column 2     column 3
//! ```
//!
//! Column `c` of block `b` is number `b * columns + c` in `nnz`, and starts at `stride` times that
//! number in `entries`. Its entries are in order of their rows; an index counts from the block's
//! first row. Standard CSC has no gaps but a `col_ptr`; with gaps there is nothing to count before
//! the first entry can be written.

use std::mem::MaybeUninit;

use super::csr::BlockedCsr;
use super::zeroed::reserve_zeroed;
use crate::pool::SyncPtr;

/// Rows in a block: their rows of the output gradient, in eight panels of 64 bytes, are 64 KiB.
pub(crate) const CSC_BLOCK_ROWS: usize = 128;

/// A nonzero element: its row, counted from the first row of the block, and its value.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Entry<T> {
    pub(crate) index: u32,
    pub(crate) value: T,
}

/// The memory of a blocked CSC, of one thread. It grows to the largest matrix and is then never
/// allocated again: its size is a function of the shape, never of the data.
///
/// Each thread has a whole CSC to itself. A buffer that two threads read would have to be taken
/// from both caches before it can be written again, which takes longer than building it twice.
#[derive(Debug, Default)]
pub(crate) struct CscBuffer<T> {
    nnz: Vec<u32>,
    /// Not initialised beyond the entries that `nnz` counts, so that pages no column reaches are
    /// never mapped.
    entries: Vec<MaybeUninit<Entry<T>>>,
}

impl<T: Copy> CscBuffer<T> {
    /// The CSC of a matrix of this shape, to be built.
    pub(crate) fn reserve(&mut self, rows: usize, columns: usize) -> BlockedCsc<T> {
        // An odd number of cache lines, so that the columns do not all map to the same cache sets.
        let line = 64 / size_of::<Entry<T>>();
        let stride = (rows.min(CSC_BLOCK_ROWS).div_ceil(line) | 1) * line;
        let block_columns = rows.div_ceil(CSC_BLOCK_ROWS) * columns;
        if self.entries.len() < block_columns * stride {
            self.entries = Vec::with_capacity(block_columns * stride);
            // SAFETY: the capacity is at least this, and a `MaybeUninit` needs no initialisation.
            unsafe { self.entries.set_len(block_columns * stride) };
        }
        BlockedCsc {
            columns,
            stride,
            nnz: reserve_zeroed(&mut self.nnz, block_columns),
            entries: SyncPtr(self.entries.as_mut_ptr().cast()),
        }
    }
}

/// The nonzero elements of a matrix by column; see the drawing above. The pointers are into a
/// [`CscBuffer`], which outlives them.
#[derive(Clone, Copy)]
pub(crate) struct BlockedCsc<T> {
    columns: usize,
    stride: usize,
    nnz: SyncPtr<u32>,
    entries: SyncPtr<Entry<T>>,
}

impl<T: Copy> BlockedCsc<T> {
    /// Builds all columns from the rows of a CSR. Rows come in order, and so do the entries of a
    /// column.
    ///
    /// # Safety
    /// The CSR is built and no thread writes to it. This CSC is reserved for the same shape, and no
    /// other thread reads or writes it.
    pub(crate) unsafe fn build(&self, csr: &BlockedCsr<T>) {
        for (block, first) in (0..csr.rows).step_by(CSC_BLOCK_ROWS).enumerate() {
            // SAFETY: a row has at most one element in a column, so a column has at most as many
            // entries as the block has rows, and for that many its stride has space.
            unsafe {
                let nnz = self.nnz.at(block * self.columns);
                let entries = self.entries.at(block * self.columns * self.stride);
                nnz.write_bytes(0, self.columns);
                let rows = first..csr.rows.min(first + CSC_BLOCK_ROWS);
                for (index, row) in rows.enumerate() {
                    let (columns, values) = csr.row(row, 0..csr.blocks());
                    for (&column, &value) in columns.iter().zip(values) {
                        let nnz = nnz.add(column as usize);
                        *entries.add(column as usize * self.stride + *nnz as usize) = Entry {
                            index: index as u32,
                            value,
                        };
                        *nnz += 1;
                    }
                }
            }
        }
    }

    /// The entries of a column in a block of rows, in order.
    ///
    /// # Safety
    /// The CSC is built and no thread writes to it.
    #[inline(always)]
    pub(crate) unsafe fn column(&self, block: usize, column: usize) -> &[Entry<T>] {
        let number = block * self.columns + column;
        // SAFETY: the first `nnz` entries of a column have been written.
        unsafe {
            let nnz = *self.nnz.at(number) as usize;
            std::slice::from_raw_parts(self.entries.at(number * self.stride), nnz)
        }
    }
}
