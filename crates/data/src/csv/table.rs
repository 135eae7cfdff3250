//! The text of a table.

use std::fmt;
use std::path::Path;

use super::number::{Decimal, Thousands};
use super::options::{Header, ReadOptions};
use super::profile::{ColumnKind, ColumnProfile};
use super::rows::{Rows, duplicate_name, first_duplicate, shorten, table_error};
use super::{date, decode};
use crate::limits::read_file;
use crate::{Advice, DataError, Limits};

/// The text of a CSV file, with the names and the types of its columns.
#[derive(Clone)]
pub struct Table {
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    pub(super) read_options: ReadOptions,
    pub(super) limits: Limits,
    pub(super) names: Vec<String>,
    /// The columns, in the order of their names.
    pub(super) columns: Vec<Column>,
    /// The cells of a row.
    pub(super) cells_per_row: usize,
    pub(super) rows: usize,
}

/// A column of a table, and the profile of its cells.
#[derive(Clone)]
pub(super) struct Column {
    /// The index of its cell in a row; columns without a name that are empty are left out.
    pub(super) column_index: usize,
    pub(super) profile: ColumnProfile,
    pub(super) kind: ColumnKind,
}

impl Table {
    /// Reads a table from a CSV file.
    ///
    /// `read_options` is a [`Header`] or [`ReadOptions`]. `limits` is for the file, and later for the file and
    /// its encoding together.
    ///
    /// # Errors
    /// If the file cannot be read, is too large or has no row, a row has more or fewer cells than the
    /// first, two columns have one name, or the options name no encoding or no format for dates.
    pub fn read(
        path: impl AsRef<Path>,
        read_options: impl Into<ReadOptions>,
        limits: Limits,
    ) -> Result<Self, DataError> {
        let file = path.as_ref().display().to_string();
        let bytes = read_file(path, limits)?;
        Table::parse(file, bytes, read_options, limits)
    }

    /// Reads a table from the bytes of a CSV file; `name` is for errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
        read_options: impl Into<ReadOptions>,
        limits: Limits,
    ) -> Result<Self, DataError> {
        let (file, read_options) = (name.into(), read_options.into());
        let marks = (read_options.decimal, read_options.thousands);
        if let (Some(Decimal::Comma), Some(Thousands::Comma))
        | (Some(Decimal::Point), Some(Thousands::Point)) = marks
        {
            let expected = "another mark between thousands than the decimal mark";
            return Err(table_error(&file, 1, expected, "the same"));
        }
        let bytes = decode::to_utf8(&file, bytes.into(), read_options.encoding.as_deref())?;
        let mut walk = Rows::new(&file, &bytes, read_options.header, &read_options.na_values)?;
        let names = walk.names()?;
        let mut profiles = vec![ColumnProfile::default(); names.len()];
        let mut rows = 0;
        while let Some(row) = walk.next()? {
            for (column_index, profile) in profiles.iter_mut().enumerate() {
                let cell = row.written(column_index);
                profile.observe(row.line(), cell, row.is_missing(cell), &read_options);
            }
            rows += 1;
        }
        if rows == 0 {
            let expected = "at least one row below the header";
            return Err(table_error(&file, 2, expected, "none"));
        }
        if u32::try_from(rows).is_err() {
            return Err(DataError::TooManyRows(rows));
        }
        let mut table = Table {
            file,
            bytes,
            read_options,
            limits,
            names: Vec::new(),
            columns: Vec::new(),
            cells_per_row: names.len(),
            rows,
        };
        table.take_columns(names, profiles)?;
        Ok(table)
    }

    /// Keeps the columns but those that a delimiter at the end of each line makes: without a name and
    /// empty throughout.
    fn take_columns(
        &mut self,
        names: Vec<String>,
        profiles: Vec<ColumnProfile>,
    ) -> Result<(), DataError> {
        let last = self.cells_per_row - 1;
        for (column_index, (name, profile)) in names.into_iter().zip(profiles).enumerate() {
            let is_unnamed = match self.read_options.header {
                Header::Present => name.is_empty(),
                Header::Absent => column_index > 0 && column_index == last,
            };
            if is_unnamed && profile.is_empty() {
                continue;
            }
            let kind = profile.kind(&self.read_options);
            self.names.push(name);
            self.columns.push(Column {
                column_index,
                profile,
                kind,
            });
        }
        if let Some(name) = first_duplicate(&self.names) {
            return Err(duplicate_name(&self.file, name));
        }
        self.check_date_format()
    }

    /// Refuses a format for dates that is none, or that no column is in.
    fn check_date_format(&self) -> Result<(), DataError> {
        let Some(format) = &self.read_options.date_format else {
            return Ok(());
        };
        let example = date::example(format).map_err(|reason| {
            let expected = "a date format such as %d.%m.%Y";
            table_error(&self.file, 1, expected, format!("\"{format}\": {reason}"))
        })?;
        let mut kinds = self.columns.iter().map(|column| &column.kind);
        if kinds.any(|kind| kind.is_dates_in(format)) {
            return Ok(());
        }
        let expected = format!("a column of dates as {format} writes them, such as {example}");
        Err(table_error(&self.file, 1, expected, "none"))
    }

    /// The names of the columns, or their numbers where there is no header.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of columns that were left out: without a name, and empty in every row.
    pub fn empty_columns(&self) -> usize {
        self.cells_per_row - self.columns.len()
    }

    /// The number of rows, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a table has a row")]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// A walk over the rows from the first; the cells `na_values` are missing values.
    pub(super) fn walk<'a>(&'a self, na_values: &'a [String]) -> Result<Rows<'a>, DataError> {
        Rows::new(&self.file, &self.bytes, self.read_options.header, na_values)
    }

    /// The index of the column with this name, among the names.
    pub(super) fn index(&self, wanted: &str) -> Result<usize, DataError> {
        let index = self.names.iter().position(|name| name == wanted);
        index.ok_or_else(|| {
            let found = format!("\"{}\"", shorten(wanted));
            if self.read_options.header == Header::Absent {
                let expected = format!(
                    "the number of a column, from 1 to {}, as there is no header",
                    self.names.len()
                );
                return table_error(&self.file, 1, expected, found);
            }
            let first: Vec<String> = self.names.iter().take(10).map(|n| shorten(n)).collect();
            let more = if self.names.len() > 10 { ", ..." } else { "" };
            let expected = format!("a column named {found}");
            let found = format!("{}{more}", first.join(", "));
            let error = table_error(&self.file, 1, expected, found);
            if self.names.iter().any(|name| name.parse::<f64>().is_ok()) {
                return error.or(Advice::NoHeader);
            }
            error
        })
    }

    /// The index in a row of the column with this name.
    pub(super) fn column_index(&self, wanted: &str) -> Result<usize, DataError> {
        Ok(self.columns[self.index(wanted)?].column_index)
    }

    /// Compares the memory of the file and of its encoding, `width` elements a row, with the limit.
    pub(super) fn check_size(&self, width: usize, number: usize) -> Result<(), DataError> {
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
    pub(super) fn column_error(
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
            advice: Box::default(),
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
