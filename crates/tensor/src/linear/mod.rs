//! The three products of a linear layer, `y = x W^T + b`: [`forward`], [`weight_grad`] and
//! [`input_grad`], one file each, from the public function down to the job of one thread.
//!
//! This file has the checks of shapes and the ownership, which all three use. A thread owns panels
//! of output columns in the forward product and in the weight gradient, and panels of input columns
//! in the input gradient; for a small weight it owns rows instead. Each element is one sum in one
//! order, whatever the number of threads and of rows, so the results have the same bits.

mod bias_grad;
mod forward;
mod input_grad;
mod weight_grad;

use std::ops::Range;

use crate::cutoffs::{MIN_SPARSE_PAR_PANELS, ROW_SPLIT_MAX_WEIGHTS, product_ns};
use crate::{PanelLayout, Pool, Scalar};

pub use bias_grad::affine_bias_grad;
pub use forward::affine;
pub use input_grad::affine_input_grad;
pub(crate) use weight_grad::StreamedWeightGrad;
pub use weight_grad::affine_weight_grad;

/// The time in nanoseconds of a dense product of `rows` rows with this weight.
fn dense_ns<T: Scalar>(rows: usize, layout: PanelLayout) -> f64 {
    product_ns(rows * layout.inputs() * layout.outputs(), T::SIZE)
}

/// The time in nanoseconds that counts for a split of a sparse product by panels: 0 where a split
/// gains nothing.
fn sparse_ns<T: Scalar>(rows: usize, layout: PanelLayout) -> f64 {
    if layout.panel_count::<T>() < MIN_SPARSE_PAR_PANELS {
        return 0.0;
    }
    dense_ns::<T>(rows, layout)
}

/// Calls `f(thread, rows, panels)` for each thread that owns a tile of a dense product with this
/// weight: some rows and all panels if the weight is small, else all rows and some panels.
fn for_each_owned_tile<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    rows: usize,
    panels: usize,
    f: impl Fn(usize, Range<usize>, Range<usize>) + Sync,
) {
    let work_ns = dense_ns::<T>(rows, layout);
    if layout.packed_len::<T>() <= ROW_SPLIT_MAX_WEIGHTS {
        pool.for_each_chunk(work_ns, rows, |thread, rows| f(thread, rows, 0..panels));
    } else {
        pool.for_each_chunk(work_ns, panels, |thread, panels| f(thread, 0..rows, panels));
    }
}

/// The columns of some panels, of `columns` in all.
fn columns_of<T: Scalar>(panels: &Range<usize>, columns: usize) -> Range<usize> {
    panels.start * T::PANEL_WIDTH..(panels.end * T::PANEL_WIDTH).min(columns)
}

/// Asserts that input (B, I), output (B, O) and `stored` weights fit the layout.
#[track_caller]
fn check_shapes<T: Scalar>(
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
    let expected = layout.packed_len::<T>();
    assert_eq!(
        stored, expected,
        "elements in the storage of a ({outputs}, {inputs}) weight"
    );
}

/// Asserts that a bias of `bias` elements fits the layout.
#[track_caller]
fn check_bias(layout: PanelLayout, bias: usize) {
    let (inputs, outputs) = (layout.inputs(), layout.outputs());
    assert_eq!(
        bias, outputs,
        "elements in the bias of a ({outputs}, {inputs}) weight"
    );
}

#[cfg(test)]
pub(crate) mod tests;
