//! The description of pictures that are rows of a data set.

use serde::{Deserialize, Serialize};

use crate::DataError;

/// Shades that are black, or as far from white, for [`Background`].
const NEAR: u8 = 8;

/// The description of pictures that are rows of a data set: (height, width, channels), the channels of a
/// pixel side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageEncoding {
    /// Pixels in a row.
    pub width: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Values of a pixel: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// The background of drawings; `None` for pictures that are no drawings in grey.
    pub background: Option<Background>,
    /// The label in files of each class, ascending; empty where labels count classes from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<i64>,
}

/// The background of drawings in grey: the shade of more than half of all pixels at the edges of all
/// pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Background {
    /// Light on black, such as MNIST.
    Black,
    /// Dark on white.
    White,
}

impl ImageEncoding {
    /// The description of grey drawings of this size, light on black, whose labels count classes from 0.
    ///
    /// ```
    /// let mnist = backprop_data::images::ImageEncoding::drawings(28, 28);
    /// assert_eq!(mnist.row_width(), Some(784));
    /// ```
    pub fn drawings(width: usize, height: usize) -> Self {
        ImageEncoding {
            width,
            height,
            channels: 1,
            background: Some(Background::Black),
            labels: Vec::new(),
        }
    }

    /// The number of features of a row; `None` if it is more than a `usize`.
    pub fn row_width(&self) -> Option<usize> {
        self.width
            .checked_mul(self.height)?
            .checked_mul(self.channels)
    }

    /// Checks the encoding against the features of a row and the number of classes.
    ///
    /// # Errors
    /// If the two do not belong together.
    pub fn check(&self, row_width: usize, classes: usize) -> Result<(), DataError> {
        let refuse = |problem: String| Err(DataError::ImageEncoding { problem });
        if row_width == 0 || self.row_width() != Some(row_width) {
            return refuse(format!(
                "says {} x {} pixels with {} channels, which is not a row of {row_width} features",
                self.width, self.height, self.channels
            ));
        }
        if !self.labels.is_empty() && self.labels.len() != classes {
            return refuse(format!(
                "has {} labels for {classes} classes",
                self.labels.len()
            ));
        }
        if !self.labels.is_sorted_by(|one, two| one < two) {
            return refuse("has labels that do not ascend".to_owned());
        }
        Ok(())
    }

    /// The size for people: `28 x 28`, `32 x 32 in colour`, or with the number of channels.
    pub fn describe(&self) -> String {
        let (width, height) = (self.width, self.height);
        match self.channels {
            1 => format!("{width} x {height}"),
            3 => format!("{width} x {height} in colour"),
            channels => format!("{width} x {height} with {channels} channels"),
        }
    }
}

/// The background of grey pictures, told by the pixels at their edges.
pub(super) fn background(width: usize, height: usize, pixels: &[u8]) -> Option<Background> {
    let (mut all, mut black, mut white) = (0_u64, 0_u64, 0_u64);
    let mut count = |shades: &[u8]| {
        all += shades.len() as u64;
        black += shades.iter().filter(|shade| **shade <= NEAR).count() as u64;
        white += shades.iter().filter(|shade| **shade >= 255 - NEAR).count() as u64;
    };
    for picture in pixels.chunks_exact(width * height) {
        for (y, row) in picture.chunks_exact(width).enumerate() {
            if y == 0 || y == height - 1 {
                count(row);
            } else {
                count(&row[..1]);
                count(&row[width - 1..]);
            }
        }
    }
    if 2 * black > all {
        Some(Background::Black)
    } else if 2 * white > all {
        Some(Background::White)
    } else {
        None
    }
}
