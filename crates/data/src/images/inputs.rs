//! Pictures from files, and as inputs of a network.

use std::path::Path;

use super::encoding::{Background, ImageEncoding};
use crate::image::{Glyph, Image, scaled};
use crate::limits::read_all;
use crate::{DataError, Limits, png};

/// The formats that are read.
const FORMATS: &str = if cfg!(feature = "jpeg") {
    "PNG or JPEG data"
} else {
    "PNG data"
};

/// Reads a picture from a PNG file, in its colours; what is transparent lies on white. With the feature
/// `jpeg` also from a JPEG file, upright as its Exif data says.
///
/// # Errors
/// As [`png::read`]. A JPEG file needs about 13 bytes of memory for each pixel.
pub fn read(path: impl AsRef<Path>, limits: Limits) -> Result<Image, DataError> {
    let (file, bytes) = read_all(path.as_ref(), limits)?;
    parse(&file, &bytes, limits)
}

/// Reads a picture from the bytes of a file; `name` is for errors.
///
/// # Errors
/// As [`read`].
pub fn parse(name: &str, bytes: &[u8], limits: Limits) -> Result<Image, DataError> {
    #[cfg(feature = "jpeg")]
    if bytes.starts_with(&crate::jpeg::MAGIC) {
        return crate::jpeg::parse_image(name, bytes, limits);
    }
    png::parse_image(name, bytes, limits, FORMATS)
}

impl ImageEncoding {
    /// The raw inputs, from 0 to 255, that a network of such pictures takes for another; `name` is for
    /// errors.
    ///
    /// - For drawings in grey: a picture of the same size is taken as it is; any other is fitted in as
    ///   [`png`] has it, for a field of this size. Either is drawn on the encoding's background, whichever
    ///   way round it was.
    /// - For all others: the middle of the picture, with the proportions of the encoding, scaled to its
    ///   size; a pixel is the average of the area that it covers.
    ///
    /// # Errors
    /// If the encoding is neither of grey pictures nor of such in colour, or one for drawings gets a
    /// picture whose pixels are all of one shade.
    pub fn inputs(&self, name: &str, image: Image) -> Result<Vec<u8>, DataError> {
        let (width, height) = (self.width, self.height);
        let fits = (image.width(), image.height()) == (width, height);
        match (self.channels, self.background) {
            (1, Some(background)) => {
                let gray = image.into_gray();
                let drawing = Glyph::on(&gray, name)?;
                let (mut field, is_dark) = if fits {
                    (gray.pixels().to_vec(), drawing.is_dark_on_light())
                } else {
                    (drawing.fitted(width, height), false)
                };
                if is_dark != (background == Background::White) {
                    field.iter_mut().for_each(|shade| *shade = 255 - *shade);
                }
                Ok(field)
            }
            (1, None) => Ok(scaled(&image.into_gray().into(), width, height)),
            (3, _) => Ok(scaled(&image.colored(), width, height)),
            (channels, _) => Err(DataError::Channels {
                file: name.to_owned(),
                width,
                height,
                channels,
            }),
        }
    }
}
