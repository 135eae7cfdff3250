//! The folder of a search: `search.toml` with its settings, `search.json` and `search.csv` with
//! the results as they come, and the checkpoints of trials that may be resumed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use backprop_trainer::formats::{read_limited, write_atomic};
use backprop_trainer::search::{Rung, best};
use serde::{Deserialize, Serialize};

use super::trial::Trial;
use crate::folder::{ResultsFolder, make_folder};
use crate::output::{csv_field, write_json};
use crate::run_dir::parse_toml;

/// The most bytes that a file of a search may have to be read again.
const MAX_BYTES: u64 = 1 << 28;
/// The file with the settings of a search.
const SETTINGS: &str = "search.toml";
/// The folder of the checkpoints of trials.
const CHECKPOINTS: &str = "checkpoints";

/// All results: `search.json`, and what `--report` asks for.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) dataset: String,
    pub(crate) train_samples: usize,
    pub(crate) validation_samples: usize,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) folds: Option<usize>,
    pub(crate) searched: Vec<&'static str>,
    pub(crate) rungs: Vec<RungReport>,
    pub(crate) seconds: f64,
    pub(crate) trials: Vec<Trial>,
    pub(crate) best: Option<Best>,
}

#[derive(Serialize)]
pub(crate) struct RungReport {
    trials: usize,
    epochs: u64,
}

/// The best trial and the command that trains with its settings.
#[derive(Clone, Serialize)]
pub(crate) struct Best {
    #[serde(flatten)]
    pub(crate) trial: Trial,
    pub(crate) command: String,
}

impl From<&Rung> for RungReport {
    fn from(rung: &Rung) -> Self {
        RungReport {
            trials: rung.trials,
            epochs: rung.epochs,
        }
    }
}

/// The part of `search.json` that is read again.
#[derive(Deserialize)]
struct Saved {
    trials: Vec<Trial>,
}

/// The advice of an error about a folder that holds something.
const ADVICE: &str = "add --resume to resume the search in it, or choose another --run-dir";

/// The folder of a search.
pub(crate) struct Store(ResultsFolder);

impl Store {
    /// The folder of a new search, which must be empty, or that of one to resume, which no other
    /// process writes to.
    pub(crate) fn new(asked: Option<&Path>, resume: bool) -> Result<Self> {
        let mut folder = ResultsFolder::new(asked);
        if resume && folder.path().join(SETTINGS).exists() {
            folder.lock()?;
        } else if !resume {
            folder.ensure_empty(ADVICE)?;
        }
        Ok(Store(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes and locks the folder, and writes the settings.
    pub(crate) fn create(&mut self, settings: &toml::Table) -> Result<()> {
        let claim = self.0.claim(ADVICE)?;
        // First, so that a search that is killed here can be resumed.
        let text = toml::to_string(settings).context("the settings as TOML")?;
        write_atomic(claim.path().join(SETTINGS), text.as_bytes())?;
        make_folder(&claim.path().join(CHECKPOINTS))?;
        claim.clear_leftovers(CHECKPOINTS);
        Ok(())
    }

    /// The settings of the search that is resumed; `None` for one that begins.
    pub(crate) fn settings(&self) -> Result<Option<toml::Table>> {
        if !self.0.is_claimed() {
            return Ok(None);
        }
        let path = self.path().join(SETTINGS);
        let bytes = read_limited(&path, MAX_BYTES)?;
        let table = parse_toml(&bytes).with_context(|| path.display().to_string())?;
        Ok(Some(table))
    }

    /// Puts the results so far in place of `planned` trials that have some.
    pub(crate) fn load(&self, planned: &mut [Trial]) -> Result<()> {
        let path = self.path().join("search.json");
        if !path.exists() {
            return Ok(());
        }
        let bytes = read_limited(&path, MAX_BYTES)?;
        let saved: Saved =
            serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
        for trial in saved.trials {
            let place = trial.trial.checked_sub(1);
            let planned = place.and_then(|place| planned.get_mut(place));
            let same = planned.filter(|planned| planned.is_same(&trial));
            let same = same.with_context(|| {
                let (path, number) = (path.display(), trial.trial);
                format!("{path}: trial {number} has other settings than here; start a new search")
            })?;
            *same = trial;
        }
        Ok(())
    }

    /// Writes the results so far.
    pub(crate) fn save(&self, report: &Report) -> Result<()> {
        write_json(&self.path().join("search.json"), report)?;
        write_atomic(
            self.path().join("search.csv"),
            table(&report.trials).as_bytes(),
        )?;
        Ok(())
    }

    /// The file, in the folder of checkpoints, in which a trial waits for its next rung.
    pub(crate) fn checkpoint(folder: &Path, trial: usize, fold: usize) -> PathBuf {
        folder.join(format!("trial-{:03}-fold-{}", trial + 1, fold + 1))
    }

    /// The folder of the checkpoints.
    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.path().join(CHECKPOINTS)
    }

    /// Takes the checkpoints away once no trial goes on.
    pub(crate) fn remove_checkpoints(&self) -> Result<()> {
        let path = self.checkpoints();
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| path.display().to_string())
            }
            _ => Ok(()),
        }
    }
}

/// The results as a table; a figure that there is none of is left empty.
fn table(trials: &[Trial]) -> String {
    let head = "trial,learning_rate,hidden,batch_size,dropout,l2,optimizer,epochs,train_loss,\
                validation_loss,validation_accuracy,diverged,seconds\n";
    let lines = trials.iter().map(|trial| {
        format!(
            "{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
            trial.trial,
            trial.learning_rate,
            trial.widths(),
            trial.batch_size,
            trial.dropout,
            trial.l2,
            trial.optimizer.name(),
            trial.epochs,
            csv_field(trial.train_loss),
            csv_field(trial.validation_loss),
            csv_field(trial.validation_accuracy),
            trial.diverged,
            trial.seconds
        )
    });
    head.to_string() + &lines.collect::<String>()
}

/// The best of the trials that took part in the most rungs, by validation loss.
pub(crate) fn best_of(trials: &[Trial]) -> Option<&Trial> {
    let most = |trial: &&Trial| !trial.diverged && trial.validation_loss.is_some();
    let rungs = trials.iter().filter(most).map(|trial| trial.rungs.len());
    let rungs = rungs.max()?;
    let losses: Vec<Option<f64>> = trials
        .iter()
        .map(|trial| trial.validation_loss.filter(|_| trial.rungs.len() == rungs))
        .collect();
    best(&losses).map(|place| &trials[place])
}
