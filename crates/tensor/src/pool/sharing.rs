//! How many threads of a pool get a share of a job.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::cache_padded::CachePadded;
use super::measure::Measured;
use super::workers::Workers;
use crate::cutoffs::worthwhile_threads;

/// Decisions between two measurements. A step of training makes about ten decisions and takes at
/// least some tens of microseconds, so measuring takes at most a hundredth of the time.
const DECISIONS_PER_MEASUREMENT: u32 = 1 << 12;

/// The decision for each job how many threads share it, by the time that the threads take to meet.
///
/// The two figures are read and written one by one: for one decision a new time may be combined
/// with an old number of threads. Results do not depend on a decision.
pub(super) struct Sharing {
    /// The number of threads that may get a share; at most the number of cores.
    threads: AtomicUsize,
    /// The bits of the time in nanoseconds that these threads take to meet.
    meeting_ns: AtomicU64,
    /// The number of threads that are measured now and then; 0 if the figures are given.
    measured_threads: usize,
    /// In a cache line that no worker reads.
    counts: CachePadded<Counts>,
}

/// Counts that are kept without a read-modify-write: where two callers use one pool at the same
/// time, some are lost.
#[derive(Default)]
struct Counts {
    decisions: AtomicU32,
    /// Jobs that several threads got a share of.
    meetings: AtomicU64,
}

impl Sharing {
    /// Figures that are given, and never measured.
    pub(super) fn fixed(threads: usize, meeting: Duration) -> Self {
        let meeting_ns = meeting.as_secs_f64() * 1e9;
        Sharing {
            threads: AtomicUsize::new(threads),
            meeting_ns: AtomicU64::new(meeting_ns.to_bits()),
            measured_threads: 0,
            counts: CachePadded::default(),
        }
    }

    /// Figures that are measured, now and from time to time.
    pub(super) fn measured(workers: &Workers) -> Self {
        let mut sharing = Sharing::fixed(1, Duration::ZERO);
        if workers.count() > 1 {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            sharing.measured_threads = workers.count().min(cores);
            sharing.measure(workers);
        }
        sharing
    }

    #[cold]
    fn measure(&self, workers: &Workers) {
        if let Some(measured) = Measured::of(workers, self.measured_threads) {
            let bits = measured.meeting_ns.to_bits();
            self.meeting_ns.store(bits, Ordering::Relaxed);
            self.threads.store(measured.threads, Ordering::Relaxed);
        }
    }

    /// The number of threads that get a share of `work_ns` nanoseconds of work.
    #[inline]
    pub(super) fn threads_for(&self, workers: &Workers, work_ns: f64) -> usize {
        if self.measured_threads > 1 {
            let count = &self.counts.0.decisions;
            let decisions = count.load(Ordering::Relaxed).wrapping_add(1);
            count.store(decisions, Ordering::Relaxed);
            if decisions.is_multiple_of(DECISIONS_PER_MEASUREMENT) {
                self.measure(workers);
            }
        }
        let meeting_ns = f64::from_bits(self.meeting_ns.load(Ordering::Relaxed));
        worthwhile_threads(work_ns, meeting_ns, self.threads.load(Ordering::Relaxed))
    }

    /// Counts a job that several threads get a share of.
    #[inline]
    pub(super) fn count_meeting(&self) {
        let count = &self.counts.0.meetings;
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The jobs so far that several threads got a share of.
    pub(super) fn meetings(&self) -> u64 {
        self.counts.0.meetings.load(Ordering::Relaxed)
    }

    /// The time that the threads take to meet, if more than one gets a share.
    pub(super) fn meeting_time(&self) -> Option<Duration> {
        let nanos = f64::from_bits(self.meeting_ns.load(Ordering::Relaxed));
        let shares = self.threads.load(Ordering::Relaxed) > 1;
        shares.then(|| Duration::try_from_secs_f64(nanos / 1e9).unwrap_or(Duration::MAX))
    }
}
