//! Tables from CSV files, and their encoding as features and targets.
//!
//! The key decision: the encoding is fitted once and kept. A [`Table`] is the text of a file. A
//! [`TableEncoding`] is fitted on the training rows and is plain data that the model keeps, so that a row
//! read years later is encoded as it would have been then. The rejected alternative is to encode while
//! reading: means, deviations and categories would be those of the rows that happen to be in a file.
//!
//! A column of numbers is one feature, standardised: `(x - mean) / deviation` over the training rows. A
//! column of dates is several, see [`DateColumn`]. Any other column is one-hot encoded: a feature of 0 or
//! 1 for each value that training rows have, named like `colour=red`. Targets are classes, or
//! standardised values. Each file has one row a line; if the first line has no comma, cells are separated
//! by semicolons or tabs.
//!
//! The type of a column is inferred from all its cells. Numbers may be written as people do, if all are
//! written in one way: `1.234,5`, `12 %`, `$5` ([`NumberFormat`]). A column that is numbers or dates in all but a
//! few cells is refused, with these cells named, and so is one whose cells are ambiguous, as `1,234`
//! is; the error says how [`ReadOptions`] and [`Options`] decide it.
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

mod bounds;
mod date;
mod day_first;
mod decode;
mod encode;
mod encoding;
mod exceptions;
mod fit;
mod fitter;
mod number;
mod options;
mod profile;
mod rows;
mod strata;
mod table;
mod values;

pub use bounds::{MAX_CATEGORIES, MAX_CLASSES, MAX_COLUMNS, MAX_GUESSED_CLASSES};
pub use date::DateColumn;
pub use encoding::{Feature, NumericColumn, TableEncoding, Target};
pub use number::{Decimal, NumberFormat, Thousands};
pub use options::{Header, Missing, Options, ReadOptions, TargetKind, Unknown};
pub use table::Table;

#[cfg(test)]
mod tests;
