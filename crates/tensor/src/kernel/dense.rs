//! `C = start + A B`, or `C = C - rate A B`, where B lies in panels, tile by tile.
//!
//! A tile keeps R rows and G panels of C in registers while it walks down the inner dimension once.
//! Every element of C is one chain of multiply-adds, in the order of the inner dimension, whatever
//! the tile: so one row gives the same bits as within a batch, and a kernel that skips zeros gives
//! the same bits as one that does not.

use std::ops::Range;

use super::simd::Simd;

/// What a sum starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start<T> {
    /// Zero.
    Zero,
    /// One row for all, the panels' columns one after the other, padded.
    Row(*const T),
    /// What C holds.
    Kept,
}

/// One product. All strides count numbers.
pub(crate) struct Dense<T> {
    /// Rows of A and C.
    pub(crate) rows: usize,
    /// The inner dimension.
    pub(crate) inner: usize,
    /// Columns of C, in panels, the last of which may be narrower.
    pub(crate) columns: usize,
    /// A, with the strides of rows and of columns.
    pub(crate) a: *const T,
    pub(crate) a_row: usize,
    pub(crate) a_column: usize,
    /// B, with the strides of the inner dimension and of panels; within a panel the columns are
    /// next to each other.
    pub(crate) b: *const T,
    pub(crate) b_row: usize,
    pub(crate) b_panel: usize,
    pub(crate) start: Start<T>,
    /// Where there is a rate, the product times the rate is subtracted from C, whose panels are
    /// filled, and the start is zero.
    pub(crate) descend: Option<T>,
    /// C, with the strides of rows and of panels.
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) c_panel: usize,
}

/// Computes the product. A register tile has R rows and G panels of NV registers, and then four rows.
/// The rows that are left over come one by one, with as many panels as there are, up to G1: each sum
/// waits for the one before, so there should be many.
///
/// # Safety
/// The CPU has the instructions of `V`. A and B are valid for reads and C for writes at all
/// elements that the sizes and strides reach (C beyond `columns` excepted), and C overlaps nothing.
#[inline(always)]
pub(crate) unsafe fn dense<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const G1: usize,
>(
    job: &Dense<V::Number>,
) {
    let panels = job.columns.div_ceil(NV * V::LANES);
    let tall = job.rows / R * R;
    let whole = tall + (job.rows - tall) / 4 * 4;
    let mut panel = 0;
    // SAFETY: these rows and panels are within C, so all is as the caller promises.
    unsafe {
        while panel < panels && whole > 0 {
            if panels - panel >= G {
                rows::<V, NV, G, R>(job, 0..tall, panel);
                rows::<V, NV, G, 4>(job, tall..whole, panel);
                panel += G;
            } else {
                rows::<V, NV, 1, R>(job, 0..tall, panel);
                rows::<V, NV, 1, 4>(job, tall..whole, panel);
                panel += 1;
            }
        }
        panel = 0;
        while panel < panels && whole < job.rows {
            panel += match panels - panel {
                left if left >= G1 => single::<V, NV, G1>(job, whole, panel),
                left if left >= 4 => single::<V, NV, 4>(job, whole, panel),
                left if left >= 2 => single::<V, NV, 2>(job, whole, panel),
                _ => single::<V, NV, 1>(job, whole, panel),
            };
        }
    }
}

/// All rows from `row` on, one by one, in G panels; gives G.
///
/// # Safety
/// As for [`dense`].
#[inline(always)]
unsafe fn single<V: Simd, const NV: usize, const G: usize>(
    job: &Dense<V::Number>,
    row: usize,
    panel: usize,
) -> usize {
    // SAFETY: as the caller promises.
    unsafe { rows::<V, NV, G, 1>(job, row..job.rows, panel) };
    G
}

/// Some rows, R at a time, which divides their number.
///
/// # Safety
/// As for [`dense`].
#[inline(always)]
unsafe fn rows<V: Simd, const NV: usize, const G: usize, const R: usize>(
    job: &Dense<V::Number>,
    rows: Range<usize>,
    panel: usize,
) {
    for row in rows.step_by(R) {
        // SAFETY: as the caller promises.
        unsafe { tile::<V, NV, G, R>(job, row, panel) };
    }
}

/// # Safety
/// As for [`dense`]; R rows from `row` and G panels from `panel` lie within C.
#[inline(always)]
unsafe fn tile<V: Simd, const NV: usize, const G: usize, const R: usize>(
    job: &Dense<V::Number>,
    row: usize,
    panel: usize,
) {
    let width = NV * V::LANES;
    // SAFETY: all offsets lie within what the caller promises.
    unsafe {
        let c = job.c.add(row * job.c_row + panel * job.c_panel);
        let mut sums = [[[V::splat(V::Number::default()); NV]; G]; R];
        match job.start {
            Start::Zero => {}
            Start::Row(start) => {
                for g in 0..G {
                    for v in 0..NV {
                        let first = V::load(start.add((panel + g) * width + v * V::LANES));
                        for sums in &mut sums {
                            sums[g][v] = first;
                        }
                    }
                }
            }
            Start::Kept => {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (g, sums) in sums.iter_mut().enumerate() {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            *sum = V::load(c.add(r * job.c_row + g * job.c_panel + v * V::LANES));
                        }
                    }
                }
            }
        }
        let mut a = job.a.add(row * job.a_row);
        let mut b = job.b.add(panel * job.b_panel);
        for _ in 0..job.inner {
            let mut right = [[V::splat(V::Number::default()); NV]; G];
            for (g, right) in right.iter_mut().enumerate() {
                for (v, right) in right.iter_mut().enumerate() {
                    *right = V::load(b.add(g * job.b_panel + v * V::LANES));
                }
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let left = V::splat(*a.add(r * job.a_row));
                for (sums, right) in sums.iter_mut().zip(&right) {
                    for (sum, &right) in sums.iter_mut().zip(right) {
                        *sum = right.mul_add(left, *sum);
                    }
                }
            }
            a = a.wrapping_add(job.a_column);
            b = b.wrapping_add(job.b_row);
        }
        for (r, sums) in sums.into_iter().enumerate() {
            for (g, sums) in sums.into_iter().enumerate() {
                let to = c.add(r * job.c_row + g * job.c_panel);
                let left = job.columns - (panel + g) * width;
                finish::<V, NV>(job.descend, sums, to, left);
            }
        }
    }
}

/// Subtracts a panel's row times the rate where there is one; else writes it, as [`store`] does.
///
/// # Safety
/// `to` is valid for the panel's width, or without a rate for the smaller of that and `left`.
#[inline(always)]
pub(crate) unsafe fn finish<V: Simd, const NV: usize>(
    rate: Option<V::Number>,
    sums: [V; NV],
    to: *mut V::Number,
    left: usize,
) {
    // SAFETY: as the caller promises.
    unsafe {
        let Some(rate) = rate else {
            return store::<V, NV>(sums, to, left);
        };
        let rate = V::splat(rate);
        for (v, grad) in sums.into_iter().enumerate() {
            let values = to.add(v * V::LANES);
            V::load(values).descend(rate, grad).store(values);
        }
    }
}

/// Writes a panel's row, or the first `left` numbers of it.
///
/// # Safety
/// `to` is valid for the smaller of `left` and the panel's width.
#[inline(always)]
pub(crate) unsafe fn store<V: Simd, const NV: usize>(
    sums: [V; NV],
    to: *mut V::Number,
    left: usize,
) {
    let width = NV * V::LANES;
    // SAFETY: a whole panel fits, or else it goes to `room`, which holds the widest, and only the
    // numbers that fit are copied.
    unsafe {
        if left >= width {
            for (v, sum) in sums.into_iter().enumerate() {
                sum.store(to.add(v * V::LANES));
            }
        } else {
            let mut room = [V::Number::default(); 16];
            for (v, sum) in sums.into_iter().enumerate() {
                sum.store(room.as_mut_ptr().add(v * V::LANES));
            }
            std::ptr::copy_nonoverlapping(room.as_ptr(), to, left);
        }
    }
}
