//! One thread's share of each product, cut into blocks of rows; each block is dense or sparse.

use super::dense::{Dense, Start, dense};
use super::simd::Simd;
use super::sparse::{Entry, Lists, Sparse, list_rows, sparse, transpose};
use crate::Scalar;

/// Rows that are listed, or packed, at a time: a batch of ordinary size.
const BLOCK: usize = 128;

/// Below so many columns there is nothing to gain from skipping zeros.
const WORTH_LISTING: usize = 32;

/// A block is taken as sparse if less than one in this many is not zero.
const SPARSE: usize = 3;

/// Panels of a transposed weight that are packed at a time.
const PACKED: usize = 8;

/// What one thread works in. It grows to the largest job and then allocates nothing: its size is a
/// function of the shapes, never of the data.
#[derive(Debug, Default)]
pub struct Buffers<T> {
    numbers: Vec<T>,
    starts: [Vec<u32>; 2],
    entries: [Vec<Entry<T>>; 2],
}

impl<T: Scalar> Buffers<T> {
    /// Makes room for that many numbers, and for the lists of a block.
    fn grow(&mut self, numbers: usize, rows: usize, inputs: usize, sorted: bool) {
        at_least(&mut self.numbers, numbers);
        if inputs >= WORTH_LISTING {
            let capacity = rows.min(BLOCK) * inputs / SPARSE + inputs;
            at_least(&mut self.starts[0], rows.min(BLOCK) + 1);
            at_least(&mut self.entries[0], capacity);
            if sorted {
                at_least(&mut self.starts[1], inputs + 1);
                at_least(&mut self.entries[1], capacity);
            }
        }
    }
}

fn at_least<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

/// `y = x W + b` for some panels of W.
pub struct Forward<'a, T> {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    /// (rows, inputs), rows this far apart; valid for reads.
    pub(crate) x: *const T,
    pub(crate) x_row: usize,
    /// Panels of the whole layer: another call may have them all in one share.
    pub(crate) whole: usize,
    /// The panels of this share.
    pub(crate) weights: &'a [T],
    /// Their columns of the bias; as many as there are columns.
    pub(crate) bias: &'a [T],
    /// (rows, columns) of this share, rows this far apart; valid for writes, nobody else's.
    pub(crate) y: *mut T,
    pub(crate) y_row: usize,
}

/// # Safety
/// The CPU has the instructions of `V`, and the job's pointers are as its type says.
#[inline(always)]
pub(crate) unsafe fn forward<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const G1: usize,
>(
    job: &Forward<'_, V::Number>,
    buffers: &mut Buffers<V::Number>,
) {
    let width = NV * V::LANES;
    let columns = job.bias.len();
    let panels = columns.div_ceil(width);
    let unit = job.inputs * width;
    assert_eq!(job.weights.len(), panels * unit, "panels of the weights");
    buffers.grow(job.whole * width, job.rows, job.inputs, false);
    let bias = &mut buffers.numbers[..panels * width];
    bias.fill(V::Number::default());
    for (padded, &b) in bias.iter_mut().zip(job.bias) {
        *padded = b + V::Number::default(); // Turns -0 into 0, which skipping relies on.
    }
    let start = Start::Row(bias.as_ptr());
    let mut row = 0;
    while row < job.rows {
        let rows = BLOCK.min(job.rows - row);
        // SAFETY: the block's rows are within x and y, as the caller promises; the weights and
        // the padded bias have a whole panel for each.
        unsafe {
            let x = job.x.add(row * job.x_row);
            let y = job.y.add(row * job.y_row);
            let [starts, _] = &mut buffers.starts;
            let [entries, _] = &mut buffers.entries;
            let listed = looks_sparse::<V>(x, job.x_row, rows, job.inputs)
                && list_rows::<V>(
                    x,
                    job.x_row,
                    job.inputs,
                    width,
                    &mut starts[..=rows],
                    entries,
                );
            if listed {
                sparse::<V, NV, G1>(&Sparse {
                    lists: Lists {
                        starts: &starts[..=rows],
                        entries,
                    },
                    columns,
                    b: job.weights.as_ptr(),
                    b_panel: unit,
                    start,
                    c: y,
                    c_row: job.y_row,
                    c_panel: width,
                });
            } else {
                dense::<V, NV, R, G, G1>(&Dense {
                    rows,
                    inner: job.inputs,
                    columns,
                    a: x,
                    a_row: job.x_row,
                    a_column: 1,
                    b: job.weights.as_ptr(),
                    b_panel: unit,
                    start,
                    c: y,
                    c_row: job.y_row,
                    c_panel: width,
                });
            }
        }
        row += rows;
    }
}

/// `dW = x^T dy` and `db` for some panels of W.
pub struct WeightGrad<'a, T> {
    pub(crate) rows: usize,
    pub(crate) inputs: usize,
    /// (rows, inputs), rows this far apart; valid for reads.
    pub(crate) x: *const T,
    pub(crate) x_row: usize,
    /// (rows, columns) of this share, rows this far apart; valid for reads.
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
    /// Panels of the whole layer: another call may have them all in one share.
    pub(crate) whole: usize,
    /// The panels of this share.
    pub(crate) dw: &'a mut [T],
    /// Their columns of the bias; as many as there are columns.
    pub(crate) db: &'a mut [T],
}

/// # Safety
/// The CPU has the instructions of `V`, and the job's pointers are as its type says.
#[inline(always)]
pub(crate) unsafe fn weight_grad<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const G1: usize,
>(
    job: &mut WeightGrad<'_, V::Number>,
    buffers: &mut Buffers<V::Number>,
) {
    let width = NV * V::LANES;
    let columns = job.db.len();
    let panels = columns.div_ceil(width);
    let unit = job.inputs * width;
    assert_eq!(job.dw.len(), panels * unit, "panels of the gradient");
    job.db.fill(V::Number::default());
    if job.rows == 0 {
        job.dw.fill(V::Number::default());
    }
    buffers.grow(
        BLOCK.min(job.rows) * job.whole * width,
        job.rows,
        job.inputs,
        true,
    );
    let mut row = 0;
    while row < job.rows {
        let rows = BLOCK.min(job.rows - row);
        let packed = &mut buffers.numbers[..rows * panels * width];
        // SAFETY: the block's rows are within x and dy, as the caller promises; dW has a row for
        // each input in each panel, and the packed block one for each row.
        unsafe {
            let x = job.x.add(row * job.x_row);
            pack_rows(
                job.dy.add(row * job.dy_row),
                job.dy_row,
                rows,
                columns,
                width,
                packed,
            );
            add_columns(packed, rows, width, job.db);
            let start = if row == 0 { Start::Zero } else { Start::Kept };
            let [starts, column_starts] = &mut buffers.starts;
            let [entries, sorted] = &mut buffers.entries;
            let listed = looks_sparse::<V>(x, job.x_row, rows, job.inputs)
                && list_rows::<V>(x, job.x_row, job.inputs, 1, &mut starts[..=rows], entries);
            let (b, b_panel) = (packed.as_ptr(), rows * width);
            let (c, c_row, c_panel) = (job.dw.as_mut_ptr(), width, unit);
            let columns = panels * width;
            if listed {
                let column_starts = &mut column_starts[..=job.inputs];
                let lists = Lists {
                    starts: &starts[..=rows],
                    entries,
                };
                transpose(lists, width, column_starts, sorted);
                let lists = Lists {
                    starts: column_starts,
                    entries: sorted,
                };
                sparse::<V, NV, G1>(&Sparse {
                    lists,
                    columns,
                    b,
                    b_panel,
                    start,
                    c,
                    c_row,
                    c_panel,
                });
            } else {
                dense::<V, NV, R, G, G1>(&Dense {
                    rows: job.inputs,
                    inner: rows,
                    columns,
                    a: x,
                    a_row: 1,
                    a_column: job.x_row,
                    b,
                    b_panel,
                    start,
                    c,
                    c_row,
                    c_panel,
                });
            }
        }
        row += rows;
    }
}

/// `dx = dy W^T` for some columns of dx.
pub struct InputGrad<'a, T> {
    pub(crate) rows: usize,
    pub(crate) outputs: usize,
    /// (rows, outputs), rows this far apart; valid for reads.
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
    /// All panels of W, for so many inputs.
    pub(crate) weights: &'a [T],
    pub(crate) inputs: usize,
    /// The inputs of this share.
    pub(crate) share: std::ops::Range<usize>,
    /// (rows, share), rows this far apart; valid for writes, nobody else's.
    pub(crate) dx: *mut T,
    pub(crate) dx_row: usize,
}

/// # Safety
/// The CPU has the instructions of `V`, and the job's pointers are as its type says.
#[inline(always)]
pub(crate) unsafe fn input_grad<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const G1: usize,
>(
    job: &InputGrad<'_, V::Number>,
    buffers: &mut Buffers<V::Number>,
) {
    let width = NV * V::LANES;
    let unit = job.inputs * width;
    assert_eq!(
        job.weights.len(),
        job.outputs.div_ceil(width) * unit,
        "panels of the weights"
    );
    let whole = job.inputs.div_ceil(width);
    buffers.grow(whole.min(PACKED) * job.outputs * width, 0, 0, false);
    let mut first = job.share.start;
    while first < job.share.end {
        let columns = (PACKED * width).min(job.share.end - first);
        for panel in 0..columns.div_ceil(width) {
            let packed = &mut buffers.numbers[panel * job.outputs * width..][..job.outputs * width];
            let inputs = first + panel * width..job.share.end.min(first + (panel + 1) * width);
            pack_inputs(job.weights, unit, inputs, width, packed);
        }
        // SAFETY: all rows of dy and these columns of dx are the job's, as the caller promises;
        // the packed panels have a row for each output.
        unsafe {
            dense::<V, NV, R, G, G1>(&Dense {
                rows: job.rows,
                inner: job.outputs,
                columns,
                a: job.dy,
                a_row: job.dy_row,
                a_column: 1,
                b: buffers.numbers.as_ptr(),
                b_panel: job.outputs * width,
                start: Start::Zero,
                c: job.dx.add(first - job.share.start),
                c_row: job.dx_row,
                c_panel: width,
            });
        }
        first += columns;
    }
}

/// Whether few numbers of a block are not zero, judged by four of its rows.
///
/// # Safety
/// The CPU has the instructions of `V`, and the rows are valid for reads.
#[inline(always)]
unsafe fn looks_sparse<V: Simd>(
    x: *const V::Number,
    row_stride: usize,
    rows: usize,
    inputs: usize,
) -> bool {
    if inputs < WORTH_LISTING {
        return false;
    }
    let samples = rows.min(4);
    let mut nonzero = 0;
    for sample in 0..samples {
        let row = sample * rows / samples;
        let mut at = 0;
        while at + V::LANES <= inputs {
            // SAFETY: within a row of the block.
            nonzero += unsafe { V::load(x.add(row * row_stride + at)).nonzero() }.count_ones();
            at += V::LANES;
        }
    }
    (nonzero as usize) * SPARSE < samples * inputs
}

/// Copies rows into panels `[rows][width]`, padded with zeros.
///
/// # Safety
/// The rows are valid for reads of `columns` numbers.
#[inline(always)]
unsafe fn pack_rows<T: Scalar>(
    from: *const T,
    row_stride: usize,
    rows: usize,
    columns: usize,
    width: usize,
    packed: &mut [T],
) {
    for (panel, packed) in packed.chunks_exact_mut(rows * width).enumerate() {
        let filled = width.min(columns - panel * width);
        for (row, packed) in packed.chunks_exact_mut(width).enumerate() {
            // SAFETY: within the row.
            let from = unsafe {
                std::slice::from_raw_parts(from.add(row * row_stride + panel * width), filled)
            };
            packed[..filled].copy_from_slice(from);
            packed[filled..].fill(T::zero());
        }
    }
}

/// Adds the rows of packed panels to `sums`, row by row.
#[inline(always)]
fn add_columns<T: Scalar>(packed: &[T], rows: usize, width: usize, sums: &mut [T]) {
    for (packed, sums) in packed
        .chunks_exact(rows * width)
        .zip(sums.chunks_mut(width))
    {
        for row in packed.chunks_exact(width) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}

/// Copies what some inputs weigh in each output into `[outputs][width]`, padded with zeros.
#[inline(always)]
fn pack_inputs<T: Scalar>(
    weights: &[T],
    unit: usize,
    inputs: std::ops::Range<usize>,
    width: usize,
    packed: &mut [T],
) {
    for (panel, packed) in packed.chunks_mut(width * width).enumerate() {
        let rows = &weights[panel * unit..][inputs.start * width..inputs.end * width];
        for (output, packed) in packed.chunks_exact_mut(width).enumerate() {
            let (filled, rest) = packed.split_at_mut(inputs.len());
            for (packed, row) in filled.iter_mut().zip(rows.chunks_exact(width)) {
                *packed = row[output];
            }
            rest.fill(T::zero());
        }
    }
}
