/// Asks for memory that is needed in some microseconds, so that it is in the cache by then.
///
/// Only a hint: it changes nothing, and where the CPU has no such instruction it does nothing.
///
/// ```
/// let rows = vec![1.0_f32; 1000];
/// backprop_tensor::prefetch(&rows[500..600]);
/// ```
#[inline]
pub fn prefetch<T>(numbers: &[T]) {
    prefetch_lines(numbers.as_ptr(), numbers.len());
}

/// The same, for memory that others may be writing to.
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
