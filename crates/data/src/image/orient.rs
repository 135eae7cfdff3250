//! Pictures turned and mirrored, as Exif's tag Orientation asks for.

use super::pixels::Image;

/// The way in which a picture is stored: Exif's numbers 1 to 8, by what shows it upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Orientation {
    #[default]
    Upright = 1,
    Mirror,
    HalfTurn,
    Flip,
    Transpose,
    RightTurn,
    Transverse,
    LeftTurn,
}

impl Orientation {
    /// Any other number than 1 to 8 means upright.
    pub(crate) fn of_number(number: u16) -> Self {
        use Orientation::{
            Flip, HalfTurn, LeftTurn, Mirror, RightTurn, Transpose, Transverse, Upright,
        };
        let all = [
            Upright, Mirror, HalfTurn, Flip, Transpose, RightTurn, Transverse, LeftTurn,
        ];
        let found = all.into_iter().find(|one| *one as u16 == number);
        found.unwrap_or_default()
    }
}

/// The picture upright.
pub(crate) fn upright(image: Image, orientation: Orientation) -> Image {
    use Orientation::{
        Flip, HalfTurn, LeftTurn, Mirror, RightTurn, Transpose, Transverse, Upright,
    };
    if orientation == Upright {
        return image;
    }
    let (across, down) = (image.width - 1, image.height - 1);
    let (width, height) = match orientation {
        Upright | Mirror | HalfTurn | Flip => (image.width, image.height),
        Transpose | RightTurn | Transverse | LeftTurn => (image.height, image.width),
    };
    let mut pixels = Vec::with_capacity(image.pixels.len());
    for y in 0..height {
        for x in 0..width {
            let (column, row) = match orientation {
                Upright => (x, y),
                Mirror => (across - x, y),
                HalfTurn => (across - x, down - y),
                Flip => (x, down - y),
                Transpose => (y, x),
                RightTurn => (y, down - x),
                Transverse => (across - y, down - x),
                LeftTurn => (across - y, x),
            };
            let at = (row * image.width + column) * image.channels;
            pixels.extend_from_slice(&image.pixels[at..at + image.channels]);
        }
    }
    Image {
        width,
        height,
        pixels,
        ..image
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letter F, three by five, upright and as each orientation stores it.
    #[test]
    fn every_orientation_is_set_upright() {
        let upright_f = "###/#../##./#../#..";
        let stored = [
            upright_f,
            "###/..#/.##/..#/..#",
            "..#/..#/.##/..#/###",
            "#../#../##./#../###",
            "#####/#.#../#....",
            "#..../#.#../#####",
            "....#/..#.#/#####",
            "#####/..#.#/....#",
        ];
        for (number, stored) in (1..).zip(stored) {
            let rows: Vec<&str> = stored.split('/').collect();
            let shades = |shade: fn(char) -> Vec<u8>| -> Vec<u8> {
                rows.iter()
                    .flat_map(|row| row.chars().flat_map(shade))
                    .collect()
            };
            let gray = shades(|c| vec![if c == '#' { 255 } else { 0 }]);
            let color = shades(|c| if c == '#' { vec![9, 8, 7] } else { vec![0; 3] });
            for (channels, pixels, ink) in [(1, gray, 255), (3, color, 9)] {
                let image = Image::new(rows[0].len(), rows.len(), channels, pixels).unwrap();
                let image = upright(image, Orientation::of_number(number));
                let lines = image.pixels().chunks(image.width() * channels);
                let lines = lines.map(|line| -> String {
                    let pixels = line.chunks(channels);
                    pixels
                        .map(|p| if p[0] == ink { '#' } else { '.' })
                        .collect()
                });
                let lines: Vec<String> = lines.collect();
                assert_eq!(lines.join("/"), upright_f, "orientation {number}");
            }
        }
        for number in [0, 9, u16::MAX] {
            assert_eq!(Orientation::of_number(number), Orientation::Upright);
        }
    }
}
