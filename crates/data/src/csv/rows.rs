use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::rc::Rc;

use backprop_tensor::Scalar;
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::bounds::MAX_COLUMNS;
use super::options::Header;
use crate::{Advice, DataError};

/// The most bytes that one row may have: the csv reader holds a row, and where its cells end.
const MAX_ROW_BYTES: usize = 1 << 20;

/// The rows of a table, without its header.
pub(super) struct Rows<'a> {
    file: &'a str,
    header: Header,
    reader: Reader<RowBudgetReader<'a>>,
    budget: Rc<Cell<usize>>,
    record: StringRecord,
    /// True between reading a record and giving it out.
    has_pending: bool,
    missing: NaValues<'a>,
}

/// One row, for as long as the next is not read.
pub(super) struct Row<'a> {
    file: &'a str,
    line: u64,
    record: &'a StringRecord,
    missing: &'a NaValues<'a>,
}

/// The cells that are missing values, and those of them that are numbers.
struct NaValues<'a> {
    cells: &'a [String],
    numbers: Vec<f64>,
}

impl<'a> NaValues<'a> {
    fn new(cells: &'a [String]) -> Self {
        let numbers = cells.iter().filter_map(|cell| cell.parse().ok());
        NaValues {
            cells,
            numbers: numbers.collect(),
        }
    }

    fn contains(&self, cell: &str) -> bool {
        let is_equal = |cell: &str| {
            cell.parse()
                .is_ok_and(|number| self.numbers.contains(&number))
        };
        self.cells.iter().any(|own| own == cell) || (!self.numbers.is_empty() && is_equal(cell))
    }
}

impl<'a> Rows<'a> {
    /// Reads the first line; the cells `na_values` are missing values.
    pub(super) fn new(
        file: &'a str,
        bytes: &'a [u8],
        header: Header,
        na_values: &'a [String],
    ) -> Result<Self, DataError> {
        let budget = Rc::new(Cell::new(0));
        let bounded = RowBudgetReader {
            bytes,
            budget: Rc::clone(&budget),
        };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter(bytes))
            .from_reader(bounded);
        let mut rows = Rows {
            file,
            header,
            reader,
            budget,
            record: StringRecord::new(),
            has_pending: header == Header::Absent,
            missing: NaValues::new(na_values),
        };
        if !rows.advance()? {
            let expected = match header {
                Header::Present => "a header row that names the columns",
                Header::Absent => "at least one row",
            };
            return Err(table_error(file, 1, expected, "an empty file"));
        }
        Ok(rows)
    }

    /// The names of the columns, before the first row is read.
    pub(super) fn names(&self) -> Result<Vec<String>, DataError> {
        let count = self.record.len();
        if count > MAX_COLUMNS {
            let expected = format!("at most {MAX_COLUMNS} columns");
            return Err(table_error(self.file, 1, expected, count.to_string()));
        }
        let names: Vec<String> = match self.header {
            Header::Absent => (1..=count).map(|number| number.to_string()).collect(),
            Header::Present => self.record.iter().map(|n| n.trim().to_owned()).collect(),
        };
        // Columns without a name are none, if they turn out to be empty.
        match first_duplicate(names.iter().filter(|name| !name.is_empty())) {
            Some(name) => Err(duplicate_name(self.file, name)),
            None => Ok(names),
        }
    }

    /// The next row; all have as many cells as the first line.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, DataError> {
        if !std::mem::take(&mut self.has_pending) && !self.advance()? {
            return Ok(None);
        }
        let line = self.record.position().map_or(1, |position| position.line());
        Ok(Some(Row {
            file: self.file,
            line,
            record: &self.record,
            missing: &self.missing,
        }))
    }

    /// Reads a record, if there is one more.
    fn advance(&mut self) -> Result<bool, DataError> {
        self.budget.set(MAX_ROW_BYTES);
        let read = self.reader.read_record(&mut self.record);
        read.map_err(|error| self.csv_error(error))
    }

    fn csv_error(&self, error: csv::Error) -> DataError {
        let line = error.position().map(|position| position.line());
        let (expected, found) = match error.kind() {
            ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => (
                match self.header {
                    Header::Present => format!("{expected_len} cells, as in the header"),
                    Header::Absent => format!("{expected_len} cells, as in the first row"),
                },
                format!("{len}"),
            ),
            ErrorKind::Utf8 { err, .. } => (
                "text in UTF-8".to_owned(),
                format!("other bytes in cell {}", err.field() + 1),
            ),
            // The only input is memory, whose one error is that of `RowBudgetReader`.
            _ => {
                let expected = format!("a row of at most {MAX_ROW_BYTES} bytes");
                (expected, "a longer one; is a quote not closed?".to_owned())
            }
        };
        let line = line.unwrap_or_else(|| self.reader.position().line());
        let refused = table_error(self.file, line, expected, found);
        match error.kind() {
            ErrorKind::Utf8 { .. } => refused.or(Advice::Encoding),
            _ => refused,
        }
    }
}

/// The delimiter of the cells: a comma, unless the first line has none.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let occurs = |delimiter: &u8| first.contains(delimiter);
    [b',', b';', b'\t'].into_iter().find(occurs).unwrap_or(b',')
}

/// The first name that occurs twice.
pub(super) fn first_duplicate<'a>(
    names: impl IntoIterator<Item = &'a String>,
) -> Option<&'a String> {
    let mut known = BTreeSet::new();
    names.into_iter().find(|name| !known.insert(name.as_str()))
}

/// The error of two columns of one name.
pub(super) fn duplicate_name(file: &str, name: &str) -> DataError {
    let found = format!("two columns named \"{}\"", shorten(name));
    table_error(file, 1, "a different name for each column", found)
}

/// The error of a line that does not fit.
pub(super) fn table_error(
    file: &str,
    line: u64,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> DataError {
    DataError::Table {
        file: file.to_owned(),
        line,
        expected: expected.into(),
        found: found.into(),
        advice: Box::default(),
    }
}

/// The cell without the spaces around it. Most cells have none, and two bytes tell that sooner than
/// `str::trim`, which decodes characters.
#[inline]
fn trimmed(cell: &str) -> &str {
    let (first, last) = (cell.as_bytes().first(), cell.as_bytes().last());
    if [first, last]
        .iter()
        .all(|byte| byte.is_none_or(u8::is_ascii_graphic))
    {
        return cell;
    }
    cell.trim()
}

impl<'a> Row<'a> {
    /// The line that the row begins on, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The cell of a column as it is written, without the spaces around it.
    #[inline]
    pub(super) fn written(&self, column_index: usize) -> &'a str {
        trimmed(self.record.get(column_index).unwrap_or_default())
    }

    /// The cell of a column, without the spaces around it; one that is a missing value is empty.
    #[inline]
    pub(super) fn cell(&self, column_index: usize) -> &'a str {
        let cell = self.written(column_index);
        if self.is_missing(cell) { "" } else { cell }
    }

    /// True for a cell that the reading options declare a missing value.
    #[inline]
    pub(super) fn is_missing(&self, cell: &str) -> bool {
        !self.missing.cells.is_empty() && self.missing.contains(cell)
    }

    /// The cell of a column as a weight.
    pub(super) fn weight<T: Scalar>(&self, column: &str, cell: &str) -> Result<T, DataError> {
        match cell.parse().map(T::from_f64) {
            Ok(weight) if weight.is_finite() && weight >= T::zero() => Ok(weight),
            _ => Err(self.cell_error(column, "a weight, a finite number of at least 0", cell)),
        }
    }

    /// The error of a cell that does not fit its column.
    pub(super) fn cell_error(
        &self,
        column: &str,
        expected: impl Into<String>,
        cell: &str,
    ) -> DataError {
        cell_error(self.file, self.line, column, expected, cell)
    }
}

/// The error of a cell that does not fit its column.
pub(super) fn cell_error(
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
        advice: Box::default(),
    }
}

/// Text for an error: its first 40 characters.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A reader of memory that fails when a row takes more bytes than its budget.
struct RowBudgetReader<'a> {
    bytes: &'a [u8],
    budget: Rc<Cell<usize>>,
}

impl Read for RowBudgetReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let budget = self.budget.get();
        if budget == 0 && !self.bytes.is_empty() {
            return Err(io::Error::other("the row is too long"));
        }
        let length = buffer.len().min(budget).min(self.bytes.len());
        self.budget.set(budget - length);
        self.bytes.read(&mut buffer[..length])
    }
}
