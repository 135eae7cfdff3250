//! Data sets by name: MNIST and Fashion-MNIST, an embedded sample, and a verified download.
//!
//! The key decision: the SHA-256 of every file stands in the code. A mirror, a package or a cache
//! is therefore never trusted: `download` keeps a file only if its bytes have the published hash,
//! and writes the file whole or not at all. Rejected alternative: trusting HTTPS alone, which proves
//! who sent the bytes and not that they are the data set.
//!
//! This crate prints nothing. `download` reports its progress to a closure and returns what it did.
//!
//! | module or item | contents |
//! | --- | --- |
//! | [`mnist`] | names, files and checksums, [`mnist::load`]; `mnist::sample` with the feature `sample` |
//! | `download` | with the feature `download`: the missing files, by HTTPS, npm or apt |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "download")]
mod download;
mod error;
pub mod mnist;

#[cfg(feature = "download")]
pub use download::{Downloaded, Event, Source, download, sha256};
pub use error::DatasetError;

/// The example of the README, as a test.
#[cfg(all(doctest, feature = "sample"))]
#[doc = include_str!("../README.md")]
mod readme {}
