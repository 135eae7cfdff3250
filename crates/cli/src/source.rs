//! Data sets as flags name them, and images by name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, bail};
use backprop_datasets::DatasetError;
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
    /// Pictures with labels in IDX files.
    Idx(IdxFiles),
    /// Pictures in a folder with a subfolder for each class.
    Folder(PathBuf),
}

/// The IDX files of a data set of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxFiles {
    /// The pictures.
    pub images: PathBuf,
    /// Their labels.
    pub labels: PathBuf,
    /// The pictures and labels of the test set, where it has files of its own.
    pub test: Option<(PathBuf, PathBuf)>,
}

impl FromStr for IdxFiles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let files: Vec<&str> = text.split(',').collect();
        let path = PathBuf::from;
        if files.iter().all(|file| !file.is_empty()) {
            if let [images, labels] = files[..] {
                return Ok(IdxFiles {
                    images: path(images),
                    labels: path(labels),
                    test: None,
                });
            }
            if let [images, labels, test_images, test_labels] = files[..] {
                return Ok(IdxFiles {
                    images: path(images),
                    labels: path(labels),
                    test: Some((path(test_images), path(test_labels))),
                });
            }
        }
        Err("expected idx:IMAGES,LABELS or idx:IMAGES,LABELS,TEST_IMAGES,TEST_LABELS".to_string())
    }
}

impl Source {
    /// Whether the rows are pictures of the user's own.
    pub(crate) fn is_own_pictures(&self) -> bool {
        matches!(self, Source::Idx(_) | Source::Folder(_))
    }

    /// Whether the test set has to be taken from the rows, or named by a flag.
    pub(crate) fn has_no_test_rows(&self) -> bool {
        match self {
            Source::Csv(_) | Source::Folder(_) => true,
            Source::Idx(files) => files.test.is_none(),
            Source::Auto | Source::Mnist | Source::FashionMnist | Source::Sample => false,
        }
    }
}

/// Relatives of MNIST that no mirror with published checksums has: the name, the page with the files,
/// and the flags that load them.
const ELSEWHERE: [(&str, &str, &str); 3] = [
    (
        "emnist",
        "https://www.nist.gov/itl/products-and-services/emnist-dataset",
        "idx:emnist-letters-train-images-idx3-ubyte.gz,emnist-letters-train-labels-idx1-ubyte.gz,\
         emnist-letters-test-images-idx3-ubyte.gz,emnist-letters-test-labels-idx1-ubyte.gz --transpose",
    ),
    (
        "kmnist",
        "http://codh.rois.ac.jp/kmnist",
        "idx:train-images-idx3-ubyte.gz,train-labels-idx1-ubyte.gz,t10k-images-idx3-ubyte.gz,\
         t10k-labels-idx1-ubyte.gz",
    ),
    (
        "qmnist",
        "https://github.com/facebookresearch/qmnist",
        "idx:qmnist-train-images-idx3-ubyte.gz,qmnist-train-labels-idx2-int.gz,\
         qmnist-test-images-idx3-ubyte.gz,qmnist-test-labels-idx2-int.gz",
    ),
];

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(files) = text.strip_prefix("idx:") {
            return files.parse().map(Source::Idx);
        }
        if let Some(folder) = text.strip_prefix("folder:").filter(|dir| !dir.is_empty()) {
            return Ok(Source::Folder(PathBuf::from(folder)));
        }
        if let Some((name, page, flags)) = ELSEWHERE.iter().find(|(name, ..)| *name == text) {
            return Err(format!(
                "{name} has no mirror whose files can be checked; get them from {page}, and load them with: \
                 --dataset {flags}"
            ));
        }
        match (text, text.strip_prefix("csv:")) {
            ("auto", _) => Ok(Source::Auto),
            ("mnist", _) => Ok(Source::Mnist),
            ("fashion-mnist", _) => Ok(Source::FashionMnist),
            ("sample", _) => Ok(Source::Sample),
            (_, Some(file)) if !file.is_empty() => Ok(Source::Csv(PathBuf::from(file))),
            _ => Err(
                "expected auto, mnist, fashion-mnist, sample, csv:FILE, idx:IMAGES,LABELS or folder:DIR"
                    .to_string(),
            ),
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
            Source::Folder(folder) => write!(f, "folder:{}", folder.display()),
            Source::Idx(files) => {
                write!(
                    f,
                    "idx:{},{}",
                    files.images.display(),
                    files.labels.display()
                )?;
                files.test.iter().try_for_each(|(images, labels)| {
                    write!(f, ",{},{}", images.display(), labels.display())
                })
            }
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
    /// The stratum of each training image: one for all images of a data set by name, whose classes are
    /// large, so that its splits stay those of earlier versions.
    pub strata: Vec<u32>,
}

/// The data set that `auto` stands for on this machine; downloads a named data set that is not there.
///
/// # Errors
/// If a named data set cannot be had.
pub fn resolve(source: &Source, data_dir: &Path, quiet: bool) -> Result<Source> {
    let which = match source {
        Source::Auto | Source::Mnist => Variant::Mnist,
        Source::FashionMnist => Variant::FashionMnist,
        Source::Sample | Source::Csv(_) | Source::Idx(_) | Source::Folder(_) => {
            return Ok(source.clone());
        }
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
/// If a file cannot be read, or the data set is none by name.
pub fn images<T: Scalar>(source: &Source, data_dir: &Path) -> Result<Images<T>> {
    let (train, test) = match source {
        Source::Auto | Source::Mnist => files(data_dir, Variant::Mnist)?,
        Source::FashionMnist => files(data_dir, Variant::FashionMnist)?,
        Source::Sample => mnist::sample(),
        Source::Csv(_) | Source::Idx(_) | Source::Folder(_) => {
            bail!("{source} is not one of mnist, fashion-mnist and sample")
        }
    };
    Ok(Images {
        strata: vec![0; train.len()],
        train,
        test,
    })
}

/// Reads the files of a data set; where they are damaged the error says how to get them again, where
/// they hold other pictures how to load those.
fn files<T: Scalar>(data_dir: &Path, which: Variant) -> Result<(Dataset<T>, Dataset<T>)> {
    mnist::load(data_dir, which).map_err(|error| {
        let (name, dir) = (which.name(), data_dir.display());
        let program = program::name();
        let advice = if matches!(error, DatasetError::OtherData(_)) {
            let folder = data_dir.join(name);
            let files = which.files().map(|file| {
                let path = folder.join(file.name);
                let ending = if path.exists() { "" } else { ".gz" };
                format!("{}{ending}", path.display())
            });
            format!("other pictures: --dataset idx:{}", files.join(","))
        } else {
            format!("get it again: {program} download {name} --data-dir {dir}")
        };
        anyhow::Error::new(error).context(format!("{name} cannot be read ({advice})"))
    })
}
