//! The rows that a run trains on, validates with and is tested on.

use std::path::{Path, PathBuf};

use anyhow::Result;
use backprop_trainer::data::csv::{self, Table, TableEncoding};
use backprop_trainer::data::{Dataset, Limits, split_strata};
use backprop_trainer::formats::TrainingFile;
use backprop_trainer::search::SplitIndices;
use backprop_trainer::tensor::{Key, Scalar};

use crate::settings::Settings;
use crate::source::{Images, Source, images};
use crate::{pictures, table};

/// A data set before its training rows are split.
pub(crate) enum Loaded<T> {
    Images(Images<T>),
    /// A table, which is encoded once its training rows are known.
    Table {
        table: Box<Table>,
        options: csv::Options,
        train: Vec<u32>,
        /// The stratum of each of them.
        strata: Vec<u32>,
        test: TestRows,
        /// The validation rows, where they have a file of their own.
        validation: Option<Box<Table>>,
    },
}

/// The test rows of a table.
pub(crate) enum TestRows {
    /// These rows of the table itself.
    Held(Vec<u32>),
    /// All rows of another table.
    File(Box<Table>),
}

/// The training, validation and test rows of a data set; there may be none of the latter two.
pub(crate) struct Splits<T> {
    pub(crate) train: Dataset<T>,
    pub(crate) validation: Dataset<T>,
    pub(crate) test: Dataset<T>,
    /// The columns of a table that were left out because they are empty.
    pub(crate) empty_columns: usize,
}

impl<T: Scalar> Splits<T> {
    /// The validation rows, if there are any.
    pub(crate) fn validation_rows(&self) -> Option<&Dataset<T>> {
        (!self.validation.is_empty()).then_some(&self.validation)
    }
}

impl<T: Scalar> Splits<T> {
    /// A line for each class that has fewer rows than there are parts, so that a part has none of it.
    pub(crate) fn rare_classes(&self) -> Vec<String> {
        let named = [
            ("training", &self.train),
            ("validation", &self.validation),
            ("test", &self.test),
        ];
        let parts: Vec<_> = named.iter().filter(|(_, part)| !part.is_empty()).collect();
        let counts: Vec<Vec<usize>> = parts
            .iter()
            .map(|(_, part)| part.class_counts().unwrap_or_default())
            .collect();
        let names = self.train.class_names().unwrap_or_default();
        let of_class = |(class, name): (usize, &String)| {
            let rows: Vec<usize> = counts.iter().map(|c| *c.get(class).unwrap_or(&0)).collect();
            let all: usize = rows.iter().sum();
            let without = parts.iter().zip(&rows).filter(|(_, rows)| **rows == 0);
            let without: Vec<&str> = without.map(|((part, _), _)| *part).collect();
            (all < parts.len()).then(|| {
                format!(
                    "\"{name}\" has {} in all, fewer than the {} parts: none for {}",
                    if all == 1 {
                        "1 row".to_string()
                    } else {
                        format!("{all} rows")
                    },
                    parts.len(),
                    without.join(" and ")
                )
            })
        };
        names.iter().enumerate().filter_map(of_class).collect()
    }
}

impl<T: Scalar> Loaded<T> {
    /// The stratum of each row that is not in the test set.
    pub(crate) fn strata(&self) -> &[u32] {
        match self {
            Loaded::Images(images) => &images.strata,
            Loaded::Table { strata, .. } => strata,
        }
    }

    /// Splits by indices among the [`rows`](Self::rows), and encodes a table by its training rows.
    pub(crate) fn split(&self, (train, validation): &SplitIndices) -> Result<Splits<T>> {
        match self {
            Loaded::Images(images) => Ok(Splits {
                train: images.train.select(train),
                validation: images.train.select(validation),
                test: images.test.clone(),
                empty_columns: 0,
            }),
            Loaded::Table {
                table,
                options,
                train: rows,
                strata: _,
                test,
                validation: validation_file,
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
                    validation: match validation_file {
                        Some(file) => file.dataset::<T>(&encoding)?,
                        None => whole.select(&of_table(validation)),
                    },
                    test: match test {
                        TestRows::Held(rows) => whole.select(rows),
                        TestRows::File(file) => file.dataset::<T>(&encoding)?,
                    },
                    empty_columns: table.empty_columns(),
                })
            }
        }
    }
}

/// Reads the data set that the settings name, which [`resolve`] found.
pub(crate) fn load<T: Scalar>(settings: &Settings) -> Result<Loaded<T>> {
    let file = match &settings.data.dataset {
        Source::Csv(file) => file,
        Source::Idx(_) | Source::Folder(_) => return own_images(settings).map(Loaded::Images),
        named => return images(named, &settings.data.data_dir).map(Loaded::Images),
    };
    let data = &settings.data;
    let (table, options) = table::read(file, settings)?;
    let other = |file: &PathBuf| table::read_other(file, data).map(Box::new);
    let strata = table.strata(&table.fit_target(&options)?)?;
    let (train, held) = split_test(&strata, data.own_test_fraction(), settings.seed)?;
    let test = match &data.test {
        Some(file) => TestRows::File(other(file)?),
        None => TestRows::Held(held),
    };
    Ok(Loaded::Table {
        table: Box::new(table),
        options,
        strata: train.iter().map(|&row| strata[row as usize]).collect(),
        train,
        test,
        validation: data.validation.as_ref().map(other).transpose()?,
    })
}

/// Reads pictures of the user's own, and takes a fraction of them as the test set where they have none.
fn own_images<T: Scalar>(settings: &Settings) -> Result<Images<T>> {
    let (all, test) = pictures::load(settings)?;
    let (train, test) = match test {
        Some(test) => (all, test),
        None => {
            let fraction = settings.data.own_test_fraction();
            let (train, held) = split_test(&all.strata(), fraction, settings.seed)?;
            (all.select(&train), all.select(&held))
        }
    };
    Ok(Images {
        strata: train.strata(),
        train,
        test,
    })
}

/// The rows of a table as a model encodes them: all, or the test set of the file that it was trained on.
pub(crate) fn table_test<T: Scalar>(
    file: &Path,
    encoding: &TableEncoding,
    test_set_of: Option<&TrainingFile>,
    text_encoding: Option<&str>,
) -> Result<Dataset<T>> {
    let table = table::read_encoded(file, encoding, text_encoding, Limits::default())?;
    let whole = table.dataset(encoding)?;
    match test_set_of {
        None => Ok(whole),
        Some(file) => {
            let strata = table.strata(&encoding.target)?;
            let (_, test) = split_test(&strata, file.test_fraction, file.seed)?;
            Ok(whole.select(&test))
        }
    }
}

/// The rows of a data set that are its training set and those that are its test set.
pub(crate) fn split_test(strata: &[u32], fraction: f64, seed: u64) -> Result<SplitIndices> {
    split(strata, fraction, Key::new(seed).derive("split/test", 0))
}

/// The rows that remain and those that a fraction takes of each stratum, which may be none: a fraction
/// of 0.
pub(crate) fn split(strata: &[u32], fraction: f64, key: Key) -> Result<SplitIndices> {
    if fraction == 0.0 {
        return Ok(((0..strata.len() as u32).collect(), Vec::new()));
    }
    Ok(split_strata(strata, fraction, key)?)
}
