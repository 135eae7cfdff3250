//! Tables from CSV files.
//!
//! The key decision: how a row becomes numbers is found out once and kept. A [`Table`] is the text of
//! a file; an [`TableEncoding`] is fitted on those of its rows that a network is trained on, and is plain
//! data that is kept with the network, so that a row seen years later becomes the numbers that it
//! would have become then. Encoding while reading was rejected: means, deviations and categories
//! would be those of the rows that happen to be in a file.
//!
//! A column of numbers is one feature, `(x - mean) / deviation` over the training rows; any other
//! column becomes one feature of 0 or 1 for each value that training rows have, named like
//! `colour=red`. Targets are classes, or numbers that are standardised in the same way. Each file has
//! one row a line; a first line without a comma is taken as divided by semicolons or tabs.
//!
//! A missing value is refused with its line and column, unless [`Missing::Mean`] is asked for: an
//! empty cell, or among numbers also `NA`, `N/A`, `NaN`, `null` and `?`, in any case.
//!
//! ```
//! use backprop_data::csv::{Feature, Header, Options, Table};
//! use backprop_data::{Batch, Limits};
//!
//! let text = "size,colour,fruit\n7.5,red,apple\n1.5,red,cherry\n6.0,green,apple\n";
//! let table = Table::parse("fruit.csv", text, Header::Present, Limits::default())?;
//! let encoding = table.fit(&Options::new("fruit"), &[0, 1, 2])?;
//! assert_eq!(encoding.feature_names(), ["size", "colour=green", "colour=red"]);
//! assert_eq!(encoding.class_names().unwrap(), ["apple", "cherry"]);
//!
//! let mut batch = Batch::new();
//! table.dataset::<f64>(&encoding)?.gather(&[0], &mut batch);
//! let Feature::Number(size) = &encoding.features[0] else { unreachable!() };
//! assert_eq!(batch.inputs().row(0).to_vec(), [(7.5 - 5.0) / size.deviation, 0.0, 1.0]);
//!
//! // Years later, without the target, and with the columns in another order.
//! let table = Table::parse("new.csv", "colour,size\ngreen,5\n", Header::Present, Limits::default())?;
//! assert_eq!(table.features::<f64>(&encoding)?.row(0).to_vec(), [0.0, 1.0, 0.0]);
//! # Ok::<(), backprop_data::DataError>(())
//! ```

mod encode;
mod encoding;
mod fit;
mod rows;
mod values;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::limits::read_all;
use crate::{DataError, Limits};
pub use encoding::{Feature, NumericColumn, TableEncoding, Target};
use rows::{Rows, broken, shorten};
use serde::{Deserialize, Serialize};
use values::ColumnProfile;

/// The most columns that a table may have.
pub const MAX_COLUMNS: usize = 16_384;
/// The most different values that a feature of text may have.
pub const MAX_CATEGORIES: usize = 256;
/// The most classes that a target may have.
pub const MAX_CLASSES: usize = 1_000;
/// The most different whole numbers that [`TargetKind::Guess`] takes for classes.
pub const MAX_GUESSED_CLASSES: usize = 20;

/// Whether the first line of a table names its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// It does.
    #[default]
    Present,
    /// It is a row. The columns are called by their numbers: `1`, `2`, ...
    Absent,
}

/// The columns to learn from a table, and how its other columns are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The columns to be learnt: one, or several of numbers.
    pub targets: Vec<String>,
    /// The kind of the targets.
    pub kind: TargetKind,
    /// The column with the weights of the rows; it is no feature.
    pub weights: Option<String>,
    /// Columns that are left out, such as names and numbers of rows.
    pub ignore: Vec<String>,
    /// The treatment of a missing feature.
    pub missing: Missing,
    /// The treatment of a text that no training row has.
    pub unknown: Unknown,
}

impl Options {
    /// The target's name, and defaults for the rest: guess its kind, no weights, nothing left out,
    /// what is missing or unknown is refused.
    pub fn new(target: impl Into<String>) -> Self {
        Options {
            targets: vec![target.into()],
            kind: TargetKind::default(),
            weights: None,
            ignore: Vec::new(),
            missing: Missing::default(),
            unknown: Unknown::default(),
        }
    }
}

/// The kind of a table's target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Classes if it is one column of text, or of whole numbers of at most [`MAX_GUESSED_CLASSES`]
    /// different values; numbers otherwise.
    #[default]
    Guess,
    /// Each different value is a class; classes are sorted, by number if all are whole numbers.
    Classes,
    /// Numbers.
    Values,
}

/// The treatment of a missing feature. A target or a weight that is missing is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// An error that names its line and column.
    #[default]
    Refuse,
    /// A number is taken as the mean of the training rows, a text as none of its column's values:
    /// 0 in all features of the column.
    Mean,
}

/// The treatment of a text that no training row has in its column. An unknown class is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// An error that names its line and column, as in scikit-learn's `OneHotEncoder`: it is more
    /// often a slip of the pen than something new.
    #[default]
    Refuse,
    /// None of the column's values: 0 in all its features.
    Zeros,
}

/// The text of a CSV file, read once to find its rows, its columns and what they hold.
#[derive(Clone)]
pub struct Table {
    file: String,
    bytes: Vec<u8>,
    header: Header,
    limits: Limits,
    names: Vec<String>,
    seen: Vec<ColumnProfile>,
    rows: usize,
}

impl Table {
    /// Reads a table from a CSV file.
    ///
    /// `limits` is for the file, and later for the file and its encoding together.
    ///
    /// # Errors
    /// If the file cannot be read, is too large or has no row, a row has more or fewer cells than the
    /// first, or two columns have one name.
    pub fn read(path: impl AsRef<Path>, header: Header, limits: Limits) -> Result<Self, DataError> {
        let (file, bytes) = read_all(path.as_ref(), limits)?;
        Table::parse(file, bytes, header, limits)
    }

    /// Reads a table from the bytes of a CSV file; `name` is for errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        header: Header,
        limits: Limits,
    ) -> Result<Self, DataError> {
        let (file, bytes) = (name.into(), bytes.into());
        let mut walk = Rows::new(&file, &bytes, header)?;
        let names = walk.names()?;
        let mut seen: Vec<ColumnProfile> = names.iter().map(|_| ColumnProfile::default()).collect();
        let mut rows = 0;
        while let Some(row) = walk.next()? {
            for (seen, cell) in seen.iter_mut().zip(row.cells()) {
                seen.look(row.line(), cell);
            }
            rows += 1;
        }
        if rows == 0 {
            return Err(broken(
                &file,
                2,
                "at least one row below the header",
                "none",
            ));
        }
        if u32::try_from(rows).is_err() {
            return Err(DataError::TooManyRows(rows));
        }
        Ok(Table {
            file,
            bytes,
            header,
            limits,
            names,
            seen,
            rows,
        })
    }

    /// The names of the columns, or their numbers where there is no header.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of rows, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a table has a row")]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Walks over the rows from the first.
    fn walk(&self) -> Result<Rows<'_>, DataError> {
        Rows::new(&self.file, &self.bytes, self.header)
    }

    /// The index of the column with this name.
    fn place(&self, wanted: &str) -> Result<usize, DataError> {
        let place = self.names.iter().position(|name| name == wanted);
        place.ok_or_else(|| {
            let found = format!("\"{}\"", shorten(wanted));
            if self.header == Header::Absent {
                let expected = format!(
                    "the number of a column, from 1 to {}, as there is no header",
                    self.names.len()
                );
                return broken(&self.file, 1, expected, found);
            }
            let first: Vec<String> = self.names.iter().take(10).map(|n| shorten(n)).collect();
            let more = if self.names.len() > 10 { ", ..." } else { "" };
            let looks_like_a_row = self.names.iter().any(|name| name.parse::<f64>().is_ok());
            let advice = if looks_like_a_row {
                "; if that is a row, say that there is no header"
            } else {
                ""
            };
            let expected = format!("a column named {found}");
            broken(
                &self.file,
                1,
                expected,
                format!("{}{more}{advice}", first.join(", ")),
            )
        })
    }

    /// Compares the memory of the file and of its encoding, `width` elements a row, with the limit.
    fn check_size(&self, width: usize, number: usize) -> Result<(), DataError> {
        let row = (width as u64).saturating_mul(number as u64);
        let needed = row
            .saturating_mul(self.rows as u64)
            .saturating_add(self.bytes.len() as u64);
        let limit = self.limits.max_bytes;
        if needed > limit {
            return Err(DataError::TooLarge {
                file: self.file.clone(),
                needed,
                limit,
            });
        }
        Ok(())
    }

    /// The error of a whole column.
    fn wrong_column(
        &self,
        column: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        DataError::Column {
            file: self.file.clone(),
            column: shorten(column),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// The names of the columns and the number of rows, not the text.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("file", &self.file)
            .field("names", &self.names)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The first name that is there twice.
fn first_duplicate<'a>(names: impl IntoIterator<Item = &'a String>) -> Option<&'a String> {
    let mut known = BTreeSet::new();
    names.into_iter().find(|name| !known.insert(name.as_str()))
}

#[cfg(test)]
mod tests;
