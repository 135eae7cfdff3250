//! The rows that a run trains on, validates with and is tested on.

use std::path::Path;

use anyhow::Result;
use backprop_trainer::data::csv::{self, Table, TableEncoding};
use backprop_trainer::data::{Dataset, Limits, split_rows};
use backprop_trainer::search::SplitIndices;
use backprop_trainer::tensor::{Key, Scalar};

use crate::settings::Settings;
use crate::source::{Images, Source, images};
use crate::table;

/// The fraction of a CSV file's rows that is its test set.
const CSV_TEST_FRACTION: f64 = 0.2;

/// A data set before its training rows are split.
pub(crate) enum Loaded<T> {
    Images(Images<T>),
    /// A table, which is encoded once its training rows are known.
    Table {
        table: Table,
        options: csv::Options,
        train: Vec<u32>,
        test: Vec<u32>,
    },
}

/// The training, validation and test rows of a data set.
pub(crate) struct Splits<T> {
    pub(crate) train: Dataset<T>,
    pub(crate) validation: Dataset<T>,
    pub(crate) test: Dataset<T>,
}

impl<T: Scalar> Loaded<T> {
    /// The number of rows that are not the test set.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Loaded::Images(images) => images.train.len(),
            Loaded::Table { train, .. } => train.len(),
        }
    }

    /// Splits by indices among the [`rows`](Self::rows), and encodes a table by its training rows.
    pub(crate) fn split(&self, (train, validation): &SplitIndices) -> Result<Splits<T>> {
        match self {
            Loaded::Images(images) => Ok(Splits {
                train: images.train.select(train),
                validation: images.train.select(validation),
                test: images.test.clone(),
            }),
            Loaded::Table {
                table,
                options,
                train: rows,
                test,
            } => {
                let of_table = |numbers: &[u32]| -> Vec<u32> {
                    numbers
                        .iter()
                        .map(|&number| rows[number as usize])
                        .collect()
                };
                let train = of_table(train);
                let encoding = table.fit(options, &train)?;
                let whole = table.dataset::<T>(&encoding)?;
                Ok(Splits {
                    train: whole.select(&train),
                    validation: whole.select(&of_table(validation)),
                    test: whole.select(test),
                })
            }
        }
    }
}

/// Reads the data set that the settings name, which [`resolve`] found.
pub(crate) fn load<T: Scalar>(settings: &Settings) -> Result<Loaded<T>> {
    let Source::Csv(file) = &settings.data.dataset else {
        return images(&settings.data.dataset, &settings.data.data_dir).map(Loaded::Images);
    };
    let (table, options) = table::read(file, settings)?;
    let (train, test) = split_table(&table, settings.seed)?;
    Ok(Loaded::Table {
        table,
        options,
        train,
        test,
    })
}

/// The test set of a table, or all of its rows, as a model encodes them.
pub(crate) fn table_test<T: Scalar>(
    file: &Path,
    encoding: &TableEncoding,
    seed: u64,
    all_rows: bool,
) -> Result<Dataset<T>> {
    let table = Table::read(file, encoding.header, Limits::default())?;
    let whole = table.dataset(encoding)?;
    if all_rows {
        return Ok(whole);
    }
    Ok(whole.select(&split_table(&table, seed)?.1))
}

/// The rows of a table that are its training set and those that are its test set.
fn split_table(table: &Table, seed: u64) -> Result<SplitIndices> {
    let key = Key::new(seed).derive("split/test", 0);
    Ok(split_rows(table.len(), CSV_TEST_FRACTION, key)?)
}
