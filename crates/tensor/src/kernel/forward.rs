//! One thread's share of the forward pass.

use super::dense::{Dense, Start, dense};
use super::lists::{Matrix, RowLists};
use super::simd::Simd;
use super::sparse::{self, SparseForward};
use crate::AlignedVec;

/// `y = x W + b` for some panels of W.
pub struct Forward<'a, T> {
    /// (rows, inputs)
    pub(crate) x: Matrix<T>,
    /// The lists of x, where it is sparse.
    pub(crate) lists: Option<RowLists<T>>,
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
/// The CPU has the instructions of `V`, the job's pointers are as its type says, and the lists are
/// made.
#[inline(always)]
pub(crate) unsafe fn forward<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const B: usize,
    const L: usize,
>(
    job: &Forward<'_, V::Number>,
    buffer: &mut AlignedVec<V::Number>,
) {
    let width = NV * V::LANES;
    let columns = job.bias.len();
    let panels = columns.div_ceil(width);
    let unit = job.x.columns * width;
    assert_eq!(job.weights.len(), panels * unit, "panels of the weights");
    buffer.grow(job.whole * width);
    let bias = &mut buffer[..panels * width];
    bias.fill(V::Number::default());
    for (padded, &b) in bias.iter_mut().zip(job.bias) {
        *padded = b + V::Number::default(); // Turns -0 into 0, which skipping relies on.
    }
    // SAFETY: x and y are as the caller promises; the weights and the padded bias have a whole panel
    // for each.
    unsafe {
        match &job.lists {
            Some(lists) => sparse::forward::<V, NV, B, L>(&SparseForward {
                lists,
                columns,
                weights: job.weights.as_ptr(),
                bias: bias.as_ptr(),
                y: job.y,
                y_row: job.y_row,
            }),
            None => dense::<V, NV, R, G, L>(&Dense {
                rows: job.x.rows,
                inner: job.x.columns,
                columns,
                a: job.x.start.at(0),
                a_row: job.x.stride,
                a_column: 1,
                b: job.weights.as_ptr(),
                b_row: width,
                b_panel: unit,
                start: Start::Row(bias.as_ptr()),
                descend: None,
                c: job.y,
                c_row: job.y_row,
                c_panel: width,
            }),
        }
    }
}
