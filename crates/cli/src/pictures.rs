//! Pictures of the user's own: the files that flags name as data sets, and what a model keeps of them.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use backprop_trainer::data::images::{Classes, ImageEncoding, LabeledImages, read_names};
use backprop_trainer::data::{Dataset, Limits};
use backprop_trainer::formats::ModelInfo;
use backprop_trainer::tensor::Scalar;

use crate::settings::Settings;
use crate::source::{IdxFiles, Source};

/// The memory that the names of classes may take.
const NAMES: Limits = Limits { max_bytes: 1 << 20 };
/// The names of classes that are printed.
const SHOWN: usize = 10;

/// The pictures of the settings, and those of their test set where it has files of its own.
pub(crate) fn load<T: Scalar>(settings: &Settings) -> Result<(Dataset<T>, Option<Dataset<T>>)> {
    let settings = &settings.data;
    let transpose = settings.transpose == Some(true);
    let files = match &settings.dataset {
        Source::Idx(files) => files,
        folder => {
            let pictures = read_folder(folder)?;
            let classes = pictures.classes()?;
            return Ok((pictures.dataset(&classes)?, None));
        }
    };
    let pictures = read(&files.images, &files.labels, transpose)?;
    let mut classes = pictures.classes()?;
    if let Some(file) = &settings.label_names {
        let labels = list(&classes.names);
        classes = classes
            .with_names(read_names(file, NAMES)?)
            .with_context(|| {
                let (names, of) = (file.display(), files.labels.display());
                format!("{names} does not name the labels of {of}, {labels}")
            })?;
    }
    let train = pictures.dataset(&classes)?;
    let Some((images, labels)) = &files.test else {
        return Ok((train, None));
    };
    let test = read(images, labels, transpose)?.dataset(&classes)?;
    let sizes = [&train, &test].map(|rows| rows.image_encoding().map(ImageEncoding::describe));
    if let [Some(train), Some(test)] = sizes {
        let (images, of) = (images.display(), files.images.display());
        ensure!(
            train == test,
            "{images} holds pictures of {test}, but {of} of {train}; both must be of one size"
        );
    }
    Ok((train, Some(test)))
}

/// The pictures that a model is evaluated on, in the model's classes: those of the test files, or where
/// there are none all.
pub(crate) fn for_model<T: Scalar>(
    source: &Source,
    transpose: bool,
    info: &ModelInfo,
    encoding: Option<&ImageEncoding>,
    outputs: usize,
) -> Result<Dataset<T>> {
    let classes = Classes {
        labels: encoding.map_or(Vec::new(), |encoding| encoding.labels.clone()),
        names: (0..outputs).map(|class| info.class_name(class)).collect(),
    };
    let pictures = match source {
        Source::Idx(IdxFiles {
            test: Some((images, labels)),
            ..
        })
        | Source::Idx(IdxFiles { images, labels, .. }) => read(images, labels, transpose)?,
        folder => read_folder(folder)?,
    };
    let rows = pictures.dataset(&classes)?;
    let found = rows.image_encoding().map(ImageEncoding::describe);
    if let (Some(encoding), Some(found)) = (encoding, found) {
        let expected = encoding.describe();
        ensure!(
            expected == found,
            "the model takes pictures of {expected}, but {source} holds pictures of {found}"
        );
    }
    Ok(rows)
}

fn read(images: &Path, labels: &Path, transpose: bool) -> Result<LabeledImages> {
    let pictures = LabeledImages::from_idx(images, labels, Limits::default())?;
    Ok(if transpose {
        pictures.transposed()
    } else {
        pictures
    })
}

fn read_folder(source: &Source) -> Result<LabeledImages> {
    let Source::Folder(folder) = source else {
        bail!("{source} holds no pictures of your own");
    };
    Ok(LabeledImages::from_folder(folder, Limits::default())?)
}

/// The pictures that a model was trained on, if it was; `name` is what errors call the model.
pub(crate) fn encoding(
    name: &str,
    info: &ModelInfo,
    (inputs, outputs): (usize, usize),
) -> Result<Option<ImageEncoding>> {
    let Some(images) = &info.images else {
        return Ok(None);
    };
    let parse = || {
        let encoding: ImageEncoding = serde_json::from_value(images.clone())?;
        encoding.check(inputs, outputs)?;
        anyhow::Ok(encoding)
    };
    let encoding = parse();
    Ok(Some(encoding.with_context(|| {
        format!("{name}: the description of its pictures cannot be read")
    })?))
}

/// The size of the pictures and the classes, for people.
pub(crate) fn describe<T: Scalar>(rows: &Dataset<T>) -> String {
    let size = rows.image_encoding().map(ImageEncoding::describe);
    let names = rows.class_names().unwrap_or_default();
    let (size, count) = (size.unwrap_or_default(), names.len());
    format!("pictures of {size}, {count} classes: {}", list(names))
}

/// The first names and the last.
fn list(names: &[String]) -> String {
    match names {
        [first @ .., last] if names.len() > SHOWN => {
            format!("{}, .. {last}", first[..SHOWN - 1].join(", "))
        }
        names => names.join(", "),
    }
}
