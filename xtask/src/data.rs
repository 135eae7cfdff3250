//! Data sets by name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result};
use backprop_trainer::data::mnist::{self, Which};
use backprop_trainer::data::{Dataset, csv};
use backprop_trainer::tensor::{Key, Scalar};
use serde::{Deserialize, Serialize};

use crate::download;
use crate::output::say;

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

/// What to load.
pub(crate) struct Request {
    pub(crate) source: Source,
    pub(crate) target: Option<String>,
    pub(crate) weights_column: Option<String>,
    pub(crate) data_dir: PathBuf,
    pub(crate) seed: u64,
}

/// A data set in memory.
pub(crate) struct Loaded<T> {
    pub(crate) train: Dataset<T>,
    pub(crate) test: Dataset<T>,
    /// What the raw inputs are multiplied by.
    pub(crate) input_scale: f64,
}

/// What `auto` is here and now; downloads a named data set that is not there.
pub(crate) fn resolve(source: &Source, data_dir: &Path, quiet: bool) -> Result<Source> {
    let which = match source {
        Source::Auto | Source::Mnist => Which::Mnist,
        Source::FashionMnist => Which::FashionMnist,
        Source::Sample | Source::Csv(_) => return Ok(source.clone()),
    };
    let named = if which == Which::Mnist {
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
                say!("{error:#}; using the sample of MNIST that comes with this program");
            }
            Ok(Source::Sample)
        }
        Err(error) => Err(error),
    }
}

/// Reads a data set that [`resolve`] found.
pub(crate) fn load<T: Scalar>(request: &Request) -> Result<Loaded<T>> {
    let bytes = 1.0 / 255.0;
    let images = |(train, test)| Loaded {
        train,
        test,
        input_scale: bytes,
    };
    match &request.source {
        Source::Auto | Source::Mnist => files(&request.data_dir, Which::Mnist).map(images),
        Source::FashionMnist => files(&request.data_dir, Which::FashionMnist).map(images),
        Source::Sample => Ok(images(mnist::sample())),
        Source::Csv(file) => {
            let target = request.target.clone().with_context(|| {
                format!(
                    "csv:{} needs --target COLUMN, the column to predict",
                    file.display()
                )
            })?;
            let mut options = csv::Options::new(target);
            options.weights = request.weights_column.clone();
            let table = csv::read(file, &options)?;
            let key = Key::new(request.seed).derive("split/test", 0);
            let (train, test) = table.dataset.split(CSV_TEST_SHARE, key)?;
            Ok(Loaded {
                train,
                test,
                input_scale: 1.0,
            })
        }
    }
}

/// Reads the files of a data set; where they are damaged the error says how to get them again.
fn files<T: Scalar>(data_dir: &Path, which: Which) -> Result<(Dataset<T>, Dataset<T>)> {
    mnist::load(data_dir, which).with_context(|| {
        let (name, dir) = (which.name(), data_dir.display());
        format!(
            "{name} cannot be read (get it again: cargo xtask download {name} --data-dir {dir})"
        )
    })
}
