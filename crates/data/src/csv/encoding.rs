use serde::{Deserialize, Serialize};

use super::bounds::MAX_COLUMNS;
use super::date::DateColumn;
use super::number::NumberFormat;
use super::options::{Header, Missing, ReadOptions, Unknown};
use super::rows::first_duplicate;
use super::values::integer;
use crate::DataError;

/// The encoding of a row of a table as features and targets, fitted by [`Table::fit`](super::Table::fit),
/// as plain data.
///
/// It is kept as JSON with the model, so the names of its fields are part of the format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TableEncoding {
    /// Whether the training file had names for its columns.
    pub header: Header,
    /// Cells that are missing values beside an empty cell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub na_values: Vec<String>,
    /// The number of columns of the training file.
    pub columns: usize,
    /// The features, in the order of the columns.
    pub features: Vec<Feature>,
    /// The target.
    pub target: Target,
    /// The column with the weights of the rows.
    pub weights: Option<String>,
    /// The treatment of a missing feature.
    pub missing: Missing,
    /// The treatment of a text that is in no list.
    pub unknown: Unknown,
}

/// A column, and the features that it becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// One feature, standardised.
    Number(NumericColumn),
    /// Eight features or ten.
    Date(DateColumn),
    /// One feature of 0 or 1 for each value.
    Categories {
        /// The column's name.
        column: String,
        /// Its values, sorted.
        values: Vec<String>,
    },
}

impl Feature {
    /// The column's name.
    pub fn column(&self) -> &str {
        match self {
            Feature::Number(NumericColumn { column, .. })
            | Feature::Date(DateColumn { column, .. })
            | Feature::Categories { column, .. } => column,
        }
    }

    /// The number of features that the column becomes.
    pub fn width(&self) -> usize {
        match self {
            Feature::Number(_) => 1,
            Feature::Date(dates) => dates.width(),
            Feature::Categories { values, .. } => values.len(),
        }
    }
}

/// A column of numbers, standardised: `(x - mean) / deviation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NumericColumn {
    /// The column's name.
    pub column: String,
    /// The mean of the training rows.
    pub mean: f64,
    /// Their standard deviation, the root of the mean squared distance from the mean; 1 where all
    /// are the same.
    pub deviation: f64,
    /// How its numbers are written.
    #[serde(default, skip_serializing_if = "NumberFormat::is_plain")]
    pub format: NumberFormat,
}

impl NumericColumn {
    pub(super) fn standardize(&self, x: f64) -> f64 {
        (x - self.mean) / self.deviation
    }

    fn destandardize(&self, x: f64) -> f64 {
        x * self.deviation + self.mean
    }
}

/// The target of a table: classes or values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// One of several classes.
    Classes {
        /// The column's name.
        column: String,
        /// The classes, sorted, by number if all are whole numbers.
        values: Vec<String>,
    },
    /// Numbers, standardised.
    Values(Vec<NumericColumn>),
}

impl Target {
    /// The names of the columns.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Target::Classes { column, .. } => vec![column],
            Target::Values(numbers) => numbers.iter().map(|n| n.column.as_str()).collect(),
        }
    }
}

impl TableEncoding {
    /// The features of a row: the inputs that a network needs.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// The options to read a table of such rows with.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            na_values: self.na_values.clone(),
            ..ReadOptions::from(self.header)
        }
    }

    /// The name of each feature: its column's, for text `column=value`, and for dates such as
    /// `column.year`.
    pub fn feature_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for feature in &self.features {
            match feature {
                Feature::Number(number) => names.push(number.column.clone()),
                Feature::Date(dates) => names.extend(dates.feature_names()),
                Feature::Categories { column, values } => {
                    names.extend(values.iter().map(|value| format!("{column}={value}")));
                }
            }
        }
        names
    }

    /// The names of the classes; `None` if the targets are values.
    pub fn class_names(&self) -> Option<&[String]> {
        match &self.target {
            Target::Classes { values, .. } => Some(values),
            Target::Values(_) => None,
        }
    }

    /// Transforms standardised target values, row after row, back into the units of the table:
    /// `x * deviation + mean`. Classes stay as they are.
    ///
    /// ```
    /// use backprop_data::Limits;
    /// use backprop_data::csv::{Header, Options, Table};
    ///
    /// let table = Table::parse("t.csv", "x,y\n1,10.5\n2,14.5\n", Header::Present, Limits::default())?;
    /// let encoding = table.fit(&Options::new("y"), &[0, 1])?;
    /// let mut values = [-1.0, 0.0, 1.0];
    /// encoding.inverse_transform(&mut values);
    /// assert_eq!(values, [10.5, 12.5, 14.5]);
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    pub fn inverse_transform(&self, values: &mut [f64]) {
        if let Target::Values(numbers) = &self.target {
            for (value, number) in values.iter_mut().zip(numbers.iter().cycle()) {
                *value = number.destandardize(*value);
            }
        }
    }

    /// Checks that the encoding makes sense: it may come from a file.
    pub(super) fn check(&self) -> Result<(), DataError> {
        match self.problem() {
            None => Ok(()),
            Some(problem) => Err(DataError::TableEncoding { problem }),
        }
    }

    fn problem(&self) -> Option<String> {
        let targets = self.target.columns();
        let columns = self.features.iter().map(Feature::column);
        let columns: Vec<String> = columns
            .chain(targets.iter().copied())
            .chain(self.weights.as_deref())
            .map(str::to_owned)
            .collect();
        if let Some(column) = first_duplicate(&columns) {
            return Some(format!("has two columns named \"{column}\""));
        }
        if self.features.is_empty() || targets.is_empty() {
            return Some("has no features or no target".to_owned());
        }
        if self.columns < columns.len() || self.columns > MAX_COLUMNS {
            return Some(format!("says that there are {} columns", self.columns));
        }
        if let Some((column, mean, deviation)) = self.invalid_moments() {
            return Some(format!(
                "gives the column \"{column}\" the mean {mean} and the deviation {deviation}"
            ));
        }
        for feature in &self.features {
            if let Feature::Categories { column, values } = feature
                && (values.is_empty() || !values.is_sorted_by(|a, b| a < b))
            {
                return Some(format!("does not sort the values of \"{column}\""));
            }
        }
        match &self.target {
            Target::Classes { column, values } if !Classes::new(values).are_sorted() => {
                Some(format!("does not sort the classes of \"{column}\""))
            }
            _ => None,
        }
    }
}

impl TableEncoding {
    /// The first mean and deviation that cannot be, with their column.
    fn invalid_moments(&self) -> Option<(&str, f64, f64)> {
        let of_number = |number: &NumericColumn| (number.mean, number.deviation);
        let features = self.features.iter().flat_map(|feature| {
            match feature {
                Feature::Number(number) => vec![of_number(number)],
                Feature::Date(dates) => dates.moments().to_vec(),
                Feature::Categories { .. } => Vec::new(),
            }
            .into_iter()
            .map(|moments| (feature.column(), moments))
        });
        let targets = match &self.target {
            Target::Values(numbers) => numbers.as_slice(),
            Target::Classes { .. } => &[],
        };
        let targets = targets
            .iter()
            .map(|number| (&*number.column, of_number(number)));
        let all = features.chain(targets);
        all.map(|(column, (mean, deviation))| (column, mean, deviation))
            .find(|(_, mean, deviation)| {
                !(mean.is_finite() && deviation.is_finite() && *deviation > 0.0)
            })
    }
}

/// The classes of a target, to be looked up.
pub(super) struct Classes<'a> {
    names: &'a [String],
    /// The names as numbers, if all are whole.
    numbers: Option<Vec<i64>>,
}

impl<'a> Classes<'a> {
    pub(super) fn new(names: &'a [String]) -> Self {
        let numbers = names.iter().map(|name| integer(name)).collect();
        Classes { names, numbers }
    }

    /// The class of a cell.
    pub(super) fn class_of(&self, cell: &str) -> Option<u32> {
        let class = match &self.numbers {
            Some(numbers) => numbers.binary_search(&integer(cell)?).ok(),
            None => self
                .names
                .binary_search_by(|name| name.as_str().cmp(cell))
                .ok(),
        };
        class.map(|class| class as u32)
    }

    fn are_sorted(&self) -> bool {
        match &self.numbers {
            Some(numbers) => !numbers.is_empty() && numbers.is_sorted_by(|a, b| a < b),
            None => self.names.is_sorted_by(|a, b| a < b),
        }
    }
}
