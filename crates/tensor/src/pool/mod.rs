//! A small, persistent pool of threads.
//!
//! A training step of a small network takes tens of microseconds, less than the start of a thread.
//! So the threads of a pool live as long as the pool. The pool assigns *ownership*: chunk `k` of a
//! split always runs on the same worker, so that what the worker wrote in one step is still in the
//! cache of its core in the next step. Only if the worker is late, because the system runs
//! something else on its core, the caller runs the worker's chunk as well: on a busy machine a pool
//! of many threads is then no slower than one thread.

mod cache_padded;
mod sync_ptr;
mod workers;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cutoffs::PAR_MIN_ELEMENTS;
use crate::scratch::Scratch;

use cache_padded::CachePadded;
pub(crate) use sync_ptr::SyncPtr;
use workers::Workers;

/// A set of threads that work on chunks of a slice.
///
/// A program makes a `Pool` and passes it down, in an `Arc` where several values keep it; there is
/// no global pool. The thread that submits a job is one of the pool's threads, so a pool of one
/// thread starts none. Results never depend on the number of threads, because no sum is ever split
/// between threads. While a pool runs a job, further jobs, from another thread or from within the
/// job, run on the thread that submits them.
///
/// ```
/// use backprop_tensor::Pool;
///
/// let pool = Pool::new(2);
/// let mut values = vec![1.0; 100_000];
/// pool.par_split(16, [&mut values], |range, [chunk]| {
///     for (i, value) in range.zip(chunk) {
///         *value += i as f64;
///     }
/// });
/// assert_eq!(values[99_999], 100_000.0);
/// ```
pub struct Pool {
    workers: Workers,
    /// The buffers of each thread's kernels.
    scratch: Box<[CachePadded<Mutex<Scratch>>]>,
    /// A pool of one thread for each thread, for work that is split above the level of a product.
    single_thread_pools: Box<[Arc<Pool>]>,
}

impl Pool {
    /// Starts a pool of `threads` threads, the calling thread among them; 0 means 1.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        Pool {
            workers: Workers::new(threads),
            scratch: (0..threads).map(|_| CachePadded::default()).collect(),
            single_thread_pools: match threads {
                1 => Box::default(),
                _ => (0..threads).map(|_| Arc::new(Pool::new(1))).collect(),
            },
        }
    }

    /// The buffers of this thread's kernels. The lock is contended only if several callers use one
    /// pool at the same time.
    pub(crate) fn scratch(&self, thread: usize) -> MutexGuard<'_, Scratch> {
        let CachePadded(scratch) = &self.scratch[thread];
        scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of threads, the calling thread among them.
    ///
    /// ```
    /// assert_eq!(backprop_tensor::Pool::new(2).threads(), 2);
    /// ```
    pub fn threads(&self) -> usize {
        self.workers.count()
    }

    /// The thread that owns panel `k` of `panels`. Each thread owns one contiguous chunk; the sizes
    /// of two chunks differ by at most one panel.
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

    /// The panels that `thread` owns: the `k` with `owner_of(panels, k) == thread`.
    pub(crate) fn chunk_of(&self, panels: usize, thread: usize) -> Range<usize> {
        let threads = self.threads();
        (thread * panels).div_ceil(threads)..((thread + 1) * panels).div_ceil(threads)
    }

    /// Splits `slices`, all of one length, at multiples of `unit` elements, and calls `f` with the
    /// range of elements of each chunk and the chunks of the slices.
    ///
    /// Unit `k` goes to the thread [`owner_of`](Pool::owner_of)`(units, k)`; the last unit may be
    /// short. Slices of fewer than [`PAR_MIN_ELEMENTS`] elements are not split. How many units a
    /// call gets depends on the number of threads, so `f` must treat every element, or at least
    /// every unit, by itself.
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
        if self.threads() == 1 || length < PAR_MIN_ELEMENTS {
            return f(0..length, slices);
        }
        self.par_split_always(unit, slices, |_, range, chunks| f(range, chunks));
    }

    /// Splits `slices` as [`par_split`](Self::par_split) does, but always, however short they are:
    /// for a callback that takes much longer than writing its chunk.
    ///
    /// `f` gets the thread's index as well. It must not use this pool, but may use its thread's
    /// pool of [`single_thread_pools`](Self::single_thread_pools).
    ///
    /// ```
    /// use backprop_tensor::Pool;
    ///
    /// let mut owners = [9; 4];
    /// Pool::new(2).par_split_always(1, [&mut owners], |thread, _, [chunk]| chunk.fill(thread));
    /// assert_eq!(owners, [0, 0, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// If `unit` is 0, the lengths differ, or `f` panics.
    #[track_caller]
    pub fn par_split_always<T: Send, const N: usize>(
        &self,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(usize, Range<usize>, [&mut [T]; N]) + Sync,
    ) {
        let length = common_length(unit, &slices);
        let units = length.div_ceil(unit);
        let starts = slices.map(|slice| SyncPtr(slice.as_mut_ptr()));
        self.run(&|thread| {
            let chunk = self.chunk_of(units, thread);
            let range = chunk.start * unit..(chunk.end * unit).min(length);
            if range.start >= range.end {
                return;
            }
            let chunks = starts.each_ref().map(|start| {
                // SAFETY: `range` lies within the slice, the ranges of two threads are disjoint,
                // `run` calls each thread's index once, and the slices stay borrowed until `run`
                // returns.
                unsafe { std::slice::from_raw_parts_mut(start.at(range.start), range.len()) }
            });
            f(thread, range, chunks);
        });
    }

    /// Calls `f(thread, chunk)` for each thread that owns some of `count` items; without a split,
    /// once with all items.
    #[inline]
    pub(crate) fn for_each_chunk(
        &self,
        split: bool,
        count: usize,
        f: impl Fn(usize, Range<usize>) + Sync,
    ) {
        if self.threads() == 1 || count <= 1 || !split {
            f(0, 0..count);
        } else {
            self.run(&|thread| {
                let chunk = self.chunk_of(count, thread);
                if !chunk.is_empty() {
                    f(thread, chunk);
                }
            });
        }
    }

    /// A pool of one thread for each thread of this pool, to compute with in
    /// [`par_split_always`](Self::par_split_always): whole networks on different rows, say. Empty
    /// in a pool of one thread.
    ///
    /// ```
    /// use backprop_tensor::Pool;
    ///
    /// assert_eq!(Pool::new(3).single_thread_pools().len(), 3);
    /// assert!(Pool::new(1).single_thread_pools().is_empty());
    /// ```
    pub fn single_thread_pools(&self) -> &[Arc<Pool>] {
        &self.single_thread_pools
    }

    /// Runs `job` once for each thread's index and returns when all calls have returned.
    pub(crate) fn run(&self, job: &(dyn Fn(usize) + Sync)) {
        self.workers.run(job);
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

impl Default for Pool {
    /// A pool of one thread: the calling thread.
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
    fn every_panel_has_one_owner_and_chunks_are_contiguous() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            for panels in 1..40 {
                let mut next = 0;
                for thread in 0..threads {
                    for k in pool.chunk_of(panels, thread) {
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
            for length in [0, 1, 1000, PAR_MIN_ELEMENTS, PAR_MIN_ELEMENTS + 13] {
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
