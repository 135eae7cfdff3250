//! A small, persistent pool of threads.
//!
//! A step of training on a small network takes tens of microseconds, less than it costs to start
//! a thread. The threads here live as long as the pool. It hands out *ownership*: piece `k` of a
//! split always goes to the same thread, so what a thread wrote in one step is still in its core's
//! cache in the next. Only where that thread is late, since the system runs something else on its
//! core, the caller does its share too: on a busy machine many threads are then no slower than one.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::AlignedVec;
use crate::kernel::{ColumnRoom, Isa};
use crate::threads::{Apart, Threads};

/// Numbers below which [`Pool::par_split`] does not wake another thread: a pass over this many
/// takes about as long as handing them over does.
pub(crate) const WORTH_SPLITTING: usize = 1 << 14;

/// A set of threads that work on parts of a slice.
///
/// A `Pool` is made by whoever trains and passed down in an `Arc`; there is no global one. The
/// caller of a job works too, so a pool of one thread starts none. Results never depend on the
/// number of threads, because no sum is ever split between them. A pool that is already in use,
/// by another thread or by the job itself, runs the work inline.
///
/// ```
/// use backprop_tensor::Pool;
///
/// let pool = Pool::new(2);
/// let mut numbers = vec![1.0; 100_000];
/// pool.par_split(16, [&mut numbers], |range, [part]| {
///     for (i, number) in range.zip(part) {
///         *number += i as f64;
///     }
/// });
/// assert_eq!(numbers[99_999], 100_000.0);
/// ```
pub struct Pool {
    threads: Threads,
    /// The instructions that kernels run on.
    isa: Isa,
    /// For each thread what its kernels work in.
    scratch: Box<[Apart<Mutex<Scratch>>]>,
    /// For each thread a pool of one, for work that is split above the level of a product.
    alone: Box<[Arc<Pool>]>,
}

/// What the kernels of one thread work in. It grows to the largest job and then allocates nothing: its
/// size is a function of the shapes, never of the data.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) f32: Space<f32>,
    pub(crate) f64: Space<f64>,
}

/// The same for one type of number.
#[derive(Debug, Default)]
pub struct Space<T> {
    pub(crate) buffer: AlignedVec<T>,
    pub(crate) columns: ColumnRoom<T>,
}

impl Pool {
    /// Starts a pool of `threads` threads, the caller among them; 0 is taken as 1.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn new(threads: usize) -> Self {
        Pool::with_isa(threads, Isa::best())
    }

    /// A pool whose kernels run on these instructions: for tests of all that this CPU has.
    ///
    /// # Panics
    /// If the CPU does not have them, or the system cannot start a thread.
    #[doc(hidden)]
    pub fn with_isa(threads: usize, isa: Isa) -> Self {
        assert!(Isa::all().contains(&isa), "this CPU does not have {isa:?}");
        let threads = threads.max(1);
        Pool {
            threads: Threads::new(threads),
            isa,
            scratch: (0..threads).map(|_| Apart::default()).collect(),
            alone: match threads {
                1 => Box::default(),
                _ => (0..threads)
                    .map(|_| Arc::new(Pool::with_isa(1, isa)))
                    .collect(),
            },
        }
    }

    /// The instructions that kernels run on.
    pub(crate) fn isa(&self) -> Isa {
        self.isa
    }

    /// What the kernels of this thread work in. Nobody waits for it, except where several callers
    /// use one pool at the same time.
    pub(crate) fn scratch(&self, thread: usize) -> std::sync::MutexGuard<'_, Scratch> {
        let Apart(scratch) = &self.scratch[thread];
        scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of threads, the caller among them.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// The thread that owns panel `k` of `panels`: contiguous, even shares, a pure function.
    ///
    /// ```
    /// use backprop_tensor::Pool;
    ///
    /// let pool = Pool::new(2);
    /// assert_eq!([0, 1, 2, 3, 4].map(|k| pool.owner_of(5, k)), [0, 0, 0, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// If `k >= panels`.
    #[track_caller]
    pub fn owner_of(&self, panels: usize, k: usize) -> usize {
        assert!(
            k < panels,
            "panel {k} of {panels}: the last one is {}",
            panels.wrapping_sub(1)
        );
        k * self.threads() / panels
    }

    /// The panels that `thread` owns: those `k` with `owner_of(panels, k) == thread`.
    pub(crate) fn share(&self, panels: usize, thread: usize) -> Range<usize> {
        let threads = self.threads();
        (thread * panels).div_ceil(threads)..((thread + 1) * panels).div_ceil(threads)
    }

    /// Cuts `slices`, all of one length, at multiples of `unit` and runs `f` on the parts, each
    /// with the range of elements that it covers.
    ///
    /// The unit numbered `k` goes to the thread [`owner_of`](Pool::owner_of)`(units, k)`; the last unit
    /// may be short. How many units one call gets depends on the number of threads and on the
    /// size of the work, so `f` must treat every element, or at least every unit, by itself.
    ///
    /// # Panics
    /// If `unit` is 0, the lengths differ, or `f` panics.
    #[track_caller]
    pub fn par_split<T: Send, const N: usize>(
        &self,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(Range<usize>, [&mut [T]; N]) + Sync,
    ) {
        let length = common_length(unit, &slices);
        if length == 0 {
            return;
        }
        if self.threads() == 1 || length < WORTH_SPLITTING {
            return f(0..length, slices);
        }
        self.par_split_always(unit, slices, |_, range, parts| f(range, parts));
    }

    /// As [`par_split`](Self::par_split), however small the work is, for work that is far more than its
    /// result; `f` is told the thread's number too. It must not use this pool, but may use the
    /// thread's pool of [`single_thread_pools`](Self::single_thread_pools).
    ///
    /// # Panics
    /// As [`par_split`](Self::par_split).
    #[track_caller]
    pub fn par_split_always<T: Send, const N: usize>(
        &self,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(usize, Range<usize>, [&mut [T]; N]) + Sync,
    ) {
        let length = common_length(unit, &slices);
        let units = length.div_ceil(unit);
        let starts = slices.map(|slice| Start(slice.as_mut_ptr()));
        self.run(&|thread| {
            let share = self.share(units, thread);
            let range = share.start * unit..(share.end * unit).min(length);
            if range.start >= range.end {
                return;
            }
            let parts = starts.each_ref().map(|start| {
                // SAFETY: `range` lies within the slice, the ranges of different threads do not
                // meet, `run` calls each thread's number once, and the slices stay borrowed
                // until `run` returns.
                unsafe { std::slice::from_raw_parts_mut(start.at(range.start), range.len()) }
            });
            f(thread, range, parts);
        });
    }

    /// A pool of one thread for each thread of this one that has several, to compute with in
    /// [`par_split_always`](Self::par_split_always).
    pub fn single_thread_pools(&self) -> &[Arc<Pool>] {
        &self.alone
    }

    /// Runs `work` once for each thread's number and returns when all calls have returned.
    pub(crate) fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        self.threads.run(work);
    }
}

/// The length of slices that are split together into units.
#[track_caller]
fn common_length<T>(unit: usize, slices: &[&mut [T]]) -> usize {
    assert!(unit > 0, "a unit of 0 elements cannot be split off");
    let length = slices.first().map_or(0, |slice| slice.len());
    for slice in slices {
        assert_eq!(
            slice.len(),
            length,
            "slices that are split together have one length"
        );
    }
    length
}

/// The start of a slice whose parts go to different threads.
#[derive(Debug)]
pub(crate) struct Start<T>(pub(crate) *mut T);

impl<T> Clone for Start<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Start<T> {}

impl<T> Start<T> {
    /// The element at `offset`.
    ///
    /// # Safety
    /// `offset` is at most the length of the slice.
    pub(crate) unsafe fn at(&self, offset: usize) -> *mut T {
        // SAFETY: within the slice or one past its end, as the caller promises.
        unsafe { self.0.add(offset) }
    }
}

// SAFETY: a `Start` is only turned into slices of disjoint ranges, one thread each, as `&mut [T]`
// could be sent there.
unsafe impl<T: Send> Sync for Start<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Start<T> {}

impl Default for Pool {
    /// A pool of one thread: the caller.
    fn default() -> Self {
        Pool::new(1)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_has_one_owner_and_shares_are_contiguous() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            for panels in 1..40 {
                let mut next = 0;
                for thread in 0..threads {
                    for k in pool.share(panels, thread) {
                        assert_eq!(k, next);
                        assert_eq!(pool.owner_of(panels, k), thread);
                        next += 1;
                    }
                }
                assert_eq!(next, panels);
            }
        }
    }

    #[test]
    fn every_element_is_visited_once_with_its_own_index() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            for length in [0, 1, 1000, WORTH_SPLITTING, WORTH_SPLITTING + 13] {
                let (mut a, mut b) = (vec![0_usize; length], vec![1_usize; length]);
                pool.par_split(48, [&mut a, &mut b], |range, [a, b]| {
                    assert!(range.start % 48 == 0, "cut inside a unit");
                    for ((i, a), b) in range.zip(a).zip(b) {
                        *a += i;
                        *b += i;
                    }
                });
                assert!(a.iter().enumerate().all(|(i, &x)| x == i));
                assert!(b.iter().enumerate().all(|(i, &x)| x == i + 1));
            }
        }
    }
}
