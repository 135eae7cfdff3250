//! The foreground of a picture, as a field of MNIST.

use super::pixels::GrayImage;
use super::scale::each_overlap;
use crate::DataError;

/// Pixels on each side of MNIST's fields.
const SIDE: usize = 28;

/// Pixels on each side of the box that a digit is scaled into, in a field of 28 x 28.
const BOX: f64 = 20.0;

/// The threshold between background and foreground, as a multiple of the noise: that of the edge's
/// pixels may be a little less than the largest of all.
const NOISE_FACTOR: u8 = 4;

/// A picture, and which of its shades are foreground.
pub(crate) struct Glyph<'a> {
    picture: &'a GrayImage,
    background: u8,
    /// The shade farthest from the background.
    foreground: u8,
    /// Shades from the background at which the foreground begins.
    threshold: f64,
}

impl<'a> Glyph<'a> {
    /// The foreground of this picture; `name` is for errors.
    ///
    /// # Errors
    /// If all of the picture is of one shade.
    pub(crate) fn on(picture: &'a GrayImage, name: &str) -> Result<Self, DataError> {
        let (background, noise) = background_stats(picture);
        let shades = || picture.pixels.iter().copied();
        let darkest = shades().min().unwrap_or(background);
        let lightest = shades().max().unwrap_or(background);
        let foreground = if background - darkest >= lightest - background {
            darkest
        } else {
            lightest
        };
        let contrast = f64::from(foreground.abs_diff(background));
        let threshold = f64::from(NOISE_FACTOR.saturating_mul(noise.max(1))).min(contrast / 2.0);
        if foreground == background {
            return Err(DataError::Blank {
                file: name.to_owned(),
            });
        }
        Ok(Glyph {
            picture,
            background,
            foreground,
            threshold,
        })
    }

    pub(crate) fn is_dark_on_light(&self) -> bool {
        self.foreground < self.background
    }

    /// The strength of the foreground at a pixel, from 0 to 255.
    pub(super) fn foreground(&self, x: usize, y: usize) -> f64 {
        let shade = self.picture.pixels[y * self.picture.width + x];
        let is_foreground_side = (shade < self.background) == self.is_dark_on_light();
        let away = f64::from(shade.abs_diff(self.background));
        if is_foreground_side && away >= self.threshold {
            255.0 * away / f64::from(self.foreground.abs_diff(self.background))
        } else {
            0.0
        }
    }

    /// The bounding box of the foreground: its first column and row, and how many there are.
    fn bounds(&self) -> ((usize, usize), (usize, usize)) {
        let (mut left, mut right) = (usize::MAX, 0);
        let (mut top, mut bottom) = (usize::MAX, 0);
        for y in 0..self.picture.height {
            for x in 0..self.picture.width {
                if self.foreground(x, y) > 0.0 {
                    (left, right) = (left.min(x), right.max(x + 1));
                    (top, bottom) = (top.min(y), bottom.max(y + 1));
                }
            }
        }
        // The shade of the foreground is on the picture, so there is at least one pixel.
        ((left, right - left), (top, bottom - top))
    }

    /// The foreground normalized as in a field of MNIST, light on black: within a box of 20/28 of the sides,
    /// the centre of mass at the middle. For MNIST's digits, which are moved by whole pixels, the centre is
    /// from 13.5 to 14.5 pixels from the first.
    pub(crate) fn normalized(&self, field_width: usize, field_height: usize) -> Vec<u8> {
        let ((left, width), (top, height)) = self.bounds();
        let (columns, rows) = box_size((width, height), (field_width, field_height));
        let mut small = vec![0.0; columns * rows];
        each_overlap(height, rows, |row, y, high| {
            each_overlap(width, columns, |column, x, wide| {
                small[row * columns + column] += high * wide * self.foreground(left + x, top + y);
            });
        });

        let (mut mass, mut across, mut down) = (0.0, 0.0, 0.0);
        for (y, line) in small.chunks_exact(columns).enumerate() {
            for (x, foreground) in line.iter().enumerate() {
                mass += foreground;
                across += foreground * x as f64;
                down += foreground * y as f64;
            }
        }
        // A centre of mass far from the middle of the box would move it out of the field; it stays within.
        let start = |moment: f64, length: usize, field: usize| {
            let start = (field as f64 / 2.0 - 0.5 - moment / mass).ceil().max(0.0) as usize;
            start.min(field - length)
        };
        let (left, top) = (
            start(across, columns, field_width),
            start(down, rows, field_height),
        );
        let mut field = vec![0; field_width * field_height];
        for (y, line) in small.chunks_exact(columns).enumerate() {
            for (x, foreground) in line.iter().enumerate() {
                field[(top + y) * field_width + left + x] = foreground.round() as u8;
            }
        }
        field
    }
}

impl GrayImage {
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
        let drawing = Glyph::on(self, name)?;
        let fits = self.width == self.height && self.pixels.len() == inputs;
        if fits && drawing.is_dark_on_light() {
            Ok(self.pixels.iter().map(|shade| 255 - shade).collect())
        } else if fits {
            Ok(self.pixels.clone())
        } else if inputs == SIDE * SIDE {
            Ok(drawing.normalized(SIDE, SIDE))
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

/// The size of a drawing that fills the box in a field, its proportions kept.
fn box_size((width, height): (usize, usize), field: (usize, usize)) -> (usize, usize) {
    let side = |field: usize| (field as f64 * BOX / SIDE as f64).round().max(1.0);
    let largest = (side(field.0), side(field.1));
    let (wide, high) = (width as f64, height as f64);
    if largest.0 * high <= largest.1 * wide {
        let rows = (largest.0 * high / wide).round().max(1.0);
        (largest.0 as usize, rows as usize)
    } else {
        let columns = (largest.1 * wide / high).round().max(1.0);
        (columns as usize, largest.1 as usize)
    }
}

/// The median of the shades at the edge, and how far from it nine tenths of them are at most.
fn background_stats(picture: &GrayImage) -> (u8, u8) {
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

/// The quantile of this fraction: the smallest value that is at least as large as that part of all.
fn quantile(values: impl Iterator<Item = u8>, fraction: f64) -> u8 {
    let mut counts = [0_usize; 256];
    values.for_each(|value| counts[usize::from(value)] += 1);
    let enough = fraction * counts.iter().sum::<usize>() as f64;
    let mut seen = 0;
    let value = counts.iter().position(|count| {
        seen += count;
        seen as f64 >= enough
    });
    value.map_or(255, |value| value as u8)
}
