//! The time that the threads of a pool take to meet, and how many of them work at full speed.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::workers::Workers;
use crate::kernels::fma_peak_loop;

/// Time for each of the two measurements, however slow the machine is.
const BUDGET: Duration = Duration::from_micros(100);

/// Samples of which the median counts, so that one late worker changes nothing.
const SAMPLES: usize = 9;

/// Meetings in one sample: then reading the clock takes little beside them.
const MEETINGS_PER_SAMPLE: u32 = 4;

/// Rounds of multiply-adds in one comparison of speeds: some 3 microseconds.
const FMA_ROUNDS: usize = 1000;

/// The fraction of the caller's speed from which on a thread counts as a core of its own. Two
/// hyperthreads of one core have half of its speed each.
const MIN_SPEED: f64 = 0.75;

/// Turns of the waiting loop between two looks at the clock.
const TURNS_PER_LOOK: u32 = 64;

/// The figures of a machine that a pool measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// The time in nanoseconds that these threads take to meet.
    pub(super) meeting_ns: f64,
    /// The number of threads that are worth waking, the caller among them.
    pub(super) threads: usize,
}

impl Measured {
    /// Measures the first `threads` threads, for which the system grants a core each; `None` if the
    /// workers are busy. Takes some tens of microseconds, and at most three times the budget.
    pub(super) fn of(workers: &Workers, threads: usize) -> Option<Self> {
        let alone = Measured {
            meeting_ns: f64::INFINITY,
            threads: 1,
        };
        if threads <= 1 || !are_at_full_speed(workers, threads)? {
            return Some(alone);
        }
        let meeting_ns = meeting_ns(workers, threads)?;
        Some(Measured {
            meeting_ns,
            threads,
        })
    }
}

/// Whether each thread does multiply-adds nearly as fast as the caller alone, when all of them do.
/// A job is split into equal parts, so the slowest thread counts.
fn are_at_full_speed(workers: &Workers, threads: usize) -> Option<bool> {
    let start = Instant::now();
    while start.elapsed() < BUDGET {
        let alone = time_fmas();
        let slowest = AtomicU64::new(0);
        let all_came = meet(workers, threads, &|| {
            slowest.fetch_max(time_fmas(), Ordering::Relaxed);
        })?;
        let together = slowest.into_inner() as f64;
        if all_came && alone as f64 >= MIN_SPEED * together {
            return Some(true);
        }
    }
    Some(false)
}

/// Nanoseconds for the multiply-adds of one comparison.
fn time_fmas() -> u64 {
    let start = Instant::now();
    fma_peak_loop(FMA_ROUNDS);
    start.elapsed().as_nanos() as u64
}

/// The time in nanoseconds that the threads take to meet.
fn meeting_ns(workers: &Workers, threads: usize) -> Option<f64> {
    let start = Instant::now();
    let mut samples = [f64::INFINITY; SAMPLES];
    let mut count = 0;
    while count < SAMPLES && (count == 0 || start.elapsed() < BUDGET) {
        let begin = Instant::now();
        let mut all_came = true;
        for _ in 0..MEETINGS_PER_SAMPLE {
            all_came = all_came && meet(workers, threads, &|| ())?;
        }
        if all_came {
            let elapsed = begin.elapsed().as_secs_f64();
            samples[count] = elapsed * 1e9 / f64::from(MEETINGS_PER_SAMPLE);
        }
        count += 1;
    }
    let samples = &mut samples[..count];
    samples.sort_by(f64::total_cmp);
    Some(samples[count / 2])
}

/// Runs a job in which all threads wait for each other and then do `work`. Whether all of them came
/// in time; `None` if the workers are busy.
///
/// The caller does not wait for long: on a busy machine a worker may come much later.
fn meet(workers: &Workers, threads: usize, work: &(dyn Fn() + Sync)) -> Option<bool> {
    let (arrived, gave_up) = (AtomicUsize::new(0), AtomicBool::new(false));
    let have_run = workers.try_run(threads, &|thread| {
        arrived.fetch_add(1, Ordering::AcqRel);
        let (mut start, mut turns) = (None, 0_u32);
        while arrived.load(Ordering::Acquire) < threads {
            if gave_up.load(Ordering::Relaxed) {
                return;
            }
            turns += 1;
            if thread == 0 && turns.is_multiple_of(TURNS_PER_LOOK) {
                let start = start.get_or_insert_with(Instant::now);
                gave_up.store(start.elapsed() > BUDGET / 2, Ordering::Relaxed);
            }
            std::hint::spin_loop();
        }
        work();
    });
    have_run.then(|| !gave_up.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_do_the_work_after_they_met() {
        let workers = Workers::new(3);
        let calls = AtomicUsize::new(0);
        // Two cores may take turns, so a meeting of three may be given up: then it says so.
        let all_came = meet(&workers, 3, &|| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert!(all_came == Some(false) || calls.into_inner() == 3);
    }

    #[test]
    fn busy_workers_are_not_measured() {
        let workers = Workers::new(2);
        let found = std::sync::Mutex::new(Vec::new());
        workers.run(2, &|_| {
            let measured = Measured::of(&workers, 2);
            found.lock().unwrap().push(measured);
        });
        assert_eq!(found.into_inner().unwrap(), [None, None]);
    }

    #[test]
    fn a_measurement_ends_soon_and_is_plausible() {
        let workers = Workers::new(2);
        let measured = Measured::of(&workers, 2).unwrap();
        assert!(measured.threads == 1 || measured.meeting_ns > 10.0);
        assert_eq!(Measured::of(&workers, 1).unwrap().threads, 1);
    }
}
