use std::ops::Range;

use ndarray::ArrayView2;

use crate::kernel::{ColumnLists, Matrix, RowLists, WeightGrad};
use crate::linear::{
    check, each_share, is_sparse, is_wide, is_worth_splitting, list_rows, matrix,
    with_contiguous_rows,
};
use crate::pool::{Space, Start};
use crate::prefetch::prefetch_lines;
use crate::{Panels, Pool, Scalar};

/// Panels that are computed at a time.
const PANELS: usize = 8;

/// Inputs that are computed at a time: in eight panels, of 64 bytes each, they are 24 KiB.
const INPUTS: usize = 48;

/// Bytes that may still be in the cache from the last step; more are asked for ahead of time.
const CACHED: usize = 1 << 19;

/// The gradient of a parameter: numbers, or what they are a product of.
///
/// The gradient of a weight is as large as the weight. Written to memory and read again by an
/// optimizer it would push both out of the cache; so it is computed piece by piece, and each piece is
/// used while it is there.
///
/// ```
/// use backprop_tensor::{Gradient, Panels, Pool, ndarray::array};
///
/// let (input, output_grad) = (array![[1.0_f64], [2.0]], array![[3.0], [4.0]]);
/// let layout = Panels::new(1, 1);
/// let mut weight = vec![0.0; layout.len::<f64>()];
/// let gradient = Gradient::Affine {
///     layout,
///     input: input.view(),
///     output_grad: output_grad.view(),
///     unchanged: false,
/// };
/// gradient.each(&Pool::new(1), layout.unit::<f64>(), [&mut weight], |grad, [part]| {
///     part.iter_mut().zip(grad).for_each(|(w, g)| *w -= 0.1 * g);
/// });
/// assert_eq!(weight[0], -0.1 * (1.0 * 3.0 + 2.0 * 4.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Gradient<'a, T> {
    /// The numbers, in storage order.
    Ready(&'a [T]),
    /// That of the weight of `output = input W^T + bias`: `output_grad^T input`. Where the input is 0
    /// the product may be left out, also where the output's gradient is NaN or infinite.
    Affine {
        /// The storage order of the weight.
        layout: Panels,
        /// (batch, in)
        input: ArrayView2<'a, T>,
        /// (batch, out)
        output_grad: ArrayView2<'a, T>,
        /// Whether the memory of `input` holds what it held in the last call of
        /// [`affine`](crate::affine) with it on the same pool, whose work can then be used again.
        unchanged: bool,
    },
}

impl<T: Scalar> Gradient<'_, T> {
    /// Calls `f` with piece after piece of the gradient and the same piece of each of the slices,
    /// which are as long as the gradient in storage order; every element comes once.
    ///
    /// A piece comes to the thread that owns it: `unit` numbers stay together, and those of a weight
    /// stay with the thread that owns their panel in [`affine`](crate::affine). The padding of a
    /// weight's last panel has the gradient 0. `f` must not use the pool, which is at work.
    ///
    /// # Panics
    /// If the lengths or shapes do not fit, `unit` is 0, or `f` panics.
    #[track_caller]
    pub fn each<const N: usize>(
        self,
        pool: &Pool,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(&[T], [&mut [T]; N]) + Sync,
    ) {
        self.visit(pool, unit, slices, false, f);
    }

    /// As [`each`](Self::each), for an `f` that changes nothing where the gradient is 0: pieces of
    /// it that are all 0 may be left out. Those of an input that is 0 in the whole batch are.
    ///
    /// # Panics
    /// As [`each`](Self::each).
    #[track_caller]
    pub fn each_unless_zero<const N: usize>(
        self,
        pool: &Pool,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(&[T], [&mut [T]; N]) + Sync,
    ) {
        self.visit(pool, unit, slices, true, f);
    }

    #[track_caller]
    fn visit<const N: usize>(
        self,
        pool: &Pool,
        unit: usize,
        slices: [&mut [T]; N],
        unless_zero: bool,
        f: impl Fn(&[T], [&mut [T]; N]) + Sync,
    ) {
        match self {
            Gradient::Ready(grad) => {
                for slice in &slices {
                    assert_eq!(slice.len(), grad.len(), "numbers beside a gradient");
                }
                pool.split(unit, slices, |at, parts| f(&grad[at], parts));
            }
            Gradient::Affine {
                layout,
                input,
                output_grad,
                unchanged,
            } => {
                // Also where there are no slices: the product reads both matrices.
                let stored = layout.len::<T>();
                check::<T>(layout, input.dim(), output_grad.dim(), stored);
                for slice in &slices {
                    check::<T>(layout, input.dim(), output_grad.dim(), slice.len());
                }
                let input = with_contiguous_rows(input);
                let output_grad = with_contiguous_rows(output_grad);
                let x = matrix(&input.view());
                let unchanged = unchanged && input.is_view();
                let product = Product {
                    pool,
                    layout,
                    split: is_worth_splitting(x.rows, layout),
                    x,
                    dy: matrix(&output_grad.view()),
                    unchanged,
                    unless_zero,
                };
                product.each(slices.map(|slice| Start(slice.as_mut_ptr())), &f);
            }
        }
    }
}

/// A gradient that is a product; both matrices are valid for reads, and their shapes fit.
struct Product<'a, T> {
    pool: &'a Pool,
    layout: Panels,
    split: bool,
    x: Matrix<T>,
    dy: Matrix<T>,
    unchanged: bool,
    unless_zero: bool,
}

impl<T: Scalar> Product<'_, T> {
    fn each<const N: usize>(
        &self,
        slices: [Start<T>; N],
        f: &(impl Fn(&[T], [&mut [T]; N]) + Sync),
    ) {
        let Product { pool, x, .. } = self;
        if !is_sparse(pool, x) {
            return self.each_panel(None, slices, f);
        }
        pool.with_rooms(|rooms| {
            let room = T::room(rooms);
            let listed = self.unchanged && room.is_listed(x);
            let by_row = room.rows(x.rows, x.columns);
            if !listed {
                list_rows(pool, x, &by_row);
            }
            self.each_panel(Some(by_row), slices, f);
        });
    }

    /// The next inputs that are computed together, from this one on; `None` at the end.
    fn inputs(&self, lists: Option<ColumnLists<T>>, from: usize) -> Option<Range<usize>> {
        let columns = self.x.columns;
        let (mut start, mut end) = (from, columns.min(from + INPUTS));
        if let Some(lists) = lists.filter(|_| self.unless_zero) {
            // SAFETY: the lists are made, and nobody writes to them.
            let is_zero = |column: &usize| unsafe { lists.is_zero(self.x.rows, *column) };
            start = (from..columns).find(|column| !is_zero(column))?;
            end = columns.min(start + INPUTS);
            end = (start..end).find(is_zero).unwrap_or(end);
        }
        (start < end).then_some(start..end)
    }

    fn each_panel<const N: usize>(
        &self,
        lists: Option<RowLists<T>>,
        slices: [Start<T>; N],
        f: &(impl Fn(&[T], [&mut [T]; N]) + Sync),
    ) {
        let Product {
            pool,
            layout,
            x,
            dy,
            ..
        } = *self;
        let kernel = T::kernels(pool.isa()).weight_grad;
        let rows = x.rows;
        let filled = layout.outputs() / T::PANEL;
        let prefetched = N * layout.len::<T>() * T::BYTES > CACHED;
        let split = self.split && (lists.is_none() || is_wide::<T>(layout));
        each_share(pool, split, layout.count::<T>(), |thread, share| {
            let mut scratch = pool.scratch(thread);
            let Space { buffer, columns } = T::space(&mut scratch);
            let lists = lists.map(|by_row| {
                let by_column = columns.columns(x.rows, x.columns);
                // SAFETY: all rows are listed, and the room is of this thread alone.
                unsafe { by_row.transpose(&by_column) };
                by_column
            });
            buffer.grow((PANELS * INPUTS + rows) * T::PANEL);
            let (piece, packed) = buffer.split_at_mut(PANELS * INPUTS * T::PANEL);
            let mut part = |panels: Range<usize>, dy: *const T, dy_row: usize| {
                let job = WeightGrad {
                    x,
                    lists,
                    panels: panels.len(),
                    dy,
                    dy_row,
                };
                let mut first = 0;
                while let Some(inputs) = self.inputs(lists, first) {
                    first = inputs.start;
                    let length = inputs.len() * T::PANEL;
                    let piece = &mut piece[..panels.len() * length];
                    if prefetched {
                        for panel in panels.clone() {
                            let at = (panel * x.columns + first) * T::PANEL;
                            for slice in &slices {
                                prefetch_lines(slice.0.wrapping_add(at), length);
                            }
                        }
                    }
                    // SAFETY: the kernel is one for this CPU; `x` and `dy` are valid for reads and
                    // the lists are made. This piece of each panel is within each slice, and every
                    // panel is of one call alone.
                    unsafe {
                        kernel(&job, inputs.clone(), piece);
                        for (panel, piece) in panels.clone().zip(piece.chunks_exact(length)) {
                            let at = (panel * x.columns + first) * T::PANEL;
                            f(
                                piece,
                                slices.map(|slice| {
                                    std::slice::from_raw_parts_mut(slice.at(at), length)
                                }),
                            );
                        }
                    }
                    first += inputs.len();
                }
            };
            let mut panel = share.start;
            while panel < share.end.min(filled) {
                let panels = panel..share.end.min(filled).min(panel + PANELS);
                panel = panels.end;
                let columns = if rows == 0 {
                    0
                } else {
                    panels.start * T::PANEL
                };
                // SAFETY: the panels' columns are within dy, if it has a row.
                let dy_start = unsafe { dy.start.at(columns) };
                part(panels, dy_start, dy.stride);
            }
            if panel < share.end {
                // SAFETY: these are the last columns of dy.
                unsafe { pack(&dy, panel * T::PANEL, packed) };
                part(panel..share.end, packed.as_ptr(), T::PANEL);
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
    for (row, packed) in packed.chunks_exact_mut(T::PANEL).take(dy.rows).enumerate() {
        // SAFETY: within the row.
        let from =
            unsafe { std::slice::from_raw_parts(dy.start.at(row * dy.stride + first), filled) };
        packed[..filled].copy_from_slice(from);
        packed[filled..].fill(T::zero());
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    #[should_panic(expected = "a (2, 3) weight maps (batch, 3) to (batch, 2)")]
    fn shapes_are_checked_where_nothing_goes_beside_the_gradient() {
        let (input, output_grad) = (Array2::<f32>::zeros((4, 3)), Array2::zeros((1, 2)));
        let gradient = Gradient::Affine {
            layout: Panels::new(3, 2),
            input: input.view(),
            output_grad: output_grad.view(),
            unchanged: false,
        };
        gradient.each(&Pool::new(1), 1, [], |_, []| {});
    }
}
