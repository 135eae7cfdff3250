//! The threads of a pool: publication of a job to all of them, and detection of its completion.
//!
//! A training step has a dozen jobs of some microseconds each, so the time between two jobs counts.
//! Here a job costs four transfers of a cache line from core to core, two to publish it and two to
//! see its completion, and no system call. A worker without a job spins for a moment before it
//! sleeps.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::cache_padded::CachePadded;

/// Turns of the waiting loop before a thread sleeps: about a hundred microseconds, so that a worker
/// is still awake after the parts of a step that run on one thread. Waking a thread takes as long
/// as a product.
const SPIN_TURNS: u32 = 10_000;

/// A job: a function of a thread's index. Its call for one index is that thread's share.
type Job<'a> = &'a (dyn Fn(usize) + Sync);

/// A set of threads, the caller of a job among them.
pub(crate) struct Workers {
    count: usize,
    busy: AtomicBool,
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
}

struct Shared {
    slot: CachePadded<JobSlot>,
    /// For each thread the generation of the last job whose share has been claimed, by the thread
    /// or by the caller.
    claimed: Box<[CachePadded<AtomicU64>]>,
    /// Shares of the current job that are not finished, without the caller's own.
    pending: CachePadded<AtomicUsize>,
    panicked: AtomicBool,
    stop: AtomicBool,
    /// Workers that sleep, or are about to sleep, until the next job.
    asleep: AtomicUsize,
    /// Whether the caller sleeps, or is about to sleep, until the job is done.
    caller_asleep: AtomicBool,
    /// Held while a thread decides to sleep and while sleeping threads are notified.
    sleep: Mutex<()>,
    job_published: Condvar,
    job_done: Condvar,
}

/// The memory in which the caller publishes a job.
struct JobSlot {
    /// The number of jobs so far.
    generation: AtomicU64,
    /// The address of the caller's job. Valid from before the generation goes up until `pending` is
    /// 0.
    job: AtomicPtr<Job<'static>>,
}

impl Workers {
    /// Starts `count - 1` threads; the caller is the first.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub(crate) fn new(count: usize) -> Self {
        let shared = Arc::new(Shared {
            slot: CachePadded(JobSlot {
                generation: AtomicU64::new(0),
                job: AtomicPtr::default(),
            }),
            claimed: (0..count).map(|_| CachePadded::default()).collect(),
            pending: CachePadded::default(),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            caller_asleep: AtomicBool::new(false),
            sleep: Mutex::new(()),
            job_published: Condvar::new(),
            job_done: Condvar::new(),
        });
        // With more threads than cores, a spinning thread would keep the thread that it waits for
        // from its core.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spin_turns = if count > cores { 0 } else { SPIN_TURNS };
        let started = Arc::new(Barrier::new(count));
        let handles = (1..count)
            .map(|thread| {
                let (shared, started) = (Arc::clone(&shared), Arc::clone(&started));
                std::thread::Builder::new()
                    .name(format!("backprop {thread}"))
                    .spawn(move || {
                        started.wait();
                        shared.worker_loop(thread, spin_turns);
                    })
                    .expect("the system starts a thread")
            })
            .collect();
        // The allocations of a starting thread must not fall into the first job.
        started.wait();
        Workers {
            count,
            busy: AtomicBool::new(false),
            shared,
            handles,
        }
    }

    /// The number of threads, the caller among them.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Runs `job` once for each thread's index and returns when all calls have returned. If the
    /// workers are busy with another job, all calls run on the caller.
    pub(crate) fn run(&self, job: Job<'_>) {
        if self.count == 1 || self.busy.swap(true, Ordering::Acquire) {
            (0..self.count).for_each(job);
            return;
        }
        let shared = &*self.shared;
        // SAFETY: only the lifetime is erased. The job is called only by a thread that has claimed
        // a share, and this function neither returns nor unwinds before all shares are finished.
        let job: Job<'static> = unsafe { std::mem::transmute::<Job<'_>, Job<'static>>(job) };
        let slot = &shared.slot.0;
        slot.job
            .store((&raw const job).cast_mut(), Ordering::Relaxed);
        shared.pending.0.store(self.count - 1, Ordering::Relaxed);
        // This store orders the two stores above before every read of the new generation. Together
        // with the load of `asleep` it is a Dekker-style handshake (each side stores, then loads
        // the other side's store, all sequentially consistent): either a worker that is about to
        // sleep sees the new generation, or the caller sees the worker in `asleep`. No wake-up is
        // lost.
        let generation = slot.generation.fetch_add(1, Ordering::SeqCst) + 1;
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            drop(shared.sleep_lock());
            shared.job_published.notify_all();
        }
        let own_share = catch_unwind(AssertUnwindSafe(|| job(0)));
        for thread in 1..self.count {
            shared.run_share_if_unclaimed(generation, thread);
        }
        shared.wait_until_done();
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        self.busy.store(false, Ordering::Release);
        if let Err(payload) = own_share {
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

    fn worker_loop(&self, thread: usize, spin_turns: u32) {
        let mut seen = 0;
        while let Some(generation) = self.next_job(seen, spin_turns) {
            seen = generation;
            self.run_share_if_unclaimed(generation, thread);
        }
    }

    /// Runs a thread's share of a job, unless another thread has claimed it.
    fn run_share_if_unclaimed(&self, generation: u64, thread: usize) {
        let claimed = &self.claimed[thread].0;
        let before = generation - 1;
        if claimed.load(Ordering::Relaxed) != before
            || claimed
                .compare_exchange(before, generation, Ordering::AcqRel, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let job = self.slot.0.job.load(Ordering::Relaxed);
        // SAFETY: this share has just been claimed, so the job of this generation is not done: its
        // caller waits, keeps the job and its address alive, and has published no other job. The
        // caller's store of the address is visible, because the new generation was.
        let call = catch_unwind(AssertUnwindSafe(|| unsafe { (*job)(thread) }));
        if call.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
        // The same handshake as for a new job: either the caller sees that no share is pending, or
        // this thread sees that the caller is about to sleep.
        if self.pending.0.fetch_sub(1, Ordering::SeqCst) == 1
            && self.caller_asleep.load(Ordering::SeqCst)
        {
            drop(self.sleep_lock());
            self.job_done.notify_one();
        }
    }

    /// The generation of the job after `seen`, or `None` when the pool is dropped.
    fn next_job(&self, seen: u64, spin_turns: u32) -> Option<u64> {
        let current = |ordering| {
            let generation = self.slot.0.generation.load(ordering);
            (generation != seen).then_some(generation)
        };
        for _ in 0..spin_turns {
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
            lock = self
                .job_published
                .wait(lock)
                .unwrap_or_else(PoisonError::into_inner);
        };
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        generation
    }

    fn wait_until_done(&self) {
        for _ in 0..SPIN_TURNS {
            if self.pending.0.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        let mut lock = self.sleep_lock();
        self.caller_asleep.store(true, Ordering::SeqCst);
        while self.pending.0.load(Ordering::SeqCst) != 0 {
            lock = self
                .job_done
                .wait(lock)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.caller_asleep.store(false, Ordering::SeqCst);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        {
            let _lock = self.shared.sleep_lock();
            self.shared.stop.store(true, Ordering::Release);
        }
        self.shared.job_published.notify_all();
        for handle in self.handles.drain(..) {
            // A worker catches every panic of a job, so joining cannot fail.
            let _ = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_runs_its_share_of_many_jobs() {
        for count in [2, 3, 8] {
            let workers = Workers::new(count);
            let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..500 {
                workers.run(&|thread| {
                    calls[thread].fetch_add(1, Ordering::Relaxed);
                });
            }
            assert!(calls.iter().all(|n| n.load(Ordering::Relaxed) == 500));
        }
    }

    // A job reads, on another thread, what the job before it wrote without a lock.
    #[test]
    fn a_job_sees_the_writes_of_the_job_before() {
        struct Cells(Vec<std::cell::UnsafeCell<usize>>);
        // SAFETY: within a job each cell is used by one thread.
        unsafe impl Sync for Cells {}
        impl Cells {
            fn cell(&self, index: usize) -> *mut usize {
                self.0[index].get()
            }
        }

        for pause in [false, true] {
            let workers = Workers::new(3);
            let cells = Cells((0..3).map(|_| 0.into()).collect());
            for round in 0..60 {
                workers.run(&|thread| {
                    // SAFETY: a cell of this thread's own; jobs do not overlap.
                    unsafe {
                        let cell = cells.cell((thread + round) % 3);
                        assert_eq!(*cell, round);
                        *cell += 1;
                    }
                });
                if pause {
                    // Long enough for all workers to sleep.
                    std::thread::sleep(std::time::Duration::from_micros(300));
                }
            }
        }
    }

    #[test]
    fn a_sleeping_caller_is_woken() {
        let workers = Workers::new(2);
        for round in 0..5 {
            let late = AtomicUsize::new(round);
            workers.run(&|thread| {
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
        let workers = Workers::new(2);
        let calls = AtomicUsize::new(0);
        workers.run(&|_| {
            workers.run(&|_| {
                calls.fetch_add(1, Ordering::Relaxed);
            });
        });
        assert_eq!(calls.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_workers_survive() {
        let workers = Workers::new(2);
        for culprit in [0, 1] {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                workers.run(&|thread| assert_ne!(thread, culprit, "on purpose"));
            }));
            assert!(caught.is_err());
        }
        let calls = AtomicUsize::new(0);
        workers.run(&|_| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
