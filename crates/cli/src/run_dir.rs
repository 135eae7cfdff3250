//! The folder of a run: `config.toml`, `history.csv`, `checkpoint`, `model.safetensors`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use backprop_trainer::formats::{read_limited, write_atomic};

use crate::config::{Config, TrainArgs};
use crate::folder::{RUNS, clear_leftovers, dated, ensure_empty};

pub(crate) struct RunDir(PathBuf);

impl RunDir {
    /// A folder for a new run; refuses one that holds something, other than what a killed process
    /// left. It is made by [`Self::create`].
    pub(crate) fn fresh(path: Option<&Path>) -> Result<Self> {
        let path = path.map_or_else(dated, Path::to_path_buf);
        let advice = "add --resume to go on with the run in it, or choose another --run-dir";
        ensure_empty(&path, advice)?;
        Ok(RunDir(path))
    }

    /// The folder of a run to go on with: this one, or the newest.
    pub(crate) fn existing(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return newest() };
        Ok(RunDir(path.to_path_buf()))
    }

    /// Makes the folder, clears away what killed processes left in it, and writes the settings.
    pub(crate) fn create(&self, config: &Config) -> Result<()> {
        std::fs::create_dir_all(&self.0)
            .with_context(|| format!("{}: the run folder cannot be made", self.0.display()))?;
        clear_leftovers(&self.0);
        let text = toml::to_string(config).context("the settings as TOML")?;
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
    pub(crate) fn config(&self) -> Result<Config> {
        let path = self.0.join("config.toml");
        let bytes = read_limited(&path, 1 << 20)
            .with_context(|| format!("{} is not the folder of a run", self.0.display()))?;
        parse_config(&bytes).with_context(|| path.display().to_string())
    }

    /// The settings, if the flags ask for no others.
    pub(crate) fn config_for(&self, args: &TrainArgs, seed: Option<u64>) -> Result<Config> {
        let config = self.config()?;
        let saved = toml::Table::try_from(&config).context("the settings as TOML")?;
        let mut given = toml::Table::try_from(args).context("the flags as TOML")?;
        if let Some(seed) = seed {
            given.insert(
                "seed".to_string(),
                toml::Value::Integer(i64::try_from(seed)?),
            );
        }
        ensure_same(&saved, given, &self.0)?;
        Ok(config)
    }
}

/// The settings in the bytes of a `config.toml`.
pub(crate) fn parse_config(bytes: &[u8]) -> Result<Config> {
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
