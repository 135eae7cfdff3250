//! Products that skip the zeros of their left side, also where the right side holds NaN.
//!
//! A list of what is not zero is made once for some rows; then each product walks it. The sums run
//! in the same order as in [`super::dense`], so skipping changes no bit of a finite result (a sum
//! never starts from -0).

use super::dense::{Start, store};
use super::simd::Simd;

/// A number that is not zero: where its part of the right side lies, and its value.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Entry<T> {
    /// Numbers from the start of a panel.
    pub(super) offset: u32,
    pub(super) value: T,
}

/// Lists of entries, one after the other; list `k` is `entries[starts[k]..starts[k + 1]]`.
#[derive(Clone, Copy)]
pub(crate) struct Lists<'a, T> {
    pub(crate) starts: &'a [u32],
    pub(crate) entries: &'a [Entry<T>],
}

/// Lists what is not zero in each of some rows of `inputs` numbers, `row_stride` apart, with the
/// offset `i * scale` for column `i`. Gives false, and no lists, where `entries` is too short.
///
/// # Safety
/// The CPU has the instructions of `V`; all rows are valid for reads.
#[inline(always)]
pub(crate) unsafe fn list_rows<V: Simd>(
    x: *const V::Number,
    row_stride: usize,
    inputs: usize,
    scale: usize,
    starts: &mut [u32],
    entries: &mut [Entry<V::Number>],
) -> bool {
    let mut count = 0;
    starts[0] = 0;
    for (row, start) in starts[1..].iter_mut().enumerate() {
        // From here to the end of the row at most `inputs` entries are written.
        if count + inputs > entries.len() {
            return false;
        }
        // SAFETY: every read is of a number in the row, and every write of an entry below
        // `count + inputs`, as the number of entries grows by at most one for each number.
        unsafe {
            let x = x.add(row * row_stride);
            let mut first = 0;
            while first + V::LANES <= inputs {
                let mut mask = V::load(x.add(first)).nonzero();
                while mask != 0 {
                    let at = first + mask.trailing_zeros() as usize;
                    let entry = Entry {
                        offset: (at * scale) as u32,
                        value: *x.add(at),
                    };
                    *entries.get_unchecked_mut(count) = entry;
                    count += 1;
                    mask &= mask - 1;
                }
                first += V::LANES;
            }
            for at in first..inputs {
                if *x.add(at) != V::Number::default() {
                    let entry = Entry {
                        offset: (at * scale) as u32,
                        value: *x.add(at),
                    };
                    *entries.get_unchecked_mut(count) = entry;
                    count += 1;
                }
            }
        }
        *start = count as u32;
    }
    true
}

/// Turns lists by row into lists by column: a counting sort, so each column's rows are in order.
/// Row `b` gets the offset `b * scale`; the offsets of `rows` are the columns.
pub(crate) fn transpose<T: Copy>(
    rows: Lists<'_, T>,
    scale: usize,
    starts: &mut [u32],
    entries: &mut [Entry<T>],
) {
    starts.fill(0);
    let columns = starts.len() - 1;
    let used = *rows.starts.last().expect("lists have an end") as usize;
    for entry in &rows.entries[..used] {
        starts[entry.offset as usize + 1] += 1;
    }
    for column in 0..columns {
        starts[column + 1] += starts[column];
    }
    for (row, ends) in rows.starts.windows(2).enumerate() {
        for entry in &rows.entries[ends[0] as usize..ends[1] as usize] {
            let slot = &mut starts[entry.offset as usize];
            entries[*slot as usize] = Entry {
                offset: (row * scale) as u32,
                value: entry.value,
            };
            *slot += 1;
        }
    }
    // Each start has moved to its column's end, which is the next one's start.
    starts.copy_within(0..columns, 1);
    starts[0] = 0;
}

/// One product of lists and panels.
pub(crate) struct Sparse<'a, T> {
    /// A list for each row of C.
    pub(crate) lists: Lists<'a, T>,
    /// Columns of C, in panels, the last of which may be narrower.
    pub(crate) columns: usize,
    /// The right side: panels, this far apart.
    pub(crate) b: *const T,
    pub(crate) b_panel: usize,
    pub(crate) start: Start<T>,
    /// C, with the strides of rows and of panels.
    pub(crate) c: *mut T,
    pub(crate) c_row: usize,
    pub(crate) c_panel: usize,
}

/// Computes the product, G panels at a time.
///
/// # Safety
/// The CPU has the instructions of `V`. The panels are valid at all offsets of the lists and C at
/// all elements that its sizes and strides reach, and C overlaps nothing.
#[inline(always)]
pub(crate) unsafe fn sparse<V: Simd, const NV: usize, const G: usize>(job: &Sparse<'_, V::Number>) {
    let panels = job.columns.div_ceil(NV * V::LANES);
    let mut panel = 0;
    // SAFETY: these panels are within C, so all is as the caller promises.
    unsafe {
        while panels - panel >= G {
            group::<V, NV, G>(job, panel);
            panel += G;
        }
        while panels - panel >= 2 {
            group::<V, NV, 2>(job, panel);
            panel += 2;
        }
        if panel < panels {
            group::<V, NV, 1>(job, panel);
        }
    }
}

/// # Safety
/// As for [`sparse`]; G panels from `panel` lie within C.
#[inline(always)]
unsafe fn group<V: Simd, const NV: usize, const G: usize>(
    job: &Sparse<'_, V::Number>,
    panel: usize,
) {
    let width = NV * V::LANES;
    for (row, ends) in job.lists.starts.windows(2).enumerate() {
        let list = &job.lists.entries[ends[0] as usize..ends[1] as usize];
        // SAFETY: all offsets lie within what the caller promises.
        unsafe {
            let c = job.c.add(row * job.c_row + panel * job.c_panel);
            let b = job.b.add(panel * job.b_panel);
            let mut sums = [[V::splat(V::Number::default()); NV]; G];
            for (g, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    match job.start {
                        Start::Zero => {}
                        Start::Row(start) => {
                            *sum = V::load(start.add((panel + g) * width + v * V::LANES));
                        }
                        Start::Kept => *sum = V::load(c.add(g * job.c_panel + v * V::LANES)),
                    }
                }
            }
            for entry in list {
                let left = V::splat(entry.value);
                let b = b.add(entry.offset as usize);
                for (g, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load(b.add(g * job.b_panel + v * V::LANES)).mul_add(left, *sum);
                    }
                }
            }
            for (g, sums) in sums.into_iter().enumerate() {
                let left = job.columns - (panel + g) * width;
                store::<V, NV>(sums, c.add(g * job.c_panel), left);
            }
        }
    }
}
