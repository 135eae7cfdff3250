//! A small, persistent pool of threads.
//!
//! A step of training on a small network takes tens of microseconds, less than it costs to start
//! a thread. The threads here live as long as the pool, spin for a moment after each job and only
//! then go to sleep. The pool hands out *ownership*: piece `k` of a split always goes to the same
//! thread, so what a thread wrote in one step is still in its core's cache in the next. Only where
//! that thread is late, since the system runs something else on its core, the caller does its share
//! too: on a busy machine many threads are then no slower than one.

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::Aligned;
use crate::kernel::{Isa, Room};

/// Numbers below which [`Pool::split`] does not wake another thread: a pass over this many
/// takes about as long as handing them over does.
const WORTH_SPLITTING: usize = 1 << 14;

/// Turns of the waiting loop before a thread sleeps: some tens of microseconds.
const SPINS: u32 = 2_000;

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
/// pool.split(16, [&mut numbers], |range, [part]| {
///     for (i, number) in range.zip(part) {
///         *number += i as f64;
///     }
/// });
/// assert_eq!(numbers[99_999], 100_000.0);
/// ```
pub struct Pool {
    threads: usize,
    busy: AtomicBool,
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// The instructions that kernels run on.
    isa: Isa,
    /// For each thread what its kernels work in.
    scratch: Box<[Mutex<Scratch>]>,
    /// What all threads write lists to together.
    rooms: Mutex<Rooms>,
    /// For each thread a pool of one, for work that is split above the level of a product.
    alone: Box<[Arc<Pool>]>,
}

/// What the kernels of one thread work in. It grows to the largest job and then allocates nothing: its
/// size is a function of the shapes, never of the data.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) f32: Aligned<f32>,
    pub(crate) f64: Aligned<f64>,
}

/// What the threads write lists to.
#[derive(Debug, Default)]
pub struct Rooms {
    pub(crate) f32: Room<f32>,
    pub(crate) f64: Room<f64>,
}

/// A job: a function of the thread's number, borrowed from the caller's stack.
#[derive(Clone, Copy)]
struct Job(*const (dyn Fn(usize) + Sync));

// SAFETY: the function is `Sync`, and `Pool::run` keeps it alive until every worker is done with it.
unsafe impl Send for Job {}

struct Shared {
    job: Mutex<Option<Job>>,
    /// Goes up by one with each job.
    generation: AtomicU64,
    /// For each thread the last job whose share of that thread somebody has begun.
    begun: Box<[AtomicU64]>,
    /// Shares of the current job, the caller's apart, that are not finished.
    running: AtomicUsize,
    panicked: AtomicBool,
    stop: AtomicBool,
    /// Threads that sleep until the next job; changed under the lock alone.
    asleep: AtomicUsize,
    /// Whether the caller sleeps until the job is done; changed under the lock alone.
    waiting: AtomicBool,
    wake: Condvar,
    done: Condvar,
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
        let shared = Arc::new(Shared {
            job: Mutex::new(None),
            generation: AtomicU64::new(0),
            begun: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            running: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            waiting: AtomicBool::new(false),
            wake: Condvar::new(),
            done: Condvar::new(),
        });
        // More threads than cores: spinning would keep the others from the core they wait for.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spins = if threads > cores { 0 } else { SPINS };
        let started = Arc::new(Barrier::new(threads));
        let workers = (1..threads)
            .map(|thread| {
                let (shared, started) = (Arc::clone(&shared), Arc::clone(&started));
                std::thread::Builder::new()
                    .name(format!("backprop {thread}"))
                    .spawn(move || {
                        started.wait();
                        shared.work(thread, spins);
                    })
                    .expect("the system starts a thread")
            })
            .collect();
        // What a thread allocates to start is no part of the first job.
        started.wait();
        Pool {
            threads,
            busy: AtomicBool::new(false),
            shared,
            workers,
            isa,
            scratch: (0..threads).map(|_| Mutex::default()).collect(),
            rooms: Mutex::default(),
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
        self.scratch[thread]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `f` with the room for lists; with a new one where another caller of this pool has it.
    pub(crate) fn with_rooms<R>(&self, f: impl FnOnce(&mut Rooms) -> R) -> R {
        match self.rooms.try_lock() {
            Ok(mut rooms) => f(&mut rooms),
            Err(std::sync::TryLockError::Poisoned(rooms)) => f(&mut rooms.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => f(&mut Rooms::default()),
        }
    }

    /// The number of threads, the caller among them.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The thread that owns panel `k` of `panels`: contiguous, even shares, a pure function.
    ///
    /// ```
    /// use backprop_tensor::Pool;
    ///
    /// let pool = Pool::new(2);
    /// assert_eq!([0, 1, 2, 3, 4].map(|k| pool.owned(5, k)), [0, 0, 0, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// If `k >= panels`.
    #[track_caller]
    pub fn owned(&self, panels: usize, k: usize) -> usize {
        assert!(
            k < panels,
            "panel {k} of {panels}: the last one is {}",
            panels.wrapping_sub(1)
        );
        k * self.threads / panels
    }

    /// The panels that `thread` owns: those `k` with `owned(panels, k) == thread`.
    pub(crate) fn share(&self, panels: usize, thread: usize) -> Range<usize> {
        (thread * panels).div_ceil(self.threads)..((thread + 1) * panels).div_ceil(self.threads)
    }

    /// Cuts `slices`, all of one length, at multiples of `unit` and runs `f` on the parts, each
    /// with the range of elements that it covers.
    ///
    /// The unit numbered `k` goes to the thread [`owned`](Pool::owned)`(units, k)`; the last unit
    /// may be short. How many units one call gets depends on the number of threads and on the
    /// size of the work, so `f` must treat every element, or at least every unit, by itself.
    ///
    /// # Panics
    /// If `unit` is 0, the lengths differ, or `f` panics.
    #[track_caller]
    pub fn split<T: Send, const N: usize>(
        &self,
        unit: usize,
        slices: [&mut [T]; N],
        f: impl Fn(Range<usize>, [&mut [T]; N]) + Sync,
    ) {
        let length = common_length(unit, &slices);
        if length == 0 {
            return;
        }
        if self.threads == 1 || length < WORTH_SPLITTING {
            return f(0..length, slices);
        }
        self.parts(unit, slices, |_, range, parts| f(range, parts));
    }

    /// As [`split`](Self::split), however small the work is, for work that is far more than its
    /// result; `f` is told the thread's number too. It must not use this pool, but may use the
    /// thread's pool of [`alone`](Self::alone).
    ///
    /// # Panics
    /// As [`split`](Self::split).
    #[track_caller]
    pub fn parts<T: Send, const N: usize>(
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
    /// [`parts`](Self::parts).
    pub fn alone(&self) -> &[Arc<Pool>] {
        &self.alone
    }

    /// Runs `work` once for each thread's number and returns when all calls have returned.
    pub(crate) fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        if self.threads == 1 || self.busy.swap(true, Ordering::Acquire) {
            (0..self.threads).for_each(work);
            return;
        }
        // SAFETY: only the lifetime is forgotten. The function is called until `running` is 0, and
        // this one does not return, nor unwind, before that.
        let job: *const (dyn Fn(usize) + Sync + 'static) =
            unsafe { std::mem::transmute(work as *const (dyn Fn(usize) + Sync)) };
        let shared = &*self.shared;
        shared.running.store(self.threads - 1, Ordering::Relaxed);
        let generation = {
            let mut slot = shared.lock();
            *slot = Some(Job(job));
            shared.generation.fetch_add(1, Ordering::Release) + 1
        };
        // Whoever is about to sleep says so under the lock, so nobody is missed; telling the system
        // costs as much as a small product.
        if shared.asleep.load(Ordering::Relaxed) > 0 {
            shared.wake.notify_all();
        }
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        for thread in 1..self.threads {
            shared.share(Job(job), generation, thread);
        }
        shared.wait_until_done();
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        self.busy.store(false, Ordering::Release);
        if let Err(payload) = own {
            resume_unwind(payload);
        }
        assert!(
            !panicked,
            "a thread of the pool panicked; its message is above"
        );
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, thread: usize, spins: u32) {
        let mut seen = 0;
        while let Some(job) = self.next_job(&mut seen, spins) {
            self.share(job, seen, thread);
        }
    }

    /// Does a thread's share of a job, unless somebody has begun it.
    fn share(&self, job: Job, generation: u64, thread: usize) {
        let begun = &self.begun[thread];
        let before = generation - 1;
        let (done, failed) = (Ordering::AcqRel, Ordering::Relaxed);
        if begun
            .compare_exchange(before, generation, done, failed)
            .is_err()
        {
            return;
        }
        // SAFETY: this share has only now been begun, so `running` is above 0, and the caller of
        // `run` keeps the function alive until it is 0.
        let call = catch_unwind(AssertUnwindSafe(|| unsafe { (*job.0)(thread) }));
        if call.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
        if self.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Taking the lock orders this with a caller that is about to sleep.
            let slot = self.lock();
            let waiting = self.waiting.load(Ordering::Relaxed);
            drop(slot);
            if waiting {
                self.done.notify_one();
            }
        }
    }

    /// The next job after generation `seen`, or `None` when the pool is dropped.
    fn next_job(&self, seen: &mut u64, spins: u32) -> Option<Job> {
        for _ in 0..spins {
            if self.generation.load(Ordering::Acquire) != *seen {
                break;
            }
            std::hint::spin_loop();
        }
        let mut slot = self.lock();
        while self.generation.load(Ordering::Acquire) == *seen {
            if self.stop.load(Ordering::Acquire) {
                return None;
            }
            self.asleep.fetch_add(1, Ordering::Relaxed);
            slot = self.wake.wait(slot).unwrap_or_else(PoisonError::into_inner);
            self.asleep.fetch_sub(1, Ordering::Relaxed);
        }
        *seen = self.generation.load(Ordering::Acquire);
        *slot
    }

    fn wait_until_done(&self) {
        for _ in 0..SPINS {
            if self.running.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut slot = self.lock();
        self.waiting.store(true, Ordering::Relaxed);
        while self.running.load(Ordering::Acquire) != 0 {
            slot = self.done.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
        self.waiting.store(false, Ordering::Relaxed);
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

impl Drop for Pool {
    fn drop(&mut self) {
        {
            let _slot = self.shared.lock();
            self.shared.stop.store(true, Ordering::Release);
        }
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of a job, so joining cannot fail.
            let _ = worker.join();
        }
    }
}

impl Default for Pool {
    /// A pool of one thread: the caller.
    fn default() -> Self {
        Pool::new(1)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads)
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
                        assert_eq!(pool.owned(panels, k), thread);
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
                pool.split(48, [&mut a, &mut b], |range, [a, b]| {
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

    #[test]
    fn all_threads_work_many_times_over() {
        let pool = Pool::new(3);
        let calls = [const { AtomicUsize::new(0) }; 3];
        for _ in 0..500 {
            pool.run(&|thread| {
                calls[thread].fetch_add(1, Ordering::Relaxed);
            });
        }
        assert!(calls.iter().all(|n| n.load(Ordering::Relaxed) == 500));
    }

    #[test]
    fn a_job_within_a_job_runs_inline() {
        let pool = Pool::new(2);
        let calls = AtomicUsize::new(0);
        pool.run(&|_| {
            pool.run(&|_| {
                calls.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(calls.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(2);
        for culprit in [0, 1] {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.run(&|thread| assert_ne!(thread, culprit, "on purpose"));
            }));
            assert!(caught.is_err());
        }
        let calls = AtomicUsize::new(0);
        pool.run(&|_| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
