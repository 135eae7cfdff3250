//! The tests of properties that only show across the crates: see the folder `tests`.

/// The program in the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
