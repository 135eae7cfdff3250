/// A value that shares its two cache lines with no other value, against false sharing: a thread
/// that writes to the value does not take the neighbouring values from the caches of other cores.
/// Two lines, because CPUs prefetch lines in adjacent pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct CachePadded<T>(pub(crate) T);
