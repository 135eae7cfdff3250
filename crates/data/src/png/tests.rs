use approx::assert_abs_diff_eq;

use super::*;
use crate::idx::{self, Values};

const LIMITS: Limits = Limits { max_bytes: 1 << 22 };

/// A PNG file of these samples.
fn png(
    width: usize,
    height: usize,
    colour: ColorType,
    depth: png::BitDepth,
    data: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 255, 255, 255, 255, 0, 0]);
        encoder.set_trns(vec![255, 255, 0]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

fn grey(width: usize, height: usize, data: &[u8]) -> Vec<u8> {
    png(
        width,
        height,
        ColorType::Grayscale,
        png::BitDepth::Eight,
        data,
    )
}

fn shades(bytes: &[u8]) -> Vec<u8> {
    parse("picture", bytes, LIMITS).unwrap().pixels().to_vec()
}

/// The first images of MNIST's test set.
fn digits() -> Vec<[u8; 784]> {
    let packed = include_bytes!("../../../datasets/sample/t10k-images-idx3-ubyte.gz");
    let images = idx::parse("sample", &packed[..], Limits::default()).unwrap();
    let Values::U8(pixels) = images.values else {
        panic!("bytes");
    };
    pixels.as_chunks().0[..50].to_vec()
}

/// An image of 28 x 28, `times` as large, within a black picture with its corner at (x, y).
fn enlarged(
    image: &[u8; 784],
    times: usize,
    size: (usize, usize),
    corner: (usize, usize),
) -> GrayImage {
    let mut grey = vec![0; size.0 * size.1];
    for y in 0..28 * times {
        for x in 0..28 * times {
            grey[(corner.1 + y) * size.0 + corner.0 + x] = image[y / times * 28 + x / times];
        }
    }
    GrayImage::new(size.0, size.1, grey).unwrap()
}

fn inverted(picture: &GrayImage) -> GrayImage {
    let grey = picture.pixels().iter().map(|shade| 255 - shade).collect();
    GrayImage::new(picture.width(), picture.height(), grey).unwrap()
}

#[test]
fn every_colour_type_becomes_grey() {
    use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    use png::BitDepth::{Eight, One, Sixteen};
    assert_eq!(shades(&png(2, 1, Grayscale, Eight, &[7, 200])), [7, 200]);
    assert_eq!(
        shades(&png(9, 1, Grayscale, One, &[0b1010_0001, 0x80])),
        [255, 0, 255, 0, 0, 0, 0, 255, 255]
    );
    assert_eq!(
        shades(&png(2, 1, Grayscale, Sixteen, &[100, 9, 1, 255])),
        [100, 1]
    );
    // Red, green and blue look as bright as in BT.601; white stays white.
    let colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    assert_eq!(shades(&png(4, 1, Rgb, Eight, &colours)), [76, 150, 29, 255]);
    // Black in three opacities, on white.
    assert_eq!(
        shades(&png(3, 1, GrayscaleAlpha, Eight, &[0, 255, 0, 128, 0, 0])),
        [0, 127, 255]
    );
    assert_eq!(
        shades(&png(2, 1, Rgba, Eight, &[255, 0, 0, 255, 9, 9, 9, 0])),
        [76, 255]
    );
    // The third colour is transparent.
    assert_eq!(
        shades(&png(3, 1, Indexed, Eight, &[0, 1, 2])),
        [0, 255, 255]
    );
}

#[test]
fn a_picture_of_the_networks_size_is_taken_as_it_is() {
    for digit in digits() {
        let picture = GrayImage::new(28, 28, digit.to_vec()).unwrap();
        assert_eq!(picture.to_inputs("digit", 784).unwrap(), digit);
        assert_eq!(inverted(&picture).to_inputs("digit", 784).unwrap(), digit);
    }
    let picture = GrayImage::new(2, 2, vec![0, 0, 9, 0]).unwrap();
    assert_eq!(picture.to_inputs("four", 4).unwrap(), [0, 0, 9, 0]);
}

#[test]
fn an_enlarged_digit_comes_back_wherever_and_whichever_way_round_it_is() {
    for digit in digits() {
        let large = enlarged(&digit, 7, (260, 230), (40, 5));
        let field = large.to_inputs("digit", 784).unwrap();
        assert_eq!(inverted(&large).to_inputs("digit", 784).unwrap(), field);
        // MNIST's digits were made this way, so nothing changes but what counts as background,
        // and the contrast of those whose darkest pixel is not quite black.
        for (place, (&ours, &theirs)) in field.iter().zip(&digit).enumerate() {
            let theirs = if theirs < 4 { 0 } else { theirs };
            assert!(ours.abs_diff(theirs) <= 1, "{place}: {ours}, not {theirs}");
        }
    }
}

#[test]
fn proportions_are_kept_and_the_centre_of_mass_is_in_the_middle() {
    // A line of 5 x 100, and a wedge whose mass is at its foot.
    let line = |x: usize, y: usize| (30..35).contains(&x) && (50..150).contains(&y);
    let wedge = |x: usize, y: usize| (20..120).contains(&y) && x >= 10 && x - 10 < y - 20;
    let draw = |inside: &dyn Fn(usize, usize) -> bool| {
        let shade = |i: usize| if inside(i % 200, i / 200) { 0 } else { 255 };
        let picture = GrayImage::new(200, 160, (0..200 * 160).map(shade).collect()).unwrap();
        picture.to_inputs("drawing", 784).unwrap()
    };
    let extent = |field: &[u8], of: fn(usize) -> usize| {
        let places = (0..784).filter(|&i| field[i] > 0).map(of);
        let (first, last) = (places.clone().min().unwrap(), places.max().unwrap());
        (first, last - first + 1)
    };
    let field = draw(&line);
    assert_eq!(extent(&field, |i| i % 28), (14, 1));
    assert_eq!(extent(&field, |i| i / 28), (4, 20));
    let field = draw(&wedge);
    assert_eq!(extent(&field, |i| i % 28).1, 20);
    let mass: f64 = field.iter().map(|&ink| f64::from(ink)).sum();
    for of in [|i: usize| i % 28, |i: usize| i / 28] {
        let moment: f64 = (0..784).map(|i| f64::from(field[i]) * of(i) as f64).sum();
        assert_abs_diff_eq!(moment / mass, 14.0, epsilon = 0.5);
    }
}

#[test]
fn faint_ink_on_grey_paper_is_stretched_and_the_papers_grain_is_not_ink() {
    let grain = |i: usize| 180 + (i % 3) as u8;
    let ink = |i: usize| (20..40).contains(&(i % 60)) && (20..40).contains(&(i / 60));
    let shade = |i: usize| if ink(i) { 120 } else { grain(i) };
    let picture = GrayImage::new(60, 60, (0..3600).map(shade).collect()).unwrap();
    let field = picture.to_inputs("paper", 784).unwrap();
    for (i, &value) in field.iter().enumerate() {
        let inside = (4..24).contains(&(i % 28)) && (4..24).contains(&(i / 28));
        assert_eq!(value, if inside { 255 } else { 0 }, "{i}");
    }
}

#[test]
fn pictures_of_any_shape_are_fitted() {
    for (width, height) in [(1, 2), (2, 1), (1, 3000), (3000, 1), (3, 5), (29, 28)] {
        for ink in [0, width * height - 1] {
            let mut grey = vec![255; width * height];
            grey[ink] = 0;
            let picture = GrayImage::new(width, height, grey).unwrap();
            let field = picture.to_inputs("small", 784).unwrap();
            assert!(field.contains(&255), "{width} x {height}");
        }
    }
}

#[test]
fn a_picture_that_does_not_fit_is_told() {
    let blank = GrayImage::new(30, 30, vec![255; 900]).unwrap();
    assert_eq!(
        blank.to_inputs("paper.png", 784).unwrap_err().to_string(),
        "paper.png is blank, all pixels are of one shade; draw something on it"
    );
    let dot = GrayImage::new(30, 1, (0..30).collect()).unwrap();
    let error = dot.to_inputs("dot.png", 64).unwrap_err().to_string();
    assert!(
        error.starts_with("dot.png is a picture of 30 x 1 pixels but the network takes 64 inputs;"),
        "{error}"
    );
    assert!(GrayImage::new(0, 3, vec![]).is_err());
    assert!(GrayImage::new(2, 3, vec![0; 5]).is_err());
}

/// The bytes of a header that claims this size, and nothing behind it.
fn claim(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = grey(1, 1, &[0]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    bytes
}

#[test]
fn a_size_beyond_the_limit_is_refused_before_memory_is_taken() {
    for (width, height) in [
        (1_000_000, 1_000_000),
        (0x7fff_ffff, 1),
        (1, 0x7fff_ffff),
        (3000, 3000),
    ] {
        let error = parse("huge.png", &claim(width, height), LIMITS).unwrap_err();
        assert!(
            matches!(error, DataError::TooLarge { limit, .. } if limit == LIMITS.max_bytes),
            "{error}"
        );
    }
    // 100 pixels of two bytes and their grey, and four times eight rows of ten pixels.
    let bytes = grey(10, 10, &[0; 100]);
    let needed = 100 * 3 + 4 * 8 * 20;
    let within = |max_bytes| parse("small.png", &bytes, Limits { max_bytes });
    let error = within(needed - 1).unwrap_err();
    assert!(
        matches!(error, DataError::TooLarge { needed: n, .. } if n == needed),
        "{error}"
    );
    assert!(within(needed).is_ok());
}

#[test]
fn damage_is_told_with_its_place_and_never_panics() {
    let bytes = grey(28, 28, &digits()[0]);
    for length in 0..bytes.len() {
        let error = parse("cut.png", &bytes[..length], LIMITS).unwrap_err();
        assert!(
            matches!(error, DataError::Malformed { .. }),
            "{length}: {error}"
        );
    }
    let error = parse("text.png", b"not a picture at all", LIMITS).unwrap_err();
    assert_eq!(
        error.to_string(),
        "text.png, byte 0: expected PNG data, found invalid PNG signature; check that this is \
         such a file, or save the picture again"
    );
    let error = parse("photo.png", b"\xff\xd8\xff\xe0 and so on", LIMITS).unwrap_err();
    assert!(
        error.to_string().contains("found a JPEG picture; "),
        "{error}"
    );
    for place in 0..bytes.len() {
        for bit in [1, 16, 128] {
            let mut damaged = bytes.clone();
            damaged[place] ^= bit;
            if let Ok(picture) = parse("damaged.png", &damaged, LIMITS) {
                assert_eq!(picture.pixels().len(), picture.width() * picture.height());
            }
        }
    }
}

#[test]
fn a_file_is_read_within_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digit.png");
    std::fs::write(&path, grey(2, 1, &[3, 4])).unwrap();
    assert_eq!(read(&path, LIMITS).unwrap().pixels(), [3, 4]);
    let error = read(&path, Limits { max_bytes: 10 }).unwrap_err();
    assert!(
        matches!(error, DataError::TooLarge { limit: 10, .. }),
        "{error}"
    );
    let error = read(folder.path().join("none.png"), LIMITS).unwrap_err();
    assert!(
        error.to_string().contains("none.png cannot be opened"),
        "{error}"
    );
}

#[test]
fn a_palette_that_is_not_whole_colours_is_refused() {
    let whole = png(2, 1, ColorType::Indexed, png::BitDepth::Eight, &[0, 2]);
    assert_eq!(shades(&whole).len(), 2);
    for length in [4, 5, 8, 766, 767] {
        // The palette's chunk again, of another length.
        let at = whole.windows(4).position(|name| name == b"PLTE").unwrap();
        let mut chunk = b"PLTE".to_vec();
        chunk.resize(4 + length, 7);
        let mut sum = flate2::Crc::new();
        sum.update(&chunk);
        let mut bytes = whole[..at - 4].to_vec();
        bytes.extend((length as u32).to_be_bytes());
        bytes.extend(&chunk);
        bytes.extend(sum.sum().to_be_bytes());
        bytes.extend(&whole[at + 4 + 9 + 4..]);
        let error = parse("p", &bytes, LIMITS).unwrap_err().to_string();
        let expected = "expected a palette of 1 to 256 colours of 3 bytes, found one of";
        assert!(error.contains(expected), "{length}: {error}");
    }
}
