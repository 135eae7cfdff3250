//! The settings of a search and of each of its trials.

use anyhow::{Context, Result, ensure};
use backprop_trainer::search::{Rung, rungs, trial_key};
use backprop_trainer::tensor::Key;
use serde::Deserialize;

use super::space::{DEFAULT, Space};
use crate::common::Common;
use crate::output::quoted;
use crate::settings::{Settings, TrainArgs, flat_table};
use crate::{program, source};

/// One in this number of trials is trained on after each rung of `--halving`.
const ETA: u64 = 2;

/// A search whose settings have been checked.
pub(crate) struct SearchConfig {
    /// The settings as the folder of the search keeps them.
    pub(crate) saved: toml::Table,
    pub(crate) folds: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) space: Space,
    pub(crate) rungs: Vec<Rung>,
    /// The flags of each trial.
    pub(crate) flags: Vec<TrainArgs>,
    /// The settings of each trial.
    pub(crate) trials: Vec<Settings>,
}

/// The settings of a search beside the flags of `train`.
#[derive(Deserialize)]
struct SearchOnly {
    trials: usize,
    search: Vec<String>,
    halving: bool,
    folds: Option<usize>,
    seed: u64,
}

impl SearchConfig {
    /// Resolves the settings of the command line, or of the folder of the search.
    pub(crate) fn new(mut saved: toml::Table, common: &Common) -> Result<Self> {
        for (name, default) in [
            ("trials", toml::Value::Integer(10)),
            ("search", vec![DEFAULT].into()),
            ("halving", false.into()),
            ("seed", 0.into()),
        ] {
            saved.entry(name).or_insert(default);
        }
        let own: SearchOnly = saved.clone().try_into().context("the settings")?;
        let mut args: TrainArgs = saved.clone().try_into().context("the settings")?;
        ensure!(own.trials > 0, "--trials is 0; it must be at least 1");
        ensure!(
            args.training.refit.is_none(),
            "--refit belongs to train; add it to the command that the search ends with"
        );
        let space = Space::parse(&own.search)?;
        space.check(&saved)?;

        let seed = Key::new(own.seed);
        let draw_trials = |args: &TrainArgs| -> Result<(Vec<TrainArgs>, Vec<Settings>)> {
            let (mut flags, mut trials) = (Vec::new(), Vec::new());
            for trial in 0..own.trials {
                let drawn = space.sample(args, trial_key(seed, trial as u64));
                let settings = Settings::resolve(&drawn, Some(own.seed))?;
                settings.check()?;
                flags.push(drawn);
                trials.push(settings);
            }
            Ok((flags, trials))
        };
        // Before the data is looked for, which may have to be downloaded.
        let (_, trials) = draw_trials(&args)?;
        let data = &trials[0].data;
        let dataset = source::resolve(&data.dataset, &data.data_dir, common.quiet)?;
        saved.insert("dataset".to_string(), dataset.to_string().into());
        args.data.dataset = Some(dataset);
        let (flags, trials) = draw_trials(&args)?;
        let epochs = trials[0].training.epochs;
        let rungs = if own.halving {
            rungs(own.trials, epochs, ETA)
        } else {
            vec![Rung {
                trials: own.trials,
                epochs,
            }]
        };
        Ok(SearchConfig {
            saved,
            folds: own.folds,
            seed: own.seed,
            space,
            rungs,
            flags,
            trials,
        })
    }

    /// Refuses a search whose trials nothing would judge.
    pub(crate) fn check_validation(&self) -> Result<()> {
        let data = &self.trials[0].data;
        ensure!(
            self.folds.is_some() || data.has_validation(),
            "search judges its trials by their validation rows, but --validation-fraction is 0; \
             leave it out, or add --validation FILE or --folds K"
        );
        ensure!(
            self.folds.is_none() || data.validation.is_none(),
            "--folds takes its validation rows from the training rows; leave --validation out"
        );
        Ok(())
    }

    /// The command that trains with the settings of a trial.
    pub(crate) fn command(&self, trial: usize) -> Result<String> {
        let flags = flat_table(&self.flags[trial])?;
        let mut command = format!("{} train", program::name());
        for (flag, value) in &flags {
            command += &match value {
                toml::Value::Boolean(_) => format!(" --{flag}"),
                value => format!(" --{flag} {}", quoted(&argument(value))),
            };
        }
        if self.seed != 0 {
            command += &format!(" --seed {}", self.seed);
        }
        Ok(command)
    }
}

/// A setting as the command line takes it.
fn argument(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) => {
            let values: Vec<String> = values.iter().map(argument).collect();
            values.join(",")
        }
        toml::Value::Float(number) if *number != 0.0 && number.abs() < 1e-3 => {
            format!("{number:e}")
        }
        toml::Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_value_on_the_command_line() {
        for number in [0.0, 1e-8, 3.217e-5, 0.002, 0.1, 9.99, 1e30] {
            let text = argument(&toml::Value::Float(number));
            assert_eq!(text.parse(), Ok(number), "{text}");
        }
        let widths = toml::Value::Array(vec![128.into(), 64.into()]);
        assert_eq!(argument(&widths), "128,64");
    }
}
