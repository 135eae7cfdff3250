//! The nonzero elements of an input, by row and by column.
//!
//! [`csr`] is the format by row, which the forward product walks; [`csc`] is the format by column,
//! which the weight gradient walks. [`estimate`] judges whether an input is worth either;
//! [`SparseIndex`] holds the format by row from the forward pass to the backward pass.

mod csc;
mod csr;
mod estimate;
mod index;

pub(crate) use csc::{BlockedCsc, CSC_BLOCK_ROWS, CscBuffer};
pub(crate) use csr::BlockedCsr;
pub use index::SparseIndex;

use crate::pool::SyncPtr;

/// Makes `buffer` hold at least `length` elements and returns its start.
///
/// New memory is zeros from the system (`calloc`), whose pages are mapped on first write: the part
/// of a buffer that no row reaches costs nothing.
fn reserve_zeroed<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) -> SyncPtr<T> {
    if buffer.len() < length {
        *buffer = vec![T::default(); length];
    }
    SyncPtr(buffer.as_mut_ptr())
}
