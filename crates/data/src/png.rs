//! Pictures from PNG files, as the inputs of a network that learnt from MNIST.
//!
//! A file of any colour type, depth and size becomes a [`GrayImage`] in grey; what is transparent
//! lies on white. [`GrayImage::to_inputs`] makes of it the inputs of such a network: light on black,
//! as MNIST has it, whichever way round it was drawn.
//!
//! - A picture of just the network's size is taken as it is.
//! - Any other is normalized to 28 x 28 pixels the way MNIST's own digits were: the bounding box of the
//!   foreground is cropped, scaled into 20 x 20 with its proportions kept, each pixel the average of the area it
//!   covers, and placed so that its centre of mass is at the middle of the field.
//!
//! MNIST's digits were black and white before they were scaled. Contrast stretching does the same to a picture:
//! the median shade of its edge is the background and becomes 0, the shade farthest from it becomes 255.
//! Nine tenths of the edge's pixels differ from the median by at most the noise; a pixel that differs by
//! less than four times the noise, or than 4 shades, is background too.

use std::io::Cursor;
use std::path::Path;

use png::{ColorType, Decoder, Transformations};

use crate::error::clause;
pub use crate::image::GrayImage;
use crate::image::Image;
use crate::{DataError, Limits};

/// The memory that the parts of a file besides its pixels may take.
const CHUNKS: usize = 1 << 20;

const NOT_PNG: &str = "check that this is such a file, or save the picture again";

/// Reads a picture from a PNG file.
///
/// # Errors
/// If the file cannot be read, is damaged or no PNG, or needs more memory than `limits` allows: 3
/// bytes a pixel for one in grey and 5 for one in colour, and some rows, or what the file has. What is
/// in it besides pixels may take a further megabyte.
pub fn read(path: impl AsRef<Path>, limits: Limits) -> Result<GrayImage, DataError> {
    let file = path.as_ref().display().to_string();
    let bytes = crate::read_file(path, limits)?;
    parse(&file, &bytes, limits)
}

/// Reads a picture from the bytes of a PNG file; `name` is for errors.
///
/// The size that the file claims is checked before memory is taken for it.
///
/// # Errors
/// As [`read`].
pub fn parse(name: &str, bytes: &[u8], limits: Limits) -> Result<GrayImage, DataError> {
    Ok(parse_image(name, bytes, limits, "PNG data")?.into_gray())
}

/// The picture in its colours; what is transparent lies on white. An error for bytes that do not begin as
/// PNG expects these `formats`.
pub(crate) fn parse_image(
    name: &str,
    bytes: &[u8],
    limits: Limits,
    formats: &str,
) -> Result<Image, DataError> {
    let mut source = Cursor::new(bytes);
    let decoded = decode(name, &mut source, limits);
    decoded.map_err(|failure| match failure {
        Failure::Decoding(error) => DataError::Malformed {
            file: name.to_owned(),
            offset: source.position().min(bytes.len() as u64),
            expected: if bytes.starts_with(b"\x89PNG") {
                "PNG data".to_owned()
            } else {
                formats.to_owned()
            },
            found: found(bytes, &error),
            advice: NOT_PNG,
        },
        Failure::Palette(length) => DataError::Malformed {
            file: name.to_owned(),
            offset: source.position().min(bytes.len() as u64),
            expected: "a palette of 1 to 256 colours of 3 bytes".to_owned(),
            found: format!("one of {length} bytes"),
            advice: NOT_PNG,
        },
        Failure::Data(error) => error,
    })
}

enum Failure {
    Decoding(png::DecodingError),
    /// A palette of this number of bytes.
    Palette(usize),
    Data(DataError),
}

impl From<png::DecodingError> for Failure {
    fn from(error: png::DecodingError) -> Self {
        Failure::Decoding(error)
    }
}

fn decode(name: &str, source: &mut Cursor<&[u8]>, limits: Limits) -> Result<Image, Failure> {
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
    // The decoder takes any length, and panics where it is not whole colours.
    let is_indexed = reader.info().color_type == ColorType::Indexed;
    let palette = reader
        .info()
        .palette
        .as_ref()
        .map_or(0, |bytes| bytes.len());
    if is_indexed && !(palette.is_multiple_of(3) && (3..=3 * 256).contains(&palette)) {
        return Err(Failure::Palette(palette));
    }
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| too_large(needed))?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer)?;
    reader.finish()?;
    buffer.truncate(frame.buffer_size());
    let (width, height) = (frame.width as usize, frame.height as usize);
    let channels = match frame.color_type {
        ColorType::Grayscale | ColorType::Indexed => 1,
        ColorType::GrayscaleAlpha => flattened::<2>(&mut buffer),
        ColorType::Rgb => 3,
        ColorType::Rgba => flattened::<4>(&mut buffer),
    };
    Image::new(width, height, channels, buffer).map_err(Failure::Data)
}

/// Lays pixels of `N` samples, the last of which is their opacity, on white, within their memory; the number
/// of channels that are left.
fn flattened<const N: usize>(samples: &mut Vec<u8>) -> usize {
    let pixels = samples.len() / N;
    for pixel in 0..pixels {
        let alpha = samples[N * pixel + N - 1];
        for channel in 0..N - 1 {
            let value = over_white(samples[N * pixel + channel], alpha);
            samples[(N - 1) * pixel + channel] = value;
        }
    }
    samples.truncate((N - 1) * pixels);
    N - 1
}

/// The memory that a picture takes: all samples as bytes, a byte more for each pixel, and the
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

/// A shade, or a value of a colour, on white paper.
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
    let is_heic = bytes.get(4..8) == Some(b"ftyp");
    let heic = (&b""[..], "a HEIC or AVIF picture");
    match (other.or(is_heic.then_some(&heic)), error) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, png::DecodingError::IoError(source))
            if source.kind() == std::io::ErrorKind::UnexpectedEof =>
        {
            "the end of the file".to_owned()
        }
        (None, error) => clause(&error.to_string()),
    }
}

#[cfg(test)]
mod tests;
