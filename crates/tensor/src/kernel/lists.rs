//! Lists of what is not zero in a matrix: by row, as the forward pass walks them, and by column, as
//! the weight gradient does.
//!
//! The threads of a pool make them together, each for some rows, or for some columns, and then all
//! of them read what all of them wrote.

use std::ops::Range;

use super::simd::Simd;
use crate::Scalar;
use crate::pool::Start;

/// Columns that are walked together: their weights in four panels, of 64 bytes each, are 24 KiB
/// and stay in the L1 cache while all rows pass.
pub(crate) const COLUMNS: usize = 96;

/// Rows that are walked together: what comes back to them, in eight panels, is 64 KiB.
pub(crate) const ROWS: usize = 128;

/// Numbers that may be written behind the end of a list.
const SLACK: usize = 16;

/// Below so many columns there is nothing to gain from skipping zeros.
const WORTH_LISTING: usize = 32;

/// A matrix is taken as sparse if less than one number in this many is not zero.
const SPARSE: usize = 3;

/// Memory for lists. It grows to the largest matrix and then allocates nothing: its size is a
/// function of the shape, never of the data.
#[derive(Debug, Default)]
pub struct Room<T> {
    /// What the lists by row are of: address, rows, columns and stride.
    listed: Option<[usize; 4]>,
    row_ends: Vec<u32>,
    row_places: Vec<u32>,
    row_values: Vec<T>,
    column_counts: Vec<u32>,
    column_entries: Vec<Entry<T>>,
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
    fn identity(&self) -> [usize; 4] {
        [self.start.0.addr(), self.rows, self.columns, self.stride]
    }
}

/// The lists of a matrix by row. That of row `r` begins at `r * stride`; what of it is in the
/// columns below `(b + 1) * COLUMNS` ends at `ends[r * blocks + b]`, counted from there.
#[derive(Clone, Copy)]
pub struct RowLists<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    stride: usize,
    blocks: usize,
    ends: Start<u32>,
    places: Start<u32>,
    values: Start<T>,
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

impl<T: Scalar> Room<T> {
    /// Where the lists by row of a matrix go.
    pub(crate) fn rows(&mut self, rows: usize, columns: usize) -> RowLists<T> {
        // Until somebody says what they are of.
        self.listed = None;
        let (stride, blocks) = (columns + SLACK, columns.div_ceil(COLUMNS));
        RowLists {
            rows,
            columns,
            stride,
            blocks,
            ends: room(&mut self.row_ends, rows * blocks),
            places: room(&mut self.row_places, rows * stride),
            values: room(&mut self.row_values, rows * stride),
        }
    }

    /// Whether the lists by row are of this memory, as it was when [`listed`](Self::listed) said so.
    pub(crate) fn is_listed(&self, matrix: &Matrix<T>) -> bool {
        self.listed == Some(matrix.identity())
    }

    /// Says that the lists by row are of this memory.
    pub(crate) fn listed(&mut self, matrix: &Matrix<T>) {
        self.listed = Some(matrix.identity());
    }

    /// Where the lists by row and those by column go.
    pub(crate) fn both(&mut self, rows: usize, columns: usize) -> (RowLists<T>, ColumnLists<T>) {
        // An odd number of cache lines, so that lists do not meet in the same places of a cache.
        let line = 64 / size_of::<Entry<T>>();
        let stride = (rows.min(ROWS).div_ceil(line) | 1) * line;
        let lists = rows.div_ceil(ROWS) * columns;
        let by_column = ColumnLists {
            columns,
            stride,
            counts: room(&mut self.column_counts, lists),
            entries: room(&mut self.column_entries, lists * stride),
        };
        (self.rows(rows, columns), by_column)
    }
}

/// The start of a buffer that holds at least so many numbers. New memory is zeros that the system
/// has not touched yet: what no list reaches costs nothing.
fn room<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) -> Start<T> {
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

/// Makes the lists of some rows.
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
    let columns = matrix.columns;
    for row in rows {
        // SAFETY: every read is of a number in the row; a list has at most `columns` numbers, and
        // what `list` writes behind them fits into the slack.
        unsafe {
            let x = matrix.start.at(row * matrix.stride);
            let places = lists.places.at(row * lists.stride);
            let values = lists.values.at(row * lists.stride);
            let (mut count, mut at) = (0, 0);
            for block in 0..lists.blocks {
                let end = columns.min((block + 1) * COLUMNS);
                while at + V::LANES <= end {
                    let lanes = V::load(x.add(at));
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
                *lists.ends.at(row * lists.blocks + block) = count as u32;
            }
        }
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
            let at = row * self.stride + from;
            (
                std::slice::from_raw_parts(self.places.at(at), to - from),
                std::slice::from_raw_parts(self.values.at(at), to - from),
            )
        }
    }

    /// Makes the lists by column from those by row, for some blocks of columns. Rows come in order,
    /// and so they do in each list.
    ///
    /// # Safety
    /// The lists of all rows are made and nobody writes to them; `to` is room for this matrix, and
    /// nobody else reads or writes what belongs to these columns.
    pub(crate) unsafe fn transpose(&self, to: &ColumnLists<T>, blocks: Range<usize>) {
        let columns = blocks.start * COLUMNS..self.columns.min(blocks.end * COLUMNS);
        for (block, first) in (0..self.rows).step_by(ROWS).enumerate() {
            // SAFETY: the places of these lists are these columns, each of which is in a list at most
            // once; so a count stays below the block's rows, for which there is room.
            unsafe {
                let counts = to.counts.at(block * to.columns);
                let entries = to.entries.at(block * to.columns * to.stride);
                for column in columns.clone() {
                    *counts.add(column) = 0;
                }
                for (place, row) in (first..self.rows.min(first + ROWS)).enumerate() {
                    let (columns, values) = self.list(row, blocks.clone());
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
    /// Whether a column is zero in all of these rows.
    ///
    /// # Safety
    /// As for [`list`](Self::list).
    pub(crate) unsafe fn is_zero(&self, rows: usize, column: usize) -> bool {
        let mut blocks = 0..rows.div_ceil(ROWS);
        // SAFETY: as the caller promises.
        blocks.all(|block| unsafe { self.list(block, column) }.is_empty())
    }

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
