//! The search itself: rung by rung, the trials of a rung side by side.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_trainer::search::{Rung, Split, parallel_map, survivors};
use backprop_trainer::tensor::Scalar;
use indicatif::ProgressBar;

use super::config::SearchConfig;
use super::page;
use super::store::{Best, Report, Store, best_of};
use super::trial::{Trial, advance};
use crate::common::Common;
use crate::folder::write_page;
use crate::output::{say, thousands, write_json};
use crate::{data, progress, setup};

pub(crate) struct Search<'a, T> {
    config: SearchConfig,
    store: Store,
    common: &'a Common,
    /// Training and validation rows, for each fold.
    splits: Vec<Split<T>>,
    trials: Vec<Trial>,
    start: Instant,
}

impl<'a, T: Scalar> Search<'a, T> {
    /// Reads the data, and makes sure that every trial can begin.
    pub(crate) fn new(config: SearchConfig, store: Store, common: &'a Common) -> Result<Self> {
        let start = Instant::now();
        let first = &config.trials[0];
        let loaded = data::load::<T>(first)?;
        let splits = match config.folds {
            None => {
                let splits = setup::splits(first, &loaded)?;
                vec![(splits.train, splits.validation)]
            }
            Some(folds) => setup::folds(first, &loaded, folds)?,
        };
        // Every trial can begin: a mistake in one of them shows now.
        for settings in &config.trials {
            let (network, _) = setup::network(settings, &splits[0].0)?;
            setup::trainer(settings, network, &splits[0].0)?;
        }
        let planned = config.trials.iter().enumerate();
        let trials = planned
            .map(|(index, config)| Trial::new(index, config))
            .collect();
        Ok(Search {
            config,
            store,
            common,
            splits,
            trials,
            start,
        })
    }

    pub(crate) fn run(mut self, report: Option<&Path>) -> Result<ExitCode> {
        self.store.load(&mut self.trials)?;
        self.store.create(&self.config.saved)?;
        self.print_header();
        let bar = progress::bar(
            "{msg} {bar:30} {percent:>3} %  {eta} left",
            self.common.quiet,
        );
        let mut running: Vec<usize> = (0..self.trials.len()).collect();
        for (stage, rung) in self.config.rungs.clone().into_iter().enumerate() {
            let losses = self.losses(stage);
            running = survivors(&losses, &running, rung.trials);
            running.retain(|trial| !self.trials[*trial].diverged || stage == 0);
            self.run_rung(stage, rung, &running, &bar)?;
        }
        bar.finish_and_clear();
        self.store.remove_checkpoints()?;
        let results = self.report()?;
        self.store.save(&results)?;
        if let Some(file) = report {
            write_json(file, &results)?;
        }
        write_page(self.store.path(), &page::document(&results, &self.config))?;
        if !self.common.quiet {
            page::print(&results, &self.config);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The losses before a rung: those at the end of the one before.
    fn losses(&self, stage: usize) -> Vec<Option<f64>> {
        let before = |trial: &Trial| trial.rungs.get(stage.checked_sub(1)?).copied().flatten();
        self.trials.iter().map(before).collect()
    }

    /// Takes the trials to the end of a rung, except those that have been there.
    fn run_rung(
        &mut self,
        stage: usize,
        rung: Rung,
        running: &[usize],
        bar: &ProgressBar,
    ) -> Result<()> {
        let to_do = |trial: &usize| self.trials[*trial].rungs.len() <= stage;
        let to_do: Vec<usize> = running.iter().copied().filter(to_do).collect();
        let before = match stage {
            0 => 0,
            _ => self.config.rungs[stage - 1].epochs,
        };
        bar.set_length(to_do.len() as u64 * (rung.epochs - before) * self.splits.len() as u64);
        bar.set_position(0);
        bar.set_message(format!("{} trials to epoch {}", running.len(), rung.epochs));
        // What the threads see; the results go to the rest.
        let (configs, splits) = (self.config.trials.clone(), self.splits.clone());
        let folder = self.store.checkpoints();
        let work = |&trial: &usize| {
            let checkpoint = |fold| Store::checkpoint(&folder, trial, fold);
            let tick = || bar.inc(1);
            advance(&configs[trial], &splits, rung.epochs, checkpoint, tick)
        };
        parallel_map(self.common.threads(), &to_do, work, |&trial, stage| {
            let stage = stage.with_context(|| format!("trial {}", trial + 1))?;
            self.trials[trial].add(&stage);
            self.store.save(&self.report()?)?;
            if !self.common.quiet {
                let line = page::line(&self.trials[trial], &self.config);
                bar.suspend(|| say!("{line}"));
            }
            Ok(())
        })
    }

    fn report(&self) -> Result<Report> {
        let best = best_of(&self.trials).map(|trial| -> Result<Best> {
            Ok(Best {
                trial: trial.clone(),
                command: self.config.command(trial.trial - 1)?,
            })
        });
        let has_results = |trial: &&Trial| !trial.rungs.is_empty();
        Ok(Report {
            dataset: self.config.trials[0].data.dataset.to_string(),
            train_samples: self.splits[0].0.len(),
            validation_samples: self.splits[0].1.len(),
            seed: self.config.seed,
            threads: self.common.threads(),
            folds: self.config.folds,
            searched: self.config.space.names().collect(),
            rungs: self.config.rungs.iter().map(Into::into).collect(),
            seconds: self.start.elapsed().as_secs_f64(),
            trials: self.trials.iter().filter(has_results).cloned().collect(),
            best: best.transpose()?,
        })
    }

    fn print_header(&self) {
        if self.common.quiet {
            return;
        }
        let (train, held_out) = &self.splits[0];
        let folds = self.config.folds.map_or(String::new(), |folds| {
            format!(", each the mean of {folds} folds")
        });
        say!(
            "{}: {} training and {} validation rows; {} trials of {}{folds}; seed {}",
            self.config.trials[0].data.dataset,
            thousands(train.len()),
            thousands(held_out.len()),
            self.trials.len(),
            self.config.space.names().collect::<Vec<_>>().join(", "),
            self.config.seed,
        );
        if self.config.rungs.len() > 1 {
            let rungs = self.config.rungs.iter();
            let rungs: Vec<String> = rungs
                .map(|rung| format!("{} to epoch {}", rung.trials, rung.epochs))
                .collect();
            say!("trials of each rung: {}", rungs.join(", "));
        }
        let done = self.trials.iter().filter(|trial| !trial.rungs.is_empty());
        let (done, path) = (done.count(), self.store.path().display());
        if done > 0 {
            say!("resuming {path}, where {done} trials have results");
        } else {
            say!("results go to {path}; if they are cut short, --resume resumes them");
        }
    }
}
