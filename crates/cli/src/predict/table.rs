//! Rows for a network from a table.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use backprop_trainer::data::Limits;
use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::formats::read_limited;
use backprop_trainer::tensor::Scalar;

use crate::table::read_encoded;

/// The largest table that is read.
const MAX_BYTES: u64 = 256 << 20;

/// The features of a CSV file, row after row, encoded as the table that the network was trained on.
pub(super) fn encoded<T: Scalar>(
    encoding: &TableEncoding,
    (width, text_encoding): (usize, Option<&str>),
    file: &Path,
) -> Result<Vec<T>> {
    ensure!(
        encoding.width() == width,
        "the model has {width} inputs, but the encoding of its table makes {}; it is damaged",
        encoding.width()
    );
    let limits = Limits {
        max_bytes: MAX_BYTES,
    };
    let table = read_encoded(file, encoding, text_encoding, limits)?;
    let features = table.features(encoding)?;
    Ok(features.into_raw_vec_and_offset().0)
}

/// The raw inputs of a CSV file of numbers, row after row, `width` in each; a first line that is no
/// row of numbers is a header.
pub(super) fn inputs<T: Scalar>(width: usize, file: &Path) -> Result<Vec<T>> {
    let name = file.display();
    let bytes = read_limited(file, MAX_BYTES)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(&bytes[..]);
    let mut values = Vec::new();
    let mut record = csv::ByteRecord::new();
    let mut is_first = true;
    while reader
        .read_byte_record(&mut record)
        .with_context(|| name.to_string())?
    {
        let line = record.position().map_or(0, csv::Position::line);
        ensure!(
            record.len() == width,
            "{name}, line {line}: expected {width} numbers, one for each input of the network, \
             found {} columns",
            record.len()
        );
        let row: Result<Vec<f64>, String> = record.iter().map(number).collect();
        match row {
            Ok(row) => values.extend(row.into_iter().map(T::from_f64)),
            Err(_) if is_first => {}
            Err(cell) => bail!("{name}, line {line}: expected a number, found \"{cell}\""),
        }
        is_first = false;
    }
    Ok(values)
}

/// A cell as a number, or as text that is none.
fn number(cell: &[u8]) -> Result<f64, String> {
    let text = String::from_utf8_lossy(cell);
    text.parse().map_err(|_| text.chars().take(40).collect())
}
