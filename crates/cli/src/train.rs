//! `backprop train`.

mod refit;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_report::metrics::{MajorityClass, Predictions};
use backprop_trainer::data::Dataset;
use backprop_trainer::formats::{Model, TrainingFile, write_atomic};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Epoch, Evaluation, StopReason, Trainer};
use serde::Serialize;

use refit::Refit;

use crate::common::Common;
use crate::data::{self, Splits};
use crate::history::{best_epoch, history_csv};
use crate::output::{peak_rss_bytes, percent, say, thousands, threads, write_json};
use crate::progress::{INTERRUPTED_CODE, Progress};
use crate::run_dir::RunDir;
use crate::run_page::{self, FinishedRun};
use crate::settings::{Precision, Settings, TrainArgs};
use crate::test_metrics::{self, TestMetrics};
use crate::{pictures, program, setup, source, table, training_file};

/// All figures of a run.
#[derive(Serialize)]
struct Report {
    dataset: String,
    train_samples: usize,
    validation_samples: usize,
    test_samples: usize,
    parameters: usize,
    seed: u64,
    threads: usize,
    precision: &'static str,
    seconds: f64,
    peak_rss_bytes: Option<u64>,
    best_epoch: Option<u64>,
    epochs: Vec<Epoch>,
    /// The training on all rows, of which the test figures then are.
    #[serde(skip_serializing_if = "Option::is_none")]
    refit: Option<Refit>,
    /// `None` where there are no test rows.
    test: Option<TestMetrics>,
}

/// The evaluation of the test set and the predictions for it.
type Tested = (Evaluation, Predictions);

/// A run with its settings and its folder.
struct Run<'a> {
    args: &'a TrainArgs,
    common: &'a Common,
    settings: Settings,
    dir: RunDir,
    start: Instant,
}

pub(crate) fn run(args: &TrainArgs, common: &Common) -> Result<ExitCode> {
    let start = Instant::now();
    let run_dir = args.run.run_dir.as_deref();
    let (mut settings, dir) = if args.run.resume {
        let dir = RunDir::resume(run_dir)?;
        (dir.settings_for(args, common.seed)?, dir)
    } else {
        (
            Settings::resolve(args, common.seed)?,
            RunDir::fresh(run_dir)?,
        )
    };
    settings.check()?;
    let data = &mut settings.data;
    data.dataset = source::resolve(&data.dataset, &data.data_dir, common.quiet)?;
    let precision = settings.network.precision;
    let run = Run {
        args,
        common,
        settings,
        dir,
        start,
    };
    match precision {
        Precision::F32 => run.run::<f32>(),
        Precision::F64 => run.run::<f64>(),
    }
}

impl Run<'_> {
    fn run<T: Scalar>(mut self) -> Result<ExitCode> {
        let loaded = data::load::<T>(&self.settings)?;
        let splits = setup::splits(&self.settings, &loaded)?;
        if !self.args.run.resume {
            let is_classes = splits.train.num_classes().is_some();
            let training = &self.args.training;
            self.settings
                .fit_to_table(training, splits.train.len(), is_classes);
        }
        // Now, since the file may change while the network trains.
        let training_file = training_file::of_settings(&self.settings)?;
        let mut trainer = self.trainer(&splits)?;
        self.announce(&trainer, &splits);
        self.train(&mut trainer, &splits)?;
        if Self::is_interrupted(&trainer) {
            return Ok(self.interrupted(&trainer));
        }
        self.keep_history(&trainer)?;
        let again = refit::refit(&self.settings, self.common, &loaded, &trainer)?;
        if again
            .as_ref()
            .is_some_and(|again| Self::is_interrupted(&again.trainer))
        {
            return Ok(self.interrupted(&trainer));
        }
        let (kept, test) = match &again {
            Some(again) => (&again.trainer, &again.test),
            None => (&trainer, &splits.test),
        };
        let tested = self.test(kept, test, training_file)?;
        let refit = again.as_ref().map(|again| again.figures);
        self.report((&trainer, kept, refit), &splits, tested)?;
        Ok(ExitCode::SUCCESS)
    }

    fn say(&self, line: &str) {
        if !self.common.quiet {
            say!("{line}");
        }
    }

    /// The trainer, at the last checkpoint of a resumed run; then the folder is there and claimed.
    fn trainer<T: Scalar>(&mut self, splits: &Splits<T>) -> Result<Trainer<T>> {
        let (network, layers) = setup::network(&self.settings, &splits.train)?;
        let matched = layers.and_then(|layers| setup::describe_matched(&self.settings, &layers));
        if let Some(line) = matched {
            self.say(&line);
        }
        let mut trainer =
            setup::trainer(&self.settings, network, &splits.train)?.with_pool(self.common.pool());
        if self.args.run.resume && self.dir.checkpoint().exists() {
            trainer.resume_from(self.dir.checkpoint())?;
        }
        self.dir.create(&self.settings)?;
        Ok(trainer
            .with_checkpoint(self.dir.checkpoint())
            .with_checkpoint_budget())
    }

    fn announce<T: Scalar>(&self, trainer: &Trainer<T>, splits: &Splits<T>) {
        self.say(&format!(
            "{}: {} training, {} validation and {} test rows; {} parameters; seed {}; {}",
            self.settings.data.dataset,
            thousands(splits.train.len()),
            count(splits.validation.len()),
            count(splits.test.len()),
            thousands(trainer.network().parameter_count()),
            self.settings.seed,
            threads(self.common.threads()),
        ));
        if let Some(encoding) = splits.train.encoding() {
            let lines = table::describe(encoding, splits.empty_columns, self.settings.data.task);
            lines.iter().for_each(|line| self.say(line));
        }
        if self.settings.data.dataset.is_own_pictures() {
            self.say(&pictures::describe(&splits.train));
        }
        splits.rare_classes().iter().for_each(|line| self.say(line));
        self.say_baseline(splits);
        if self.args.run.resume {
            let done = trainer.history().epochs().len();
            self.say(&format!(
                "resuming {} after epoch {done} of {}",
                self.dir.path().display(),
                self.settings.training.epochs
            ));
        }
    }

    /// The accuracy that says nothing yet, where the classes of the validation rows are uneven.
    fn say_baseline<T: Scalar>(&self, splits: &Splits<T>) {
        let counts = splits.validation.class_counts().unwrap_or_default();
        let counts: Vec<u64> = counts.iter().map(|&rows| rows as u64).collect();
        let majority = MajorityClass::of_counts(&counts).filter(MajorityClass::is_uneven);
        let names = splits.validation.class_names().unwrap_or_default();
        if let Some((majority, name)) = majority.and_then(|m| Some((m, names.get(m.class)?))) {
            let share = percent(majority.share);
            self.say(&format!(
                "always saying \"{name}\" has an accuracy of {share} on the validation rows"
            ));
        }
    }

    fn train<T: Scalar>(&self, trainer: &mut Trainer<T>, splits: &Splits<T>) -> Result<()> {
        if trainer.is_finished() {
            return Ok(());
        }
        let (epochs, done) = (self.settings.training.epochs, trainer.history().epochs());
        let mut progress = Progress::new(epochs, done, Some(self.dir.history()), self.common.quiet);
        let result = trainer
            .fit_with(&splits.train, splits.validation_rows(), &mut progress)
            .map(|_| ());
        progress.finish()?;
        result?;
        Ok(())
    }

    /// Returns true if Ctrl-C has stopped a trainer.
    fn is_interrupted<T: Scalar>(trainer: &Trainer<T>) -> bool {
        trainer.history().end() == Some(StopReason::Observer)
    }

    fn interrupted<T: Scalar>(&self, trainer: &Trainer<T>) -> ExitCode {
        eprintln!(
            "interrupted; {} of {} epochs are kept. Resume with: {} train --resume --run-dir {}",
            trainer.history().epochs().len(),
            self.settings.training.epochs,
            program::name(),
            self.dir.path().display()
        );
        ExitCode::from(INTERRUPTED_CODE)
    }

    /// Keeps the history, and says where it ended early.
    fn keep_history<T: Scalar>(&self, trainer: &Trainer<T>) -> Result<()> {
        let history = trainer.history();
        write_atomic(self.dir.history(), history_csv(history.epochs()).as_bytes())?;
        let epochs = history.epochs().len();
        let early = history.end() == Some(StopReason::EarlyStopping);
        if early && (epochs as u64) < self.settings.training.epochs {
            self.say(&format!("stopped early after epoch {epochs}"));
        }
        Ok(())
    }

    /// Keeps the model, and sends the test set, if there is one, through the network.
    fn test<T: Scalar>(
        &self,
        trainer: &Trainer<T>,
        test: &Dataset<T>,
        training_file: Option<TrainingFile>,
    ) -> Result<Option<Tested>> {
        let images = run_page::image_size(test).is_some();
        let has_test = !test.is_empty();
        let tested = has_test.then(|| test_metrics::predictions(trainer, test, images));
        let tested = tested.transpose().context("the test set")?;
        let mut info = trainer.model_info().clone();
        info.training_file = training_file;
        Model::new(trainer.network().clone(), info)?.save(self.dir.model())?;
        Ok(tested)
    }

    /// The page, the lines on the terminal and the JSON file.
    fn report<T: Scalar>(
        &self,
        (trainer, kept, refit): (&Trainer<T>, &Trainer<T>, Option<Refit>),
        splits: &Splits<T>,
        tested: Option<Tested>,
    ) -> Result<()> {
        let metrics = tested.as_ref();
        let metrics = metrics.map(|(evaluation, found)| TestMetrics::new(*evaluation, found));
        let best_epoch = best_epoch(trainer.history());
        let has_patience = self.settings.training.patience.is_some() && refit.is_none();
        let restored = best_epoch.filter(|_| has_patience);
        let finished = FinishedRun {
            settings: &self.settings,
            network: kept.network(),
            // From the seed again, or the model of --from, if it is still there.
            before: setup::network(&self.settings, &splits.train)
                .ok()
                .map(|(network, _)| network),
            rows: [&splits.train, &splits.validation, &splits.test].map(|split| split.len()),
            image_size: run_page::image_size(&splits.train),
            test_loss: tested
                .as_ref()
                .map_or(f64::NAN, |(evaluation, _)| evaluation.loss),
            predictions: tested.map(|(_, predictions)| predictions),
            kept: refit.map_or_else(|| restored.map(of_epoch), |refit| Some(refit.sentence())),
            threads: self.common.threads(),
            start: self.start,
        };
        let page = run_page::write(trainer, finished, &self.dir)?;
        let seconds = self.start.elapsed().as_secs_f64();
        let suffix = match (refit, restored) {
            (Some(refit), _) => refit.suffix(),
            (None, Some(epoch)) => format!(" (parameters of epoch {epoch})"),
            (None, None) => String::new(),
        };
        let result = metrics
            .as_ref()
            .map_or("not tested".to_string(), |metrics| {
                format!("test loss {:.4}{}", metrics.loss, metrics.summary())
            });
        self.say(&format!("{result}{suffix}; {seconds:.1} s in all"));
        let outputs = metrics.as_ref().map(TestMetrics::outputs);
        outputs.iter().flatten().for_each(|line| self.say(line));
        let hint = metrics.as_ref().and_then(TestMetrics::hint);
        hint.iter().for_each(|line| self.say(line));
        self.say(&format!(
            "kept in {}: model.safetensors, checkpoint, history.csv, config.toml, plots",
            self.dir.path().display()
        ));
        if let Some(file) = &self.args.run.report {
            write_json(
                file,
                &self.figures((trainer, refit), splits, seconds, metrics),
            )?;
        }
        self.say(&format!("report: {}", page.display()));
        Ok(())
    }

    /// All figures of the run, for the JSON file.
    fn figures<T: Scalar>(
        &self,
        (trainer, refit): (&Trainer<T>, Option<Refit>),
        splits: &Splits<T>,
        seconds: f64,
        test: Option<TestMetrics>,
    ) -> Report {
        let [train_samples, validation_samples, test_samples] =
            [&splits.train, &splits.validation, &splits.test].map(|split| split.len());
        Report {
            dataset: self.settings.data.dataset.to_string(),
            train_samples,
            validation_samples,
            test_samples,
            parameters: trainer.network().parameter_count(),
            seed: self.settings.seed,
            threads: self.common.threads(),
            precision: T::NAME,
            seconds,
            peak_rss_bytes: peak_rss_bytes(),
            best_epoch: best_epoch(trainer.history()),
            epochs: trainer.history().epochs().to_vec(),
            refit,
            test,
        }
    }
}

/// A sentence for the page.
fn of_epoch(epoch: u64) -> String {
    format!(" The test figures are those of the parameters of epoch {epoch}.")
}

/// A number of rows, of which there may be none.
fn count(rows: usize) -> String {
    match rows {
        0 => "no".to_string(),
        rows => thousands(rows),
    }
}
