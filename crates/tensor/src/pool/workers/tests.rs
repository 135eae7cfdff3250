use super::*;

#[test]
fn every_thread_runs_its_share_of_many_jobs() {
    for count in [2, 3, 8] {
        let workers = Workers::new(count);
        let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        for _ in 0..500 {
            workers.run(workers.count(), &|thread| {
                calls[thread].fetch_add(1, Ordering::Relaxed);
            });
        }
        assert!(calls.iter().all(|n| n.load(Ordering::Relaxed) == 500));
    }
}

#[test]
fn a_job_is_run_by_its_threads_alone() {
    let workers = Workers::new(4);
    let calls: Vec<AtomicUsize> = (0..4).map(|_| AtomicUsize::new(0)).collect();
    for round in 0..400 {
        workers.run(1 + round % 4, &|thread| {
            calls[thread].fetch_add(1, Ordering::Relaxed);
        });
        if round % 50 == 0 {
            // Long enough for all workers to sleep.
            thread::sleep(std::time::Duration::from_micros(300));
        }
    }
    let calls = calls.into_iter().map(AtomicUsize::into_inner);
    assert_eq!(calls.collect::<Vec<_>>(), [400, 300, 200, 100]);
}

#[test]
fn a_ticket_has_a_generation_and_a_number_of_threads() {
    let first = Ticket(0).next(64);
    let second = first.next(2);
    assert_eq!((first.threads(), second.threads()), (64, 2));
    assert!(Ticket(0) < first && first < second);
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
            workers.run(workers.count(), &|thread| {
                // SAFETY: a cell of this thread's own; jobs do not overlap.
                unsafe {
                    let cell = cells.cell((thread + round) % 3);
                    assert_eq!(*cell, round);
                    *cell += 1;
                }
            });
            if pause {
                // Long enough for all workers to sleep.
                thread::sleep(std::time::Duration::from_micros(300));
            }
        }
    }
}

#[test]
fn a_sleeping_caller_is_woken() {
    let workers = Workers::new(2);
    for round in 0..5 {
        let late = AtomicUsize::new(round);
        workers.run(workers.count(), &|thread| {
            if thread == 1 {
                thread::sleep(std::time::Duration::from_millis(3));
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
    workers.run(2, &|_| {
        workers.run(2, &|_| {
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
            workers.run(workers.count(), &|thread| {
                assert_ne!(thread, culprit, "on purpose")
            });
        }));
        assert!(caught.is_err());
    }
    let calls = AtomicUsize::new(0);
    workers.run(2, &|_| {
        calls.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}
