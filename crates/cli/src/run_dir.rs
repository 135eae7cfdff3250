//! The folder of a run: `config.toml`, `history.csv`, `checkpoint`, `model.safetensors`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use backprop_trainer::formats::{read_limited, write_atomic};
use serde::de::DeserializeOwned;

use crate::folder::{RUNS, ResultsFolder};
use crate::settings::{Settings, TrainArgs, flat_table};

/// The advice of an error about a folder that holds something.
const ADVICE: &str = "add --resume to resume the run in it, or choose another --run-dir";

/// The folder of a run.
pub(crate) struct RunDir(ResultsFolder);

impl RunDir {
    /// The folder of a new run; a folder that holds something is refused, other than the temporary
    /// files of a killed process. [`Self::create`] makes it.
    pub(crate) fn fresh(path: Option<&Path>) -> Result<Self> {
        let folder = ResultsFolder::new(path);
        folder.ensure_empty(ADVICE)?;
        Ok(RunDir(folder))
    }

    /// The folder of a run to resume: this one, or the newest. No other process writes to it.
    pub(crate) fn resume(path: Option<&Path>) -> Result<Self> {
        let mut dir = match path {
            Some(path) => Self::unclaimed(path),
            None => newest()?,
        };
        // A folder that is none of a run gets no lock.
        dir.settings()?;
        dir.0.lock()?;
        Ok(dir)
    }

    /// The folder of a run to read from.
    pub(crate) fn unclaimed(path: &Path) -> Self {
        RunDir(ResultsFolder::new(Some(path)))
    }

    /// Makes and locks the folder of a new run, and writes the settings.
    pub(crate) fn create(&mut self, settings: &Settings) -> Result<()> {
        self.0.claim(ADVICE)?;
        let text = toml::to_string(settings).context("the settings as TOML")?;
        write_atomic(self.path().join("config.toml"), text.as_bytes())?;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.path().join("checkpoint")
    }

    pub(crate) fn history(&self) -> PathBuf {
        self.path().join("history.csv")
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.path().join("model.safetensors")
    }

    /// The settings that the run was started with.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let path = self.path().join("config.toml");
        let bytes = read_limited(&path, 1 << 20)
            .with_context(|| format!("{} is not the folder of a run", self.path().display()))?;
        parse_settings(&bytes).with_context(|| path.display().to_string())
    }

    /// The settings of the run; flags that differ from them are refused.
    pub(crate) fn settings_for(&self, args: &TrainArgs, seed: Option<u64>) -> Result<Settings> {
        let settings = self.settings()?;
        let saved = flat_table(&settings)?;
        let mut given = flat_table(args)?;
        if let Some(seed) = seed {
            given.insert(
                "seed".to_string(),
                toml::Value::Integer(i64::try_from(seed)?),
            );
        }
        ensure_same(&saved, given, self.path())?;
        Ok(settings)
    }
}

/// The settings in the bytes of a `config.toml`.
pub(crate) fn parse_settings(bytes: &[u8]) -> Result<Settings> {
    parse_toml(bytes)
}

/// The value in the bytes of a TOML file. The error is one sentence with line and column, where that
/// of the library draws the line over several lines.
///
/// # Errors
/// If the bytes are not TOML, or not that of a `V`.
pub(crate) fn parse_toml<V: DeserializeOwned>(bytes: &[u8]) -> Result<V> {
    let advice = "the file is damaged or was edited, use another copy";
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        anyhow!("byte {offset}: expected text in UTF-8, found other bytes; {advice}")
    })?;
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        let message = error
            .message()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        anyhow!("line {line}, column {column}: {message}; {advice}")
    })
}

/// Refuses settings that differ from the saved ones of the run in `folder`.
pub(crate) fn ensure_same(saved: &toml::Table, given: toml::Table, folder: &Path) -> Result<()> {
    for (flag, value) in given {
        // A run of "auto" holds what auto turned out to be.
        let is_auto = flag == "dataset" && value.as_str() == Some("auto");
        if saved.get(&flag) != Some(&value) && !is_auto {
            let before = saved
                .get(&flag)
                .map_or("nothing".to_string(), toml::Value::to_string);
            bail!(
                "--{flag} {value} cannot be resumed: the run in {} was started with {before}; \
                 leave the flag out, or start a new run",
                folder.display()
            );
        }
    }
    Ok(())
}

fn newest() -> Result<RunDir> {
    let entries = std::fs::read_dir(RUNS)
        .with_context(|| format!("there is no folder {RUNS}/; say which run with --run-dir"))?;
    let runs = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    runs.filter(|path| path.join("config.toml").is_file())
        .max()
        .map(|path| RunDir::unclaimed(&path))
        .with_context(|| format!("there is no run in {RUNS}/; say which with --run-dir"))
}
