//! The weight gradient, `dW = dy^T x`.
//!
//! The gradient is computed in pieces of a few panels and inputs, which stay in the cache until
//! they are used, on the threads that own the panels. [`job`] is one piece, on one thread.

mod job;

use std::ops::Range;

use ndarray::ArrayView2;

use super::bias_grad::affine_bias_grad;
use super::ownership::{dense_ns, sparse_ns};
use super::shapes::{check_bias, check_shapes};
use crate::cutoffs::PREFETCH_MIN_BYTES;
use crate::executor::Executor;
use crate::matrix::{Matrix, with_contiguous_rows};
use crate::pool::SyncPtr;
use crate::prefetch::prefetch_lines;
use crate::scratch::ThreadScratch;
use crate::sparse::{BlockedCsc, BlockedCsr, CSC_BLOCK_ROWS};
use crate::{PanelLayout, Pool, Scalar, SparseIndex};

use job::{PackLastPanel, WeightGradJob};

/// Panels that are computed at a time.
const PANEL_GROUP: usize = 8;

/// Inputs that are computed at a time: in eight panels, of 64 bytes each, they are 24 KiB.
const INPUT_BLOCK: usize = 48;

/// The gradients of the loss by the parameters of a linear layer: `weight_grad = output_grad^T
/// input` and `bias_grad =` the column sums of `output_grad`, both overwritten.
///
/// Shapes: `input` (B, I), `output_grad` (B, O), `weight_grad` an (O, I) weight in the storage
/// order of `layout`, `bias_grad` (O). `index` is the index of `input` that
/// [`affine`](crate::affine) filled; with `None`, or an index that no product has filled, the input
/// is indexed anew, for which memory is allocated if it is sparse. Products with elements of
/// `input` that are 0 may be left out, also where the output gradient is NaN or infinite.
///
/// ```
/// use backprop_tensor::{PanelLayout, Pool, affine_weight_grad, ndarray::array};
///
/// let layout = PanelLayout::new(2, 1);
/// let (mut dw, mut db) = (vec![0.0_f64; layout.packed_len::<f64>()], [0.0]);
/// let (x, dy) = (array![[3.0, 1.0], [0.0, 2.0]], array![[1.0], [10.0]]);
/// affine_weight_grad(&Pool::new(1), layout, x.view(), dy.view(), None, &mut dw, &mut db);
/// let mut rows = [0.0; 2];
/// layout.unpack(&dw, &mut rows);
/// assert_eq!((rows, db), ([3.0, 21.0], [11.0]));
/// ```
///
/// # Panics
/// If the shapes do not fit, or `index` is that of an input of another shape.
#[track_caller]
pub fn affine_weight_grad<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    input: ArrayView2<'_, T>,
    output_grad: ArrayView2<'_, T>,
    index: Option<&SparseIndex<T>>,
    weight_grad: &mut [T],
    bias_grad: &mut [T],
) {
    let (matrices, grads) = ([input, output_grad], [weight_grad, bias_grad]);
    affine_weight_grad_on(Executor::new(pool), layout, matrices, index, grads);
}

/// [`affine_weight_grad`] on a given instruction set.
#[track_caller]
pub(super) fn affine_weight_grad_on<T: Scalar>(
    exec: Executor<'_>,
    layout: PanelLayout,
    matrices: [ArrayView2<'_, T>; 2],
    index: Option<&SparseIndex<T>>,
    [weight_grad, bias_grad]: [&mut [T]; 2],
) {
    check_bias(layout, bias_grad.len());
    StreamedWeightGrad::with(exec, layout, matrices, index, |product| {
        product.for_each_panel([weight_grad], &|_, grad, [out]| out.copy_from_slice(grad));
    });
    affine_bias_grad(matrices[1], bias_grad);
}

/// The ranges of inputs that are computed together.
fn input_blocks(inputs: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = inputs.end;
    let starts = inputs.clone().step_by(INPUT_BLOCK);
    starts.map(move |start| start..end.min(start + INPUT_BLOCK))
}

/// A weight gradient, `output_grad^T input`, that is computed piece by piece. Both matrices are
/// valid for reads, and their shapes fit.
pub(crate) struct StreamedWeightGrad<'a, T> {
    exec: Executor<'a>,
    layout: PanelLayout,
    /// The input, (B, I).
    x: Matrix<T>,
    /// The output gradient, (B, O).
    dy: Matrix<T>,
    index: Option<&'a SparseIndex<T>>,
}

/// Some inputs of some panels of a weight gradient, with what they are computed from.
struct PanelGroup<T> {
    inputs: Range<usize>,
    /// The nonzero elements of the input by column, if it is sparse.
    csc: Option<BlockedCsc<T>>,
    panels: Range<usize>,
    /// The panels' columns of the output gradient.
    dy: *const T,
    dy_row: usize,
}

impl<T: Scalar> StreamedWeightGrad<'_, T> {
    /// Calls `work` with the gradient of these matrices.
    ///
    /// # Panics
    /// If the shapes do not fit, or `index` is that of an input of another shape.
    #[track_caller]
    pub(crate) fn with(
        exec: Executor<'_>,
        layout: PanelLayout,
        [input, output_grad]: [ArrayView2<'_, T>; 2],
        index: Option<&SparseIndex<T>>,
        work: impl FnOnce(&StreamedWeightGrad<'_, T>),
    ) {
        let stored = layout.packed_len::<T>();
        check_shapes::<T>(layout, input.dim(), output_grad.dim(), stored);
        let index = index.filter(|index| index.dim().is_some());
        if let Some(indexed) = index.and_then(SparseIndex::dim) {
            let found = input.dim();
            assert!(
                indexed == found,
                "the input of a weight gradient is {found:?}, but the sparse index is that of an \
                 input of {indexed:?}"
            );
        }
        let input = with_contiguous_rows(input);
        let output_grad = with_contiguous_rows(output_grad);
        work(&StreamedWeightGrad {
            exec,
            layout,
            x: Matrix::of(&input.view()),
            dy: Matrix::of(&output_grad.view()),
            index,
        });
    }

    /// Computes all pieces; see [`Gradient::for_each_panel`](crate::Gradient::for_each_panel).
    ///
    /// # Panics
    /// If a slice is not as long as the stored weight.
    #[track_caller]
    pub(crate) fn for_each_panel<const N: usize>(
        &self,
        slices: [&mut [T]; N],
        f: &(impl Fn(Range<usize>, &[T], [&mut [T]; N]) + Sync),
    ) {
        let slices = slices.map(|slice| self.start_of(slice));
        self.for_each_group(&|group, piece| {
            for inputs in input_blocks(&group.inputs) {
                let length = inputs.len() * T::PANEL_WIDTH;
                let piece = &mut piece[..group.panels.len() * length];
                self.prefetch_ahead(&group, &inputs, &slices);
                // SAFETY: the piece holds these inputs of these panels. They lie within each slice,
                // and each input of a panel belongs to one call.
                unsafe {
                    self.compute(&group, inputs.clone(), piece.as_mut_ptr(), length, None);
                    for (panel, piece) in group.panels.clone().zip(piece.chunks_exact(length)) {
                        let offset = self.offset(panel, inputs.start);
                        f(
                            offset..offset + length,
                            piece,
                            slices.map(|slice| {
                                std::slice::from_raw_parts_mut(slice.at(offset), length)
                            }),
                        );
                    }
                }
            }
        });
    }

    /// Subtracts `rate` times the gradient from `values`, while the gradient is in registers; see
    /// [`Gradient::sgd_step`](crate::Gradient::sgd_step).
    ///
    /// # Panics
    /// If `values` is not as long as the stored weight.
    #[track_caller]
    pub(crate) fn sgd_step(&self, values: &mut [T], rate: T) {
        let values = self.start_of(values);
        // Sums over more rows are written and read again between two blocks of rows.
        let rows = self.x.rows;
        assert!(
            Self::fits_registers(rows),
            "a gradient of {rows} rows does not stay in registers"
        );
        self.for_each_group(&|group, _| {
            for inputs in input_blocks(&group.inputs) {
                self.prefetch_ahead(&group, &inputs, &[values]);
                // SAFETY: these inputs of these panels lie within the values, each belongs
                // to one call, and there is one block of rows.
                unsafe {
                    let start = values.at(self.offset(group.panels.start, inputs.start));
                    let panel_len = self.layout.inputs() * T::PANEL_WIDTH;
                    self.compute(&group, inputs, start, panel_len, Some(rate));
                }
            }
        });
    }

    /// Whether the sums of all rows fit into registers until they are used.
    pub(crate) fn fits_registers(rows: usize) -> bool {
        rows <= CSC_BLOCK_ROWS
    }

    /// The start of a slice that is as long as the stored weight.
    #[track_caller]
    fn start_of(&self, slice: &mut [T]) -> SyncPtr<T> {
        check_shapes::<T>(self.layout, self.x.dim(), self.dy.dim(), slice.len());
        SyncPtr(slice.as_mut_ptr())
    }

    /// The offset in storage order of an input's weights in a panel.
    fn offset(&self, panel: usize, input: usize) -> usize {
        (panel * self.layout.inputs() + input) * T::PANEL_WIDTH
    }

    /// Prefetches the parts of the slices that belong to a piece, if the slices are too large to
    /// still be in the cache.
    fn prefetch_ahead<const N: usize>(
        &self,
        group: &PanelGroup<T>,
        inputs: &Range<usize>,
        slices: &[SyncPtr<T>; N],
    ) {
        if N * self.layout.packed_len::<T>() * T::SIZE > PREFETCH_MIN_BYTES {
            for panel in group.panels.clone() {
                for slice in slices {
                    let start = slice.0.wrapping_add(self.offset(panel, inputs.start));
                    prefetch_lines(start, inputs.len() * T::PANEL_WIDTH);
                }
            }
        }
    }

    /// Computes some inputs of a group of panels into `dw`, whose panels are `dw_panel` elements
    /// apart.
    ///
    /// # Safety
    /// `dw` is as [`WeightGradJob`] says.
    unsafe fn compute(
        &self,
        group: &PanelGroup<T>,
        inputs: Range<usize>,
        dw: *mut T,
        dw_panel: usize,
        sgd_rate: Option<T>,
    ) {
        let job = WeightGradJob {
            x: self.x,
            csc: group.csc,
            panels: group.panels.len(),
            dy: group.dy,
            dy_row: group.dy_row,
            inputs,
            dw,
            dw_panel,
            sgd_rate,
        };
        // SAFETY: x and dy are valid for reads and the CSC is built; the rest is the caller's
        // promise.
        unsafe { T::run_job(self.exec.isa, job) }
    }

    /// Calls `work` with all panels, a group at a time, on the threads that own them, and with
    /// memory for a piece.
    #[inline]
    fn for_each_group(&self, work: &(impl Fn(PanelGroup<T>, &mut [T]) + Sync)) {
        let own;
        let index = match self.index {
            Some(index) => index,
            None => {
                own = SparseIndex::of(self.exec, &self.x);
                &own
            }
        };
        let csr = index.csr();
        let rows = self.x.rows;
        let work_ns = match csr {
            Some(_) => sparse_ns::<T>(rows, self.layout),
            None => dense_ns::<T>(rows, self.layout),
        };
        let (pool, panels) = (self.exec.pool, self.layout.panel_count::<T>());
        let inputs = self.layout.inputs();
        let run = |thread: usize, panels: Range<usize>, inputs: Range<usize>| {
            let mut scratch = pool.scratch(thread);
            let part = (panels, inputs);
            self.groups_of_part(part, csr, T::thread_scratch(&mut scratch), work);
        };
        // Fewer panels than threads, and so few weights that each thread reads them all anyway: the
        // threads share the inputs.
        if csr.is_none() && panels < pool.threads() {
            pool.for_each_chunk(work_ns, inputs, |thread, inputs| {
                run(thread, 0..panels, inputs);
            });
        } else {
            pool.for_each_chunk(work_ns, panels, |thread, panels| {
                run(thread, panels, 0..inputs);
            });
        }
    }

    /// Calls `work` with some inputs of some panels, those of one thread.
    #[inline]
    fn groups_of_part(
        &self,
        (chunk, part_inputs): (Range<usize>, Range<usize>),
        csr: Option<BlockedCsr<T>>,
        scratch: &mut ThreadScratch<T>,
        work: &impl Fn(PanelGroup<T>, &mut [T]),
    ) {
        let (rows, inputs) = self.x.dim();
        let csc = csr.map(|csr| {
            let csc = scratch.csc.reserve(rows, inputs);
            // SAFETY: the CSR is built, and the CSC belongs to this thread alone.
            unsafe { csc.build(&csr) };
            csc
        });
        let dy = self.dy;
        let piece_len = PANEL_GROUP * INPUT_BLOCK * T::PANEL_WIDTH;
        scratch.packed.grow_to(piece_len + rows * T::PANEL_WIDTH);
        let (piece, packed) = scratch.packed.split_at_mut(piece_len);
        let full_panels = chunk.end.min(self.layout.outputs() / T::PANEL_WIDTH);
        let mut panel = chunk.start;
        while panel < full_panels {
            let panels = panel..full_panels.min(panel + PANEL_GROUP);
            panel = panels.end;
            let column = panels.start * T::PANEL_WIDTH;
            let group = PanelGroup {
                inputs: part_inputs.clone(),
                csc,
                panels,
                // SAFETY: the panels' columns lie within dy, if it has a row.
                dy: unsafe { dy.start.at(if rows == 0 { 0 } else { column }) },
                dy_row: dy.row_stride,
            };
            work(group, piece);
        }
        if panel < chunk.end {
            let first = panel * T::PANEL_WIDTH;
            // SAFETY: dy is valid for reads, and these are its last columns.
            unsafe { T::run_job(self.exec.isa, PackLastPanel { dy, first, packed }) };
            let group = PanelGroup {
                inputs: part_inputs.clone(),
                csc,
                panels: panel..chunk.end,
                dy: packed.as_ptr(),
                dy_row: T::PANEL_WIDTH,
            };
            work(group, piece);
        }
    }
}
