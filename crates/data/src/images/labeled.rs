//! Pictures with a label each, before the labels are classes.

use std::path::Path;

use backprop_tensor::Scalar;

use super::classes::Classes;
use super::encoding::{ImageEncoding, background};
use crate::idx::{self, Idx, Values, describe_shape};
use crate::{DataError, Dataset, Limits, Targets};

const HINT_FILES: &str = "check that the files are named in the order IMAGES,LABELS";

/// The labels of pictures.
#[derive(Clone, Debug)]
pub(super) enum Labels {
    /// Numbers of a file, which lie in it `step` bytes apart, from the byte `start` on.
    Numbers {
        file: String,
        start: u64,
        step: u64,
        numbers: Vec<i64>,
    },
    /// The subfolder of each picture in this folder, as an index into their names.
    #[cfg_attr(
        not(feature = "png"),
        expect(dead_code, reason = "folders of pictures need the feature")
    )]
    Folders {
        folder: String,
        names: Vec<String>,
        classes: Vec<u32>,
    },
}

impl Labels {
    /// The class of each label.
    fn classes(&self, known: &Classes) -> Result<Vec<u32>, DataError> {
        match self {
            Labels::Numbers {
                file,
                start,
                step,
                numbers,
            } => {
                let class = |(row, &label): (usize, &i64)| {
                    known.of_label(label).ok_or_else(|| {
                        let found = format!("{label} for picture {row}");
                        mismatch(file, start + step * row as u64, known.describe(), found)
                    })
                };
                numbers.iter().enumerate().map(class).collect()
            }
            Labels::Folders {
                folder,
                names,
                classes,
            } => {
                let class = |name: &String| {
                    let class = known.names.iter().position(|known| known == name);
                    class.ok_or_else(|| DataError::PictureFolder {
                        path: folder.clone(),
                        expected: format!(
                            "subfolders named as the classes {}",
                            shortened(&known.names)
                        ),
                        found: format!("one named \"{name}\""),
                        advice: "rename it, or move it elsewhere",
                    })
                };
                let of_folder: Result<Vec<usize>, DataError> = names.iter().map(class).collect();
                let of_folder = of_folder?;
                let class = |&folder: &u32| of_folder[folder as usize] as u32;
                Ok(classes.iter().map(class).collect())
            }
        }
    }
}

/// The first names of a list.
fn shortened(names: &[String]) -> String {
    let shown = names[..names.len().min(10)].join(", ");
    let more = if names.len() > 10 { ", .." } else { "" };
    format!("{shown}{more}")
}

/// Pictures of one size, (n, height, width, channels), with a label each; a [`Classes`] makes a data set of
/// them.
#[derive(Clone, Debug)]
pub struct LabeledImages {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) pixels: Vec<u8>,
    pub(super) labels: Labels,
}

impl LabeledImages {
    /// Reads pictures and their labels from two IDX files, plain or compressed with gzip, of at most
    /// `limits` each.
    ///
    /// Pictures are bytes of the shape (n, height, width) or (n, height, width, channels); labels are whole
    /// numbers of the shape (n), or (n, k), where the first of each k counts, as in QMNIST.
    ///
    /// # Errors
    /// If a file cannot be read, is damaged, too large or of another shape or type, or if there is not a
    /// label for each picture.
    pub fn from_idx(
        images: impl AsRef<Path>,
        labels: impl AsRef<Path>,
        limits: Limits,
    ) -> Result<Self, DataError> {
        let (images, labels) = (images.as_ref(), labels.as_ref());
        let (image_array, label_array) = (idx::read(images, limits)?, idx::read(labels, limits)?);
        Self::from_arrays(
            (&images.display().to_string(), image_array),
            (&labels.display().to_string(), label_array),
        )
    }

    /// Pictures and their labels from two arrays as [`from_idx`](Self::from_idx) reads them, each with
    /// the name of its file for errors.
    ///
    /// # Errors
    /// If an array is of another shape or type, or there is not a label for each picture.
    pub fn from_arrays(
        (image_file, images): (&str, Idx),
        (label_file, labels): (&str, Idx),
    ) -> Result<Self, DataError> {
        let (count, height, width, channels) = match images.shape[..] {
            [count, height, width] => (count, height, width, 1),
            [count, height, width, channels] => (count, height, width, channels),
            _ => (0, 0, 0, 0),
        };
        let expected =
            "pictures: a shape (n, height, width) or (n, height, width, channels), none of them 0";
        if [count, height, width, channels].contains(&0) {
            let found = describe_shape(&images.shape);
            return Err(mismatch(image_file, 4, expected.to_owned(), found));
        }
        let kind = images.values.type_name();
        let Values::U8(pixels) = images.values else {
            let expected = "pixels of type u8 (08)".to_owned();
            return Err(mismatch(image_file, 2, expected, kind.to_owned()));
        };
        let (label_shape, size) = (labels.shape, labels.values.element_bytes());
        let columns = match label_shape[..] {
            [_] => 1,
            [_, columns] if columns > 0 => columns,
            _ => {
                let expected = "labels: a shape (n) or (n, columns)".to_owned();
                let found = describe_shape(&label_shape);
                return Err(mismatch(label_file, 4, expected, found));
            }
        };
        if label_shape[0] != count {
            let expected = format!("as many labels as there are pictures in {image_file}, {count}");
            let found = format!("{} labels", label_shape[0]);
            return Err(mismatch(label_file, 4, expected, found));
        }
        let header = 4 + 4 * label_shape.len() as u64;
        Ok(LabeledImages {
            width,
            height,
            channels,
            pixels,
            labels: Labels::Numbers {
                file: label_file.to_owned(),
                start: header,
                step: size * columns as u64,
                numbers: first_column(label_file, labels.values, columns)?,
            },
        })
    }

    /// The number of pictures.
    pub fn len(&self) -> usize {
        match &self.labels {
            Labels::Numbers { numbers, .. } => numbers.len(),
            Labels::Folders { classes, .. } => classes.len(),
        }
    }

    /// Returns true if there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pictures transposed, as EMNIST needs it: rows and columns exchanged.
    #[must_use]
    pub fn transposed(mut self) -> Self {
        transpose(&mut self.pixels, (self.width, self.height), self.channels);
        (self.width, self.height) = (self.height, self.width);
        self
    }

    /// The classes that the labels stand for: one for each different label, in ascending order, named by it, or
    /// one for each subfolder.
    ///
    /// # Errors
    /// If all labels are the same, or there are more than 10,000.
    pub fn classes(&self) -> Result<Classes, DataError> {
        match &self.labels {
            Labels::Numbers { file, numbers, .. } => Classes::of_labels(file, numbers),
            Labels::Folders { names, .. } => Ok(Classes {
                labels: Vec::new(),
                names: names.clone(),
            }),
        }
    }

    /// The data set of these classes, a row for each picture. A subfolder is the class of its name.
    ///
    /// # Errors
    /// If a label, or the name of a subfolder, is not one of the classes.
    pub fn dataset<T: Scalar>(self, classes: &Classes) -> Result<Dataset<T>, DataError> {
        let targets = Targets::Classes {
            labels: self.labels.classes(classes)?,
            num_classes: classes.names.len(),
        };
        let (width, height, channels) = (self.width, self.height, self.channels);
        let encoding = ImageEncoding {
            width,
            height,
            channels,
            background: match channels {
                1 => background(width, height, &self.pixels),
                _ => None,
            },
            labels: classes.labels.clone(),
        };
        Dataset::from_bytes(width * height * channels, self.pixels, targets)?
            .with_class_names(classes.names.clone())?
            .with_image_encoding(encoding)
    }
}

/// Exchanges rows and columns of each picture of (width, height) pixels in turn.
///
/// # Panics
/// If the values are not whole pictures.
#[track_caller]
pub fn transpose<V: Copy>(values: &mut [V], (width, height): (usize, usize), channels: usize) {
    let size = width * height * channels;
    assert!(
        size > 0 && values.len().is_multiple_of(size),
        "{} values are not pictures of {width} x {height} with {channels} channels",
        values.len()
    );
    let mut copy = Vec::new();
    for picture in values.chunks_exact_mut(size) {
        copy.clear();
        copy.extend_from_slice(picture);
        for (at, pixel) in picture.chunks_exact_mut(channels).enumerate() {
            let (y, x) = (at % height, at / height);
            let from = (y * width + x) * channels;
            pixel.copy_from_slice(&copy[from..from + channels]);
        }
    }
}

/// The first of each `columns` whole numbers.
fn first_column(file: &str, values: Values, columns: usize) -> Result<Vec<i64>, DataError> {
    fn first<V: Copy + Into<i64>>(values: &[V], columns: usize) -> Vec<i64> {
        values
            .iter()
            .step_by(columns)
            .map(|&value| value.into())
            .collect()
    }
    match &values {
        Values::U8(values) => Ok(first(values, columns)),
        Values::I8(values) => Ok(first(values, columns)),
        Values::I16(values) => Ok(first(values, columns)),
        Values::I32(values) => Ok(first(values, columns)),
        Values::F32(_) | Values::F64(_) => {
            let expected = "labels that are whole numbers: u8, i8, i16 or i32".to_owned();
            Err(mismatch(file, 2, expected, values.type_name().to_owned()))
        }
    }
}

fn mismatch(file: &str, offset: u64, expected: String, found: String) -> DataError {
    DataError::Malformed {
        file: file.to_owned(),
        offset,
        expected,
        found,
        advice: HINT_FILES,
    }
}
