//! The threads of a pool: publication of a job to all of them, and detection of its completion.
//!
//! A training step has a dozen jobs of some microseconds each, so the time between two jobs counts.
//! Here a job costs four transfers of a cache line from core to core, two to publish it and two to
//! see its completion, and no system call. A job may be for the first few threads only. A worker
//! without a job spins for a moment before it sleeps.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::cache_padded::CachePadded;

/// Turns of the waiting loop before a thread sleeps: about a hundred microseconds, so that a worker
/// is still awake after the parts of a step that run on one thread. Waking a thread takes as long
/// as a product.
const SPIN_TURNS: u32 = 10_000;

/// A job: a function of a thread's index. Its call for one index is that thread's share.
type Job<'a> = &'a (dyn Fn(usize) + Sync);

/// Bits of a ticket that hold the number of threads; the others hold the generation.
const THREAD_BITS: u32 = 16;

/// The number of a job, the *generation*, and the number of threads that have a share of it, in one
/// word, so that a worker reads both at once. A later job has a larger ticket.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Ticket(u64);

impl Ticket {
    /// The ticket of the job after this one.
    fn next(self, threads: usize) -> Self {
        let generation = (self.0 >> THREAD_BITS) + 1;
        Ticket(generation << THREAD_BITS | threads as u64)
    }

    /// The number of threads that have a share of the job.
    fn threads(self) -> usize {
        (self.0 & ((1 << THREAD_BITS) - 1)) as usize
    }
}

/// A set of threads, the caller of a job among them.
pub(crate) struct Workers {
    count: usize,
    busy: AtomicBool,
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
}

struct Shared {
    slot: CachePadded<JobSlot>,
    /// For each thread, the caller's first.
    members: Box<[CachePadded<Member>]>,
    /// Shares of the current job that are not finished, without the caller's own.
    pending: CachePadded<AtomicUsize>,
    panicked: AtomicBool,
    stop: AtomicBool,
    /// Workers that sleep, or are about to sleep, until the next job of theirs.
    asleep: AtomicUsize,
    /// Whether the caller sleeps, or is about to sleep, until the job is done.
    caller_asleep: AtomicBool,
    /// Held while the caller decides to sleep and while a worker notifies the caller.
    sleep: Mutex<()>,
    job_done: Condvar,
}

/// The state of one thread.
#[derive(Default)]
struct Member {
    /// The ticket of the last job whose share has been claimed, by the thread or by the caller.
    claimed: AtomicU64,
    /// Whether the thread sleeps, or is about to sleep.
    is_asleep: AtomicBool,
}

/// The memory in which the caller publishes a job.
struct JobSlot {
    /// The ticket of the last job.
    ticket: AtomicU64,
    /// The address of the caller's job. Valid from before the ticket changes until `pending` is 0.
    job: AtomicPtr<Job<'static>>,
}

impl Workers {
    /// Starts `count - 1` threads; the caller is the first.
    ///
    /// # Panics
    /// If the system cannot start a thread, or with more than 65,535 threads.
    pub(crate) fn new(count: usize) -> Self {
        let most = (1 << THREAD_BITS) - 1;
        assert!(
            count <= most,
            "a pool has at most {most} threads, not {count}"
        );
        let shared = Arc::new(Shared {
            slot: CachePadded(JobSlot {
                ticket: AtomicU64::new(0),
                job: AtomicPtr::default(),
            }),
            members: (0..count).map(|_| CachePadded::default()).collect(),
            pending: CachePadded::default(),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            caller_asleep: AtomicBool::new(false),
            sleep: Mutex::new(()),
            job_done: Condvar::new(),
        });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let started = Arc::new(Barrier::new(count));
        let handles = (1..count)
            .map(|thread| {
                // A spinning thread without a core of its own would keep the thread that it waits
                // for from its core.
                let spin_turns = if thread < cores { SPIN_TURNS } else { 0 };
                let (shared, started) = (Arc::clone(&shared), Arc::clone(&started));
                thread::Builder::new()
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

    /// Runs `job` once for each of the first `threads` threads' indices and returns when all calls
    /// have returned. If the workers are busy with another job, all calls run on the caller.
    pub(crate) fn run(&self, threads: usize, job: Job<'_>) {
        if threads <= 1 || !self.try_run(threads, job) {
            (0..threads).for_each(job);
        }
    }

    /// Runs `job` as [`run`](Self::run) does and returns true; or returns false at once if the
    /// workers are busy with another job.
    pub(crate) fn try_run(&self, threads: usize, job: Job<'_>) -> bool {
        debug_assert!((1..=self.count).contains(&threads), "{threads} threads");
        if self.busy.swap(true, Ordering::Acquire) {
            return false;
        }
        let shared = &*self.shared;
        // SAFETY: only the lifetime is erased. The job is called only by a thread that has claimed
        // a share, and this function neither returns nor unwinds before all shares are finished.
        let job: Job<'static> = unsafe { std::mem::transmute::<Job<'_>, Job<'static>>(job) };
        let slot = &shared.slot.0;
        slot.job
            .store((&raw const job).cast_mut(), Ordering::Relaxed);
        shared.pending.0.store(threads - 1, Ordering::Relaxed);
        // Only this thread stores tickets while `busy` is set.
        let ticket = Ticket(slot.ticket.load(Ordering::Relaxed)).next(threads);
        // This store orders the two stores above before every read of the new ticket. Together with
        // the loads of `asleep` and `is_asleep` it is a Dekker-style handshake (each side stores,
        // then loads the other side's store, all sequentially consistent): either a worker that is
        // about to sleep sees the new ticket, or the caller sees that the worker sleeps. No wake-up
        // is lost.
        slot.ticket.store(ticket.0, Ordering::SeqCst);
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            for (thread, handle) in (1..threads).zip(&self.handles) {
                if shared.members[thread].0.is_asleep.load(Ordering::SeqCst) {
                    handle.thread().unpark();
                }
            }
        }
        let own_share = catch_unwind(AssertUnwindSafe(|| job(0)));
        for thread in 1..threads {
            shared.run_share_if_unclaimed(ticket, thread);
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
        true
    }
}

impl Shared {
    fn sleep_lock(&self) -> MutexGuard<'_, ()> {
        self.sleep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn worker_loop(&self, thread: usize, spin_turns: u32) {
        let mut seen = Ticket(0);
        while let Some(ticket) = self.next_job(thread, seen, spin_turns) {
            seen = ticket;
            self.run_share_if_unclaimed(ticket, thread);
        }
    }

    /// Runs a thread's share of a job, unless another thread has claimed it.
    fn run_share_if_unclaimed(&self, ticket: Ticket, thread: usize) {
        let claimed = &self.members[thread].0.claimed;
        let before = claimed.load(Ordering::Relaxed);
        if before >= ticket.0
            || claimed
                .compare_exchange(before, ticket.0, Ordering::AcqRel, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let job = self.slot.0.job.load(Ordering::Relaxed);
        // SAFETY: the thread has a share of the ticket's job, and the share has just been claimed,
        // so the job is not done: its caller waits, keeps the job and its address alive, and has
        // published no other job. The caller's store of the address is visible, because the new
        // ticket was.
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

    /// The ticket of the thread's first job after `seen`, or `None` when the pool is dropped.
    fn next_job(&self, thread: usize, seen: Ticket, spin_turns: u32) -> Option<Ticket> {
        let current = |ordering| {
            let ticket = Ticket(self.slot.0.ticket.load(ordering));
            (ticket != seen && thread < ticket.threads()).then_some(ticket)
        };
        for _ in 0..spin_turns {
            if let Some(ticket) = current(Ordering::Acquire) {
                return Some(ticket);
            }
            std::hint::spin_loop();
        }
        let is_asleep = &self.members[thread].0.is_asleep;
        is_asleep.store(true, Ordering::SeqCst);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let ticket = loop {
            if let Some(ticket) = current(Ordering::SeqCst) {
                break Some(ticket);
            }
            if self.stop.load(Ordering::Acquire) {
                break None;
            }
            // Returns at once if the caller has called `unpark` since the last return, and may
            // return without a reason.
            thread::park();
        };
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        is_asleep.store(false, Ordering::SeqCst);
        ticket
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
        self.shared.stop.store(true, Ordering::Release);
        for handle in self.handles.drain(..) {
            handle.thread().unpark();
            // A worker catches every panic of a job, so joining cannot fail.
            let _ = handle.join();
        }
    }
}

#[cfg(test)]
mod tests;
