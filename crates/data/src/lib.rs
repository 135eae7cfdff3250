//! Data sets, splits and minibatches; IDX files, CSV tables and pictures as data sets.
//!
//! The key decision: a [`Dataset`] is shared storage that never changes and a list of row indices.
//! Splitting, limiting and shuffling make new lists only. Rows are copied, and bytes scaled to the
//! interval from 0 to 1, when a minibatch is [gathered](Dataset::gather) into a [`Batch`], whose buffers
//! are reused. MNIST takes 47 MB that way, a byte for each pixel. The rejected alternative is a trait of
//! data sources that yield rows one by one. It hides what is in memory and allocates for each row, and
//! its users would begin by collecting all rows: the data of a small network fit in memory.
//!
//! Bytes from outside are not trusted. A reader checks each claim before it allocates for it and stays
//! within the caller's [`Limits`]; its errors name the file, the offset or line, expected and found.
//!
//! ```
//! use backprop_data::{Batch, BatchSampler, Dataset, Targets};
//! use backprop_tensor::Key;
//!
//! let labels = Targets::Classes { labels: vec![0, 1, 1, 0, 1], num_classes: 2 };
//! let dataset = Dataset::<f32>::from_bytes(2, vec![0, 255, 51, 0, 0, 0, 9, 9, 1, 1], labels)?;
//! let (train, validation) = dataset.split(0.4, 0)?;
//! assert_eq!((train.len(), validation.len()), (3, 2));
//!
//! let mut batch = Batch::new();
//! let mut batches = BatchSampler::new(train.len(), 2, Some(Key::new(0).derive("shuffle/epoch", 1)));
//! let mut seen = 0;
//! while let Some(rows) = batches.next_batch() {
//!     train.gather(rows, &mut batch);
//!     assert_eq!(batch.inputs().dim(), (rows.len(), 2));
//!     seen += batch.rows();
//! }
//! assert_eq!(seen, 3);
//! # Ok::<(), backprop_data::DataError>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod advice;
mod batch;
mod compiled;
#[cfg(feature = "csv")]
pub mod csv;
mod dataset;
mod error;
pub mod idx;
#[cfg(feature = "png")]
mod image;
pub mod images;
#[cfg(feature = "jpeg")]
mod jpeg;
mod limits;
#[cfg(feature = "png")]
pub mod png;

pub use advice::Advice;
pub use batch::{Batch, BatchSampler};
pub use dataset::{Dataset, Targets, split_rows, split_strata};
pub use error::DataError;
pub use limits::{Limits, read_file};

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
