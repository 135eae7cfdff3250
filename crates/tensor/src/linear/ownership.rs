//! The thread that owns an element of a product.

use std::ops::Range;

use crate::cutoffs::{MIN_SPARSE_PAR_PANELS, ROW_SPLIT_MAX_WEIGHTS, product_ns};
use crate::{PanelLayout, Pool, Scalar};

/// The time in nanoseconds of a dense product of `rows` rows with this weight.
pub(super) fn dense_ns<T: Scalar>(rows: usize, layout: PanelLayout) -> f64 {
    product_ns(rows * layout.inputs() * layout.outputs(), T::SIZE)
}

/// The time in nanoseconds that counts for a split of a sparse product by panels: 0 where a split
/// gains nothing.
pub(super) fn sparse_ns<T: Scalar>(rows: usize, layout: PanelLayout) -> f64 {
    if layout.panel_count::<T>() < MIN_SPARSE_PAR_PANELS {
        return 0.0;
    }
    dense_ns::<T>(rows, layout)
}

/// Calls `f(thread, rows, panels)` for each thread that owns a tile of a dense product with this
/// weight: some rows and all panels if the weight is small, else all rows and some panels.
pub(super) fn for_each_owned_tile<T: Scalar>(
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
pub(super) fn columns_of<T: Scalar>(panels: &Range<usize>, columns: usize) -> Range<usize> {
    panels.start * T::PANEL_WIDTH..(panels.end * T::PANEL_WIDTH).min(columns)
}
