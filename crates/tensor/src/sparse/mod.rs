//! The nonzero elements of an input, by row and by column.
//!
//! [`csr`] is the format by row, which the forward product walks and [`csr_build`] makes; [`csc`] is
//! the format by column, which the weight gradient walks. [`estimate`] judges whether an input is
//! worth either; [`SparseIndex`] holds the format by row from the forward pass to the backward pass.

mod csc;
mod csr;
mod csr_build;
mod estimate;
mod index;
mod zeroed;

pub(crate) use csc::{BlockedCsc, CSC_BLOCK_ROWS, CscBuffer};
pub(crate) use csr::BlockedCsr;
pub use index::SparseIndex;
