//! Rows for a network from a file: PNG, IDX or CSV.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::data::idx::{self, Values};
use backprop_trainer::data::{Limits, png};
use backprop_trainer::formats::ModelInfo;
use backprop_trainer::tensor::Scalar;

use super::table;

/// The memory that a picture may take: 4000 x 3000 pixels in colour fit.
const PICTURE: Limits = Limits {
    max_bytes: 64 << 20,
};

/// The inputs of a file, scaled, row after row.
pub(super) struct Rows<T> {
    pub(super) values: Vec<T>,
    /// Not a file that may have several rows.
    pub(super) is_one_picture: bool,
}

/// The memory that an array may take: 300,000 images of MNIST's size fit.
const ARRAY: Limits = Limits {
    max_bytes: 256 << 20,
};

enum Kind {
    Png,
    Idx,
    Table,
}

/// Reads rows of `width` inputs each; `encoding` is that of the table that the network was trained on,
/// if it was.
pub(super) fn read<T: Scalar>(
    info: &ModelInfo,
    encoding: Option<&TableEncoding>,
    width: usize,
    file: &Path,
) -> Result<Rows<T>> {
    let kind = kind(file)?;
    let mut values: Vec<T> = match kind {
        Kind::Png | Kind::Idx if encoding.is_some() => bail!(
            "{} is no CSV file, but the model was trained on a table",
            file.display()
        ),
        Kind::Png => {
            let picture = png::read(file, PICTURE)?;
            let pixels = picture.to_inputs(&file.display().to_string(), width)?;
            pixels.into_iter().map(T::from_u8).collect()
        }
        Kind::Idx => array(width, file)?,
        Kind::Table => match encoding {
            Some(encoding) => table::encoded(encoding, width, file)?,
            None => table::inputs(width, file)?,
        },
    };
    ensure!(!values.is_empty(), "{} holds no rows", file.display());
    for (place, value) in values.iter().enumerate() {
        ensure!(
            value.is_finite(),
            "{}, row {}: input {} is {value}; all must be finite numbers of type {}",
            file.display(),
            place / width,
            place % width,
            T::NAME
        );
    }
    let scale = T::from_f64(info.input_scale);
    values.iter_mut().for_each(|value| *value *= scale);
    Ok(Rows {
        values,
        is_one_picture: matches!(kind, Kind::Png),
    })
}

/// By the ending, or the first bytes where that says nothing.
fn kind(file: &Path) -> Result<Kind> {
    let ending = file.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("png") => return Ok(Kind::Png),
        Some("csv") => return Ok(Kind::Table),
        _ => {}
    }
    let mut start = Vec::new();
    File::open(file)
        .and_then(|contents| contents.take(4).read_to_end(&mut start))
        .with_context(|| format!("{} cannot be read", file.display()))?;
    match &start[..] {
        [0x89, b'P', b'N', b'G'] => Ok(Kind::Png),
        [0, 0, ..] | [0x1f, 0x8b, ..] => Ok(Kind::Idx),
        _ => bail!(
            "{} is neither PNG nor IDX, plain or packed with gzip; the name of a table must end in .csv",
            file.display()
        ),
    }
}

/// The rows of an IDX file: its first dimension counts them.
fn array<T: Scalar>(width: usize, file: &Path) -> Result<Vec<T>> {
    let array = idx::read(file, ARRAY)?;
    let each = match &array.shape[..] {
        [_, each @ ..] => each
            .iter()
            .try_fold(1, |size: usize, &side| size.checked_mul(side)),
        [] => None,
    };
    ensure!(
        each == Some(width),
        "{}: the network takes rows of {width} inputs, but this is an array of the shape {:?}",
        file.display(),
        array.shape
    );
    Ok(match array.values {
        Values::U8(values) => values.into_iter().map(T::from_u8).collect(),
        Values::I8(values) => numbers(values),
        Values::I16(values) => numbers(values),
        Values::I32(values) => numbers(values),
        Values::F32(values) => numbers(values),
        Values::F64(values) => numbers(values),
    })
}

fn numbers<T: Scalar>(values: Vec<impl Into<f64>>) -> Vec<T> {
    values
        .into_iter()
        .map(|value| T::from_f64(value.into()))
        .collect()
}
