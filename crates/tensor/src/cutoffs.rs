//! Every cutoff of this crate: the amounts of work from which on a thread is woken, zeros are
//! skipped, or memory is prefetched. The unit is in each name.
//!
//! A cutoff decides who does the work and in which loop, never the order of a sum, so none of them
//! changes a bit of a result. [`PAR_MIN_ACTIVATIONS`] and [`PAR_MIN_PREDICT_FMAS`] are used by the
//! layers above.

/// The number of elements from which on [`Pool::par_split`](crate::Pool::par_split) uses more than
/// one thread.
///
/// An elementwise pass over 2^14 elements takes about as long as it takes to hand the pass to a
/// second core and to hear that the core is done, a few microseconds.
pub const PAR_MIN_ELEMENTS: usize = 1 << 14;

/// The number of activations from which on an elementwise layer is split between threads.
///
/// The cutoff is lower than [`PAR_MIN_ELEMENTS`], because the products on both sides of the layer
/// are split at this size already: on one thread the layer would have to fetch half of its rows
/// from the cache of another core.
pub const PAR_MIN_ACTIVATIONS: usize = 1 << 12;

/// The number of multiply-adds (rows x inputs x outputs) from which on a product of a linear layer
/// is split between threads.
///
/// 2^18 multiply-adds take about 5 microseconds on a core that does 50 of them in a nanosecond;
/// two cores need a tenth of that to agree on a job, and some time to exchange the matrices.
pub const PAR_MIN_FMAS: usize = 1 << 18;

/// The number of multiply-adds (rows x parameters) from which on a prediction is split by rows
/// between threads.
///
/// The cutoff is twice [`PAR_MIN_FMAS`], because a split prediction wakes the threads for one job
/// only: there is no following job for which they are still awake.
pub const PAR_MIN_PREDICT_FMAS: usize = 1 << 19;

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
