//! Pictures from JPEG files, upright as their Exif data says.

mod exif;

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::clause;
use crate::image::{Image, upright};
use crate::{DataError, Limits};

/// The bytes that begin a JPEG file.
pub(crate) const MAGIC: [u8; 3] = [0xff, 0xd8, 0xff];

/// The longest side that the format can tell.
const LONGEST: usize = u16::MAX as usize;
/// Pixels on a side of the largest unit that is decoded as one: four blocks of 8.
const UNIT: u64 = 32;

/// The picture in the bytes of a JPEG file, in its colours and upright; `name` is for errors.
///
/// The size that the file claims is checked before memory is taken for it.
///
/// # Errors
/// If the bytes are damaged or no JPEG, or need more memory than `limits` allows: about 13 bytes a pixel
/// in colour, and 9 in grey.
pub(crate) fn parse_image(name: &str, bytes: &[u8], limits: Limits) -> Result<Image, DataError> {
    let damaged = |error: DecodeErrors| DataError::Malformed {
        file: name.to_owned(),
        offset: 0,
        expected: "JPEG data".to_owned(),
        found: clause(error.to_string().trim_matches('"')),
        advice: "save the picture again",
    };
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .set_max_width(LONGEST)
        .set_max_height(LONGEST)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let too_large = |needed| DataError::TooLarge {
        file: name.to_owned(),
        needed,
        limit: limits.max_bytes,
    };
    let (Some(info), Some(size)) = (decoder.info(), decoder.output_buffer_size()) else {
        return Err(too_large(u64::MAX));
    };
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    let needed = needed(width, height, u64::from(info.components));
    if needed > limits.max_bytes {
        return Err(too_large(needed));
    }
    let orientation = info.exif_data.as_deref().map(exif::orientation);
    drop(info);
    let mut pixels = vec![0; size];
    decoder.decode_into(&mut pixels).map_err(damaged)?;
    drop(decoder);
    let image = Image::new(width as usize, height as usize, 3, pixels)?;
    Ok(upright(image, orientation.unwrap_or_default()))
}

/// The memory that a picture takes: its pixels in colour, twice where they are turned, the coefficients of a progressive file as
/// numbers of 16 bits, and the rows of a unit in a few buffers.
fn needed(width: u64, height: u64, components: u64) -> u64 {
    let (wide, high) = (width.next_multiple_of(UNIT), height.next_multiple_of(UNIT));
    let pixels = wide * high * (2 * components + 2 * 3);
    pixels + wide * UNIT * components * 2 * 4
}

#[cfg(test)]
mod tests;
