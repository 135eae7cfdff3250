use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use backprop_tensor::Scalar;
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use crate::DataError;

/// The most bytes that one row may have: the csv reader holds a row, and where its cells end.
const MAX_ROW_BYTES: usize = 1 << 20;

/// The rows of a table below its header.
pub(super) struct Rows<'a> {
    file: &'a str,
    reader: Reader<Metered<'a>>,
    allowance: Rc<Cell<usize>>,
    header: StringRecord,
    record: StringRecord,
}

/// One row, for as long as the next is not read.
pub(super) struct Row<'a> {
    file: &'a str,
    line: u64,
    record: &'a StringRecord,
}

impl<'a> Rows<'a> {
    /// Reads the header.
    pub(super) fn new(file: &'a str, bytes: &'a [u8]) -> Result<Self, DataError> {
        let allowance = Rc::new(Cell::new(0));
        let metered = Metered {
            bytes,
            allowance: Rc::clone(&allowance),
        };
        let mut rows = Rows {
            file,
            reader: ReaderBuilder::new().has_headers(false).from_reader(metered),
            allowance,
            header: StringRecord::new(),
            record: StringRecord::new(),
        };
        if rows.next()?.is_none() {
            return Err(DataError::Table {
                file: file.to_owned(),
                line: 1,
                expected: "a header row that names the columns".to_owned(),
                found: "an empty file".to_owned(),
            });
        }
        rows.header = rows.record.clone();
        Ok(rows)
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> impl Iterator<Item = &str> {
        self.header.iter().map(str::trim)
    }

    /// The next row; all have as many cells as the header.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, DataError> {
        self.allowance.set(MAX_ROW_BYTES);
        match self.reader.read_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.record.position().map_or(1, |position| position.line());
                Ok(Some(Row {
                    file: self.file,
                    line,
                    record: &self.record,
                }))
            }
            Err(error) => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: csv::Error) -> DataError {
        let line = error.position().map(|position| position.line());
        let (expected, found) = match error.kind() {
            ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => (
                format!("{expected_len} cells, as in the header"),
                format!("{len}"),
            ),
            ErrorKind::Utf8 { err, .. } => (
                "text in UTF-8".to_owned(),
                format!("other bytes in cell {}", err.field() + 1),
            ),
            // The only input is memory, whose one error is that of `Metered`.
            _ => {
                let expected = format!("a row of at most {MAX_ROW_BYTES} bytes");
                (expected, "a longer one; is a quote not closed?".to_owned())
            }
        };
        let line = line.unwrap_or_else(|| self.reader.position().line());
        DataError::Table {
            file: self.file.to_owned(),
            line,
            expected,
            found,
        }
    }
}

impl<'a> Row<'a> {
    /// The cells, without the spaces around them.
    pub(super) fn cells(&self) -> impl Iterator<Item = &'a str> {
        self.record.iter().map(str::trim)
    }

    /// The line that the row begins on, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The cell of a column as a finite number.
    pub(super) fn number<T: Scalar>(&self, column: &str, cell: &str) -> Result<T, DataError> {
        match cell.parse().map(T::of) {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.wrong(column, format!("a finite number ({})", T::NAME), cell)),
        }
    }

    /// The cell of a column as a weight.
    pub(super) fn weight<T: Scalar>(&self, column: &str, cell: &str) -> Result<T, DataError> {
        match self.number(column, cell) {
            Ok(weight) if weight >= T::zero() => Ok(weight),
            _ => Err(self.wrong(column, "a weight, a finite number of at least 0", cell)),
        }
    }

    /// The error of a cell that does not fit its column.
    pub(super) fn wrong(&self, column: &str, expected: impl Into<String>, cell: &str) -> DataError {
        wrong(self.file, self.line, column, expected, cell)
    }
}

/// The error of a cell that does not fit its column.
pub(super) fn wrong(
    file: &str,
    line: u64,
    column: &str,
    expected: impl Into<String>,
    cell: &str,
) -> DataError {
    let found = if cell.is_empty() {
        "an empty cell".to_owned()
    } else {
        format!("\"{}\"", shorten(cell))
    };
    DataError::Cell {
        file: file.to_owned(),
        line,
        column: shorten(column),
        expected: expected.into(),
        found,
    }
}

/// Text for an error: its first 40 characters.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bytes that come to an end when a row takes more than its allowance.
struct Metered<'a> {
    bytes: &'a [u8],
    allowance: Rc<Cell<usize>>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowance = self.allowance.get();
        if allowance == 0 && !self.bytes.is_empty() {
            return Err(io::Error::other("the row is too long"));
        }
        let length = buffer.len().min(allowance).min(self.bytes.len());
        self.allowance.set(allowance - length);
        self.bytes.read(&mut buffer[..length])
    }
}
