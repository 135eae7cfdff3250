//! The dense product `C = C0 + A B`, or the step `C = C - rate A B`, with B in panels.
//!
//! A microkernel keeps MR rows and NR_PANELS panels of C in registers while it walks down the inner
//! dimension once. Every element of C is one chain of multiply-adds in the order of the inner
//! dimension, whatever the tile. So one row gives the same bits as the same row within a batch, and
//! [`super::spmm`], which skips zeros, gives the same bits as this product.

use std::ops::Range;

use super::simd::Simd;

/// The value that the sum of each element of C starts with (C0).
#[derive(Clone, Copy)]
pub(crate) enum Accumulate<T> {
    /// Zero: C = A B.
    Zero,
    /// One row for all rows of C: a bias, padded to whole panels.
    Bias(*const T),
    /// The present contents of C: C = C + A B.
    Existing,
}

/// The operands of one dense product. Strides count elements.
pub struct GemmArgs<T> {
    /// Rows of A and C.
    pub(crate) rows: usize,
    /// The inner dimension: columns of A, rows of B.
    pub(crate) inner: usize,
    /// Columns of C; the last panel may have fewer than the panel width.
    pub(crate) columns: usize,
    /// A, with the strides of its rows and its columns.
    pub(crate) a: *const T,
    pub(crate) a_row: usize,
    pub(crate) a_column: usize,
    /// B, with the strides of its rows and its panels; within a panel the columns are contiguous.
    pub(crate) b: *const T,
    pub(crate) b_row: usize,
    pub(crate) b_panel: usize,
    /// The start of the sums.
    pub(crate) accumulate: Accumulate<T>,
    /// `Some(rate)`: the product times the rate is subtracted from C. All panels of C are then full
    /// and `accumulate` is `Zero`.
    pub(crate) sgd_rate: Option<T>,
    /// C, with the strides of its rows and its panels.
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) c_panel: usize,
}

/// Computes the product in tiles of MR rows and NR panels, then in tiles of four rows.
///
/// The last one to three rows follow one by one. A single row has only as many independent sums as
/// registers, and each waits for its last addition (FMA latency), so a single row takes up to TAIL
/// panels at a time.
///
/// # Safety
/// The CPU has the instruction set of `V`. A and B are valid for reads and C for writes at all
/// elements that the sizes and strides reach (except C beyond `columns`), and C overlaps neither.
#[inline(always)]
pub(crate) unsafe fn gemm<
    V: Simd,
    const REGS: usize,
    const MR: usize,
    const NR: usize,
    const TAIL: usize,
>(
    args: &GemmArgs<V::Element>,
) {
    let panels = args.columns.div_ceil(REGS * V::LANES);
    let full_tiles = args.rows / MR * MR;
    let full_rows = full_tiles + (args.rows - full_tiles) / 4 * 4;
    let mut panel = 0;
    // SAFETY: these rows and panels lie within C; the rest is the caller's promise.
    unsafe {
        while panel < panels && full_rows > 0 {
            if panels - panel >= NR {
                row_strip::<V, REGS, NR, MR>(args, 0..full_tiles, panel);
                row_strip::<V, REGS, NR, 4>(args, full_tiles..full_rows, panel);
                panel += NR;
            } else {
                // One panel has few independent sums, so its tiles are as tall as they can be.
                row_strip::<V, REGS, 1, MR>(args, 0..full_tiles, panel);
                let mut row = full_tiles;
                if MR > 8 && full_rows - row >= 8 {
                    row_strip::<V, REGS, 1, 8>(args, row..row + 8, panel);
                    row += 8;
                }
                row_strip::<V, REGS, 1, 4>(args, row..full_rows, panel);
                panel += 1;
            }
        }
        panel = 0;
        while panel < panels && full_rows < args.rows {
            panel += match panels - panel {
                left if left >= TAIL => tail_rows::<V, REGS, TAIL>(args, full_rows, panel),
                left if left >= 4 => tail_rows::<V, REGS, 4>(args, full_rows, panel),
                left if left >= 2 => tail_rows::<V, REGS, 2>(args, full_rows, panel),
                _ => tail_rows::<V, REGS, 1>(args, full_rows, panel),
            };
        }
    }
}

/// Computes all rows from `row` on, one by one, in `PANELS` panels. Returns `PANELS`.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn tail_rows<V: Simd, const REGS: usize, const PANELS: usize>(
    args: &GemmArgs<V::Element>,
    row: usize,
    panel: usize,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe { row_strip::<V, REGS, PANELS, 1>(args, row..args.rows, panel) };
    PANELS
}

/// Computes a strip of rows, `ROWS` at a time; `ROWS` divides their number.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn row_strip<V: Simd, const REGS: usize, const PANELS: usize, const ROWS: usize>(
    args: &GemmArgs<V::Element>,
    rows: Range<usize>,
    panel: usize,
) {
    for row in rows.step_by(ROWS) {
        // SAFETY: the caller's promise.
        unsafe { microkernel::<V, REGS, PANELS, ROWS>(args, row, panel) };
    }
}

/// Computes one tile: `ROWS` rows from `row` on, `PANELS` panels from `panel` on.
///
/// # Safety
/// As for [`gemm`]; the tile lies within C.
#[inline(always)]
unsafe fn microkernel<V: Simd, const REGS: usize, const PANELS: usize, const ROWS: usize>(
    args: &GemmArgs<V::Element>,
    row: usize,
    panel: usize,
) {
    let width = REGS * V::LANES;
    // SAFETY: all offsets lie within what the caller promises.
    unsafe {
        let c = args.c.add(row * args.c_row + panel * args.c_panel);
        let mut sums = [[[V::splat(V::Element::default()); REGS]; PANELS]; ROWS];
        match args.accumulate {
            Accumulate::Zero => {}
            Accumulate::Bias(bias) => {
                for p in 0..PANELS {
                    for v in 0..REGS {
                        let first = V::load(bias.add((panel + p) * width + v * V::LANES));
                        for sums in &mut sums {
                            sums[p][v] = first;
                        }
                    }
                }
            }
            Accumulate::Existing => {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (p, sums) in sums.iter_mut().enumerate() {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            *sum = V::load(c.add(r * args.c_row + p * args.c_panel + v * V::LANES));
                        }
                    }
                }
            }
        }
        let mut a = args.a.add(row * args.a_row);
        let mut b = args.b.add(panel * args.b_panel);
        for _ in 0..args.inner {
            let mut right = [[V::splat(V::Element::default()); REGS]; PANELS];
            for (p, right) in right.iter_mut().enumerate() {
                for (v, right) in right.iter_mut().enumerate() {
                    *right = V::load(b.add(p * args.b_panel + v * V::LANES));
                }
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let left = V::splat(*a.add(r * args.a_row));
                for (sums, right) in sums.iter_mut().zip(&right) {
                    for (sum, &right) in sums.iter_mut().zip(right) {
                        *sum = right.mul_add(left, *sum);
                    }
                }
            }
            a = a.wrapping_add(args.a_column);
            b = b.wrapping_add(args.b_row);
        }
        for (r, sums) in sums.into_iter().enumerate() {
            for (p, sums) in sums.into_iter().enumerate() {
                let to = c.add(r * args.c_row + p * args.c_panel);
                let valid_columns = args.columns - (panel + p) * width;
                epilogue::<V, REGS>(args.sgd_rate, sums, to, valid_columns);
            }
        }
    }
}

/// Ends a row of a panel: stores the sums, or subtracts `rate` times the sums from what is there.
///
/// # Safety
/// `to` is valid for a panel's row, or without a rate for the smaller of that and `valid_columns`.
#[inline(always)]
pub(crate) unsafe fn epilogue<V: Simd, const REGS: usize>(
    sgd_rate: Option<V::Element>,
    sums: [V; REGS],
    to: *mut V::Element,
    valid_columns: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(rate) = sgd_rate else {
            return store_masked::<V, REGS>(sums, to, valid_columns);
        };
        let rate = V::splat(rate);
        for (v, grad) in sums.into_iter().enumerate() {
            let values = to.add(v * V::LANES);
            V::load(values).sub_scaled(rate, grad).store(values);
        }
    }
}

/// Stores a row of a panel, or only its first `valid_columns` elements.
///
/// # Safety
/// `to` is valid for the smaller of `valid_columns` and the panel width.
#[inline(always)]
pub(crate) unsafe fn store_masked<V: Simd, const REGS: usize>(
    sums: [V; REGS],
    to: *mut V::Element,
    valid_columns: usize,
) {
    // SAFETY: either the whole row fits behind `to`, or only the elements that fit are written.
    unsafe {
        if valid_columns >= REGS * V::LANES {
            for (v, sum) in sums.into_iter().enumerate() {
                sum.store(to.add(v * V::LANES));
            }
        } else {
            for (v, sum) in sums.into_iter().enumerate() {
                let first = (v * V::LANES).min(valid_columns);
                sum.store_first(to.add(first), (valid_columns - first).min(V::LANES));
            }
        }
    }
}
