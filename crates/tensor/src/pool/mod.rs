//! A small, persistent pool of threads.
//!
//! A training step of a small network takes tens of microseconds, less than the start of a thread.
//! So the threads of a pool live as long as the pool. The pool assigns *ownership*: chunk `k` of a
//! split always runs on the same worker, so that what the worker wrote in one step is still in the
//! cache of its core in the next step. Only if the worker is late, because the system runs
//! something else on its core, the caller runs the worker's chunk as well: on a busy machine a pool
//! of many threads is then no slower than one thread.
//!
//! How many threads get a share depends on the work and on the machine: a pool measures how long
//! its threads take to meet, when it is made and from time to time, and leaves asleep those that
//! would cost more time than they save.

mod cache_padded;
mod measure;
mod sharing;
mod sync_ptr;
mod workers;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cutoffs::elementwise_ns;
use crate::scratch::Scratch;

use cache_padded::CachePadded;
use sharing::Sharing;
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
    sharing: Sharing,
    /// The buffers of each thread's kernels.
    scratch: Box<[CachePadded<Mutex<Scratch>>]>,
    /// A pool of one thread for each thread, for work that is split above the level of a product.
    single_thread_pools: Box<[Arc<Pool>]>,
}

impl Pool {
    /// Starts a pool of `threads` threads, the calling thread among them; 0 means 1.
    ///
    /// The pool measures how long its threads take to meet, which takes less than half a
    /// millisecond, and measures it again from time to time. Threads for which the system grants no
    /// core of their own get no share of a job that another thread can do.
    ///
    /// # Panics
    /// If the system cannot start a thread, or with more than 65,535 threads.
    pub fn new(threads: usize) -> Self {
        let workers = Workers::new(threads.max(1));
        let sharing = Sharing::measured(&workers);
        Pool::with(workers, sharing)
    }

    /// Starts a pool that shares its jobs as on a machine with a core for each thread, on which all
    /// threads meet in this time: for tests and benchmarks. The time is not measured.
    ///
    /// With a time of zero all threads share every job, however small, as far as it can be split.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use backprop_tensor::Pool;
    ///
    /// let owners = |meeting_time| {
    ///     let (pool, mut owners) = (Pool::with_meeting_time(2, meeting_time), [9; 4]);
    ///     pool.par_split_work(1e4, 1, [&mut owners], |thread, _, [chunk]| chunk.fill(thread));
    ///     owners
    /// };
    /// assert_eq!(owners(Duration::from_nanos(50)), [0, 0, 1, 1]);
    /// assert_eq!(owners(Duration::from_micros(20)), [0, 0, 0, 0]);
    /// ```
    ///
    /// # Panics
    /// If the system cannot start a thread, or with more than 65,535 threads.
    pub fn with_meeting_time(threads: usize, meeting_time: Duration) -> Self {
        let workers = Workers::new(threads.max(1));
        let sharing = Sharing::fixed(workers.count(), meeting_time);
        Pool::with(workers, sharing)
    }

    fn with(workers: Workers, sharing: Sharing) -> Self {
        let threads = workers.count();
        Pool {
            workers,
            sharing,
            scratch: (0..threads).map(|_| CachePadded::default()).collect(),
            single_thread_pools: match threads {
                1 => Box::default(),
                _ => (0..threads).map(|_| Arc::new(Pool::new(1))).collect(),
            },
        }
    }

    /// The time that the threads take to meet, as last measured or as given; `None` if no job is
    /// shared, because the pool has one thread or the system grants one core.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use backprop_tensor::Pool;
    ///
    /// let time = Duration::from_nanos(300);
    /// assert_eq!(Pool::with_meeting_time(2, time).meeting_time(), Some(time));
    /// assert_eq!(Pool::new(1).meeting_time(), None);
    /// ```
    pub fn meeting_time(&self) -> Option<Duration> {
        self.sharing.meeting_time()
    }

    /// The number of jobs so far that several threads got a share of: each time, the threads had to
    /// meet. Jobs of callers that use the pool at the same time may be missing.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use backprop_tensor::Pool;
    ///
    /// let pool = Pool::with_meeting_time(2, Duration::from_nanos(300));
    /// for work_ns in [1e3, 1e4, 1e5] {
    ///     pool.par_split_work(work_ns, 1, [&mut [0; 8]], |_, _, [chunk]| chunk.fill(1));
    /// }
    /// assert_eq!(pool.meetings(), 2);
    /// ```
    pub fn meetings(&self) -> u64 {
        self.sharing.meetings()
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

    /// The thread that owns panel `k` of `panels` where all threads get a share. Each thread owns one
    /// contiguous chunk; the sizes of two chunks differ by at most one panel.
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

    /// Splits `slices`, all of one length, at multiples of `unit` elements, and calls `f` with the
    /// range of elements of each chunk and the chunks of the slices.
    ///
    /// The last unit may be short. Slices of so few elements that other threads would cost more time
    /// than they save are not split. How many units a call gets depends on the number of threads and
    /// on the machine, so `f` must treat every element, or at least every unit, by itself.
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
        let work_ns = elementwise_ns(common_length(unit, &slices));
        self.par_split_work(work_ns, unit, slices, |_, range, chunks| f(range, chunks));
    }

    /// Splits `slices` as [`par_split`](Self::par_split) does, for a callback whose calls take
    /// `work_ns` nanoseconds in all on one thread, as estimated by the caller: the work decides on
    /// how many threads it ends soonest.
    ///
    /// `f` gets the thread's index as well. It must not use this pool, but may use its thread's
    /// pool of [`single_thread_pools`](Self::single_thread_pools).
    ///
    /// # Panics
    /// If `unit` is 0, the lengths differ, or `f` panics.
    #[track_caller]
    pub fn par_split_work<T: Send, const N: usize>(
        &self,
        work_ns: f64,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(usize, Range<usize>, [&mut [T]; N]) + Sync,
    ) {
        let length = common_length(unit, &slices);
        if length == 0 {
            return;
        }
        match self.threads_for(work_ns).min(length.div_ceil(unit)) {
            1 => f(0, 0..length, slices),
            threads => self.split_into(threads, unit, slices, f),
        }
    }

    /// Splits `slices` between all threads, however short they are and whatever the machine is; unit
    /// `k` goes to the thread [`owner_of`](Pool::owner_of)`(units, k)`.
    ///
    /// `f` is as in [`par_split_work`](Self::par_split_work).
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
        self.split_into(self.threads(), unit, slices, f);
    }

    #[track_caller]
    fn split_into<T: Send, const N: usize>(
        &self,
        threads: usize,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(usize, Range<usize>, [&mut [T]; N]) + Sync,
    ) {
        let length = common_length(unit, &slices);
        let units = length.div_ceil(unit);
        let starts = slices.map(|slice| SyncPtr(slice.as_mut_ptr()));
        self.sharing.count_meeting();
        self.workers.run(threads, &|thread| {
            let chunk = chunk_of(units, thread, threads);
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

    /// Calls `f(thread, chunk)` for each thread that owns some of `count` items, whose work takes
    /// `work_ns` nanoseconds in all; where a split does not pay, once with all items.
    #[inline]
    pub(crate) fn for_each_chunk(
        &self,
        work_ns: f64,
        count: usize,
        f: impl Fn(usize, Range<usize>) + Sync,
    ) {
        let threads = self.threads_for(work_ns).min(count);
        if threads <= 1 {
            f(0, 0..count);
        } else {
            self.sharing.count_meeting();
            self.workers.run(threads, &|thread| {
                f(thread, chunk_of(count, thread, threads));
            });
        }
    }

    /// The number of threads that get a share of `work_ns` nanoseconds of work.
    #[inline]
    fn threads_for(&self, work_ns: f64) -> usize {
        match self.threads() {
            1 => 1,
            _ => self.sharing.threads_for(&self.workers, work_ns),
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
}

/// The panels that `thread` owns, where `threads` threads get a share.
fn chunk_of(panels: usize, thread: usize, threads: usize) -> Range<usize> {
    (thread * panels).div_ceil(threads)..((thread + 1) * panels).div_ceil(threads)
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
mod tests;
