//! Reading the four files of a data set.

use std::path::Path;

use backprop_data::idx::{self, Idx, Limits, Values};
use backprop_data::images::ImageEncoding;
use backprop_data::{DataError, Dataset, Targets};
use backprop_tensor::Scalar;

use super::files::{File, Variant};
use crate::DatasetError;

/// Pixels on each side of an image.
pub(super) const SIDE: usize = 28;
const CLASSES: usize = 10;

/// Returns true if all four files, plain or `.gz`, are in the data set's folder in `dir`.
///
/// The contents of the files are not read.
pub fn is_present(dir: impl AsRef<Path>, variant: Variant) -> bool {
    let folder = dir.as_ref().join(variant.name());
    variant.files().iter().all(|file| {
        folder.join(file.name).is_file() || folder.join(format!("{}.gz", file.name)).is_file()
    })
}

/// The training set and the test set, read from the data set's folder in `dir`.
///
/// A file is read plain if it is there, otherwise its `.gz`. Inputs are stored as bytes, 784 for
/// each image; targets are the classes 0 to 9.
///
/// # Errors
/// If a file is missing or damaged, or does not hold images of 28 x 28 bytes or labels from 0 to 9.
pub fn load<T: Scalar>(
    dir: impl AsRef<Path>,
    variant: Variant,
) -> Result<(Dataset<T>, Dataset<T>), DatasetError> {
    let folder = dir.as_ref().join(variant.name());
    let read = |file: &File| read_either(&folder, file.name);
    let [train_images, train_labels, test_images, test_labels] = variant.files();
    let train = pair(variant, read(train_images)?, read(train_labels)?)?;
    let test = pair(variant, read(test_images)?, read(test_labels)?)?;
    Ok((train, test))
}

/// An array and the name of its file, for errors.
pub(super) type Named = (String, Idx);

fn read_either(folder: &Path, name: &'static str) -> Result<Named, DatasetError> {
    let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    let (path, unpacked) = if plain.exists() {
        (plain, "")
    } else if packed.exists() {
        (packed, " (decompressed)")
    } else {
        let folder = folder.display().to_string();
        return Err(DatasetError::NotFound { folder, file: name });
    };
    let array = idx::read(&path, Limits::default())?;
    Ok((format!("{}{unpacked}", path.display()), array))
}

/// The data set of an array of images and an array of labels, after checks.
pub(super) fn pair<T: Scalar>(
    variant: Variant,
    (image_file, images): Named,
    (label_file, labels): Named,
) -> Result<Dataset<T>, DatasetError> {
    let pixels = u8_values(&image_file, images.values)?;
    let count = match images.shape[..] {
        [count, SIDE, SIDE] if count > 0 => count,
        _ => {
            let expected = "at least one image: a shape (n, 28, 28)";
            return Err(mismatch(
                &image_file,
                4,
                expected,
                idx::describe_shape(&images.shape),
            ));
        }
    };
    let classes = u8_values(&label_file, labels.values)?;
    if labels.shape.len() != 1 {
        let found = idx::describe_shape(&labels.shape);
        return Err(mismatch(
            &label_file,
            4,
            "a list of labels: a shape (n)",
            found,
        ));
    }
    if classes.len() != count {
        let expected = format!("as many labels as there are images in {image_file}, {count}");
        let found = format!(
            "labels and images of different count: {} labels",
            classes.len()
        );
        return Err(mismatch(&label_file, 4, expected, found));
    }
    if let Some(row) = classes
        .iter()
        .position(|class| usize::from(*class) >= CLASSES)
    {
        let found = format!("{} at label {row}", classes[row]);
        return Err(mismatch(
            &label_file,
            8 + row as u64,
            "labels from 0 to 9",
            found,
        ));
    }
    let targets = Targets::Classes {
        labels: classes.into_iter().map(u32::from).collect(),
        num_classes: CLASSES,
    };
    let dataset = Dataset::from_bytes(SIDE * SIDE, pixels, targets)?
        .with_class_names(variant.class_names().map(String::from).to_vec())?
        .with_image_encoding(ImageEncoding::drawings(SIDE, SIDE))?;
    Ok(dataset)
}

fn u8_values(file: &str, values: Values) -> Result<Vec<u8>, DatasetError> {
    match values {
        Values::U8(bytes) => Ok(bytes),
        other => Err(mismatch(
            file,
            2,
            "elements of type u8 (08)",
            other.type_name().to_owned(),
        )),
    }
}

fn mismatch(file: &str, offset: u64, expected: impl Into<String>, found: String) -> DatasetError {
    DatasetError::OtherData(DataError::Malformed {
        file: file.to_owned(),
        offset,
        expected: expected.into(),
        found,
        advice: "the file is none of the data set's",
    })
}
