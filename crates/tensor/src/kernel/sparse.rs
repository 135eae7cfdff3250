//! Products that skip the zeros of their left side, also where the right side holds NaN.
//!
//! They walk the lists of [`super::lists`]. The sums run in the same order as in [`super::dense`],
//! so skipping changes no bit of a finite result (a sum never starts from -0).

use super::dense::{finish, store};
use super::lists::{ColumnLists, RowLists};
use super::simd::Simd;

/// Rows from which on it pays to walk block after block of columns.
const MANY_ROWS: usize = 8;

/// `y = x W + b`, with the lists of x by row.
pub(crate) struct SparseForward<'a, T> {
    pub(crate) lists: &'a RowLists<T>,
    /// Columns of y, in panels, the last of which may be narrower.
    pub(crate) columns: usize,
    /// W: panels `[inputs][PANEL_WIDTH]`.
    pub(crate) weights: *const T,
    /// The bias, padded.
    pub(crate) bias: *const T,
    /// y, with the stride of rows.
    pub(crate) y: *mut T,
    pub(crate) y_row: usize,
}

/// Computes the product: for many rows G panels at a time and block after block of columns, whose
/// weights then stay in the L1 cache; for a few G1 panels at a time and all columns.
///
/// # Safety
/// The CPU has the instructions of `V`. The lists are made; W and the bias are valid for reads and
/// y for writes at all elements that the sizes and strides reach, and y overlaps nothing.
#[inline(always)]
pub(crate) unsafe fn forward<V: Simd, const NV: usize, const G: usize, const G1: usize>(
    job: &SparseForward<'_, V::Number>,
) {
    let width = NV * V::LANES;
    // Panels that are filled: only there may sums be read again.
    let whole = job.columns / width;
    let blocks = job.lists.blocks();
    let mut panel = 0;
    // SAFETY: these panels are within y, so all is as the caller promises.
    unsafe {
        if job.lists.rows >= MANY_ROWS {
            while whole - panel >= G {
                for block in 0..blocks {
                    rows::<V, NV, G>(job, panel, block..block + 1);
                }
                panel += G;
            }
        } else {
            while whole - panel >= G1 {
                rows::<V, NV, G1>(job, panel, 0..blocks);
                panel += G1;
            }
        }
        while whole - panel >= 2 {
            rows::<V, NV, 2>(job, panel, 0..blocks);
            panel += 2;
        }
        while panel * width < job.columns {
            rows::<V, NV, 1>(job, panel, 0..blocks);
            panel += 1;
        }
    }
}

/// Adds the products of some blocks of columns; the first block begins with the bias.
///
/// # Safety
/// As for [`forward`]; G panels from `panel` lie within y, filled unless all blocks come at once.
#[inline(always)]
unsafe fn rows<V: Simd, const NV: usize, const G: usize>(
    job: &SparseForward<'_, V::Number>,
    panel: usize,
    blocks: std::ops::Range<usize>,
) {
    let width = NV * V::LANES;
    let b_panel = job.lists.columns * width;
    // SAFETY: all offsets lie within what the caller promises.
    unsafe {
        let weights = job.weights.add(panel * b_panel);
        for row in 0..job.lists.rows {
            let list = job.lists.list(row, blocks.clone());
            if blocks.start > 0 && list.0.is_empty() {
                continue;
            }
            let y = job.y.add(row * job.y_row + panel * width);
            let mut sums = match blocks.start {
                0 => load::<V, NV, G>(job.bias.add(panel * width), width),
                _ => load::<V, NV, G>(y, width),
            };
            for (&place, &value) in list.0.iter().zip(list.1) {
                let weights = weights.add(place as usize * width);
                add::<V, NV, G>(&mut sums, value, weights, b_panel);
            }
            for (g, sums) in sums.into_iter().enumerate() {
                let left = job.columns - (panel + g) * width;
                store::<V, NV>(sums, y.add(g * width), left);
            }
        }
    }
}

/// `dW = x^T dy` for some inputs, with the lists of a block of rows of x by column.
pub(crate) struct SparseGrad<'a, T> {
    pub(crate) lists: &'a ColumnLists<T>,
    pub(crate) block: usize,
    pub(crate) inputs: std::ops::Range<usize>,
    /// Panels of dW and dy.
    pub(crate) panels: usize,
    /// The block's rows of dy, with the strides of rows and of panels.
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
    pub(crate) dy_panel: usize,
    /// dW: panels with a row for each of these inputs, added to if this is not the first block.
    pub(crate) dw: *mut T,
    pub(crate) dw_panel: usize,
    /// Where there is a rate, and one block only, dW is W: dW times the rate is subtracted from it.
    pub(crate) descend: Option<T>,
}

/// Computes the product, G panels at a time.
///
/// # Safety
/// As for [`forward`].
#[inline(always)]
pub(crate) unsafe fn grad<V: Simd, const NV: usize, const G: usize>(
    job: &SparseGrad<'_, V::Number>,
) {
    let mut panel = 0;
    // SAFETY: these panels are within dW, so all is as the caller promises.
    unsafe {
        while job.panels - panel >= G {
            inputs::<V, NV, G>(job, panel);
            panel += G;
        }
        while G > 4 && job.panels - panel >= 4 {
            inputs::<V, NV, 4>(job, panel);
            panel += 4;
        }
        while job.panels - panel >= 2 {
            inputs::<V, NV, 2>(job, panel);
            panel += 2;
        }
        if panel < job.panels {
            inputs::<V, NV, 1>(job, panel);
        }
    }
}

/// # Safety
/// As for [`grad`]; G panels from `panel` lie within dW.
#[inline(always)]
unsafe fn inputs<V: Simd, const NV: usize, const G: usize>(
    job: &SparseGrad<'_, V::Number>,
    panel: usize,
) {
    let width = NV * V::LANES;
    // SAFETY: all offsets lie within what the caller promises.
    unsafe {
        let dy = job.dy.add(panel * job.dy_panel);
        let mut dw = job.dw.add(panel * job.dw_panel);
        for input in job.inputs.clone() {
            let list = job.lists.list(job.block, input);
            if list.is_empty() && job.descend.is_some() {
                dw = dw.add(width);
                continue;
            }
            let mut sums = match job.block {
                0 => [[V::splat(V::Number::default()); NV]; G],
                _ => load::<V, NV, G>(dw, job.dw_panel),
            };
            for entry in list {
                let dy = dy.add(entry.place as usize * job.dy_row);
                add::<V, NV, G>(&mut sums, entry.value, dy, job.dy_panel);
            }
            for (g, sums) in sums.into_iter().enumerate() {
                finish::<V, NV>(job.descend, sums, dw.add(g * job.dw_panel), width);
            }
            dw = dw.add(width);
        }
    }
}

/// The registers of G panels.
///
/// # Safety
/// The CPU has the instructions of `V`, and the panels are valid for reads.
#[inline(always)]
unsafe fn load<V: Simd, const NV: usize, const G: usize>(
    from: *const V::Number,
    panel: usize,
) -> [[V; NV]; G] {
    // SAFETY: as the caller promises.
    unsafe {
        let mut registers = [[V::splat(V::Number::default()); NV]; G];
        for (g, registers) in registers.iter_mut().enumerate() {
            for (v, register) in registers.iter_mut().enumerate() {
                *register = V::load(from.add(g * panel + v * V::LANES));
            }
        }
        registers
    }
}

/// `sums += left * right` for a row of `right`.
///
/// # Safety
/// As for [`load`].
#[inline(always)]
unsafe fn add<V: Simd, const NV: usize, const G: usize>(
    sums: &mut [[V; NV]; G],
    left: V::Number,
    right: *const V::Number,
    panel: usize,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let left = V::splat(left);
        for (g, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = V::load(right.add(g * panel + v * V::LANES)).mul_add(left, *sum);
            }
        }
    }
}
