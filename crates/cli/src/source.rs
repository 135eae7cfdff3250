//! Data sets as flags name them, and images by name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use backprop_datasets::mnist::{self, Variant};
use backprop_trainer::data::Dataset;
use backprop_trainer::tensor::Scalar;
use serde::{Deserialize, Serialize};

use crate::output::{say, sentence};
use crate::{download, program};

/// A data set as a flag names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// MNIST, or where it cannot be had the sample.
    Auto,
    /// MNIST, downloaded where it is not there.
    Mnist,
    /// Fashion-MNIST, downloaded where it is not there.
    FashionMnist,
    /// The sample of MNIST that is part of the program.
    Sample,
    /// A table in a CSV file.
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

/// A data set of images, stored as bytes.
pub struct Images<T> {
    /// The training images.
    pub train: Dataset<T>,
    /// The test images.
    pub test: Dataset<T>,
}

/// The data set that `auto` stands for on this machine; downloads a named data set that is not there.
///
/// # Errors
/// If a named data set cannot be had.
pub fn resolve(source: &Source, data_dir: &Path, quiet: bool) -> Result<Source> {
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
    match download::download(which, data_dir, backprop_datasets::Source::Auto, quiet) {
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

/// Reads a data set of images that [`resolve`] found.
///
/// # Errors
/// If a file cannot be read, or the data set is a table.
pub fn images<T: Scalar>(source: &Source, data_dir: &Path) -> Result<Images<T>> {
    let (train, test) = match source {
        Source::Auto | Source::Mnist => files(data_dir, Variant::Mnist)?,
        Source::FashionMnist => files(data_dir, Variant::FashionMnist)?,
        Source::Sample => mnist::sample(),
        Source::Csv(_) => bail!("{source} holds no images"),
    };
    Ok(Images { train, test })
}

/// Reads the files of a data set; where they are damaged the error says how to get them again.
fn files<T: Scalar>(data_dir: &Path, which: Variant) -> Result<(Dataset<T>, Dataset<T>)> {
    mnist::load(data_dir, which).with_context(|| {
        let (name, dir) = (which.name(), data_dir.display());
        let program = program::name();
        format!("{name} cannot be read (get it again: {program} download {name} --data-dir {dir})")
    })
}
