//! Pictures from files, and as inputs of a network.

use std::path::Path;

use super::encoding::{Background, ImageEncoding};
use crate::image::{Glyph, GrayImage, Image, Piece, pieces, scaled};
use crate::limits::read_file;
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
    let file = path.as_ref().display().to_string();
    let bytes = read_file(path, limits)?;
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
    /// If the encoding is neither of grey pictures nor of such in colour, or has a side of 0; or if one for
    /// drawings gets a picture whose pixels are all of one shade.
    pub fn inputs(&self, name: &str, image: Image) -> Result<Vec<u8>, DataError> {
        self.check_sides()?;
        let (width, height) = (self.width, self.height);
        let fits = (image.width(), image.height()) == (width, height);
        match (self.channels, self.background) {
            (1, Some(_)) => {
                let gray = image.into_gray();
                let drawing = Glyph::on(&gray, name)?;
                Ok(if fits {
                    self.on_background(gray.pixels().to_vec(), drawing.is_dark_on_light())
                } else {
                    self.on_background(drawing.normalized(width, height), false)
                })
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

impl GrayImage {
    /// The separate pieces of a drawing, from left to right; `name` is for errors.
    ///
    /// A piece is an 8-connected component of the foreground, with the components above and below it, such as
    /// the dot of an i. A piece of less than a tenth of the largest one's mass is left out, and so are specks.
    ///
    /// ```
    /// use backprop_data::images::{GrayImage, ImageEncoding};
    ///
    /// // Two black bars on white.
    /// let shade = |at: usize| if matches!(at % 40, 8..12 | 30..33) && at / 40 > 4 { 0 } else { 255 };
    /// let picture = GrayImage::new(40, 30, (0..1200).map(shade).collect())?;
    /// let pieces = picture.pieces("bars")?;
    /// let boxes: Vec<_> = pieces.iter().map(|piece| (piece.left, piece.width)).collect();
    /// assert_eq!(boxes, [(8, 4), (30, 3)]);
    /// let inputs = ImageEncoding::drawings(28, 28).piece_inputs("bars", &pieces[0])?;
    /// assert_eq!(inputs.len(), 784);
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If all pixels are of one shade.
    pub fn pieces(&self, name: &str) -> Result<Vec<Piece>, DataError> {
        pieces(self, name)
    }
}

impl ImageEncoding {
    /// Returns true for pictures in grey that are drawings, which [`GrayImage::pieces`] can take apart.
    pub fn is_of_drawings(&self) -> bool {
        self.channels == 1 && self.background.is_some()
    }

    /// The raw inputs, from 0 to 255, that a network of drawings takes for a piece of one, fitted in as
    /// [`inputs`](Self::inputs) fits a drawing of another size; `name` is for errors.
    ///
    /// # Errors
    /// If the pictures are none of drawings.
    pub fn piece_inputs(&self, name: &str, piece: &Piece) -> Result<Vec<u8>, DataError> {
        if !self.is_of_drawings() {
            return Err(DataError::Channels {
                file: name.to_owned(),
                width: self.width,
                height: self.height,
                channels: self.channels,
            });
        }
        self.check_sides()?;
        let glyph = Glyph::on(&piece.drawing, name)?;
        Ok(self.on_background(glyph.normalized(self.width, self.height), false))
    }

    /// Checks that the pictures have pixels.
    fn check_sides(&self) -> Result<(), DataError> {
        self.check(self.row_width().unwrap_or(0), self.labels.len())
    }

    /// A field that is light on black, or `is_dark` on white, on the background of these drawings.
    fn on_background(&self, mut field: Vec<u8>, is_dark: bool) -> Vec<u8> {
        if is_dark != (self.background == Some(Background::White)) {
            field.iter_mut().for_each(|shade| *shade = 255 - *shade);
        }
        field
    }
}
