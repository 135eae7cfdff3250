//! MNIST and Fashion-MNIST: names, files and checksums, and loading.
//!
//! Both have 60,000 training and 10,000 test images of 28 x 28 grey pixels in ten classes, in four
//! IDX files of the same names. The files lie in a folder named after the data set, such as
//! `data/mnist`, plain or compressed with gzip.
//!
//! ```
//! use backprop_datasets::DatasetError;
//! use backprop_datasets::mnist::{self, Variant};
//!
//! assert_eq!(Variant::FashionMnist.name(), "fashion-mnist");
//! assert_eq!(Variant::Mnist.files()[0].name, "train-images-idx3-ubyte");
//! let error = mnist::load::<f32>("no-such-folder", Variant::Mnist).unwrap_err();
//! assert!(matches!(error, DatasetError::NotFound { .. }));
//! ```

mod files;
mod load;
#[cfg(feature = "sample")]
mod sample;

pub use files::{File, Variant};
pub use load::{is_present, load};
#[cfg(feature = "sample")]
pub use sample::sample;

#[cfg(test)]
mod tests;
