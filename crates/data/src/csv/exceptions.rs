//! Cells that do not fit the kind of their column.

use super::profile::{ColumnKind, FirstCell};
use super::rows::{cell_error, shorten};
use super::table::{Column, Table};
use super::values::is_marker;
use crate::{Advice, DataError};

/// The most cells that an error names.
const MAX_NAMED: usize = 5;

impl Table {
    /// The error of a column that is numbers or dates in all but `count` cells.
    pub(super) fn exceptions_error(
        &self,
        name: &str,
        column: &Column,
        (kind, count): (&ColumnKind, u64),
    ) -> DataError {
        let found = match self.first_exceptions(column, kind) {
            Ok(found) => found,
            Err(error) => return error,
        };
        let Some(((line, first), others)) = found.split_first() else {
            return self.column_error(name, "cells of one kind", "others");
        };
        let what = match kind {
            ColumnKind::Dates { .. } => "a date",
            _ => "a number",
        };
        let fitting = self.rows as u64 - count;
        let expected = format!("{what}, as in {fitting} of the {} rows", self.rows);
        let mut error = cell_error(&self.file, *line, name, expected, first);
        if let DataError::Cell { found, .. } = &mut error {
            for (line, cell) in others {
                found.push_str(&format!(", on line {line} \"{cell}\""));
            }
            let named = others.len() as u64 + 1;
            if count > named {
                found.push_str(&format!(" and {} more", count - named));
            }
        }
        let mut words: Vec<String> = found.into_iter().map(|(_, cell)| cell).collect();
        words.sort();
        words.dedup();
        error
            .or(Advice::NaValues(words))
            .or(Advice::Categorical(name.to_owned()))
    }

    fn first_exceptions(
        &self,
        column: &Column,
        kind: &ColumnKind,
    ) -> Result<Vec<FirstCell>, DataError> {
        let mut found = Vec::new();
        let mut walk = self.walk(&self.read_options.na_values)?;
        while let Some(row) = walk.next()? {
            let cell = row.cell(column.column_index);
            if !cell.is_empty() && !is_marker(cell) && !kind.holds(cell) {
                found.push((row.line(), shorten(cell)));
                if found.len() == MAX_NAMED {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// The error of a column whose cells can be read in several ways.
    pub(super) fn ambiguous(
        &self,
        name: &str,
        (line, cell): &FirstCell,
        readings: &[Advice],
    ) -> DataError {
        let expected = match readings {
            [Advice::DateFormat(_)] => "dates in ISO 8601, such as 2026-11-27",
            [Advice::DateFormat(_), ..] => "dates that tell the day from the month",
            _ => "numbers with one reading",
        };
        let error = cell_error(&self.file, *line, name, expected, cell);
        let error = readings.iter().cloned().fold(error, DataError::or);
        error.or(Advice::Categorical(name.to_owned()))
    }
}
