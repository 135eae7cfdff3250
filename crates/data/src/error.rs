use std::io;

use crate::Advice;

/// Why data cannot be read, or cannot be a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The system cannot open, read or write a file.
    #[error("{file} cannot be {action}: {source}")]
    Io {
        /// The file.
        file: String,
        /// The action that was tried: "opened", "read" or "written".
        action: &'static str,
        /// The message of the system.
        source: io::Error,
    },
    /// A folder stands where a file is needed.
    #[error("{file} is a folder; name a file in it")]
    Folder {
        /// The folder.
        file: String,
    },
    /// The bytes of a file are not what its format, or its use, asks for.
    #[error("{file}, byte {offset}: expected {expected}, found {found}; {advice}")]
    Malformed {
        /// The file; "(decompressed)" after its name says that `offset` counts unpacked bytes.
        file: String,
        /// Where, from the file's first byte.
        offset: u64,
        /// The expected contents.
        expected: String,
        /// The contents.
        found: String,
        /// The advice.
        advice: &'static str,
    },
    /// The gzip data of a file cannot be unpacked.
    #[error(
        "{file}: expected gzip data, found damage after {offset} unpacked bytes ({reason}); \
         fetch the file again"
    )]
    Gzip {
        /// The file.
        file: String,
        /// How many bytes could be unpacked.
        offset: u64,
        /// The message of the decoder.
        reason: String,
    },
    /// A file asks for more memory than the caller allows.
    #[error(
        "{file} asks for {needed} bytes of memory, more than the limit of {limit}; raise max_bytes \
         if the file is to be trusted"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// The bytes that it asks for, at least.
        needed: u64,
        /// [`Limits::max_bytes`](crate::Limits::max_bytes).
        limit: u64,
    },
    /// A picture that a network cannot take.
    #[error(
        "{file} is a picture of {width} x {height} pixels but the network takes {inputs} inputs; \
         a picture of another size is scaled for networks of 28 x 28 = 784 inputs alone, give one \
         that is square and has {inputs} pixels, or an IDX file"
    )]
    GrayImage {
        /// The file.
        file: String,
        /// Its pixels in a row.
        width: usize,
        /// Its rows.
        height: usize,
        /// The network's inputs.
        inputs: usize,
    },
    /// A folder of pictures, or a file in it, is not as it has to be.
    #[error("{path}: expected {expected}, found {found}; {advice}")]
    PictureFolder {
        /// The folder or the file.
        path: String,
        /// The expected contents.
        expected: String,
        /// The contents.
        found: String,
        /// The advice.
        advice: &'static str,
    },
    /// A picture of other channels than a network takes.
    #[error(
        "{file} is a picture, but the network takes rows of {width} x {height} pixels with {channels} values each; give an IDX file"
    )]
    Channels {
        /// The file.
        file: String,
        /// Pixels in a row of the network's pictures.
        width: usize,
        /// Rows of the network's pictures.
        height: usize,
        /// Values of each pixel.
        channels: usize,
    },
    /// A picture with nothing on it.
    #[error("{file} is blank, all pixels are of one shade; draw something on it")]
    Blank {
        /// The file.
        file: String,
    },
    /// An IDX array that no IDX file can hold.
    #[error("the IDX array cannot be written: {0}")]
    Shape(String),
    /// A table has a row, or a header, that does not fit.
    #[error("{file}, line {line}: expected {expected}, found {found}{}", ways(advice, &Advice::to_string))]
    Table {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The expected contents.
        expected: String,
        /// The contents.
        found: String,
        /// Ways on, of which one is enough.
        advice: Box<[Advice]>,
    },
    /// A cell of a table does not fit its column.
    #[error("{file}, line {line}, column \"{column}\": expected {expected}, found {found}{}", ways(advice, &Advice::to_string))]
    Cell {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column's name in the header.
        column: String,
        /// The expected contents.
        expected: String,
        /// The contents.
        found: String,
        /// Ways on, of which one is enough.
        advice: Box<[Advice]>,
    },
    /// A column of a table does not fit its use.
    #[error("{file}, column \"{column}\": expected {expected}, found {found}{}", ways(advice, &Advice::to_string))]
    Column {
        /// The file.
        file: String,
        /// The column's name in the header.
        column: String,
        /// The expected contents.
        expected: String,
        /// The contents.
        found: String,
        /// Ways on, of which one is enough.
        advice: Box<[Advice]>,
    },
    /// An encoding of a table that makes no sense.
    #[error("the encoding of the table {problem}; it is damaged, so fit it again")]
    TableEncoding {
        /// The fault.
        problem: String,
    },
    /// An encoding of pictures that makes no sense.
    #[error("the description of the pictures {problem}; it is damaged, so train the model again")]
    ImageEncoding {
        /// The fault.
        problem: String,
    },
    /// A width or a number of classes is zero.
    #[error("{what} is 0; it must be at least 1")]
    Zero {
        /// Which number.
        what: &'static str,
    },
    /// A flat list does not divide into rows.
    #[error("{length} {what} do not make whole rows of {width}; give a multiple of {width}")]
    Ragged {
        /// Features or target values.
        what: &'static str,
        /// How many there are.
        length: usize,
        /// How many a row has.
        width: usize,
    },
    /// Two data sets that do not make one.
    #[error("two data sets that differ in {what} cannot be joined; make them agree")]
    Concat {
        /// The property in which they differ.
        what: &'static str,
    },
    /// Labels and images of different count.
    #[error("{rows} rows of features but {labels} of labels; give each row its label")]
    Count {
        /// Rows of features.
        rows: usize,
        /// Rows of labels.
        labels: usize,
    },
    /// A label that names no class.
    #[error("row {row} has label {label}, but there are {classes} classes, from 0; mend the label")]
    Label {
        /// The row, from 0.
        row: usize,
        /// Its label.
        label: u32,
        /// The number of classes.
        classes: usize,
    },
    /// A number that is infinite or not a number.
    #[error("{what} {column} of row {row} is {value}; it must be a finite number")]
    NotFinite {
        /// Feature or target value.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The number.
        value: f64,
    },
    /// A weight that is negative, infinite or not a number.
    #[error("the weight of row {row} is {value}; it must be a finite number of at least 0")]
    Weight {
        /// The row, from 0.
        row: usize,
        /// Its weight.
        value: f64,
    },
    /// Not one weight for each row.
    #[error("{weights} weights for {rows} rows; give each row its weight")]
    WeightCount {
        /// How many weights there are.
        weights: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// Not one name for each class.
    #[error("{names} names for {classes} classes; give each class its name")]
    ClassNames {
        /// How many names there are.
        names: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// Something that only classes have was asked of target values.
    #[error("the labels are values, not classes, and have no {0}; use a data set with classes")]
    NoClasses(&'static str),
    /// More rows than a `u32` can number.
    #[error("{0} rows are too many; a data set holds at most 4294967295")]
    TooManyRows(usize),
    /// A fraction outside 0 to 1.
    #[error("the fraction to hold out is {0}; it must be above 0 and below 1")]
    Fraction(f64),
    /// A split would leave one side without rows.
    #[error(
        "holding out {fraction} of {rows} rows means {validation_rows} rows, and leaves one side empty; \
         choose another fraction or give more rows"
    )]
    EmptySplit {
        /// The fraction to hold out.
        fraction: f64,
        /// The rows to be split.
        rows: usize,
        /// The rows of the validation set.
        validation_rows: usize,
    },
}

#[cfg(feature = "csv")]
impl DataError {
    /// The error as a sentence, with other words for the ways on from a table that is refused: a
    /// program has flags where this library has options.
    ///
    /// ```
    /// use backprop_data::{Advice, Limits};
    /// use backprop_data::csv::{Header, Options, Table};
    ///
    /// let table = Table::parse("t.csv", "x,y\n1,a\n,b\n", Header::Present, Limits::default())?;
    /// let error = table.fit(&Options::new("y"), &[0, 1]).unwrap_err();
    /// let sentence = error.describe(|advice| match advice {
    ///     Advice::MissingMean => "add --missing mean".to_owned(),
    ///     other => other.to_string(),
    /// });
    /// assert_eq!(
    ///     sentence,
    ///     "t.csv, line 3, column \"x\": expected a value in every row, found an empty cell; \
    ///      add --missing mean"
    /// );
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    pub fn describe(&self, words: impl Fn(&Advice) -> String) -> String {
        let text = self.to_string();
        let (DataError::Table { advice, .. }
        | DataError::Cell { advice, .. }
        | DataError::Column { advice, .. }) = self
        else {
            return text;
        };
        let own = ways(advice, &Advice::to_string);
        let fact = text.strip_suffix(&own).unwrap_or(&text);
        format!("{fact}{}", ways(advice, &words))
    }

    /// Gives the error of a table one way on instead of others.
    pub(crate) fn instead(mut self, way: Advice) -> Self {
        if let DataError::Cell { advice, .. } = &mut self {
            *advice = Box::new([way]);
        }
        self
    }

    /// Adds a way on to the error of a table.
    pub(crate) fn or(mut self, way: Advice) -> Self {
        if let DataError::Table { advice, .. }
        | DataError::Cell { advice, .. }
        | DataError::Column { advice, .. } = &mut self
        {
            *advice = advice.iter().cloned().chain([way]).collect();
        }
        self
    }
}

/// The end of a sentence with the ways on; nothing where there are none.
fn ways(advice: &[Advice], words: &dyn Fn(&Advice) -> String) -> String {
    let ways: Vec<String> = advice.iter().map(words).collect();
    if ways.is_empty() {
        return String::new();
    }
    format!("; {}", ways.join(", or "))
}

/// The message of a library as a clause within a sentence: on one line, in lower case, its sentences
/// joined by semicolons, without a full stop at its end.
pub(crate) fn clause(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let mut text = String::new();
    let mut is_start = true;
    for (index, word) in words.iter().enumerate() {
        let ends = word.ends_with('.');
        let bare = word.trim_end_matches('.');
        // An abbreviation such as CRC, or a name such as InvalidHeader, keeps its capitals.
        let mut letters = bare.chars();
        match letters.next() {
            Some(first) if is_start && !letters.as_str().contains(char::is_uppercase) => {
                text.extend(first.to_lowercase());
                text.push_str(letters.as_str());
            }
            _ => text.push_str(bare),
        }
        if index + 1 < words.len() {
            text.push_str(if ends { "; " } else { " " });
        }
        is_start = ends;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_clause() {
        for (message, expected) in [
            ("Invalid PNG signature.", "invalid PNG signature"),
            (
                "CRC error: expected 0x1 have 0x2.",
                "CRC error: expected 0x1 have 0x2",
            ),
            ("corrupt deflate stream", "corrupt deflate stream"),
            (
                "Corrupt deflate stream. InvalidHeader",
                "corrupt deflate stream; InvalidHeader",
            ),
            ("parse error\n  |\n1 | x", "parse error | 1 | x"),
            ("", ""),
        ] {
            assert_eq!(clause(message), expected);
        }
    }
}
