//! Lists of what is not zero in a matrix: by row, as the forward pass walks them, and by column, as
//! the weight gradient does.
//!
//! The threads of a pool make those by row together, each for some rows, and then all of them read
//! what all of them wrote. Of those by column each thread has its own.

use std::ops::Range;

use super::simd::Simd;
use crate::Scalar;
use crate::pool::Start;
use crate::prefetch::prefetch_lines;

/// Columns that are walked together. Less than a third of their weights are read: in four panels, of
/// 64 bytes each, these are less than 18 KiB and stay in the L1 cache while all rows pass.
pub(crate) const COLUMNS: usize = 208;

/// Rows that are walked together: what comes back to them, in eight panels, is 64 KiB.
pub(crate) const ROWS: usize = 128;

/// Numbers ahead of those that are listed that are asked for: where a row lies in memory, and not in
/// the cache, listing it takes longer than its product.
const AHEAD: usize = 2048;

/// Numbers that may be written behind the end of a list.
pub(crate) const SLACK: usize = 16;

/// Below so many columns there is nothing to gain from skipping zeros.
const WORTH_LISTING: usize = 32;

/// A matrix is taken as sparse if less than one number in this many is not zero.
const SPARSE: usize = 3;

/// Memory for lists by column. Each thread has its own and makes them all: what two threads read has
/// to be taken from both before one of them can write it again, which takes longer than the lists.
#[derive(Debug, Default)]
pub(crate) struct ColumnRoom<T> {
    counts: Vec<u32>,
    entries: Vec<Entry<T>>,
}

/// A number that is not zero: its place in a list's row or column, and its value.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Entry<T> {
    pub(crate) place: u32,
    pub(crate) value: T,
}

/// A matrix whose rows are within memory that outlives it. All strides count numbers.
#[derive(Clone, Copy)]
pub struct Matrix<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) start: Start<T>,
    pub(crate) stride: usize,
}

impl<T> Matrix<T> {
    /// Some of its rows.
    ///
    /// # Safety
    /// They are rows of this matrix.
    pub(crate) unsafe fn part(&self, rows: &Range<usize>) -> Self {
        Matrix {
            rows: rows.len(),
            columns: self.columns,
            // SAFETY: the start of a row.
            start: Start(unsafe { self.start.at(rows.start * self.stride) }),
            stride: self.stride,
        }
    }

    /// Whether a u32 can number all that the lists of such a matrix have room for.
    pub(crate) fn can_be_listed(&self) -> bool {
        u32::try_from(self.rows * (self.columns + SLACK)).is_ok()
    }
}

/// The lists of a matrix by row. That of row `r` begins at `starts[r]`; what of it is in the columns
/// below `(b + 1) * COLUMNS` ends at `ends[r * blocks + b]`, counted from there. Those that one thread
/// makes follow each other closely: it takes longer to have their memory than to write it.
#[derive(Clone, Copy)]
pub struct RowLists<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) stride: usize,
    pub(crate) blocks: usize,
    pub(crate) starts: Start<u32>,
    pub(crate) ends: Start<u32>,
    pub(crate) places: Start<u32>,
    pub(crate) values: Start<T>,
}

/// The lists of a matrix by column, one for each block of [`ROWS`] rows. That of column `c` in
/// block `b` is number `b * columns + c`: it begins at `stride` times that and has so many entries
/// as `counts` says there. A place is the number of a row within its block.
#[derive(Clone, Copy)]
pub(crate) struct ColumnLists<T> {
    columns: usize,
    stride: usize,
    counts: Start<u32>,
    entries: Start<Entry<T>>,
}

impl<T: Scalar> ColumnRoom<T> {
    /// Where the lists by column of a matrix go.
    pub(crate) fn columns(&mut self, rows: usize, columns: usize) -> ColumnLists<T> {
        // An odd number of cache lines, so that lists do not meet in the same places of a cache.
        let line = 64 / size_of::<Entry<T>>();
        let stride = (rows.min(ROWS).div_ceil(line) | 1) * line;
        let lists = rows.div_ceil(ROWS) * columns;
        ColumnLists {
            columns,
            stride,
            counts: reserve_zeroed(&mut self.counts, lists),
            entries: reserve_zeroed(&mut self.entries, lists * stride),
        }
    }
}

/// The start of a buffer that holds at least so many numbers. New memory is zeros that the system
/// has not touched yet: what no list reaches costs nothing.
pub(crate) fn reserve_zeroed<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) -> Start<T> {
    if buffer.len() < length {
        *buffer = vec![T::default(); length];
    }
    Start(buffer.as_mut_ptr())
}

/// Whether few numbers of a matrix are not zero, judged by eight of its rows.
///
/// # Safety
/// The CPU has the instructions of `V`, and the matrix is valid for reads.
#[inline(always)]
pub(crate) unsafe fn looks_sparse<V: Simd>(matrix: &Matrix<V::Number>) -> bool {
    if matrix.columns < WORTH_LISTING {
        return false;
    }
    let samples = matrix.rows.min(8);
    let mut nonzero = 0;
    for sample in 0..samples {
        let row = sample * matrix.rows / samples;
        let mut at = 0;
        while at + V::LANES <= matrix.columns {
            // SAFETY: within a row of the matrix.
            unsafe {
                let lanes = V::load(matrix.start.at(row * matrix.stride + at));
                nonzero += lanes.nonzero().count_ones();
            }
            at += V::LANES;
        }
    }
    (nonzero as usize) * SPARSE < samples * matrix.columns
}

/// Makes the lists of some rows, which follow each other.
///
/// # Safety
/// The CPU has the instructions of `V`, the matrix is valid for reads, the lists are room for it,
/// and nobody else reads or writes those of these rows.
#[inline(always)]
pub(crate) unsafe fn list_rows<V: Simd>(
    matrix: &Matrix<V::Number>,
    lists: &RowLists<V::Number>,
    rows: Range<usize>,
) {
    // Copies, so that no store can lie over them: else each turn reads them anew, from the stack of
    // another thread.
    let (matrix, lists) = (*matrix, *lists);
    let columns = matrix.columns;
    // The last reader of the lists may have been another thread, from which each line of the cache
    // has to be taken before it is written. That many can be under way takes few stores to each, so
    // a block is listed here and copied.
    let mut block_places = [0; COLUMNS + SLACK];
    let mut block_values = [V::Number::default(); COLUMNS + SLACK];
    let (places, values) = (block_places.as_mut_ptr(), block_values.as_mut_ptr());
    let mut start = rows.start * lists.stride;
    for row in rows {
        // SAFETY: every read is of a number in the row. A block has at most as many numbers as columns
        // and a row too, so that of row `r` begins at `r * stride` at the latest; what is written
        // behind them fits into the slack of either.
        unsafe {
            let x = matrix.start.at(row * matrix.stride);
            *lists.starts.at(row) = start as u32;
            let (mut listed, mut at) = (0, 0);
            for block in 0..lists.blocks {
                let end = columns.min((block + 1) * COLUMNS);
                let mut count = 0;
                while at + V::LANES <= end {
                    let lanes = V::load(x.add(at));
                    prefetch_lines(x.wrapping_add(at + AHEAD), 1);
                    count += lanes.list(at as u32, places.add(count), values.add(count));
                    at += V::LANES;
                }
                while at < end {
                    let value = *x.add(at);
                    *places.add(count) = at as u32;
                    *values.add(count) = value;
                    count += usize::from(value != V::Number::default());
                    at += 1;
                }
                for copied in (0..count).step_by(SLACK) {
                    let to = start + listed + copied;
                    copy(places.add(copied), lists.places.at(to));
                    copy(values.add(copied), lists.values.at(to));
                }
                listed += count;
                *lists.ends.at(row * lists.blocks + block) = listed as u32;
            }
            start += listed;
        }
    }
}

/// Copies as many numbers as the slack holds.
///
/// # Safety
/// They are valid for reads there and for writes here.
#[inline(always)]
unsafe fn copy<T: Copy>(from: *const T, to: *mut T) {
    // SAFETY: as the caller promises.
    unsafe {
        to.cast::<[T; SLACK]>()
            .write_unaligned(from.cast::<[T; SLACK]>().read_unaligned())
    }
}

impl<T: Scalar> RowLists<T> {
    /// Blocks of columns.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    /// What of a row is in some blocks of columns: places, in order, and what is there.
    ///
    /// # Safety
    /// The lists of the row are made, and nobody writes to them.
    #[inline(always)]
    pub(crate) unsafe fn list(&self, row: usize, blocks: Range<usize>) -> (&[u32], &[T]) {
        // SAFETY: the ends of a row ascend and are within its list.
        unsafe {
            let ends = self.ends.at(row * self.blocks);
            let end = |blocks: usize| match blocks {
                0 => 0,
                _ => *ends.add(blocks - 1) as usize,
            };
            let (from, to) = (end(blocks.start), end(blocks.end));
            let at = *self.starts.at(row) as usize + from;
            (
                std::slice::from_raw_parts(self.places.at(at), to - from),
                std::slice::from_raw_parts(self.values.at(at), to - from),
            )
        }
    }

    /// Makes the lists by column from those by row. Rows come in order, and so they do in each list.
    ///
    /// # Safety
    /// The lists of all rows are made and nobody writes to them; `to` is room for this matrix, and
    /// nobody else reads or writes it.
    pub(crate) unsafe fn transpose(&self, to: &ColumnLists<T>) {
        for (block, first) in (0..self.rows).step_by(ROWS).enumerate() {
            // SAFETY: a column is in a row's list at most once; so a count stays below the block's
            // rows, for which there is room.
            unsafe {
                let counts = to.counts.at(block * to.columns);
                let entries = to.entries.at(block * to.columns * to.stride);
                counts.write_bytes(0, to.columns);
                for (place, row) in (first..self.rows.min(first + ROWS)).enumerate() {
                    let (columns, values) = self.list(row, 0..self.blocks);
                    for (&column, &value) in columns.iter().zip(values) {
                        let count = counts.add(column as usize);
                        *entries.add(column as usize * to.stride + *count as usize) = Entry {
                            place: place as u32,
                            value,
                        };
                        *count += 1;
                    }
                }
            }
        }
    }
}

impl<T: Scalar> ColumnLists<T> {
    /// The list of a column in a block of rows, in order.
    ///
    /// # Safety
    /// All lists are made, and nobody writes to them.
    #[inline(always)]
    pub(crate) unsafe fn list(&self, block: usize, column: usize) -> &[Entry<T>] {
        let number = block * self.columns + column;
        // SAFETY: a list has room of its own, and as many entries as are counted.
        unsafe {
            let count = *self.counts.at(number) as usize;
            std::slice::from_raw_parts(self.entries.at(number * self.stride), count)
        }
    }
}
