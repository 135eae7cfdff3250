//! The three products of a linear layer.
//!
//! A thread owns panels of output columns in the forward pass and in the weight gradient, and
//! panels of input columns in the input gradient. Each element is one sum in one order whatever the
//! number of threads and of rows, so results have the same bits.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};

use crate::kernel::{Forward, InputGrad, Matrix, RowLists};
use crate::pool::Start;
use crate::{Gradient, PanelLayout, Pool, Scalar, SparseIndex, pool};

/// Multiply-adds below which a product stays on one thread.
const WORTH_SPLITTING: usize = 1 << 18;

/// Panels that the sum of a row takes as long for as for one.
const NARROW: usize = 2;

/// Numbers of a weight up to which a thread takes rows and reads all of it: what a thread made of
/// its rows then stays with it from layer to layer.
const SMALL: usize = 1 << 14;

/// `output = input W^T + bias`: the forward pass of a linear layer.
///
/// Shapes: `input` (batch, in), `weights` a (out, in) weight in the storage of `layout`, `bias`
/// (out), `output` (batch, out). Where the input is 0 the product may be left out, also where the
/// weight is NaN or infinite. `index` then holds the nonzero elements of a sparse input, for the
/// weight gradient of the same step.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    input: ArrayView2<'_, T>,
    weights: &[T],
    bias: &[T],
    mut output: ArrayViewMut2<'_, T>,
    index: &mut SparseIndex<T>,
) {
    check::<T>(layout, input.dim(), output.dim(), weights.len());
    check_bias(layout, bias.len());
    if !rows_are_contiguous(&output.view()) {
        let mut whole = Array2::zeros(output.raw_dim());
        affine(pool, layout, input, weights, bias, whole.view_mut(), index);
        return output.assign(&whole);
    }
    index.clear();
    if output.is_empty() {
        return;
    }
    let input = with_contiguous_rows(input);
    let x = matrix(&input.view());
    let unit = x.columns * T::PANEL_WIDTH;
    let (y, y_row) = (Start(output.as_mut_ptr()), stride(&output.view()));
    let whole = layout.count::<T>();
    let kernel = T::kernels(pool.isa()).forward;
    let product = |thread: usize, rows: Range<usize>, panels: Range<usize>, lists| {
        let columns = columns::<T>(&panels, layout.outputs());
        // SAFETY: the kernel is one for this CPU. `x` is within the input and its lists are made, if
        // there are any; these rows and columns of `y` are within the output and belong to this call
        // alone, since `each_share` gives every row or panel to one call and panels share no column.
        unsafe {
            let job = Forward {
                x: x.part(&rows),
                lists,
                whole,
                weights: &weights[panels.start * unit..panels.end * unit],
                bias: &bias[columns.clone()],
                y: y.at(rows.start * y_row + columns.start),
                y_row,
            };
            kernel(&job, &mut T::space(&mut pool.scratch(thread)).buffer);
        }
    };
    if is_sparse(pool, &x) {
        let lists = index.reserve(x.rows, x.columns);
        list_rows(pool, &x, &lists);
        let split = is_worth_splitting(x.rows, layout) && is_wide::<T>(layout);
        each_share(pool, split, whole, |thread, panels| {
            product(thread, 0..x.rows, panels, Some(lists));
        });
    } else {
        each_part::<T>(pool, layout, x.rows, whole, |thread, rows, panels| {
            product(thread, rows, panels, None);
        });
    }
}

/// `W' = output_grad^T input`: the gradient of a linear layer's weight. Overwritten.
///
/// Shapes: `input` (batch, in), `output_grad` (batch, out), `weight_grad` a (out, in) weight in
/// the storage of `layout`. Where the input is 0 the product may be left out, also where the
/// output's gradient is NaN or infinite. `index` is the one that [`affine`] made of this input;
/// without it a sparse input is indexed anew.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine_weight_grad<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    input: ArrayView2<'_, T>,
    output_grad: ArrayView2<'_, T>,
    weight_grad: &mut [T],
    index: Option<&SparseIndex<T>>,
) {
    let gradient = Gradient::OuterProduct {
        layout,
        input,
        output_grad,
        index,
    };
    gradient.for_each_panel(pool, 1, [weight_grad], |_, grad, [out]| {
        out.copy_from_slice(grad)
    });
}

/// `b' =` the column sums of `output_grad` (batch, out): the gradient of a linear layer's bias (out),
/// summed row by row. Overwritten.
///
/// # Panics
/// If the widths differ.
#[track_caller]
pub fn affine_bias_grad<T: Scalar>(output_grad: ArrayView2<'_, T>, bias_grad: &mut [T]) {
    let (outputs, found) = (output_grad.ncols(), bias_grad.len());
    assert_eq!(
        found, outputs,
        "numbers in the gradient of a bias of {outputs}"
    );
    bias_grad.fill(T::zero());
    for row in output_grad.rows() {
        for (sum, &x) in bias_grad.iter_mut().zip(row) {
            *sum += x;
        }
    }
}

/// `input_grad = output_grad W`: the gradient that a linear layer passes down. Overwritten.
///
/// Shapes: `output_grad` (batch, out), `weights` a (out, in) weight in the storage of `layout`,
/// `input_grad` (batch, in).
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine_input_grad<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    output_grad: ArrayView2<'_, T>,
    weights: &[T],
    mut input_grad: ArrayViewMut2<'_, T>,
) {
    check::<T>(layout, input_grad.dim(), output_grad.dim(), weights.len());
    if !rows_are_contiguous(&input_grad.view()) {
        let mut whole = Array2::zeros(input_grad.raw_dim());
        affine_input_grad(pool, layout, output_grad, weights, whole.view_mut());
        return input_grad.assign(&whole);
    }
    let output_grad = with_contiguous_rows(output_grad);
    let (rows, inputs) = input_grad.dim();
    if input_grad.is_empty() {
        return;
    }
    let outputs = layout.outputs();
    let (dy, dy_row) = (
        Start(output_grad.as_ptr().cast_mut()),
        stride(&output_grad.view()),
    );
    let (dx, dx_row) = (Start(input_grad.as_mut_ptr()), stride(&input_grad.view()));
    let kernel = T::kernels(pool.isa()).input_grad;
    let panels = inputs.div_ceil(T::PANEL_WIDTH);
    each_part::<T>(pool, layout, rows, panels, |thread, rows, panels| {
        let share = columns::<T>(&panels, inputs);
        // SAFETY: the kernel is one for this CPU. `dy` is within its view; these rows and columns of
        // `dx` are within theirs and belong to this call alone, as in `affine`.
        unsafe {
            let job = InputGrad {
                rows: rows.len(),
                outputs,
                dy: dy.at(rows.start * dy_row),
                dy_row,
                weights,
                inputs,
                dx: dx.at(rows.start * dx_row + share.start),
                dx_row,
                share,
            };
            kernel(&job, &mut T::space(&mut pool.scratch(thread)).buffer);
        }
    });
}

/// The memory of a view whose rows are contiguous.
pub(crate) fn matrix<T>(view: &ArrayView2<'_, T>) -> Matrix<T> {
    Matrix {
        rows: view.nrows(),
        columns: view.ncols(),
        start: Start(view.as_ptr().cast_mut()),
        stride: stride(view),
    }
}

/// Whether it pays to skip the zeros of `x`.
pub(crate) fn is_sparse<T: Scalar>(pool: &Pool, x: &Matrix<T>) -> bool {
    x.can_be_listed()
        // SAFETY: the kernel is one for this CPU, and a `Matrix` is valid for reads.
        && unsafe { (T::kernels(pool.isa()).looks_sparse)(x) }
}

/// Makes the lists of all rows, each on the thread that owns the row.
pub(crate) fn list_rows<T: Scalar>(pool: &Pool, x: &Matrix<T>, lists: &RowLists<T>) {
    let kernel = T::kernels(pool.isa()).list_rows;
    // As a batch is gathered: each thread finds the rows that it wrote.
    let split = x.rows * x.columns >= pool::WORTH_SPLITTING;
    each_share(pool, split, x.rows, |_, rows| {
        // SAFETY: the kernel is one for this CPU, the lists are room for `x`, and every row is of one
        // call alone.
        unsafe { kernel(x, lists, rows) }
    });
}

/// Whether a product of `rows` rows and this weight is enough work for more than one thread.
pub(crate) fn is_worth_splitting(rows: usize, layout: PanelLayout) -> bool {
    rows * layout.inputs() * layout.outputs() >= WORTH_SPLITTING
}

/// Whether a sparse product with this weight is worth splitting. A thread adds to the panels of a
/// few registers in turn, each of which has to wait for the sum before; with fewer panels it takes
/// as long.
pub(crate) fn is_wide<T: Scalar>(layout: PanelLayout) -> bool {
    layout.count::<T>() > NARROW
}

/// Whether a thread does better to read this whole weight than rows that another one made.
fn is_small<T: Scalar>(layout: PanelLayout) -> bool {
    layout.len::<T>() <= SMALL
}

/// Calls `f(thread, rows, panels)` for each thread that owns some of a dense product with this weight:
/// rows, if it is small, and else panels.
fn each_part<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    rows: usize,
    panels: usize,
    f: impl Fn(usize, Range<usize>, Range<usize>) + Sync,
) {
    let split = is_worth_splitting(rows, layout);
    if is_small::<T>(layout) {
        each_share(pool, split, rows, |thread, rows| f(thread, rows, 0..panels));
    } else {
        each_share(pool, split, panels, |thread, panels| {
            f(thread, 0..rows, panels)
        });
    }
}

/// Calls `f(thread, share)` for each thread that owns some of `count` things; where that is not to
/// be split, once with all of them.
pub(crate) fn each_share(
    pool: &Pool,
    split: bool,
    count: usize,
    f: impl Fn(usize, Range<usize>) + Sync,
) {
    if pool.threads() == 1 || count <= 1 || !split {
        f(0, 0..count);
    } else {
        pool.run(&|thread| {
            let share = pool.share(count, thread);
            if !share.is_empty() {
                f(thread, share);
            }
        });
    }
}

/// The columns of some panels.
pub(crate) fn columns<T: Scalar>(panels: &Range<usize>, columns: usize) -> Range<usize> {
    panels.start * T::PANEL_WIDTH..(panels.end * T::PANEL_WIDTH).min(columns)
}

/// Whether the numbers of a row are next to each other, and rows follow in order.
pub(crate) fn rows_are_contiguous<T>(view: &ArrayView2<'_, T>) -> bool {
    view.is_empty()
        || (view.ncols() == 1 || view.strides()[1] == 1)
            && (view.nrows() == 1 || view.strides()[0] >= 0)
}

/// Numbers from one row to the next.
pub(crate) fn stride<T>(view: &ArrayView2<'_, T>) -> usize {
    if view.nrows() <= 1 || view.is_empty() {
        0
    } else {
        view.strides()[0].unsigned_abs()
    }
}

/// The view, or a copy of it where its rows are scattered, as those of a transpose are.
pub(crate) fn with_contiguous_rows<T: Scalar>(view: ArrayView2<'_, T>) -> CowArray<'_, T, Ix2> {
    if rows_are_contiguous(&view) {
        view.into()
    } else {
        let mut copy = Array2::zeros(view.raw_dim());
        copy.assign(&view);
        copy.into()
    }
}

#[track_caller]
pub(crate) fn check<T: Scalar>(
    layout: PanelLayout,
    input: (usize, usize),
    output: (usize, usize),
    stored: usize,
) {
    let (inputs, outputs) = (layout.inputs(), layout.outputs());
    assert!(
        input.0 == output.0 && input.1 == inputs && output.1 == outputs,
        "a ({outputs}, {inputs}) weight maps (batch, {inputs}) to (batch, {outputs}), \
         but the input is {input:?} and the output {output:?}"
    );
    let expected = layout.len::<T>();
    assert_eq!(
        stored, expected,
        "numbers in the storage of a ({outputs}, {inputs}) weight"
    );
}

#[track_caller]
fn check_bias(layout: PanelLayout, bias: usize) {
    let (inputs, outputs) = (layout.inputs(), layout.outputs());
    assert_eq!(
        bias, outputs,
        "numbers in the bias of a ({outputs}, {inputs}) weight"
    );
}

#[cfg(test)]
pub(crate) mod tests;
