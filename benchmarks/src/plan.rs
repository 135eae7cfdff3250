//! The data, and how to measure.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use backprop_datasets::mnist::Variant;
use backprop_trainer::data::{Batch, Dataset};
use backprop_trainer::ndarray::Array2;

use backprop_cli::source::{self, Source};

/// The fraction of the training images that is trained on, the first ones; the rest is the
/// validation set.
const TRAIN_FRACTION: f64 = 0.8;

/// How to measure.
pub(crate) struct Plan {
    pub(crate) threads: Vec<usize>,
    pub(crate) repeats: usize,
    pub(crate) seed: u64,
    pub(crate) quiet: bool,
}

/// The data and threads to measure on.
pub(crate) struct Data {
    pub(crate) source: Source,
    pub(crate) train: Dataset<f32>,
    pub(crate) validation: Dataset<f32>,
    /// The validation rows, as numbers in memory.
    pub(crate) validation_inputs: Array2<f32>,
    pub(crate) data_dir: PathBuf,
}

impl Data {
    /// Reads a data set by name, from this folder if it is not in the program.
    pub(crate) fn load(dataset: &Source, data_dir: &Path, quiet: bool) -> Result<Self> {
        let has_no_name = matches!(dataset, Source::Csv(_) | Source::Idx(_) | Source::Folder(_));
        ensure!(
            !has_no_name,
            "bench measures on images: mnist, fashion-mnist or sample"
        );
        let source = source::resolve(dataset, data_dir, quiet)?;
        let all = source::images::<f32>(&source, data_dir)?.train;
        let first = (TRAIN_FRACTION * all.len() as f64) as usize;
        let others: Vec<u32> = (first as u32..all.len() as u32).collect();
        let validation = all.select(&others);
        Ok(Data {
            source,
            train: all.limit(first),
            validation_inputs: inputs(&validation),
            validation,
            data_dir: data_dir.to_path_buf(),
        })
    }

    /// The folder with the plain IDX files, which the peers read.
    pub(crate) fn images(&self) -> Result<PathBuf> {
        let which = match self.source {
            Source::FashionMnist => Variant::FashionMnist,
            _ => Variant::Mnist,
        };
        let folder = self.data_dir.join(which.name());
        let all_here = which
            .files()
            .iter()
            .all(|file| folder.join(file.name).is_file());
        let (name, dir) = (which.name(), self.data_dir.display());
        ensure!(
            all_here && self.source != Source::Sample,
            "the peers read the plain files of {name} in {}: cargo xtask download {name} \
             --data-dir {dir}",
            folder.display()
        );
        folder
            .canonicalize()
            .with_context(|| folder.display().to_string())
    }
}

/// The rows of a data set as numbers in memory.
fn inputs(data: &Dataset<f32>) -> Array2<f32> {
    let mut batch = Batch::new();
    let all: Vec<u32> = (0..data.len() as u32).collect();
    data.gather(&all, &mut batch);
    batch.inputs().to_owned()
}
