//! A piece of the weight gradient: some inputs of some panels.

use std::ops::Range;

use super::dense::{Dense, Start, dense};
use super::lists::{ColumnLists, Matrix, ROWS};
use super::simd::Simd;
use super::sparse::{self, SparseGrad};

/// `dW = x^T dy` for some panels of W.
pub struct WeightGrad<T> {
    /// (rows, inputs)
    pub(crate) x: Matrix<T>,
    /// The lists of x, where it is sparse.
    pub(crate) lists: Option<ColumnLists<T>>,
    /// These panels of dy, in rows; all are filled.
    pub(crate) panels: usize,
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
}

/// Writes `dw`: for each panel a row for each of the inputs.
///
/// # Safety
/// The CPU has the instructions of `V`, the job's pointers are valid for reads, the lists are made,
/// and the inputs are columns of x.
#[inline(always)]
pub(crate) unsafe fn weight_grad<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const L: usize,
>(
    job: &WeightGrad<V::Number>,
    inputs: Range<usize>,
    dw: &mut [V::Number],
) {
    let width = NV * V::LANES;
    assert_eq!(dw.len(), job.panels * inputs.len() * width, "a piece of dW");
    if job.x.rows == 0 {
        dw.fill(V::Number::default());
    }
    for (block, first) in (0..job.x.rows).step_by(ROWS).enumerate() {
        // SAFETY: these rows and inputs are within x and dy, and dW is as long as it must be.
        unsafe {
            let dy = job.dy.add(first * job.dy_row);
            let (dw, dw_panel) = (dw.as_mut_ptr(), inputs.len() * width);
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
                    c: dw,
                    c_row: width,
                    c_panel: dw_panel,
                }),
            }
        }
    }
}
