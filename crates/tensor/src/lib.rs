//! The ground that the other crates of `backprop` stand on: the number types ([`Scalar`]) and
//! random streams that are named, not shared ([`Key`]).

#![warn(missing_docs)]

mod random;
mod scalar;

pub use ndarray;
pub use rand;

pub use random::Key;
pub use scalar::Scalar;
