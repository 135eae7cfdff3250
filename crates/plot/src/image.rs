//! Small images as PNG files with a palette, in `data:` addresses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Encoder};

/// The colours of the values of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colormap {
    /// One colour: 0 is the background, the largest value the colour of the text.
    #[default]
    Gray,
    /// Two colours around 0: blue below, vermilion above, the stronger the further away.
    Diverging,
}

/// The palette's index of the value 0; 127 steps lie below and above it.
pub(crate) const ZERO: u8 = 127;
/// The fraction of values that may be stronger than the strongest colour.
const CLIPPED: f64 = 0.002;

impl Colormap {
    /// The class of an image's element, whose rules adapt the colours to dark screens.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Colormap::Gray => "gray",
            Colormap::Diverging => "diverging",
        }
    }

    /// Red, green, blue and opacity of each index: transparent at 0, so that an image fits any
    /// background.
    fn palette(self) -> Vec<[u8; 4]> {
        let colour = |index: i32| {
            let strength = f64::from(index) / 127.0;
            let alpha = (255.0 * strength.abs().powf(0.8)).round() as u8;
            match (self, index < 0) {
                (Colormap::Gray, true) => [0, 0, 0, 0],
                (Colormap::Gray, false) => [0, 0, 0, (255.0 * strength).round() as u8],
                (Colormap::Diverging, true) => [0, 114, 178, alpha],
                (Colormap::Diverging, false) => [213, 94, 0, alpha],
            }
        };
        (-127..=127).map(colour).collect()
    }
}

/// The palette's index of a value from -1 to 1; that of 0 for a value that is not finite.
pub(crate) fn index_of(value: f64) -> u8 {
    if value.is_finite() {
        (f64::from(ZERO) + (127.0 * value.clamp(-1.0, 1.0)).round()) as u8
    } else {
        ZERO
    }
}

/// The absolute value that gets the strongest colour: the largest but for the few that are clipped.
pub(crate) fn full_scale<'a>(pixels: impl Iterator<Item = &'a f64>) -> f64 {
    let finite = pixels.filter(|value| value.is_finite());
    let mut strengths: Vec<f64> = finite.map(|value| value.abs()).collect();
    if strengths.is_empty() {
        return 1.0;
    }
    let at = ((1.0 - CLIPPED) * (strengths.len() - 1) as f64).ceil() as usize;
    let (_, largest, _) = strengths.select_nth_unstable_by(at, f64::total_cmp);
    if *largest > 0.0 { *largest } else { 1.0 }
}

/// A PNG file of palette indices, row after row, as a `data:` address; an empty address for an image
/// without pixels.
///
/// # Panics
/// If there are not `width * height` indices.
pub(crate) fn png_uri(width: usize, height: usize, indices: &[u8], colormap: Colormap) -> String {
    if indices.is_empty() {
        return "data:,".to_string();
    }
    let palette = colormap.palette();
    let colours: Vec<u8> = palette.iter().flat_map(|c| [c[0], c[1], c[2]]).collect();
    let opacities: Vec<u8> = palette.iter().map(|c| c[3]).collect();
    data_uri((width, height), indices, |encoder| {
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_palette(colours);
        encoder.set_trns(opacities);
    })
}

/// A PNG file of this size and these samples as a `data:` address.
///
/// # Panics
/// If the samples do not fill the image.
fn data_uri(
    (width, height): (usize, usize),
    samples: &[u8],
    set_up: impl FnOnce(&mut Encoder<'_, &mut Vec<u8>>),
) -> String {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
    set_up(&mut encoder);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(samples));
    if let Err(error) = written {
        let samples = samples.len();
        panic!("an image of {width} x {height} with {samples} samples: {error}");
    }
    format!("data:image/png;base64,{}", STANDARD.encode(file))
}

/// A PNG file of gray pixels, row after row, as a `data:` address for an `<img class="gray">`.
///
/// 0 and less is transparent, the largest value black; [`style_sheet`](crate::style_sheet) inverts the
/// class `gray` on dark screens. Pixels that are missing or not finite are 0.
///
/// ```
/// let uri = backprop_plot::gray_image_uri(2, 2, &[0.0, 0.5, 1.0, f64::NAN]);
/// assert!(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
/// assert_eq!(backprop_plot::gray_image_uri(0, 0, &[]), "data:,");
/// ```
pub fn gray_image_uri(width: usize, height: usize, pixels: &[f64]) -> String {
    let scale = full_scale(pixels.iter());
    let indices = pixels
        .iter()
        .map(|value| index_of((value / scale).max(0.0)));
    let mut indices: Vec<u8> = indices.collect();
    indices.resize(width * height, ZERO);
    png_uri(width, height, &indices, Colormap::Gray)
}

/// A PNG file of colours, red, green and blue from 0 to 1 for each pixel, row after row, as a `data:`
/// address for an `<img>`.
///
/// Values that are missing or not finite are 0.
///
/// ```
/// let uri = backprop_plot::rgb_image_uri(1, 1, &[1.0, 0.5, 0.0]);
/// assert!(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
/// assert_eq!(backprop_plot::rgb_image_uri(0, 0, &[]), "data:,");
/// ```
pub fn rgb_image_uri(width: usize, height: usize, pixels: &[f64]) -> String {
    let byte = |value: &f64| (255.0 * value.clamp(0.0, 1.0)).round() as u8;
    let mut bytes: Vec<u8> = pixels.iter().map(byte).collect();
    bytes.resize(3 * width * height, 0);
    if bytes.is_empty() {
        return "data:,".to_string();
    }
    data_uri((width, height), &bytes, |encoder| {
        encoder.set_color(ColorType::Rgb);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_the_colours() {
        let uri = rgb_image_uri(2, 1, &[0.0, 0.5, 1.0, 2.0, f64::NAN]);
        let text = uri.strip_prefix("data:image/png;base64,").expect("a PNG");
        let file = STANDARD.decode(text).expect("base64");
        let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info();
        let mut pixels = vec![0; 6];
        reader
            .expect("a header")
            .next_frame(&mut pixels)
            .expect("an image");
        assert_eq!(pixels, [0, 128, 255, 255, 0, 0]);
    }

    /// The address of an image decodes to the opacities of its values.
    #[test]
    fn an_address_holds_the_image() {
        let uri = gray_image_uri(3, 1, &[0.0, 0.5, 1.0]);
        let text = uri.strip_prefix("data:image/png;base64,").expect("a PNG");
        let file = STANDARD.decode(text).expect("base64");
        let mut reader = png::Decoder::new(std::io::Cursor::new(file));
        reader.set_transformations(png::Transformations::EXPAND);
        let mut reader = reader.read_info().expect("a header");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("an image");
        assert_eq!((info.width, info.height), (3, 1));
        assert_eq!(pixels, [0, 0, 0, 0, 0, 0, 0, 129, 0, 0, 0, 255]);
    }

    #[test]
    fn colours_are_strongest_at_the_ends_and_absent_at_zero() {
        let palette = Colormap::Diverging.palette();
        assert_eq!(palette[usize::from(index_of(-1.0))], [0, 114, 178, 255]);
        assert_eq!(palette[usize::from(index_of(7.0))], [213, 94, 0, 255]);
        for value in [0.0, f64::NAN, f64::INFINITY] {
            assert_eq!(palette[usize::from(index_of(value))][3], 0);
        }
        assert_eq!(Colormap::Gray.palette()[0], [0, 0, 0, 0]);
        assert_eq!(full_scale([0.0, f64::NAN].iter()), 1.0);
    }
}
