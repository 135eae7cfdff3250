//! Data sets by name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use backprop_trainer::data::csv::{self, Table, TableEncoding};
use backprop_trainer::data::mnist::{self, Variant};
use backprop_trainer::data::{Dataset, Limits, split_rows};
use backprop_trainer::search::SplitIndices;
use backprop_trainer::tensor::{Key, Scalar};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::output::{say, sentence};
use crate::{download, table};

/// The share of a CSV file's rows that is its test set.
const CSV_TEST_SHARE: f64 = 0.2;

/// A data set as a flag names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Source {
    Auto,
    Mnist,
    FashionMnist,
    Sample,
    Csv(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("csv:")) {
            ("auto", _) => Ok(Source::Auto),
            ("mnist", _) => Ok(Source::Mnist),
            ("fashion-mnist", _) => Ok(Source::FashionMnist),
            ("sample", _) => Ok(Source::Sample),
            (_, Some(file)) if !file.is_empty() => Ok(Source::Csv(PathBuf::from(file))),
            _ => Err("expected auto, mnist, fashion-mnist, sample or csv:FILE".to_string()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Auto => write!(f, "auto"),
            Source::Mnist => write!(f, "mnist"),
            Source::FashionMnist => write!(f, "fashion-mnist"),
            Source::Sample => write!(f, "sample"),
            Source::Csv(file) => write!(f, "csv:{}", file.display()),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> String {
        source.to_string()
    }
}

/// Training and test data, before rows are held out for validation.
pub(crate) enum Loaded<T> {
    Images(Images<T>),
    /// A table becomes numbers when it is known which rows are to be trained on.
    Table {
        table: Table,
        options: csv::Options,
        train: Vec<u32>,
        test: Vec<u32>,
    },
}

/// Pictures of bytes in memory.
pub(crate) struct Images<T> {
    pub(crate) train: Dataset<T>,
    pub(crate) test: Dataset<T>,
}

/// The parts of a data set, and the encoding that made numbers of them if it is a table.
pub(crate) struct Parts<T> {
    pub(crate) train: Dataset<T>,
    pub(crate) validation: Dataset<T>,
    pub(crate) test: Dataset<T>,
    pub(crate) encoding: Option<TableEncoding>,
}

impl<T: Scalar> Loaded<T> {
    /// The number of rows that are not the test set.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Loaded::Images(images) => images.train.len(),
            Loaded::Table { train, .. } => train.len(),
        }
    }

    /// Divides these rows of the [`rows`](Self::rows), numbered from 0, and encodes a table by those
    /// that are trained on.
    pub(crate) fn divide(&self, (train, validation): &SplitIndices) -> Result<Parts<T>> {
        match self {
            Loaded::Images(images) => Ok(Parts {
                train: images.train.select(train),
                validation: images.train.select(validation),
                test: images.test.clone(),
                encoding: None,
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
                Ok(Parts {
                    train: whole.select(&train),
                    validation: whole.select(&of_table(validation)),
                    test: whole.select(test),
                    encoding: Some(encoding),
                })
            }
        }
    }
}

/// What `auto` is here and now; downloads a named data set that is not there.
pub(crate) fn resolve(source: &Source, data_dir: &Path, quiet: bool) -> Result<Source> {
    let which = match source {
        Source::Auto | Source::Mnist => Variant::Mnist,
        Source::FashionMnist => Variant::FashionMnist,
        Source::Sample | Source::Csv(_) => return Ok(source.clone()),
    };
    let named = if which == Variant::Mnist {
        Source::Mnist
    } else {
        Source::FashionMnist
    };
    if mnist::is_present(data_dir, which) {
        return Ok(named);
    }
    match download::download(which, data_dir, download::From::Auto, quiet) {
        Ok(()) => Ok(named),
        Err(error) if *source == Source::Auto => {
            if !quiet {
                let why = sentence(&error);
                say!("{why}; using the sample of MNIST that comes with this program");
            }
            Ok(Source::Sample)
        }
        Err(error) => Err(error),
    }
}

/// Reads the data set that the settings name, which [`resolve`] found.
pub(crate) fn load<T: Scalar>(config: &Config) -> Result<Loaded<T>> {
    let Source::Csv(file) = &config.dataset else {
        return images(&config.dataset, &config.data_dir).map(Loaded::Images);
    };
    let (table, options) = table::read(file, config)?;
    let (train, test) = split_table(&table, config.seed)?;
    Ok(Loaded::Table {
        table,
        options,
        train,
        test,
    })
}

/// Reads a data set of pictures that [`resolve`] found.
pub(crate) fn images<T: Scalar>(source: &Source, data_dir: &Path) -> Result<Images<T>> {
    let (train, test) = match source {
        Source::Auto | Source::Mnist => files(data_dir, Variant::Mnist)?,
        Source::FashionMnist => files(data_dir, Variant::FashionMnist)?,
        Source::Sample => mnist::sample(),
        Source::Csv(_) => bail!("{source} holds no pictures"),
    };
    Ok(Images { train, test })
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
    Ok(split_rows(table.len(), CSV_TEST_SHARE, key)?)
}

/// Reads the files of a data set; where they are damaged the error says how to get them again.
fn files<T: Scalar>(data_dir: &Path, which: Variant) -> Result<(Dataset<T>, Dataset<T>)> {
    mnist::load(data_dir, which).with_context(|| {
        let (name, dir) = (which.name(), data_dir.display());
        format!(
            "{name} cannot be read (get it again: cargo xtask download {name} --data-dir {dir})"
        )
    })
}
