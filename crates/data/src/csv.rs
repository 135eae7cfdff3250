//! Tables from CSV files.
//!
//! The first row names the columns. One column is the target, one may hold weights, all others are
//! features: a column of numbers is one feature as it stands, neither centred nor scaled; any other
//! column becomes one feature of 0 or 1 for each of its values, named like `colour=red`. A missing
//! value is an error that names its line: what to put in its place is not for a reader to guess.
//!
//! The file is held as bytes and walked over three times (which columns are numbers, which values
//! the others have, encoding), so that no cell is stored as text.

mod columns;
mod rows;
mod values;

use std::io::Read;
use std::path::Path;

use backprop_tensor::Scalar;

use crate::{DataError, Dataset, Labels, Limits};
use columns::{Column, Encoding};
use rows::Rows;

/// The most columns that a table may have.
pub const MAX_COLUMNS: usize = 16_384;
/// The most different values that a feature of text may have.
pub const MAX_CATEGORIES: usize = 256;
/// The most classes that a target may have.
pub const MAX_CLASSES: usize = 1_000;

/// How a table is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The name of the column to be learnt.
    pub target: String,
    /// What the target is.
    pub kind: TargetKind,
    /// The name of a column with the weights of the rows.
    pub weights: Option<String>,
    /// The most memory that the file and its encoding may take together.
    pub limits: Limits,
}

impl Options {
    /// The target's name, and defaults for the rest: guess its kind, no weights, 1 GiB.
    pub fn new(target: impl Into<String>) -> Self {
        Options {
            target: target.into(),
            kind: TargetKind::Guess,
            weights: None,
            limits: Limits::default(),
        }
    }
}

/// What the target column of a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Classes if it holds text, or whole numbers of at most [`MAX_CLASSES`] different values;
    /// values otherwise. Whole numbers that are quantities need [`TargetKind::Values`].
    #[default]
    Guess,
    /// Each different value is a class; classes are sorted, by number if all are whole numbers.
    Classes,
    /// Numbers.
    Values,
}

/// A table as numbers.
#[derive(Clone, Debug)]
pub struct Table<T> {
    /// The rows. If the labels are classes, they are named after the target's values.
    pub dataset: Dataset<T>,
    /// The name of each feature: its column's, and for text `column=value`.
    pub feature_names: Vec<String>,
}

/// Reads a table from a CSV file.
///
/// # Errors
/// If the file cannot be read or is too large, a column is missing or named twice, or a cell does
/// not fit its column.
pub fn read<T: Scalar>(path: impl AsRef<Path>, options: &Options) -> Result<Table<T>, DataError> {
    let file = path.as_ref().display().to_string();
    let (contents, size) = crate::idx::open(path.as_ref())?;
    let limit = options.limits.max_bytes;
    let too_large = |needed| DataError::TooLarge {
        file: file.clone(),
        needed,
        limit,
    };
    if let Some(needed) = size.filter(|size| *size > limit) {
        return Err(too_large(needed));
    }
    let mut bytes = Vec::with_capacity(size.unwrap_or(0) as usize);
    let read = contents
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|source| DataError::Io {
        file: file.clone(),
        action: "read",
        source,
    })?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    parse(&file, &bytes, options)
}

/// Reads a table from the bytes of a CSV file; `name` is for errors.
///
/// ```
/// use backprop_data::csv;
///
/// let text = b"size,colour,fruit\n7.5,red,apple\n1.5,red,cherry\n6.0,green,apple\n";
/// let table = csv::parse::<f32>("fruit.csv", text, &csv::Options::new("fruit"))?;
/// assert_eq!(table.feature_names, ["size", "colour=green", "colour=red"]);
/// assert_eq!(table.dataset.class_names().unwrap(), ["apple", "cherry"]);
/// assert_eq!(table.dataset.class_counts().unwrap(), [2, 1]);
/// # Ok::<(), backprop_data::DataError>(())
/// ```
///
/// # Errors
/// As [`read`].
pub fn parse<T: Scalar>(
    name: &str,
    bytes: &[u8],
    options: &Options,
) -> Result<Table<T>, DataError> {
    let (columns, rows) = columns::survey(name, bytes, options, T::BYTES)?;
    let feature_names = feature_names(&columns);
    let mut features = Vec::with_capacity(rows * feature_names.len());
    let mut classes = Vec::new();
    let mut values = Vec::new();
    let mut weights = Vec::new();

    let mut table = Rows::new(name, bytes)?;
    while let Some(row) = table.next()? {
        for (column, cell) in columns.iter().zip(row.cells()) {
            let number = || row.number::<T>(&column.name, cell);
            match &column.encoding {
                Encoding::Number => features.push(number()?),
                Encoding::Categories(categories) => {
                    let place = categories.place(cell);
                    let one_hot = (0..categories.len()).map(|i| i == place);
                    features.extend(one_hot.map(|on| if on { T::one() } else { T::zero() }));
                }
                Encoding::Classes(categories) => classes.push(categories.place(cell) as u32),
                Encoding::Values => values.push(number()?),
                Encoding::Weight => weights.push(row.weight::<T>(&column.name, cell)?),
            }
        }
    }

    let class_names = columns.iter().find_map(|column| match &column.encoding {
        Encoding::Classes(categories) => Some(categories.names().to_vec()),
        _ => None,
    });
    let labels = match &class_names {
        Some(names) => Labels::Classes {
            labels: classes,
            classes: names.len(),
        },
        None => Labels::Values { width: 1, values },
    };
    let mut dataset = Dataset::from_values(feature_names.len(), features, labels)?;
    if let Some(names) = class_names {
        dataset = dataset.with_class_names(names)?;
    }
    if options.weights.is_some() {
        dataset = dataset.with_weights(weights)?;
    }
    Ok(Table {
        dataset,
        feature_names,
    })
}

fn feature_names(columns: &[Column]) -> Vec<String> {
    let mut names = Vec::new();
    for column in columns {
        match &column.encoding {
            Encoding::Number => names.push(column.name.clone()),
            Encoding::Categories(categories) => {
                names.extend(
                    categories
                        .names()
                        .iter()
                        .map(|name| format!("{}={name}", column.name)),
                );
            }
            Encoding::Classes(_) | Encoding::Values | Encoding::Weight => {}
        }
    }
    names
}

#[cfg(test)]
mod tests;
