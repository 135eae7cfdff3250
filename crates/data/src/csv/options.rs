//! Options of reading a table and of fitting its encoding.

use serde::{Deserialize, Serialize};

use super::number::{Decimal, Thousands};

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

/// Options of reading a table: its header, its bytes, and the notation of numbers and dates in its cells.
///
/// A [`Header`] alone is all defaults.
///
/// ```
/// use backprop_data::Limits;
/// use backprop_data::csv::{Decimal, Feature, Options, ReadOptions, Table};
///
/// let reading = ReadOptions {
///     na_values: vec!["-999".to_owned()],
///     decimal: Some(Decimal::Comma),
///     ..ReadOptions::default()
/// };
/// let text = "size;fruit\n1,250;cherry\n7,5;apple\n-999;apple\n";
/// let table = Table::parse("fruit.csv", text, reading, Limits::default())?;
/// let encoding = table.fit(&Options::new("fruit").missing_as_mean(), &[0, 1, 2])?;
/// let Feature::Number(size) = &encoding.features[0] else { unreachable!() };
/// assert_eq!(size.mean, (1.25 + 7.5) / 2.0);
/// # Ok::<(), backprop_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Whether the first line names the columns.
    pub header: Header,
    /// Cells that are missing values beside an empty cell, such as `-999` or `unknown`; a number
    /// stands for all ways to write it.
    pub na_values: Vec<String>,
    /// The decimal mark; `None` infers it for each column.
    pub decimal: Option<Decimal>,
    /// The mark between thousands; `None` infers it for each column.
    pub thousands: Option<Thousands>,
    /// The format of dates, beside ISO 8601: `%d.%m.%Y`, in the letters of C's `strftime`.
    pub date_format: Option<String>,
    /// The encoding of the bytes by its name in the
    /// [Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels), such as `latin1`;
    /// `None` is UTF-8, or UTF-16 after a byte-order mark.
    pub encoding: Option<String>,
}

impl From<Header> for ReadOptions {
    fn from(header: Header) -> Self {
        ReadOptions {
            header,
            ..ReadOptions::default()
        }
    }
}

/// Options of fitting an encoding: the target columns, and the use of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The target columns: one, or several of numbers.
    pub targets: Vec<String>,
    /// The kind of the targets.
    pub kind: TargetKind,
    /// The column with the weights of the rows; it is no feature.
    pub weights: Option<String>,
    /// Columns that are left out, such as names and numbers of rows.
    pub ignore: Vec<String>,
    /// Columns that are taken as text whatever they hold, such as postcodes.
    pub categorical: Vec<String>,
    /// The treatment of a missing feature.
    pub missing: Missing,
    /// The treatment of a text that no training row has.
    pub unknown: Unknown,
}

impl Options {
    /// Options for one target column, the rest at their defaults: its kind is guessed, there are no weights,
    /// no column is ignored, and a missing or unknown value is an error.
    pub fn new(target: impl Into<String>) -> Self {
        Options {
            targets: vec![target.into()],
            kind: TargetKind::default(),
            weights: None,
            ignore: Vec::new(),
            categorical: Vec::new(),
            missing: Missing::default(),
            unknown: Unknown::default(),
        }
    }

    /// These options with [`Missing::Mean`].
    pub fn missing_as_mean(self) -> Self {
        Options {
            missing: Missing::Mean,
            ..self
        }
    }
}

/// The kind of a table's target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetKind {
    /// Classes if it is one column of text, or of whole numbers of at most
    /// [`MAX_GUESSED_CLASSES`](super::MAX_GUESSED_CLASSES) different values; numbers otherwise.
    #[default]
    Guess,
    /// Each different value is a class; classes are sorted, by number if all are whole numbers.
    Classes,
    /// Numbers.
    Values,
    /// Numbers of at least 0, such as counts, which are divided by their mean over the training rows and not
    /// standardised.
    Counts,
}

/// The treatment of a missing feature. A target or a weight that is missing is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// An error that names its line and column.
    #[default]
    Refuse,
    /// A number is taken as the mean of the training rows, a text as none of its column's values:
    /// 0 in all features of the column. So is a date.
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
