//! The strata of a table's rows, before its features are encoded.

use super::encode::no_class;
use super::encoding::{Classes, Target};
use super::table::Table;
use super::values::Cell;
use crate::DataError;
use crate::dataset::strata_of_values;

impl Table {
    /// The stratum of each row for [`split_strata`](crate::split_strata): its class, or the tenth of all
    /// rows that its first target value is in, as [`Dataset::strata`](crate::Dataset::strata) has it.
    ///
    /// ```
    /// use backprop_data::csv::{Header, Options, Table};
    /// use backprop_data::{Limits, split_strata};
    /// use backprop_tensor::Key;
    ///
    /// let text = "x,y\n1,rare\n2,often\n3,often\n4,rare\n5,often\n6,often\n";
    /// let table = Table::parse("t.csv", text, Header::Present, Limits::default())?;
    /// let options = Options::new("y");
    /// let strata = table.strata(&table.fit_target(&options)?)?;
    /// assert_eq!(strata, [1, 0, 0, 1, 0, 0]);
    /// let (train, test) = split_strata(&strata, 0.5, Key::new(0).derive("split", 0))?;
    /// let encoding = table.fit(&options, &train)?;
    /// let test = table.dataset::<f32>(&encoding)?.select(&test);
    /// assert_eq!(test.class_counts().unwrap(), [2, 1]);
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the target's column is not there, or a cell of it does not fit.
    pub fn strata(&self, target: &Target) -> Result<Vec<u32>, DataError> {
        match target {
            Target::Classes { column, values } => {
                let (column_index, classes) = (self.column_index(column)?, Classes::new(values));
                let mut strata = Vec::with_capacity(self.rows);
                let mut walk = self.walk(&self.read_options.na_values)?;
                while let Some(row) = walk.next()? {
                    let cell = row.cell(column_index);
                    let class = classes.class_of(cell);
                    strata.push(class.ok_or_else(|| no_class(&row, column, values, cell))?);
                }
                Ok(strata)
            }
            Target::Values(targets) => {
                let Some(first) = targets.first() else {
                    return Ok(vec![0; self.rows]);
                };
                let column_index = self.column_index(&first.column)?;
                let mut numbers = Vec::with_capacity(self.rows);
                let mut walk = self.walk(&self.read_options.na_values)?;
                while let Some(row) = walk.next()? {
                    let cell = row.cell(column_index);
                    match Cell::in_format(cell, &first.format) {
                        Cell::Number(number) => numbers.push(number),
                        _ => return Err(row.cell_error(&first.column, "a finite number", cell)),
                    }
                }
                Ok(strata_of_values(&numbers))
            }
        }
    }
}
