//! Pictures with labels as data sets: IDX files of any width, height and channels, and with the feature
//! `png` folders of picture files.
//!
//! A row of the data set is a picture, row after row of pixels, the channels of a pixel side by side,
//! a byte each. The [`ImageEncoding`] says so; it stays with the data set and with the model that
//! learns from it, so that a program can make a row of any other picture, and a class of any label.
//!
//! ```
//! use backprop_data::idx::{Idx, Values};
//! use backprop_data::images::{Background, LabeledImages};
//! use backprop_data::Limits;
//!
//! # let folder = tempfile::tempdir()?;
//! # let write = |name: &str, shape: Vec<usize>, values: Vec<u8>| -> Result<_, Box<dyn std::error::Error>> {
//! #     let path = folder.path().join(name);
//! #     std::fs::write(&path, Idx { shape, values: Values::U8(values) }.to_bytes()?)?;
//! #     Ok(path)
//! # };
//! // Two pictures of 2 x 3 pixels, of the classes 4 and 9.
//! let images = write("images", vec![2, 3, 2], vec![0, 0, 255, 255, 0, 0, 0, 0, 0, 255, 255, 0])?;
//! let labels = write("labels", vec![2], vec![9, 4])?;
//! let pictures = LabeledImages::from_idx(&images, &labels, Limits::default())?;
//! let classes = pictures.classes()?;
//! assert_eq!(classes.names, ["4", "9"]);
//! let dataset = pictures.dataset::<f32>(&classes)?;
//! let encoding = dataset.image_encoding().expect("rows of pictures");
//! assert_eq!((encoding.width, encoding.height, encoding.channels), (2, 3, 1));
//! assert_eq!(encoding.background, Some(Background::Black));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod classes;
mod encoding;
#[cfg(feature = "png")]
mod folder;
#[cfg(feature = "png")]
mod inputs;
mod labeled;

#[cfg(feature = "png")]
pub use crate::image::{GrayImage, Image, Piece};
pub use classes::{Classes, read_names};
pub use encoding::{Background, ImageEncoding};
#[cfg(feature = "png")]
pub use folder::{ClassFolder, list_folder};
#[cfg(feature = "png")]
pub use inputs::{parse, read};
pub use labeled::{LabeledImages, transpose};

#[cfg(test)]
mod tests;
