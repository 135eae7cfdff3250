//! A piece of the weight gradient: some inputs of some panels.

use std::ops::Range;

use super::dense::{Dense, Start, dense};
use super::lists::{ColumnLists, Matrix, ROWS};
use super::simd::Simd;
use super::sparse::{self, SparseGrad};

/// `dW = x^T dy`, or `W = W - rate x^T dy`, for some inputs of some panels of W.
pub struct WeightGrad<T> {
    /// (rows, inputs)
    pub(crate) x: Matrix<T>,
    /// The lists of x, where it is sparse.
    pub(crate) lists: Option<ColumnLists<T>>,
    /// These panels of dy, in rows; all are filled.
    pub(crate) panels: usize,
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
    /// Columns of x.
    pub(crate) inputs: Range<usize>,
    /// For each panel a row for each of these inputs; panels this far apart; valid for writes, nobody
    /// else's.
    pub(crate) dw: *mut T,
    pub(crate) dw_panel: usize,
    /// Where there is a rate, there are at most [`ROWS`] rows, and `dw` is W.
    pub(crate) descend: Option<T>,
}

/// # Safety
/// The CPU has the instructions of `V`, the job is as its type says, and the lists are made.
#[inline(always)]
pub(crate) unsafe fn weight_grad<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const L: usize,
>(
    job: &WeightGrad<V::Number>,
) {
    let width = NV * V::LANES;
    let (inputs, dw, dw_panel) = (job.inputs.clone(), job.dw, job.dw_panel);
    if job.x.rows == 0 && job.descend.is_none() {
        for panel in 0..job.panels {
            // SAFETY: these rows are valid for writes.
            unsafe {
                let dw =
                    std::slice::from_raw_parts_mut(dw.add(panel * dw_panel), inputs.len() * width);
                dw.fill(V::Number::default());
            }
        }
    }
    for (block, first) in (0..job.x.rows).step_by(ROWS).enumerate() {
        // SAFETY: these rows and inputs are within x and dy, and dW is as large as it must be.
        unsafe {
            let dy = job.dy.add(first * job.dy_row);
            match &job.lists {
                Some(lists) => sparse::grad::<V, NV, L>(&SparseGrad {
                    lists,
                    block,
                    inputs: inputs.clone(),
                    panels: job.panels,
                    dy,
                    dy_row: job.dy_row,
                    dy_panel: width,
                    dw,
                    dw_panel,
                    descend: job.descend,
                }),
                None => dense::<V, NV, R, G, L>(&Dense {
                    rows: inputs.len(),
                    inner: ROWS.min(job.x.rows - first),
                    columns: job.panels * width,
                    a: job.x.start.at(first * job.x.stride + inputs.start),
                    a_row: 1,
                    a_column: job.x.stride,
                    b: dy,
                    b_row: job.dy_row,
                    b_panel: width,
                    start: if block == 0 { Start::Zero } else { Start::Kept },
                    descend: job.descend,
                    c: dw,
                    c_row: width,
                    c_panel: dw_panel,
                }),
            }
        }
    }
}
