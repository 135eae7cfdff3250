use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::*;

const LIMITS: Limits = Limits { max_bytes: 1 << 20 };

type Setting = fn(&mut Encoder<&mut Vec<u8>>);

fn plain(_: &mut Encoder<&mut Vec<u8>>) {}

fn jpeg(size: (u16, u16), color: ColorType, pixels: &[u8], setting: Setting) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    setting(&mut encoder);
    encoder.encode(pixels, size.0, size.1, color).unwrap();
    bytes
}

/// Four fields: red, green, blue and light grey.
fn fields(width: usize, height: usize) -> Vec<u8> {
    let of = |at: usize| match (2 * (at % width) < width, 2 * (at / width) < height) {
        (true, true) => [250, 10, 10],
        (false, true) => [10, 200, 20],
        (true, false) => [20, 20, 220],
        (false, false) => [200; 3],
    };
    (0..width * height).flat_map(of).collect()
}

#[track_caller]
fn assert_near(image: &Image, x: usize, y: usize, expected: [u8; 3]) {
    let at = 3 * (y * image.width() + x);
    for (found, expected) in image.pixels()[at..].iter().zip(expected) {
        let pixel = &image.pixels()[at..at + 3];
        assert!(found.abs_diff(expected) < 12, "({x}, {y}): {pixel:?}");
    }
}

#[test]
fn pictures_of_all_kinds_are_read_in_their_colours() {
    let progressive: Setting = |encoder| encoder.set_progressive(true);
    let quarter: Setting = |encoder| encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let wide: Setting = |encoder| encoder.set_sampling_factor(SamplingFactor::F_4_1);
    let restarts: Setting = |encoder| encoder.set_restart_interval(2);
    for (at, setting) in [plain, progressive, quarter, wide, restarts]
        .into_iter()
        .enumerate()
    {
        for (width, height) in [(64, 48), (37, 41)] {
            let size = (width as u16, height as u16);
            let bytes = jpeg(size, ColorType::Rgb, &fields(width, height), setting);
            let image = parse_image("p", &bytes, LIMITS).unwrap();
            assert_eq!(
                (image.width(), image.height(), image.channels()),
                (width, height, 3),
                "{at}"
            );
            for (x, y, color) in [
                (4, 4, [250, 10, 10]),
                (width - 4, 4, [10, 200, 20]),
                (4, height - 4, [20, 20, 220]),
                (width - 4, height - 4, [200; 3]),
            ] {
                assert_near(&image, x, y, color);
            }
        }
    }
    let shades: Vec<u8> = (0..30 * 20).map(|at| (at % 30 * 8) as u8).collect();
    let bytes = jpeg((30, 20), ColorType::Luma, &shades, plain);
    let image = parse_image("p", &bytes, LIMITS).unwrap();
    assert_eq!(
        (image.width(), image.height(), image.channels()),
        (30, 20, 1)
    );
    assert!(
        image
            .pixels()
            .iter()
            .zip(&shades)
            .all(|(a, b)| a.abs_diff(*b) < 6)
    );
}

#[test]
fn a_camera_that_was_turned_is_set_upright() {
    for number in 1..=8_u8 {
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([number, 0, 0, 0, 0, 0, 0]);
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.add_app_segment(1, exif).unwrap();
        encoder
            .encode(&fields(64, 48), 64, 48, ColorType::Rgb)
            .unwrap();
        let image = parse_image("p", &bytes, LIMITS).unwrap();
        let size = if number < 5 { (64, 48) } else { (48, 64) };
        assert_eq!((image.width(), image.height()), size, "{number}");
        // Where the sensor's red corner is shown, and its green one, which lies right of it.
        let (w, h) = (size.0 - 4, size.1 - 4);
        let (red, green) = [
            ((4, 4), (w, 4)),
            ((w, 4), (4, 4)),
            ((w, h), (4, h)),
            ((4, h), (w, h)),
            ((4, 4), (4, h)),
            ((w, 4), (w, h)),
            ((w, h), (w, 4)),
            ((4, h), (4, 4)),
        ][usize::from(number) - 1];
        assert_near(&image, red.0, red.1, [250, 10, 10]);
        assert_near(&image, green.0, green.1, [10, 200, 20]);
    }
}

#[test]
fn damage_and_claims_are_refused() {
    let whole = jpeg((64, 48), ColorType::Rgb, &fields(64, 48), plain);
    for length in (0..whole.len()).step_by(7) {
        let error = parse_image("p", &whole[..length], LIMITS);
        let error = error
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(
            error.starts_with("p, byte 0: expected JPEG data, found "),
            "{length}: {error}"
        );
    }
    let small = Limits { max_bytes: 10_000 };
    let error = parse_image("p", &whole, small).unwrap_err().to_string();
    assert!(
        error.contains("bytes of memory, more than the limit of 10000"),
        "{error}"
    );
    // The largest size that a header can claim, in a file of a few hundred bytes.
    let at = whole
        .windows(2)
        .position(|two| two == [0xff, 0xc0])
        .unwrap();
    let mut claim = whole.clone();
    claim[at + 5..at + 9].fill(0xff);
    let error = parse_image("p", &claim, LIMITS).unwrap_err().to_string();
    assert!(error.contains("p asks for 515"), "{error}");
    for (at, byte) in whole.iter().enumerate() {
        for change in [0, 0xff, byte ^ 1, byte ^ 0x80] {
            let mut changed = whole.clone();
            changed[at] = change;
            let _ = parse_image("p", &changed, LIMITS);
        }
    }
}
