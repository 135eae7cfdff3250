//! The threads of a pool: how a job comes to all of them, and how its end is known.
//!
//! A step of training has a dozen jobs of some microseconds each, so what lies between two of them
//! counts: here a job costs four messages from one core to another and no call of the system. A
//! thread that has nothing to do spins for a moment and only then sleeps.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Turns of the waiting loop before a thread sleeps: about a hundred microseconds, so that it is still
/// awake after those parts of a step that one thread does alone. Waking it takes as long as a product.
const SPINS: u32 = 10_000;

/// A job: a function of a thread's number.
type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// A set of threads, the caller of a job among them.
pub(crate) struct Threads {
    count: usize,
    busy: AtomicBool,
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// Two cache lines of its own, as they are fetched in pairs: what one thread writes then does not
/// take from another what lies beside it.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

struct Shared {
    job: Apart<Announced>,
    /// For each thread the last job whose share of that thread somebody has begun.
    begun: Box<[Apart<AtomicU64>]>,
    /// Shares of the current job, the caller's apart, that are not finished.
    running: Apart<AtomicUsize>,
    panicked: AtomicBool,
    stop: AtomicBool,
    /// Threads that sleep, or are about to, until the next job.
    asleep: AtomicUsize,
    /// Whether the caller sleeps, or is about to, until the job is done.
    waiting: AtomicBool,
    /// Held while somebody decides to sleep and while sleepers are called.
    sleep: Mutex<()>,
    wake: Condvar,
    done: Condvar,
}

/// What the caller tells the others.
struct Announced {
    /// Goes up by one with each job.
    generation: AtomicU64,
    /// Where the caller of [`Threads::run`] keeps its job. Valid from before the generation goes up
    /// until `running` is 0.
    work: AtomicPtr<Work<'static>>,
}

impl Threads {
    /// Starts `count` threads less the caller.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub(crate) fn new(count: usize) -> Self {
        let shared = Arc::new(Shared {
            job: Apart(Announced {
                generation: AtomicU64::new(0),
                work: AtomicPtr::default(),
            }),
            begun: (0..count).map(|_| Apart::default()).collect(),
            running: Apart::default(),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            waiting: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            done: Condvar::new(),
        });
        // More threads than cores: spinning would keep the others from the core they wait for.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spins = if count > cores { 0 } else { SPINS };
        let started = Arc::new(Barrier::new(count));
        let workers = (1..count)
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
        Threads {
            count,
            busy: AtomicBool::new(false),
            shared,
            workers,
        }
    }

    /// How many they are, the caller among them.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Runs `work` once for each thread's number and returns when all calls have returned; all on
    /// the caller where the threads are at work already.
    pub(crate) fn run(&self, work: Work<'_>) {
        if self.count == 1 || self.busy.swap(true, Ordering::Acquire) {
            (0..self.count).for_each(work);
            return;
        }
        let shared = &*self.shared;
        // SAFETY: only the lifetime is forgotten. Whoever calls the function has begun a share, and
        // this does not return, nor unwind, before all shares are finished.
        let kept: Work<'static> = unsafe { std::mem::transmute::<Work<'_>, Work<'static>>(work) };
        let announced = &shared.job.0;
        announced
            .work
            .store((&raw const kept).cast_mut(), Ordering::Relaxed);
        shared.running.0.store(self.count - 1, Ordering::Relaxed);
        // This orders the two stores above before whatever sees the new generation. Either it comes
        // before a thread looks for the last time and stays awake, or that thread is counted below.
        let generation = announced.generation.fetch_add(1, Ordering::SeqCst) + 1;
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            drop(shared.sleep_lock());
            shared.wake.notify_all();
        }
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        for thread in 1..self.count {
            shared.share(generation, thread);
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
    fn sleep_lock(&self) -> MutexGuard<'_, ()> {
        self.sleep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, thread: usize, spins: u32) {
        let mut seen = 0;
        while let Some(generation) = self.next_job(seen, spins) {
            seen = generation;
            self.share(generation, thread);
        }
    }

    /// Does a thread's share of a job, unless somebody has begun it.
    fn share(&self, generation: u64, thread: usize) {
        let begun = &self.begun[thread].0;
        let before = generation - 1;
        if begun.load(Ordering::Relaxed) != before
            || begun
                .compare_exchange(before, generation, Ordering::AcqRel, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let work = self.job.0.work.load(Ordering::Relaxed);
        // SAFETY: this share has only now been begun, so the job of this generation is not done:
        // its caller waits and keeps the function, and where it lies, alive, and nobody has
        // announced another one. The caller's store is seen, as the generation was.
        let call = catch_unwind(AssertUnwindSafe(|| unsafe { (*work)(thread) }));
        if call.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
        // Either the caller sees that nothing is left, or it is seen here to be about to sleep.
        if self.running.0.fetch_sub(1, Ordering::SeqCst) == 1 && self.waiting.load(Ordering::SeqCst)
        {
            drop(self.sleep_lock());
            self.done.notify_one();
        }
    }

    /// The generation of the job after `seen`, or `None` when there will be no more.
    fn next_job(&self, seen: u64, spins: u32) -> Option<u64> {
        let current = |ordering| {
            let generation = self.job.0.generation.load(ordering);
            (generation != seen).then_some(generation)
        };
        for _ in 0..spins {
            if let Some(generation) = current(Ordering::Acquire) {
                return Some(generation);
            }
            std::hint::spin_loop();
        }
        let mut lock = self.sleep_lock();
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let generation = loop {
            if let Some(generation) = current(Ordering::SeqCst) {
                break Some(generation);
            }
            if self.stop.load(Ordering::Acquire) {
                break None;
            }
            lock = self.wake.wait(lock).unwrap_or_else(PoisonError::into_inner);
        };
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        generation
    }

    fn wait_until_done(&self) {
        for _ in 0..SPINS {
            if self.running.0.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut lock = self.sleep_lock();
        self.waiting.store(true, Ordering::SeqCst);
        while self.running.0.load(Ordering::SeqCst) != 0 {
            lock = self.done.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
        self.waiting.store(false, Ordering::SeqCst);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        {
            let _lock = self.shared.sleep_lock();
            self.shared.stop.store(true, Ordering::Release);
        }
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of a job, so joining cannot fail.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_work_many_times_over() {
        for count in [2, 3, 8] {
            let threads = Threads::new(count);
            let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..500 {
                threads.run(&|thread| {
                    calls[thread].fetch_add(1, Ordering::Relaxed);
                });
            }
            assert!(calls.iter().all(|n| n.load(Ordering::Relaxed) == 500));
        }
    }

    // What one job writes without a lock the next one reads, on another thread.
    #[test]
    fn a_job_sees_what_the_one_before_wrote() {
        struct Cells(Vec<std::cell::UnsafeCell<usize>>);
        // SAFETY: below each cell is of one thread in each job.
        unsafe impl Sync for Cells {}
        impl Cells {
            fn cell(&self, at: usize) -> *mut usize {
                self.0[at].get()
            }
        }

        for pause in [false, true] {
            let threads = Threads::new(3);
            let cells = Cells((0..3).map(|_| 0.into()).collect());
            for round in 0..60 {
                threads.run(&|thread| {
                    // SAFETY: another cell for each thread; jobs follow each other.
                    unsafe {
                        let cell = cells.cell((thread + round) % 3);
                        assert_eq!(*cell, round);
                        *cell += 1;
                    }
                });
                if pause {
                    // Long enough for all to fall asleep.
                    std::thread::sleep(std::time::Duration::from_micros(300));
                }
            }
        }
    }

    #[test]
    fn a_caller_that_sleeps_is_called() {
        let threads = Threads::new(2);
        for round in 0..5 {
            let late = AtomicUsize::new(round);
            threads.run(&|thread| {
                if thread == 1 {
                    std::thread::sleep(std::time::Duration::from_millis(3));
                    late.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(late.load(Ordering::Relaxed), round + 1);
        }
    }

    #[test]
    fn a_job_within_a_job_runs_inline() {
        let threads = Threads::new(2);
        let calls = AtomicUsize::new(0);
        threads.run(&|_| {
            threads.run(&|_| {
                calls.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(calls.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_threads_live_on() {
        let threads = Threads::new(2);
        for culprit in [0, 1] {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                threads.run(&|thread| assert_ne!(thread, culprit, "on purpose"));
            }));
            assert!(caught.is_err());
        }
        let calls = AtomicUsize::new(0);
        threads.run(&|_| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
