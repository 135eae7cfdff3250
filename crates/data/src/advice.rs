//! Advice in the errors of tables.

use std::fmt;

/// The advice of an error of a table: what to change so that the table is accepted. Its [`Display`](fmt::Display) names the options of this
/// library; a program that has other names for them says so by
/// [`DataError::describe`](crate::DataError::describe).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Advice {
    /// Take what is missing as the mean: `csv::Missing::Mean`.
    MissingMean,
    /// Take what is unknown as none of the known values: `csv::Unknown::Zeros`.
    UnknownZeros,
    /// Leave this column out: `csv::Options::ignore`.
    Ignore(String),
    /// Take these cells as missing: `csv::ReadOptions::na_values`.
    NaValues(Vec<String>),
    /// Take this column as text: `csv::Options::categorical`.
    Categorical(String),
    /// Learn classes: `csv::TargetKind::Classes`.
    Classes,
    /// Read the cell as this number, with a decimal comma:
    /// `csv::ReadOptions::decimal`.
    DecimalComma(f64),
    /// Read the cell as this number, with commas between thousands:
    /// `csv::ReadOptions::thousands`.
    ThousandsComma(f64),
    /// Read dates in this format: `csv::ReadOptions::date_format`.
    DateFormat(String),
    /// Name the encoding of the bytes: `csv::ReadOptions::encoding`.
    Encoding,
    /// Say that there is no header: `csv::Header::Absent`.
    NoHeader,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::MissingMean => write!(f, "set `missing` to `Missing::Mean`"),
            Advice::UnknownZeros => write!(f, "set `unknown` to `Unknown::Zeros`"),
            Advice::Ignore(column) => write!(f, "leave \"{column}\" out with `ignore`"),
            Advice::NaValues(cells) => {
                let cells = cells.join("\", \"");
                write!(f, "take \"{cells}\" as missing with `na_values`")
            }
            Advice::Categorical(column) => {
                write!(f, "take \"{column}\" as text with `categorical`")
            }
            Advice::Classes => write!(f, "set `kind` to `TargetKind::Classes`"),
            Advice::DecimalComma(number) => {
                write!(
                    f,
                    "read it as {number} with `decimal` set to `Decimal::Comma`"
                )
            }
            Advice::ThousandsComma(number) => {
                write!(
                    f,
                    "read it as {number} with `thousands` set to `Thousands::Comma`"
                )
            }
            Advice::DateFormat(format) => {
                write!(f, "read it as a date with the `date_format` \"{format}\"")
            }
            Advice::Encoding => write!(f, "name its `encoding`, such as \"latin1\""),
            Advice::NoHeader => write!(f, "if that is a row, set `header` to `Header::Absent`"),
        }
    }
}
