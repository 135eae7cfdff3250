use std::ops::Range;

use ndarray::NdFloat;

use crate::kernels::simd::Simd;
use crate::kernels::{Accumulate, GemmArgs, Job, Kernel, SpmmTransposedArgs};
use crate::matrix::Matrix;
use crate::sparse::{BlockedCsc, CSC_BLOCK_ROWS};

/// One piece of the weight gradient, `dW = x^T dy`, or of the step `W = W - rate x^T dy`: some
/// inputs of some panels.
pub(super) struct WeightGradJob<T> {
    /// (B, I), valid for reads.
    pub(super) x: Matrix<T>,
    /// The nonzero elements of x by column, built, if x is sparse.
    pub(super) csc: Option<BlockedCsc<T>>,
    /// The number of panels; all are full.
    pub(super) panels: usize,
    /// These panels' columns of dy, valid for reads, with the stride of rows.
    pub(super) dy: *const T,
    pub(super) dy_row: usize,
    /// Columns of x.
    pub(super) inputs: Range<usize>,
    /// In each panel a row for each of these inputs, with the stride of panels; valid for writes of
    /// this thread alone.
    pub(super) dw: *mut T,
    pub(super) dw_panel: usize,
    /// `Some(rate)`: `dw` is W, and there are at most [`CSC_BLOCK_ROWS`] rows.
    pub(super) sgd_rate: Option<T>,
}

impl<T: NdFloat + Default> Job<T> for WeightGradJob<T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) {
        let (x, width) = (self.x, K::PANEL_WIDTH);
        if x.rows == 0 && self.sgd_rate.is_none() {
            for panel in 0..self.panels {
                // SAFETY: these rows are valid for writes.
                unsafe {
                    let start = self.dw.add(panel * self.dw_panel);
                    let dw = std::slice::from_raw_parts_mut(start, self.inputs.len() * width);
                    dw.fill(T::default());
                }
            }
        }
        for (block, first) in (0..x.rows).step_by(CSC_BLOCK_ROWS).enumerate() {
            // SAFETY: these rows and inputs lie within x and dy; dW is as the caller promises.
            unsafe {
                let dy = self.dy.add(first * self.dy_row);
                match &self.csc {
                    Some(csc) => K::spmm_transposed(&SpmmTransposedArgs {
                        csc,
                        block,
                        inputs: self.inputs.clone(),
                        panels: self.panels,
                        dy,
                        dy_row: self.dy_row,
                        dy_panel: width,
                        dw: self.dw,
                        dw_panel: self.dw_panel,
                        sgd_rate: self.sgd_rate,
                    }),
                    None => K::gemm(&GemmArgs {
                        rows: self.inputs.len(),
                        inner: CSC_BLOCK_ROWS.min(x.rows - first),
                        columns: self.panels * width,
                        a: x.start.at(first * x.row_stride + self.inputs.start),
                        a_row: 1,
                        a_column: x.row_stride,
                        b: dy,
                        b_row: self.dy_row,
                        b_panel: width,
                        accumulate: match block {
                            0 => Accumulate::Zero,
                            _ => Accumulate::Existing,
                        },
                        sgd_rate: self.sgd_rate,
                        c: self.dw,
                        c_row: width,
                        c_panel: self.dw_panel,
                    }),
                }
            }
        }
    }
}

crate::kernels::dispatch::compile_here!(WeightGradJob<f32>, WeightGradJob<f64>);

/// Copies the columns of `dy` from `first` on, fewer than a panel's, into rows of one panel, padded
/// with zeros.
pub(super) struct PackLastPanel<'a, T> {
    /// (B, O), valid for reads.
    pub(super) dy: Matrix<T>,
    pub(super) first: usize,
    /// A panel's row for each row.
    pub(super) packed: &'a mut [T],
}

impl<T: NdFloat + Default> Job<T> for PackLastPanel<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) {
        let (dy, lanes) = (self.dy, K::Simd::LANES);
        let valid_columns = dy.columns - self.first;
        let rows = self.packed.chunks_exact_mut(K::PANEL_WIDTH).take(dy.rows);
        for (row, packed) in rows.enumerate() {
            for (v, packed) in packed.chunks_exact_mut(lanes).enumerate() {
                let first = (v * lanes).min(valid_columns);
                // SAFETY: these columns lie within the row, and `packed` holds a register.
                unsafe {
                    let from = dy.start.at(row * dy.row_stride + self.first + first);
                    let some = K::Simd::load_first(from, (valid_columns - first).min(lanes));
                    some.store(packed.as_mut_ptr());
                }
            }
        }
    }
}

crate::kernels::dispatch::compile_here!(PackLastPanel<'static, f32>, PackLastPanel<'static, f64>);
