//! Pictures of another size, each pixel the average of the area that it covers.

use super::pixels::Image;

/// The middle of a picture, as wide as high as the other size is, scaled to that size.
pub(crate) fn scaled(image: &Image, width: usize, height: usize) -> Vec<u8> {
    let (all, channels) = ((image.width(), image.height()), image.channels());
    // The largest part with the proportions asked for, compared as products of whole numbers.
    let part = if all.0 as u128 * height as u128 > all.1 as u128 * width as u128 {
        let fits = all.1 as f64 * width as f64 / height as f64;
        ((fits.round() as usize).clamp(1, all.0), all.1)
    } else {
        let fits = all.0 as f64 * height as f64 / width as f64;
        (all.0, (fits.round() as usize).clamp(1, all.1))
    };
    let (left, top) = ((all.0 - part.0) / 2, (all.1 - part.1) / 2);
    let mut scaled = Vec::with_capacity(width * height * channels);
    let mut sums = vec![0.0; width * channels];
    let mut row_of_sums = 0;
    let mut flush = |sums: &mut Vec<f64>| {
        scaled.extend(sums.iter().map(|sum| sum.round() as u8));
        sums.fill(0.0);
    };
    each_overlap(part.1, height, |row, y, high| {
        if row != row_of_sums {
            flush(&mut sums);
            row_of_sums = row;
        }
        let start = ((top + y) * all.0 + left) * channels;
        let pixels = &image.pixels()[start..start + part.0 * channels];
        each_overlap(part.0, width, |column, x, wide| {
            for channel in 0..channels {
                let value = f64::from(pixels[x * channels + channel]);
                sums[column * channels + channel] += high * wide * value;
            }
        });
    });
    flush(&mut sums);
    scaled
}

/// Divides a line of `length` pixels into `parts` of the same length, and calls `visit` with each
/// part, each pixel that it overlaps, and that pixel's share of the part.
pub(super) fn each_overlap(length: usize, parts: usize, mut visit: impl FnMut(usize, usize, f64)) {
    let step = length as f64 / parts as f64;
    for part in 0..parts {
        let (start, end) = (part as f64 * step, (part + 1) as f64 * step);
        for pixel in start as usize..(end.ceil() as usize).min(length) {
            let overlap = end.min((pixel + 1) as f64) - start.max(pixel as f64);
            if overlap > 0.0 {
                visit(part, pixel, overlap / step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, height: usize, channels: usize, pixels: &[u8]) -> Image {
        Image::new(width, height, channels, pixels.to_vec()).unwrap()
    }

    #[test]
    fn pixels_are_averages_of_what_they_cover() {
        let grey = image(4, 2, 1, &[0, 100, 10, 10, 200, 100, 30, 30]);
        assert_eq!(scaled(&grey, 2, 1), [100, 20]);
        assert_eq!(scaled(&grey, 4, 2), grey.pixels());
        let colour = image(2, 1, 3, &[0, 10, 20, 100, 30, 21]);
        assert_eq!(scaled(&colour, 2, 1), colour.pixels());
        let larger = scaled(&colour, 4, 2);
        assert_eq!(larger[..6], [0, 10, 20, 0, 10, 20]);
        assert_eq!(larger.len(), 24);
    }

    #[test]
    fn of_other_proportions_the_middle_is_taken() {
        let wide = image(5, 1, 1, &[1, 2, 3, 4, 5]);
        assert_eq!(scaled(&wide, 1, 1), [3]);
        let high = image(1, 4, 1, &[1, 2, 6, 9]);
        assert_eq!(scaled(&high, 1, 2), [2, 6]);
        assert_eq!(scaled(&image(1, 1, 1, &[7]), 3, 2), [7; 6]);
        assert_eq!(scaled(&image(100, 1, 1, &[9; 100]), 1, 50), [9; 50]);
    }
}
