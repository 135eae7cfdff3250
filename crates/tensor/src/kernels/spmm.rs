//! The sparse products: forward, with the nonzero elements of the left side by row (CSR), and
//! transposed, with the nonzero elements by column (CSC).
//!
//! Elements that are 0 are skipped, also where the right side holds NaN. The sums run in the same
//! order as in [`super::gemm`], so skipping changes no bit of a finite result (a sum never starts
//! from -0).

use std::ops::Range;

use super::gemm::{epilogue, store_masked};
use super::simd::Simd;
use crate::cutoffs::CSR_BLOCKED_MIN_ROWS;
use crate::sparse::{BlockedCsc, BlockedCsr};

/// The operands of `Y = X W + b` with X in blocked CSR. Strides count elements.
pub struct SpmmArgs<'a, T> {
    /// X.
    pub(crate) csr: &'a BlockedCsr<T>,
    /// Columns of Y; the last panel may have fewer than the panel width.
    pub(crate) columns: usize,
    /// W: panels `[inputs][panel width]`.
    pub(crate) weights: *const T,
    /// b, padded to whole panels.
    pub(crate) bias: *const T,
    /// Y, with the stride of its rows.
    pub(crate) y: *mut T,
    pub(crate) y_row: usize,
}

/// Computes `Y = X W + b`.
///
/// With many rows, PANELS panels are computed at a time, block of columns after block of columns,
/// so that a block's weights stay in the L1 cache while all rows pass. With few rows, TAIL panels
/// are computed at a time, over all columns.
///
/// # Safety
/// The CPU has the instruction set of `V`. The CSR is built. W and the bias are valid for reads and
/// Y for writes at all elements that the sizes and strides reach, and Y overlaps none of them.
#[inline(always)]
pub(crate) unsafe fn spmm<V: Simd, const REGS: usize, const PANELS: usize, const TAIL: usize>(
    args: &SpmmArgs<'_, V::Element>,
) {
    let width = REGS * V::LANES;
    // A sum is written and read again between two blocks, so blocks are for full panels only.
    let full_panels = args.columns / width;
    let blocks = args.csr.blocks();
    let mut panel = 0;
    // SAFETY: these panels lie within Y; the rest is the caller's promise.
    unsafe {
        if args.csr.rows >= CSR_BLOCKED_MIN_ROWS {
            while full_panels - panel >= PANELS {
                for block in 0..blocks {
                    add_blocks::<V, REGS, PANELS>(args, panel, block..block + 1);
                }
                panel += PANELS;
            }
        } else {
            while full_panels - panel >= TAIL {
                add_blocks::<V, REGS, TAIL>(args, panel, 0..blocks);
                panel += TAIL;
            }
        }
        while full_panels - panel >= 2 {
            add_blocks::<V, REGS, 2>(args, panel, 0..blocks);
            panel += 2;
        }
        while panel * width < args.columns {
            add_blocks::<V, REGS, 1>(args, panel, 0..blocks);
            panel += 1;
        }
    }
}

/// Adds the products of some blocks of columns to all rows; block 0 starts from the bias.
///
/// # Safety
/// As for [`spmm`]. `PANELS` panels from `panel` on lie within Y; they are full, unless `blocks`
/// are all blocks.
#[inline(always)]
unsafe fn add_blocks<V: Simd, const REGS: usize, const PANELS: usize>(
    args: &SpmmArgs<'_, V::Element>,
    panel: usize,
    blocks: Range<usize>,
) {
    let width = REGS * V::LANES;
    let b_panel = args.csr.columns * width;
    // SAFETY: all offsets lie within what the caller promises; indices are below the columns.
    unsafe {
        let weights = args.weights.add(panel * b_panel);
        for row in 0..args.csr.rows {
            let (indices, values) = args.csr.row(row, blocks.clone());
            if blocks.start > 0 && indices.is_empty() {
                continue;
            }
            let y = args.y.add(row * args.y_row + panel * width);
            let mut sums = match blocks.start {
                0 => load::<V, REGS, PANELS>(args.bias.add(panel * width), width),
                _ => load::<V, REGS, PANELS>(y, width),
            };
            for (&index, &value) in indices.iter().zip(values) {
                let weights = weights.add(index as usize * width);
                add_scaled::<V, REGS, PANELS>(&mut sums, value, weights, b_panel);
            }
            for (p, sums) in sums.into_iter().enumerate() {
                let valid_columns = args.columns - (panel + p) * width;
                store_masked::<V, REGS>(sums, y.add(p * width), valid_columns);
            }
        }
    }
}

/// The operands of `dW = X^T dY` for some inputs, with one block of rows of X in CSC. Strides count
/// elements.
pub struct SpmmTransposedArgs<'a, T> {
    /// X.
    pub(crate) csc: &'a BlockedCsc<T>,
    /// The block of rows of X.
    pub(crate) block: usize,
    /// The columns of X to compute, which are rows of dW.
    pub(crate) inputs: Range<usize>,
    /// The number of panels of dW and dY.
    pub(crate) panels: usize,
    /// The block's rows of dY, with the strides of its rows and its panels.
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
    pub(crate) dy_panel: usize,
    /// dW: in each panel one row for each of these inputs. Blocks after the first are added.
    pub(crate) dw: *mut T,
    pub(crate) dw_panel: usize,
    /// `Some(rate)`: dW is W, and the product times the rate is subtracted from it. There is only
    /// one block then.
    pub(crate) sgd_rate: Option<T>,
}

/// Computes `dW = X^T dY`, PANELS panels at a time.
///
/// # Safety
/// The CPU has the instruction set of `V`. The CSC is built. dY is valid for reads and dW for
/// writes at all elements that the sizes and strides reach, and dW does not overlap dY.
#[inline(always)]
pub(crate) unsafe fn spmm_transposed<V: Simd, const REGS: usize, const PANELS: usize>(
    args: &SpmmTransposedArgs<'_, V::Element>,
) {
    let mut panel = 0;
    // SAFETY: these panels lie within dW; the rest is the caller's promise.
    unsafe {
        while args.panels - panel >= PANELS {
            compute_inputs::<V, REGS, PANELS>(args, panel);
            panel += PANELS;
        }
        while PANELS > 4 && args.panels - panel >= 4 {
            compute_inputs::<V, REGS, 4>(args, panel);
            panel += 4;
        }
        while args.panels - panel >= 2 {
            compute_inputs::<V, REGS, 2>(args, panel);
            panel += 2;
        }
        if panel < args.panels {
            compute_inputs::<V, REGS, 1>(args, panel);
        }
    }
}

/// Computes all inputs in `PANELS` panels.
///
/// # Safety
/// As for [`spmm_transposed`]; `PANELS` panels from `panel` on lie within dW.
#[inline(always)]
unsafe fn compute_inputs<V: Simd, const REGS: usize, const PANELS: usize>(
    args: &SpmmTransposedArgs<'_, V::Element>,
    panel: usize,
) {
    let width = REGS * V::LANES;
    // SAFETY: all offsets lie within what the caller promises; an entry's row is one of the block.
    unsafe {
        let dy = args.dy.add(panel * args.dy_panel);
        let mut dw = args.dw.add(panel * args.dw_panel);
        for input in args.inputs.clone() {
            let column = args.csc.column(args.block, input);
            if column.is_empty() && args.sgd_rate.is_some() {
                dw = dw.add(width);
                continue;
            }
            let mut sums = match args.block {
                0 => [[V::splat(V::Element::default()); REGS]; PANELS],
                _ => load::<V, REGS, PANELS>(dw, args.dw_panel),
            };
            for entry in column {
                let dy = dy.add(entry.index as usize * args.dy_row);
                add_scaled::<V, REGS, PANELS>(&mut sums, entry.value, dy, args.dy_panel);
            }
            for (p, sums) in sums.into_iter().enumerate() {
                epilogue::<V, REGS>(args.sgd_rate, sums, dw.add(p * args.dw_panel), width);
            }
            dw = dw.add(width);
        }
    }
}

/// Loads one row of `PANELS` panels into registers.
///
/// # Safety
/// The CPU has the instruction set of `V`, and the panels are valid for reads.
#[inline(always)]
unsafe fn load<V: Simd, const REGS: usize, const PANELS: usize>(
    from: *const V::Element,
    panel_stride: usize,
) -> [[V; REGS]; PANELS] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut registers = [[V::splat(V::Element::default()); REGS]; PANELS];
        for (p, registers) in registers.iter_mut().enumerate() {
            for (v, register) in registers.iter_mut().enumerate() {
                *register = V::load(from.add(p * panel_stride + v * V::LANES));
            }
        }
        registers
    }
}

/// `sums += left * right` for one row of `right`.
///
/// # Safety
/// As for [`load`].
#[inline(always)]
unsafe fn add_scaled<V: Simd, const REGS: usize, const PANELS: usize>(
    sums: &mut [[V; REGS]; PANELS],
    left: V::Element,
    right: *const V::Element,
    panel_stride: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let left = V::splat(left);
        for (p, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = V::load(right.add(p * panel_stride + v * V::LANES)).mul_add(left, *sum);
            }
        }
    }
}
