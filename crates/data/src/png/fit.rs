//! The foreground of a picture, as a field of MNIST.

use super::{GrayImage, SIDE};

/// Pixels on each side of the box that a digit is scaled into.
const BOX: usize = 20;

/// Where the centre of mass goes, in pixels from the first: that of MNIST's digits is from 13.5 to
/// 14.5, as they are moved by whole pixels.
const CENTRE: f64 = 14.0;

/// How many shades from the background ink begins, in grains of the paper: those of the edge's
/// pixels may be a little finer than the coarsest of all.
const GRAINS: u8 = 4;

/// A picture, and which of its shades are ink.
pub(super) struct Glyph<'a> {
    picture: &'a GrayImage,
    background: u8,
    /// The shade farthest from the background.
    ink: u8,
    /// Shades from the background at which ink begins.
    least: f64,
}

impl<'a> Glyph<'a> {
    /// The foreground of this picture; `None` if all of it is of one shade.
    pub(super) fn on(picture: &'a GrayImage) -> Option<Self> {
        let (background, grain) = paper(picture);
        let darkest = *picture.pixels.iter().min()?;
        let lightest = *picture.pixels.iter().max()?;
        let ink = if background - darkest >= lightest - background {
            darkest
        } else {
            lightest
        };
        let contrast = f64::from(ink.abs_diff(background));
        let least = f64::from(GRAINS.saturating_mul(grain.max(1))).min(contrast / 2.0);
        (ink != background).then_some(Glyph {
            picture,
            background,
            ink,
            least,
        })
    }

    pub(super) fn is_dark_on_light(&self) -> bool {
        self.ink < self.background
    }

    /// How much ink there is on a pixel, from 0 to 255.
    fn ink(&self, x: usize, y: usize) -> f64 {
        let shade = self.picture.pixels[y * self.picture.width + x];
        let is_ink_side = (shade < self.background) == self.is_dark_on_light();
        let away = f64::from(shade.abs_diff(self.background));
        if is_ink_side && away >= self.least {
            255.0 * away / f64::from(self.ink.abs_diff(self.background))
        } else {
            0.0
        }
    }

    /// The first column and row of what is drawn, and how many there are.
    fn bounds(&self) -> ((usize, usize), (usize, usize)) {
        let (mut left, mut right) = (usize::MAX, 0);
        let (mut top, mut bottom) = (usize::MAX, 0);
        for y in 0..self.picture.height {
            for x in 0..self.picture.width {
                if self.ink(x, y) > 0.0 {
                    (left, right) = (left.min(x), right.max(x + 1));
                    (top, bottom) = (top.min(y), bottom.max(y + 1));
                }
            }
        }
        // The shade of the ink is on the picture, so there is at least one pixel.
        ((left, right - left), (top, bottom - top))
    }

    /// As a field of MNIST: within a box of 20 x 20, its centre of mass at the middle.
    pub(super) fn fitted(&self) -> [u8; SIDE * SIDE] {
        let ((left, width), (top, height)) = self.bounds();
        let longest = width.max(height) as f64;
        let scaled = |side: usize| ((BOX * side) as f64 / longest).round().max(1.0) as usize;
        let (columns, rows) = (scaled(width), scaled(height));

        let mut small = [[0.0; BOX]; BOX];
        each_overlap(height, rows, |row, y, high| {
            each_overlap(width, columns, |column, x, wide| {
                small[row][column] += high * wide * self.ink(left + x, top + y);
            });
        });

        let (mut mass, mut across, mut down) = (0.0, 0.0, 0.0);
        for (y, line) in small.iter().enumerate() {
            for (x, ink) in line.iter().enumerate() {
                mass += ink;
                across += ink * x as f64;
                down += ink * y as f64;
            }
        }
        // Ink far from the middle of its box would leave the field; it stays within.
        let start = |moment: f64, length: usize| {
            let start = (CENTRE - 0.5 - moment / mass).ceil().max(0.0) as usize;
            start.min(SIDE - length)
        };
        let (left, top) = (start(across, columns), start(down, rows));
        let mut field = [0; SIDE * SIDE];
        for (y, line) in small[..rows].iter().enumerate() {
            for (x, ink) in line[..columns].iter().enumerate() {
                field[(top + y) * SIDE + left + x] = ink.round() as u8;
            }
        }
        field
    }
}

/// The median of the shades at the edge, and how far from it nine tenths of them are at most.
fn paper(picture: &GrayImage) -> (u8, u8) {
    let (width, height) = (picture.width, picture.height);
    let columns = (0..width).flat_map(|x| [(x, 0), (x, height - 1)]);
    let rows = (0..height).flat_map(|y| [(0, y), (width - 1, y)]);
    let edge = || columns.clone().chain(rows.clone());
    let shades = edge().map(|(x, y)| picture.pixels[y * width + x]);
    let median = quantile(shades.clone(), 0.5);
    (
        median,
        quantile(shades.map(|shade| shade.abs_diff(median)), 0.9),
    )
}

/// The smallest value that is at least as large as this share of all.
fn quantile(values: impl Iterator<Item = u8>, share: f64) -> u8 {
    let mut counts = [0_usize; 256];
    values.for_each(|value| counts[usize::from(value)] += 1);
    let enough = share * counts.iter().sum::<usize>() as f64;
    let mut seen = 0;
    let value = counts.iter().position(|count| {
        seen += count;
        seen as f64 >= enough
    });
    value.map_or(255, |value| value as u8)
}

/// Divides a line of `length` pixels into `parts` of the same length, and calls `visit` with each
/// part, each pixel that it overlaps, and that pixel's share of the part.
fn each_overlap(length: usize, parts: usize, mut visit: impl FnMut(usize, usize, f64)) {
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
