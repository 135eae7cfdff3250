//! IDX, the array format of MNIST: reading, plain or compressed with gzip, and writing.
//!
//! An IDX file is two zero bytes, one byte for the element type, one byte for the number of
//! dimensions, the dimensions as 32-bit integers and then the elements in row-major order, all
//! big-endian. The header is a claim, not a fact: nothing is allocated because of it before it is
//! checked against the caller's [`Limits`] and, for a plain file, against the size of the file.
//! Compressed contents have no size until they are unpacked, so their buffer grows with them.

mod array;
mod read;

pub use crate::Limits;
pub use array::{Idx, Values, describe_shape};
pub use read::{parse, read};

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
