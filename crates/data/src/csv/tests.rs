use super::*;
use crate::{Batch, DataError, Dataset, Limits};

mod encoding;
mod refused;

fn table(text: impl Into<Vec<u8>>) -> Table {
    Table::parse("t.csv", text, Header::Present, Limits::default()).unwrap()
}

/// The encoding of a table for the target `y`, fitted on all its rows.
fn fit(text: &str, options: &Options) -> Result<TableEncoding, DataError> {
    let table = Table::parse("t.csv", text, Header::Present, Limits::default())?;
    table.fit(options, &(0..table.len() as u32).collect::<Vec<_>>())
}

/// A table as its own training rows encode it.
fn get(text: &str, options: &Options) -> Result<Dataset<f64>, DataError> {
    table(text).dataset(&fit(text, options)?)
}

fn y() -> Options {
    Options::new("y")
}

fn batch(dataset: &Dataset<f64>) -> Batch<f64> {
    let rows: Vec<u32> = (0..dataset.len() as u32).collect();
    let mut batch = Batch::new();
    dataset.gather(&rows, &mut batch);
    batch
}
