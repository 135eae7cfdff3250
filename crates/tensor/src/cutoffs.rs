//! Every cutoff of this crate: when a thread is woken, zeros are skipped, or memory is prefetched.
//! The unit is in each name.
//!
//! Whether a second thread pays is a comparison of two times: the work that the thread takes over,
//! and what the threads spend to meet. The work is estimated here, in nanoseconds, by the functions
//! whose names end in `_ns`; a [`Pool`](crate::Pool) measures how long its threads take to meet; and
//! [`worthwhile_threads`] decides.
//!
//! A cutoff decides who does the work and in which loop, never the order of a sum, so none of them
//! changes a bit of a result.

/// The time that a split has to save, in meetings of the threads.
///
/// The meeting itself is one. The others are the exchange of the data: each thread reads rows that
/// another one wrote, line by line, and a line takes as long from core to core as a message does.
/// On two cores that meet in 300 ns, products begin to gain from the second core at 5 microseconds
/// of work, of which the second core takes over half: 8 meetings.
const MEETINGS_PER_SPLIT: f64 = 8.0;

/// Multiply-adds of `f32` in a nanosecond of a dense product: 16 lanes, one register a cycle, at
/// 3.4 GHz.
const F32_FMAS_PER_NS: f64 = 54.0;

/// Nanoseconds for an element of an elementwise pass over memory that may not be in the cache.
const ELEMENT_NS: f64 = 0.3;

/// Nanoseconds for an activation in an elementwise layer.
///
/// The time is longer than [`ELEMENT_NS`], because the products on both sides of the layer are
/// split already: on one thread the layer would have to fetch half of its rows from the cache of
/// another core.
const ACTIVATION_NS: f64 = 1.2;

/// The number of threads, from 1 to `threads`, on which `work_ns` nanoseconds of work end soonest.
///
/// On `n` threads the work takes `work_ns / n`, and to that comes the time for the threads to meet
/// and to exchange their data. `meeting_ns` is the time that all `threads` threads take to meet;
/// fewer threads are taken to meet sooner in proportion, as each worker costs the caller one
/// message there and one back. Between two numbers of threads that take equally long, the larger
/// one is chosen.
///
/// ```
/// use backprop_tensor::cutoffs::worthwhile_threads;
///
/// // Two threads that meet in 300 ns share 10 microseconds of work, but not 1 microsecond.
/// assert_eq!(worthwhile_threads(10_000.0, 300.0, 2), 2);
/// assert_eq!(worthwhile_threads(1_000.0, 300.0, 2), 1);
/// // Threads that meet in 20 microseconds need more work.
/// assert_eq!(worthwhile_threads(10_000.0, 20_000.0, 2), 1);
/// ```
pub fn worthwhile_threads(work_ns: f64, meeting_ns: f64, threads: usize) -> usize {
    if threads <= 1 {
        return 1;
    }
    // One thread more is worth its time from n - 1 to n threads as long as
    // work / (n - 1) - work / n >= spent, that is n (n - 1) <= work / spent.
    let spent_ns = MEETINGS_PER_SPLIT * meeting_ns / (threads - 1) as f64;
    let ratio = work_ns / spent_ns;
    if ratio < 2.0 || ratio.is_nan() {
        return 1;
    }
    let most = (1.0 + (1.0 + 4.0 * ratio).sqrt()) / 2.0;
    // A cast of a number that is too large, or infinite, gives the largest integer.
    (most as usize).min(threads)
}

/// The time of a dense product of `fmas` multiply-adds of elements of `element_bytes` bytes.
pub(crate) fn product_ns(fmas: usize, element_bytes: usize) -> f64 {
    fmas as f64 * (element_bytes as f64 / 4.0) / F32_FMAS_PER_NS
}

/// The time of an elementwise pass over `elements` elements.
pub(crate) fn elementwise_ns(elements: usize) -> f64 {
    elements as f64 * ELEMENT_NS
}

/// The time of an elementwise layer of `activations` activations, between two products that are
/// split.
pub fn activations_ns(activations: usize) -> f64 {
    activations as f64 * ACTIVATION_NS
}

/// The time of a prediction of `fmas` multiply-adds, rows x parameters, of elements of
/// `element_bytes` bytes, as far as it counts for a split by rows.
///
/// The time counts half, because a split prediction wakes the threads for one job only: there is no
/// following job for which they are still awake.
pub fn prediction_ns(fmas: usize, element_bytes: usize) -> f64 {
    product_ns(fmas, element_bytes) / 2.0
}

/// The number of output panels from which on a sparse product is split between threads.
///
/// In a sparse product a row adds to one register after another, and each addition waits for the
/// last addition to the same register (FMA latency). One or two panels are too few independent sums
/// to fill that wait, so a row takes as long for one panel as for two and nothing is gained by
/// giving each thread one of them.
pub(crate) const MIN_SPARSE_PAR_PANELS: usize = 3;

/// The number of stored elements up to which a weight is split by batch rows instead of by output
/// panels.
///
/// 2^14 `f32` are 64 KiB: every core can hold the whole weight in its L2 cache. Split by rows, the
/// activations of a row stay in the cache of the worker that computed them, from layer to layer.
pub(crate) const ROW_SPLIT_MAX_WEIGHTS: usize = 1 << 14;

/// The number of columns from which on an input is tested for zeros.
///
/// Below 32 columns building the index of the nonzero elements takes longer than multiplying by the
/// zeros.
pub(crate) const MIN_SPARSE_COLUMNS: usize = 32;

/// The reciprocal of the density below which an input is treated as sparse: fewer than one element
/// in three differs from zero.
///
/// A sparse product reads an index and a value for each register of weights, and its loops are too
/// short to predict where they end, so it has to save two thirds of the multiply-adds to be faster.
pub(crate) const MAX_DENSITY_RECIPROCAL: usize = 3;

/// The number of rows from which on a sparse forward product walks one block of columns after
/// another.
///
/// Walking block by block keeps a block's weights in the L1 cache while all rows pass. With fewer
/// than 8 rows no weight is read often enough for that to pay.
pub(crate) const CSR_BLOCKED_MIN_ROWS: usize = 8;

/// The size in bytes, of a parameter and the slices that are updated with it, from which on the
/// update prefetches them.
///
/// Below 512 KiB they may still be in the L2 cache since the last step.
pub(crate) const PREFETCH_MIN_BYTES: usize = 1 << 19;

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: the number of threads with the shortest time, the largest of equals.
    fn by_search(work_ns: f64, meeting_ns: f64, threads: usize) -> usize {
        let time = |n: usize| {
            let spent = MEETINGS_PER_SPLIT * meeting_ns * (n - 1) as f64 / (threads - 1) as f64;
            work_ns / n as f64 + spent
        };
        let best = (1..=threads).map(time).fold(f64::INFINITY, f64::min);
        let is_best = |n: &usize| time(*n) <= best * (1.0 + 1e-12);
        (1..=threads).rev().find(is_best).unwrap()
    }

    #[test]
    fn the_decision_is_the_shortest_time() {
        for threads in [2, 3, 4, 8, 64] {
            for meeting_ns in [50.0, 300.0, 930.0, 5000.0, 20_000.0] {
                for work_ns in (0..60).map(|k| 10.0 * 1.3_f64.powi(k)) {
                    assert_eq!(
                        worthwhile_threads(work_ns, meeting_ns, threads),
                        by_search(work_ns, meeting_ns, threads),
                        "{work_ns} ns on {threads} threads that meet in {meeting_ns} ns"
                    );
                }
            }
        }
    }

    #[test]
    fn decisions_are_those_of_the_table() {
        // Work in microseconds, time to meet in nanoseconds, threads, and how many are used.
        let table = [
            (0.7, 50.0, 2, 1),
            (0.9, 50.0, 2, 2),
            (4.7, 300.0, 2, 1),
            (4.8, 300.0, 2, 2),
            (14.8, 930.0, 2, 1),
            (14.9, 930.0, 2, 2),
            (319.0, 20_000.0, 2, 1),
            (320.0, 20_000.0, 2, 2),
            (1.2, 5000.0, 64, 1),
            (5.0, 5000.0, 64, 3),
            (1000.0, 5000.0, 64, 40),
            (10_000.0, 5000.0, 64, 64),
            (1e9, 300.0, 1, 1),
            (1e9, 300.0, 0, 1),
        ];
        for (work_us, meeting_ns, threads, expected) in table {
            let found = worthwhile_threads(work_us * 1e3, meeting_ns, threads);
            assert_eq!(
                found, expected,
                "{work_us} us, {meeting_ns} ns, {threads} threads"
            );
        }
    }

    #[test]
    fn extremes_are_decided() {
        // Free meetings: all threads, for any work at all; no work: one thread.
        assert_eq!(worthwhile_threads(1.0, 0.0, 8), 8);
        assert_eq!(worthwhile_threads(0.0, 0.0, 8), 1);
        assert_eq!(worthwhile_threads(0.0, 300.0, 8), 1);
        assert_eq!(worthwhile_threads(1e9, f64::INFINITY, 8), 1);
        assert_eq!(worthwhile_threads(f64::INFINITY, 300.0, 8), 8);
        assert_eq!(worthwhile_threads(f64::NAN, 300.0, 8), 1);
    }

    // The amounts of work that were measured to pay on two cores that meet in 300 ns.
    #[test]
    fn cutoffs_at_300_ns_are_the_measured_ones() {
        let threads = |work_ns| worthwhile_threads(work_ns, 300.0, 2);
        assert_eq!(threads(product_ns(1 << 18, 4)), 2);
        assert_eq!(threads(product_ns((1 << 18) * 49 / 50, 4)), 1);
        assert_eq!(threads(product_ns(1 << 17, 8)), 2);
        assert_eq!(threads(elementwise_ns(1 << 14)), 2);
        assert_eq!(threads(elementwise_ns((1 << 14) * 49 / 50)), 2);
        assert_eq!(threads(elementwise_ns((1 << 14) * 48 / 50)), 1);
        assert_eq!(threads(activations_ns(1 << 12)), 2);
        assert_eq!(threads(activations_ns((1 << 12) * 48 / 50)), 1);
        assert_eq!(threads(prediction_ns(1 << 19, 4)), 2);
        assert_eq!(threads(prediction_ns((1 << 19) * 49 / 50, 4)), 1);
    }
}
