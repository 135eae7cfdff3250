//! Rows of a table as numbers.

use backprop_tensor::Scalar;
use ndarray::Array2;

use super::encoding::{Classes, Feature, NumericColumn, TableEncoding, Target};
use super::options::{Header, Missing, Unknown};
use super::rows::{Row, shorten, table_error};
use super::table::Table;
use super::values::{Cell, is_marker};
use crate::{Advice, DataError, Dataset, Targets};

/// A text of more values may be one that tells nothing, since it names each row.
const MANY_VALUES: usize = 20;

impl Table {
    /// All rows as a data set: features, targets, and weights where the table has their column.
    ///
    /// Columns are found by name, in any order, and columns that the encoding does not know are left
    /// out. Target values are standardised; [`TableEncoding::inverse_transform`] takes them back.
    ///
    /// # Errors
    /// If a column is not there, or a cell does not fit its column: a value is missing, a number is
    /// text or too large for `T`, a text or a class is one that the training rows do not have.
    #[inline(never)]
    pub fn dataset<T: Scalar>(&self, encoding: &TableEncoding) -> Result<Dataset<T>, DataError> {
        encoding.check()?;
        let width = encoding.width();
        let target_columns = encoding.target.columns();
        self.check_size(width + target_columns.len() + 1, T::SIZE)?;
        self.check_numbered(encoding, false)?;
        let column_indices = self.feature_columns(encoding)?;
        let targets: Result<Vec<usize>, _> = target_columns
            .iter()
            .map(|name| self.column_index(name))
            .collect();
        let targets = targets?;
        let weight_column = encoding.weights.as_ref();
        let weight = weight_column
            .and_then(|name| self.names.iter().position(|column| column == name))
            .zip(weight_column);

        let mut features = Vec::with_capacity(self.rows * width);
        let (mut labels, mut values, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let classes = encoding.class_names().map(Classes::new);
        let mut walk = self.walk(&encoding.na_values)?;
        while let Some(row) = walk.next()? {
            encode(encoding, &column_indices, &row, &mut features)?;
            match (&encoding.target, &classes) {
                (Target::Classes { column, values }, Some(classes)) => {
                    let cell = row.cell(targets[0]);
                    let class = classes.class_of(cell);
                    labels.push(class.ok_or_else(|| no_class(&row, column, values, cell))?);
                }
                (Target::Values(numbers), _) => {
                    for (number, &column_index) in numbers.iter().zip(&targets) {
                        values.push(standardize(number, &row, row.cell(column_index))?);
                    }
                }
                (Target::Classes { .. }, None) => unreachable!("classes have names"),
            }
            if let Some((column_index, name)) = weight {
                weights.push(row.weight::<T>(name, row.cell(column_index))?);
            }
        }

        let labels = match (&encoding.target, encoding.class_names()) {
            (Target::Values(numbers), _) => Targets::Values {
                width: numbers.len(),
                values,
            },
            (Target::Classes { .. }, names) => Targets::Classes {
                labels,
                num_classes: names.map_or(0, <[String]>::len),
            },
        };
        let mut dataset = Dataset::from_values(width, features, labels)?;
        if let Some(names) = encoding.class_names() {
            dataset = dataset.with_class_names(names.to_vec())?;
        }
        if weight.is_some() {
            dataset = dataset.with_weights(weights)?;
        }
        Ok(dataset.with_encoding(encoding.clone()))
    }

    /// The features of all rows, (rows, features); the target need not be there.
    ///
    /// Without a header a table has all columns of the training's, or the features alone.
    ///
    /// # Errors
    /// As [`dataset`](Self::dataset).
    #[expect(
        clippy::missing_panics_doc,
        reason = "never: each row has added its width"
    )]
    #[inline(never)]
    pub fn features<T: Scalar>(&self, encoding: &TableEncoding) -> Result<Array2<T>, DataError> {
        encoding.check()?;
        let width = encoding.width();
        self.check_size(width, T::SIZE)?;
        self.check_numbered(encoding, true)?;
        let column_indices = self.feature_columns(encoding)?;
        let mut features = Vec::with_capacity(self.rows * width);
        let mut walk = self.walk(&encoding.na_values)?;
        while let Some(row) = walk.next()? {
            encode(encoding, &column_indices, &row, &mut features)?;
        }
        Ok(Array2::from_shape_vec((self.rows, width), features).expect("rows of one width"))
    }

    /// Without names, columns are known by how many there are.
    fn check_numbered(
        &self,
        encoding: &TableEncoding,
        may_lack_target: bool,
    ) -> Result<(), DataError> {
        let (found, all) = (self.names.len(), encoding.columns);
        if self.read_options.header == Header::Present || found == all {
            return Ok(());
        }
        let features = encoding.features.len();
        if may_lack_target && found == features {
            return Ok(());
        }
        let alone = if may_lack_target {
            format!(", or the {features} of features alone")
        } else {
            String::new()
        };
        let expected = format!("{all} columns, as in training{alone}");
        Err(table_error(&self.file, 1, expected, found.to_string()))
    }

    /// The column that each feature is in.
    fn feature_columns(&self, encoding: &TableEncoding) -> Result<Vec<usize>, DataError> {
        let features = &encoding.features;
        if self.read_options.header == Header::Absent && self.names.len() != encoding.columns {
            return Ok((0..features.len()).collect());
        }
        features
            .iter()
            .map(|f| self.column_index(f.column()))
            .collect()
    }
}

/// The features of a row.
fn encode<T: Scalar>(
    encoding: &TableEncoding,
    column_indices: &[usize],
    row: &Row<'_>,
    out: &mut Vec<T>,
) -> Result<(), DataError> {
    for (feature, &column_index) in encoding.features.iter().zip(column_indices) {
        let cell = row.cell(column_index);
        let is_text = matches!(feature, Feature::Categories { .. });
        if cell.is_empty() || (!is_text && is_marker(cell)) {
            if encoding.missing == Missing::Refuse {
                let expected = "a value in every row, as in training";
                let error = row.cell_error(feature.column(), expected, row.written(column_index));
                return Err(error.or(Advice::MissingMean));
            }
            out.extend(std::iter::repeat_n(T::zero(), feature.width()));
            continue;
        }
        match feature {
            Feature::Number(number) => out.push(standardize(number, row, cell)?),
            Feature::Date(dates) => {
                let numbers = dates.numbers(cell).ok_or_else(|| {
                    let example = match &dates.format {
                        Some(format) => format!("written {format}"),
                        None => "such as 2026-11-27".to_owned(),
                    };
                    let expected = format!("a date as in training, {example}");
                    row.cell_error(&dates.column, expected, cell)
                })?;
                out.extend(numbers.into_iter().map(T::from_f64));
            }
            Feature::Categories { column, values } => {
                let category = values.binary_search_by(|value| value.as_str().cmp(cell));
                if category.is_err() && encoding.unknown == Unknown::Refuse {
                    let known = one_of(values, "values of the training rows");
                    let error = row.cell_error(column, known, cell).or(Advice::UnknownZeros);
                    return Err(match values.len() > MANY_VALUES {
                        true => error.or(Advice::Ignore(column.clone())),
                        false => error,
                    });
                }
                let one_hot = (0..values.len()).map(|at| Ok(at) == category);
                out.extend(one_hot.map(|on| if on { T::one() } else { T::zero() }));
            }
        }
    }
    Ok(())
}

fn standardize<T: Scalar>(
    number: &NumericColumn,
    row: &Row<'_>,
    cell: &str,
) -> Result<T, DataError> {
    let value = match Cell::in_format(cell, &number.format) {
        Cell::Number(value) => T::from_f64(number.standardize(value)),
        _ => {
            let expected = format!("a finite number{}", number.format.as_in_training());
            return Err(row.cell_error(&number.column, expected, cell));
        }
    };
    if value.is_finite() {
        return Ok(value);
    }
    let NumericColumn {
        column, deviation, ..
    } = number;
    let expected = format!(
        "a number that is finite over the deviation {deviation} ({})",
        T::NAME
    );
    Err(row.cell_error(column, expected, cell))
}

/// The error of a cell that is none of the classes.
pub(super) fn no_class(row: &Row<'_>, column: &str, classes: &[String], cell: &str) -> DataError {
    row.cell_error(column, one_of(classes, "classes of the model"), cell)
}

/// "one of the 3 what (a, b, c)", the first few of them.
fn one_of(values: &[String], what: &str) -> String {
    let first: Vec<String> = values.iter().take(8).map(|v| shorten(v)).collect();
    let more = if values.len() > 8 { ", ..." } else { "" };
    let (count, first) = (values.len(), first.join(", "));
    format!("one of the {count} {what} ({first}{more})")
}
