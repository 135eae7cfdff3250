/// Prefetches a slice into the L2 cache, for a read some microseconds later.
///
/// A prefetch is a hint: it changes no value, and on a CPU without the instruction it does nothing.
///
/// ```
/// let values = vec![1.0_f32; 1000];
/// backprop_tensor::prefetch(&values[500..600]);
/// assert_eq!(values[500..600].iter().sum::<f32>(), 100.0);
/// ```
#[inline]
pub fn prefetch<T>(values: &[T]) {
    prefetch_lines(values.as_ptr(), values.len());
}

/// Prefetches the cache lines of `length` elements from `start` on, which need not be valid memory.
#[inline]
pub(crate) fn prefetch_lines<T>(start: *const T, length: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..length * size_of::<T>()).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: the hint reads nothing and never faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(start.cast::<i8>().wrapping_add(line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (start, length);
}
