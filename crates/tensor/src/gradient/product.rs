//! The gradient of a weight, `output_grad^T input`, computed piece by piece on the threads that own
//! its panels.

use std::ops::Range;

use ndarray::ArrayView2;

use crate::kernel::{ColumnLists, Matrix, RowLists, WeightGrad};
use crate::linear::{
    each_share, is_sparse, is_wide, is_worth_splitting, list_rows, matrix, with_contiguous_rows,
};
use crate::pool::{Space, Start};
use crate::prefetch::prefetch_lines;
use crate::{PanelLayout, Pool, Scalar, SparseIndex};

/// Panels that are computed at a time.
const PANELS: usize = 8;

/// Inputs that are computed at a time: in eight panels, of 64 bytes each, they are 24 KiB.
const INPUTS: usize = 48;

/// Bytes that may still be in the cache from the last step; more are asked for ahead of time.
const CACHED: usize = 1 << 19;

/// Calls `work` with the product `output_grad^T input`, whose shapes have been checked.
pub(super) fn with_product<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    input: ArrayView2<'_, T>,
    output_grad: ArrayView2<'_, T>,
    index: Option<&SparseIndex<T>>,
    work: impl FnOnce(&Product<'_, T>),
) {
    let input = with_contiguous_rows(input);
    let output_grad = with_contiguous_rows(output_grad);
    let x = matrix(&input.view());
    work(&Product {
        pool,
        layout,
        x,
        dy: matrix(&output_grad.view()),
        index,
    });
}

/// A gradient that is a product; both matrices are valid for reads, and their shapes fit.
pub(super) struct Product<'a, T> {
    pool: &'a Pool,
    layout: PanelLayout,
    x: Matrix<T>,
    dy: Matrix<T>,
    index: Option<&'a SparseIndex<T>>,
}

/// Some panels of a product, with what they are computed from.
struct Part<T> {
    lists: Option<ColumnLists<T>>,
    panels: Range<usize>,
    /// Their columns of dy.
    dy: *const T,
    dy_row: usize,
}

impl<T: Scalar> Product<'_, T> {
    /// See [`Gradient::each`](super::Gradient::each).
    pub(super) fn each<const N: usize>(
        &self,
        slices: [Start<T>; N],
        f: &(impl Fn(Range<usize>, &[T], [&mut [T]; N]) + Sync),
    ) {
        self.visit(&|part, piece| {
            for inputs in self.inputs() {
                let length = inputs.len() * T::PANEL_WIDTH;
                let piece = &mut piece[..part.panels.len() * length];
                self.ask_for(&part, &inputs, &slices);
                // SAFETY: the piece has room for these inputs of these panels. They are within each
                // slice, and every panel is of one call alone.
                unsafe {
                    self.compute(&part, inputs.clone(), piece.as_mut_ptr(), length, None);
                    for (panel, piece) in part.panels.clone().zip(piece.chunks_exact(length)) {
                        let at = self.at(panel, inputs.start);
                        f(
                            at..at + length,
                            piece,
                            slices
                                .map(|slice| std::slice::from_raw_parts_mut(slice.at(at), length)),
                        );
                    }
                }
            }
        });
    }

    /// See [`Gradient::descend`](super::Gradient::descend); there are at most [`ROWS`](crate::kernel::ROWS)
    /// rows.
    pub(super) fn descend(&self, values: Start<T>, rate: T) {
        self.visit(&|part, _| {
            for inputs in self.inputs() {
                self.ask_for(&part, &inputs, &[values]);
                // SAFETY: these inputs of these panels are within the values, and every panel is of
                // one call alone; there are not more rows than the kernel takes.
                unsafe {
                    let from = values.at(self.at(part.panels.start, inputs.start));
                    let panel = self.x.columns * T::PANEL_WIDTH;
                    self.compute(&part, inputs, from, panel, Some(rate));
                }
            }
        });
    }

    /// Inputs that are computed together.
    fn inputs(&self) -> impl Iterator<Item = Range<usize>> {
        let columns = self.x.columns;
        let starts = (0..columns).step_by(INPUTS);
        starts.map(move |start| start..columns.min(start + INPUTS))
    }

    /// Where the weights of an input lie in the storage.
    fn at(&self, panel: usize, input: usize) -> usize {
        (panel * self.x.columns + input) * T::PANEL_WIDTH
    }

    /// Asks for what goes beside a piece, if it is too much to be in the cache.
    fn ask_for<const N: usize>(
        &self,
        part: &Part<T>,
        inputs: &Range<usize>,
        slices: &[Start<T>; N],
    ) {
        if N * self.layout.len::<T>() * T::SIZE > CACHED {
            for panel in part.panels.clone() {
                for slice in slices {
                    let start = slice.0.wrapping_add(self.at(panel, inputs.start));
                    prefetch_lines(start, inputs.len() * T::PANEL_WIDTH);
                }
            }
        }
    }

    /// Computes some inputs of some panels.
    ///
    /// # Safety
    /// `dw` is as [`WeightGrad`] says.
    unsafe fn compute(
        &self,
        part: &Part<T>,
        inputs: Range<usize>,
        dw: *mut T,
        dw_panel: usize,
        descend: Option<T>,
    ) {
        let job = WeightGrad {
            x: self.x,
            lists: part.lists,
            panels: part.panels.len(),
            dy: part.dy,
            dy_row: part.dy_row,
            inputs,
            dw,
            dw_panel,
            descend,
        };
        // SAFETY: the kernel is one for this CPU; x and dy are valid for reads and the lists are
        // made; the rest is the caller's promise.
        unsafe { (T::kernels(self.pool.isa()).weight_grad)(&job) }
    }

    /// Calls `work` with all panels, some at a time, on the threads that own them, and with room for
    /// a piece.
    fn visit(&self, work: &(impl Fn(Part<T>, &mut [T]) + Sync)) {
        let Product { pool, x, index, .. } = self;
        match index {
            Some(index) => self.visit_with(index.lists(x.rows, x.columns), work),
            None if is_sparse(pool, x) => {
                let mut index = SparseIndex::default();
                let lists = index.reserve(x.rows, x.columns);
                list_rows(pool, x, &lists);
                self.visit_with(Some(lists), work);
            }
            None => self.visit_with(None, work),
        }
    }

    fn visit_with(&self, lists: Option<RowLists<T>>, work: &(impl Fn(Part<T>, &mut [T]) + Sync)) {
        let Product {
            pool,
            layout,
            x,
            dy,
            ..
        } = *self;
        let rows = x.rows;
        let filled = layout.outputs() / T::PANEL_WIDTH;
        let split = is_worth_splitting(rows, layout) && (lists.is_none() || is_wide::<T>(layout));
        each_share(pool, split, layout.count::<T>(), |thread, share| {
            let mut scratch = pool.scratch(thread);
            let Space { buffer, columns } = T::space(&mut scratch);
            let lists = lists.map(|by_row| {
                let by_column = columns.columns(rows, x.columns);
                // SAFETY: all rows are listed, and the room is of this thread alone.
                unsafe { by_row.transpose(&by_column) };
                by_column
            });
            buffer.grow((PANELS * INPUTS + rows) * T::PANEL_WIDTH);
            let (piece, packed) = buffer.split_at_mut(PANELS * INPUTS * T::PANEL_WIDTH);
            let mut panel = share.start;
            while panel < share.end.min(filled) {
                let panels = panel..share.end.min(filled).min(panel + PANELS);
                panel = panels.end;
                let first = if rows == 0 {
                    0
                } else {
                    panels.start * T::PANEL_WIDTH
                };
                let part = Part {
                    lists,
                    panels,
                    // SAFETY: the panels' columns are within dy, if it has a row.
                    dy: unsafe { dy.start.at(first) },
                    dy_row: dy.stride,
                };
                work(part, piece);
            }
            if panel < share.end {
                // SAFETY: these are the last columns of dy.
                unsafe { pack(&dy, panel * T::PANEL_WIDTH, packed) };
                let part = Part {
                    lists,
                    panels: panel..share.end,
                    dy: packed.as_ptr(),
                    dy_row: T::PANEL_WIDTH,
                };
                work(part, piece);
            }
        });
    }
}

/// Copies the columns of `dy` from `first` on into rows of one panel, padded with zeros.
///
/// # Safety
/// `dy` is valid for reads, and fewer than a panel's columns are left.
unsafe fn pack<T: Scalar>(dy: &Matrix<T>, first: usize, packed: &mut [T]) {
    let filled = dy.columns - first;
    for (row, packed) in packed
        .chunks_exact_mut(T::PANEL_WIDTH)
        .take(dy.rows)
        .enumerate()
    {
        // SAFETY: within the row.
        let from =
            unsafe { std::slice::from_raw_parts(dy.start.at(row * dy.stride + first), filled) };
        packed[..filled].copy_from_slice(from);
        packed[filled..].fill(T::zero());
    }
}
