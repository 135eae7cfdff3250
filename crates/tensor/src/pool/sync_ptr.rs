/// A pointer to the start of a slice whose disjoint parts go to different threads.
#[derive(Debug)]
pub(crate) struct SyncPtr<T>(pub(crate) *mut T);

impl<T> Clone for SyncPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SyncPtr<T> {}

impl<T> SyncPtr<T> {
    /// The pointer to the element at `offset`.
    ///
    /// # Safety
    /// `offset` is at most the length of the slice.
    #[inline(always)]
    pub(crate) unsafe fn at(&self, offset: usize) -> *mut T {
        // SAFETY: within the slice or one past its end, as the caller promises.
        unsafe { self.0.add(offset) }
    }
}

// SAFETY: users turn a `SyncPtr` only into slices of disjoint ranges, one thread for each, just as
// a `&mut [T]` could be sent to each thread, or into slices that all threads only read.
unsafe impl<T: Send> Sync for SyncPtr<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for SyncPtr<T> {}
