//! The memory of both formats.

use crate::pool::SyncPtr;

/// Makes `buffer` hold at least `length` elements and returns its start.
///
/// New memory is zeros from the system (`calloc`), whose pages are mapped on first write: the part
/// of a buffer that no row reaches costs nothing.
pub(super) fn reserve_zeroed<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) -> SyncPtr<T> {
    if buffer.len() < length {
        *buffer = vec![T::default(); length];
    }
    SyncPtr(buffer.as_mut_ptr())
}
