//! The folder of a run: `config.toml`, `history.csv`, `checkpoint`, `model.safetensors`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use backprop_trainer::formats::{read_limited, write_atomic};

use crate::folder::{RUNS, clear_leftovers, dated, ensure_empty};
use crate::settings::{Settings, TrainArgs, flat_table};

pub(crate) struct RunDir(PathBuf);

impl RunDir {
    /// The folder of a new run; a folder that holds something is refused, other than the temporary
    /// files of a killed process. [`Self::create`] makes it.
    pub(crate) fn fresh(path: Option<&Path>) -> Result<Self> {
        let path = path.map_or_else(dated, Path::to_path_buf);
        let advice = "add --resume to resume the run in it, or choose another --run-dir";
        ensure_empty(&path, advice)?;
        Ok(RunDir(path))
    }

    /// The folder of a run to resume: this one, or the newest.
    pub(crate) fn existing(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return newest() };
        Ok(RunDir(path.to_path_buf()))
    }

    /// Makes the folder, removes the temporary files of killed processes, and writes the settings.
    pub(crate) fn create(&self, settings: &Settings) -> Result<()> {
        std::fs::create_dir_all(&self.0)
            .with_context(|| format!("{}: the run folder cannot be made", self.0.display()))?;
        clear_leftovers(&self.0);
        let text = toml::to_string(settings).context("the settings as TOML")?;
        write_atomic(self.0.join("config.toml"), text.as_bytes())?;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    pub(crate) fn history(&self) -> PathBuf {
        self.0.join("history.csv")
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// The settings that the run was started with.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let path = self.0.join("config.toml");
        let bytes = read_limited(&path, 1 << 20)
            .with_context(|| format!("{} is not the folder of a run", self.0.display()))?;
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
        ensure_same(&saved, given, &self.0)?;
        Ok(settings)
    }
}

/// The settings in the bytes of a `config.toml`.
pub(crate) fn parse_settings(bytes: &[u8]) -> Result<Settings> {
    Ok(toml::from_str(std::str::from_utf8(bytes)?)?)
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
        .map(RunDir)
        .with_context(|| format!("there is no run in {RUNS}/; say which with --run-dir"))
}
