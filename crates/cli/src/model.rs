//! The trained network that `evaluate`, `predict` and `export` are given.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use backprop_trainer::formats::{FormatError, MODEL_LIMIT, Model, dtype_of, read_limited};
use backprop_trainer::tensor::Scalar;

use crate::program;
use crate::run_dir::RunDir;
use crate::settings::{Precision, Settings};

/// A model's file in memory.
pub(crate) struct ModelFile {
    /// The file, for errors and reports.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) precision: Precision,
    /// The settings of the run, if it is one's.
    pub(crate) settings: Option<Settings>,
}

impl ModelFile {
    /// Reads a model file, or that of a run's folder.
    pub(crate) fn read(run_or_model: &Path) -> Result<Self> {
        let (path, settings) = find(run_or_model)?;
        let name = path.display().to_string();
        let bytes = read_limited(&path, MODEL_LIMIT)?;
        let precision = match dtype_of(&name, &bytes)? {
            "f64" => Precision::F64,
            _ => Precision::F32,
        };
        Ok(ModelFile {
            name,
            bytes,
            precision,
            settings,
        })
    }

    /// The model with elements of this type.
    pub(crate) fn model<T: Scalar>(&self) -> Result<Model<T>, FormatError> {
        Model::from_bytes(&self.name, &self.bytes)
    }
}

fn find(run_or_model: &Path) -> Result<(PathBuf, Option<Settings>)> {
    if !run_or_model.is_dir() {
        return Ok((run_or_model.to_path_buf(), None));
    }
    let run = RunDir::unclaimed(run_or_model);
    let settings = run.settings()?;
    if !run.model().is_file() {
        let path = run_or_model.display();
        bail!(
            "the run in {path} has not finished; resume it with: {} train --resume --run-dir {path}",
            program::name()
        );
    }
    Ok((run.model(), Some(settings)))
}
