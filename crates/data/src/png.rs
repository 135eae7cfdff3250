//! Pictures from PNG files, as the inputs of a network that learnt from MNIST.
//!
//! A file of any colour type, depth and size becomes a [`GrayImage`] in grey; what is transparent
//! lies on white. [`GrayImage::to_inputs`] makes of it what such a network takes: light ink on black,
//! as MNIST has it, whichever way round it was drawn.
//!
//! - A picture of just the network's size is taken as it is.
//! - Any other is fitted into 28 x 28 pixels the way MNIST's own digits were: what is drawn is cut
//!   out, scaled into 20 x 20 with its proportions kept, each pixel the average of the area it
//!   covers, and placed so that its centre of mass is at the middle of the field.
//!
//! MNIST's digits were black and white before they were scaled. A picture gets there so: the median
//! shade of its edge is the background and becomes 0, the shade farthest from it becomes 255. Nine
//! tenths of the edge's pixels differ from the median by at most the grain of the paper; what
//! differs by less than four times that, or than 4 shades, is background too.

mod fit;

use std::io::Cursor;
use std::path::Path;

use png::{ColorType, Decoder, Transformations};

use crate::error::clause;
use crate::{DataError, Limits};

/// Pixels on each side of MNIST's fields.
const SIDE: usize = 28;

/// The memory that the parts of a file besides its pixels may take.
const CHUNKS: usize = 1 << 20;

const NOT_PNG: &str = "check that this is a PNG file, or save the picture again";

/// A picture in shades of grey, row after row, from 0 (black) to 255 (white).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrayImage {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// Reads a picture from a PNG file.
///
/// # Errors
/// If the file cannot be read, is damaged or no PNG, or needs more memory than `limits` allows: 3
/// bytes a pixel for one in grey and 5 for one in colour, and some rows, or what the file has. What is
/// in it besides pixels may take a further megabyte.
pub fn read(path: impl AsRef<Path>, limits: Limits) -> Result<GrayImage, DataError> {
    let (file, bytes) = crate::limits::read_all(path.as_ref(), limits)?;
    parse(&file, &bytes, limits)
}

/// Reads a picture from the bytes of a PNG file; `name` is for errors.
///
/// The size that the file claims is checked before memory is taken for it.
///
/// # Errors
/// As [`read`].
pub fn parse(name: &str, bytes: &[u8], limits: Limits) -> Result<GrayImage, DataError> {
    let mut source = Cursor::new(bytes);
    let decoded = decode(name, &mut source, limits);
    decoded.map_err(|failure| match failure {
        Failure::Decoding(error) => DataError::Malformed {
            file: name.to_owned(),
            offset: source.position().min(bytes.len() as u64),
            expected: "PNG data".to_owned(),
            found: found(bytes, &error),
            advice: NOT_PNG,
        },
        Failure::Data(error) => error,
    })
}

enum Failure {
    Decoding(png::DecodingError),
    Data(DataError),
}

impl From<png::DecodingError> for Failure {
    fn from(error: png::DecodingError) -> Self {
        Failure::Decoding(error)
    }
}

fn decode(name: &str, source: &mut Cursor<&[u8]>, limits: Limits) -> Result<GrayImage, Failure> {
    let too_large = |needed| {
        Failure::Data(DataError::TooLarge {
            file: name.to_owned(),
            needed,
            limit: limits.max_bytes,
        })
    };
    let mut decoder = Decoder::new_with_limits(source, png::Limits { bytes: CHUNKS });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info()?;
    let needed = needed(header);
    if needed > limits.max_bytes {
        return Err(too_large(needed));
    }
    // One row more, which the decoder counts.
    let row = header.width as usize * 8;
    decoder.set_limits(png::Limits {
        bytes: CHUNKS.saturating_add(row),
    });
    let mut reader = decoder.read_info()?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| too_large(needed))?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer)?;
    reader.finish()?;
    let samples = &buffer[..frame.buffer_size()];
    let grey = match frame.color_type {
        ColorType::Grayscale | ColorType::Indexed => samples.to_vec(),
        ColorType::GrayscaleAlpha => samples
            .as_chunks()
            .0
            .iter()
            .map(|&[grey, alpha]| over_white(grey, alpha))
            .collect(),
        ColorType::Rgb => samples.as_chunks().0.iter().map(|&rgb| luma(rgb)).collect(),
        ColorType::Rgba => samples
            .as_chunks()
            .0
            .iter()
            .map(|&[r, g, b, alpha]| over_white(luma([r, g, b]), alpha))
            .collect(),
    };
    Ok(GrayImage {
        width: frame.width as usize,
        height: frame.height as usize,
        pixels: grey,
    })
}

/// The memory that a picture takes: all samples as bytes, the grey that is made of them, and the
/// decoder's rows, of which it holds up to eight in a buffer that may be moved, and copies.
fn needed(header: &png::Info<'_>) -> u64 {
    let (width, height) = (u64::from(header.width), u64::from(header.height));
    let samples = match header.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => 4,
    };
    let row = width * samples * if header.bit_depth as u8 == 16 { 2 } else { 1 };
    let rows = 4 * row.saturating_mul(height.min(8));
    width
        .saturating_mul(height)
        .saturating_mul(samples + 1)
        .saturating_add(rows)
}

/// How bright a colour looks (ITU-R BT.601).
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    ((sum + 500) / 1000) as u8
}

fn over_white(grey: u8, alpha: u8) -> u8 {
    let (grey, alpha) = (u32::from(grey), u32::from(alpha));
    ((grey * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// The pictures of other kinds that people have, by their first bytes.
const OTHERS: [(&[u8], &str); 4] = [
    (&[0xff, 0xd8, 0xff], "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture"),
    (b"BM", "a BMP picture"),
];

/// The contents that stand instead of PNG data.
fn found(bytes: &[u8], error: &png::DecodingError) -> String {
    let other = OTHERS.iter().find(|(start, _)| bytes.starts_with(start));
    match (other, error) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, png::DecodingError::IoError(source))
            if source.kind() == std::io::ErrorKind::UnexpectedEof =>
        {
            "the end of the file".to_owned()
        }
        (None, error) => clause(&error.to_string()),
    }
}

impl GrayImage {
    /// A picture of these shades, row after row.
    ///
    /// # Errors
    /// If a side is 0, or the shades do not fill the picture.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, DataError> {
        for (what, side) in [("the width of a picture", width), ("its height", height)] {
            if side == 0 {
                return Err(DataError::Zero { what });
            }
        }
        if width.checked_mul(height) != Some(pixels.len()) {
            return Err(DataError::Ragged {
                what: "pixels",
                length: pixels.len(),
                width,
            });
        }
        Ok(GrayImage {
            width,
            height,
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

    /// The shades, row after row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The raw inputs, from 0 to 255, of a network of `inputs` inputs; `name` is for errors.
    ///
    /// A square picture of `inputs` pixels is taken as it is, any other fitted the way of MNIST,
    /// which needs a network of 784 inputs. Both are light on black, whichever way round they were
    /// drawn.
    ///
    /// ```
    /// use backprop_data::png::GrayImage;
    ///
    /// // A black square on white, in a corner.
    /// let shade = |i: usize| if i % 60 < 30 && i / 60 < 30 { 0 } else { 255 };
    /// let inputs = GrayImage::new(60, 60, (0..3600).map(shade).collect())?.to_inputs("square", 784)?;
    /// let ink = |y: usize, x: usize| inputs[28 * y + x];
    /// assert_eq!((ink(4, 4), ink(23, 23)), (255, 255));
    /// assert_eq!((ink(3, 14), ink(24, 14)), (0, 0));
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If all pixels are of one shade, or the picture does not fit the network.
    pub fn to_inputs(&self, name: &str, inputs: usize) -> Result<Vec<u8>, DataError> {
        let Some(drawing) = fit::Glyph::on(self) else {
            return Err(DataError::Blank {
                file: name.to_owned(),
            });
        };
        let fits = self.width == self.height && self.pixels.len() == inputs;
        if fits && drawing.is_dark_on_light() {
            Ok(self.pixels.iter().map(|shade| 255 - shade).collect())
        } else if fits {
            Ok(self.pixels.clone())
        } else if inputs == SIDE * SIDE {
            Ok(drawing.fitted().to_vec())
        } else {
            Err(DataError::GrayImage {
                file: name.to_owned(),
                width: self.width,
                height: self.height,
                inputs,
            })
        }
    }
}

#[cfg(test)]
mod tests;
