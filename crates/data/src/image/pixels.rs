//! The pixels of a picture.

use std::borrow::Cow;

use crate::DataError;

/// A picture in grey or in colour, row after row, a byte from 0 to 255 for each channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) pixels: Vec<u8>,
}

impl Image {
    /// A picture of 1 channel, grey, or 3: red, green and blue. One in colour whose pixels are all grey
    /// becomes one of 1 channel.
    ///
    /// ```
    /// use backprop_data::images::Image;
    ///
    /// let image = Image::new(2, 1, 3, vec![7, 7, 7, 9, 9, 9])?;
    /// assert_eq!((image.channels(), image.pixels()), (1, &[7, 9][..]));
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If a side is 0, or the values do not fill the picture.
    ///
    /// # Panics
    /// If there are neither 1 nor 3 channels.
    #[track_caller]
    pub fn new(
        width: usize,
        height: usize,
        channels: usize,
        mut pixels: Vec<u8>,
    ) -> Result<Self, DataError> {
        assert!(matches!(channels, 1 | 3), "{channels} channels");
        for (what, side) in [("the width of a picture", width), ("its height", height)] {
            if side == 0 {
                return Err(DataError::Zero { what });
            }
        }
        let size = width.checked_mul(height);
        if size.and_then(|size| size.checked_mul(channels)) != Some(pixels.len()) {
            return Err(DataError::Ragged {
                what: "pixels",
                length: pixels.len(),
                width,
            });
        }
        let is_grey = |pixel: &[u8; 3]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
        let mut channels = channels;
        if channels == 3 && pixels.as_chunks().0.iter().all(is_grey) {
            channels = 1;
            let size = pixels.len() / 3;
            (0..size).for_each(|at| pixels[at] = pixels[3 * at]);
            pixels.truncate(size);
        }
        Ok(Image {
            width,
            height,
            channels,
            pixels,
        })
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// 1 for grey, 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The values, row after row, the channels of a pixel side by side.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture in grey: how bright each colour looks.
    pub fn into_gray(self) -> GrayImage {
        let mut pixels = self.pixels;
        if self.channels == 3 {
            let size = pixels.len() / 3;
            for at in 0..size {
                pixels[at] = luma([pixels[3 * at], pixels[3 * at + 1], pixels[3 * at + 2]]);
            }
            pixels.truncate(size);
        }
        GrayImage {
            width: self.width,
            height: self.height,
            pixels,
        }
    }

    /// The picture in colour, whether it has colours or not.
    pub(crate) fn colored(&self) -> Cow<'_, Image> {
        if self.channels == 3 {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Image {
            channels: 3,
            pixels: self.pixels.iter().flat_map(|&shade| [shade; 3]).collect(),
            ..*self
        })
    }
}

/// How bright a colour looks (ITU-R BT.601).
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    ((sum + 500) / 1000) as u8
}

/// A picture in shades of grey, row after row, from 0 (black) to 255 (white).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrayImage {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl GrayImage {
    /// A picture of these shades, row after row.
    ///
    /// # Errors
    /// If a side is 0, or the shades do not fill the picture.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, DataError> {
        Ok(Image::new(width, height, 1, pixels)?.into_gray())
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The shades, row after row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}

impl From<GrayImage> for Image {
    fn from(gray: GrayImage) -> Self {
        Image {
            width: gray.width,
            height: gray.height,
            channels: 1,
            pixels: gray.pixels,
        }
    }
}
