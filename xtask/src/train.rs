//! `cargo xtask train`.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_trainer::formats::save_model;
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Epoch, StopReason, Trainer};
use serde::Serialize;

use crate::Common;
use crate::build;
use crate::config::{Config, Precision, TrainArgs};
use crate::data::{self, Parts};
use crate::output::{peak_rss_bytes, say, thousands, threads, write_json};
use crate::progress::{INTERRUPTED_CODE, Progress, history_csv};
use crate::run_dir::RunDir;
use crate::run_page::{self, Finished};
use crate::table;
use crate::test_figures::{self, Test};

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
    epochs: Vec<EpochReport>,
    test: Test,
}

#[derive(Serialize)]
struct EpochReport {
    epoch: u64,
    train_loss: f64,
    validation_loss: Option<f64>,
    validation_accuracy: Option<f64>,
    learning_rate: f64,
    seconds: f64,
}

impl From<&Epoch> for EpochReport {
    fn from(epoch: &Epoch) -> Self {
        EpochReport {
            epoch: epoch.epoch,
            train_loss: epoch.train_loss,
            validation_loss: epoch.validation_loss,
            validation_accuracy: epoch.validation_accuracy,
            learning_rate: epoch.learning_rate,
            seconds: epoch.seconds,
        }
    }
}

/// A run with its settings and its folder, not begun yet.
struct Job<'a> {
    args: &'a TrainArgs,
    common: &'a Common,
    config: Config,
    dir: RunDir,
    start: Instant,
}

pub(crate) fn run(args: &TrainArgs, common: &Common) -> Result<ExitCode> {
    let start = Instant::now();
    let run_dir = args.run_dir.as_deref();
    let (mut config, dir) = if args.resume {
        let dir = RunDir::existing(run_dir)?;
        (dir.config_for(args, common.seed)?, dir)
    } else {
        (Config::new(args, common)?, RunDir::fresh(run_dir)?)
    };
    config.settings().check()?;
    config.dataset = data::resolve(&config.dataset, &config.data_dir, common.quiet)?;
    let precision = config.precision;
    let job = Job {
        args,
        common,
        config,
        dir,
        start,
    };
    match precision {
        Precision::F32 => job.run::<f32>(),
        Precision::F64 => job.run::<f64>(),
    }
}

impl Job<'_> {
    fn run<T: Scalar>(self) -> Result<ExitCode> {
        let Job {
            args,
            common,
            ref config,
            ref dir,
            start,
        } = self;
        let parts = build::parts(config, &data::load::<T>(config)?)?;
        let Parts {
            train,
            validation,
            test,
            encoding,
        } = &parts;
        let network = build::network(config, train)?;
        let parameters = network.parameter_count();
        let loss = build::loss(train);
        let info = build::info(&parts)?;
        let mut trainer = Trainer::new(network, loss, config.rule::<T>()?, config.settings())?
            .with_pool(common.pool())
            .with_checkpoint(dir.checkpoint());
        if args.resume && dir.checkpoint().exists() {
            trainer.resume_from(dir.checkpoint())?;
        }
        dir.create(config)?;
        let say = |line: String| {
            if !common.quiet {
                say!("{line}");
            }
        };
        say(format!(
            "{}: {} training, {} validation and {} test rows; {} parameters; seed {}; {}",
            config.dataset,
            thousands(train.len()),
            thousands(validation.len()),
            thousands(test.len()),
            thousands(parameters),
            config.seed,
            threads(common.threads()),
        ));
        if let Some(encoding) = encoding {
            say(table::describe(encoding, config.task));
        }
        let path = dir.path().display();
        if args.resume {
            let done = trainer.history().epochs().len();
            say(format!(
                "going on with {path} after epoch {done} of {}",
                config.epochs
            ));
        }
        if !trainer.is_finished() {
            let done = trainer.history().epochs();
            let mut progress = Progress::new(config.epochs, done, dir.history(), common.quiet);
            let result = trainer
                .fit(train, Some(validation), &mut progress)
                .map(|_| ());
            progress.finish()?;
            result?;
        }
        let history = trainer.history();
        if history.end() == Some(StopReason::Observer) {
            let done = history.epochs().len();
            eprintln!(
                "interrupted; {done} of {} epochs are kept. Go on with: cargo xtask train --resume \
                 --run-dir {path}",
                config.epochs
            );
            return Ok(ExitCode::from(INTERRUPTED_CODE));
        }
        let epochs: Vec<EpochReport> = history.epochs().iter().map(EpochReport::from).collect();
        let best_epoch = history.best().map(|best| best.epoch);
        let table = history_csv(history.epochs());
        backprop_trainer::formats::write_atomic(dir.history(), table.as_bytes())?;
        if history.end() == Some(StopReason::EarlyStopping) {
            say(format!("stopped early after epoch {}", epochs.len()));
        }
        let evaluation = trainer.evaluate(test).context("the test set")?;
        save_model(dir.model(), trainer.network(), &info)?;
        let pictures = run_page::picture(train.width()).is_some();
        let outcome = test_figures::outcome(&mut trainer, test, encoding.as_ref(), pictures)?;
        let figures = Test::new(evaluation, &outcome);
        let in_place = if config.patience.is_some() {
            best_epoch
        } else {
            None
        };
        let which = in_place.map_or(String::new(), |epoch| {
            format!(" (parameters of epoch {epoch})")
        });
        let finished = Finished {
            config,
            // From the seed again, or the model of --from, if it is still there.
            before: build::network(config, train).ok(),
            train_rows: train.len(),
            validation_rows: validation.len(),
            test_rows: test.len(),
            test_loss: evaluation.loss,
            predictions: outcome,
            in_place,
            threads: common.threads(),
            start,
        };
        let page = run_page::write(&trainer, finished, dir)?;
        let seconds = start.elapsed().as_secs_f64();
        say(format!(
            "test loss {:.4}{}{which}; {seconds:.1} s in all",
            figures.loss,
            figures.summary()
        ));
        figures.outputs().into_iter().for_each(&say);
        say(format!(
            "kept in {path}: model.safetensors, checkpoint, history.csv, config.toml, plots"
        ));
        if let Some(file) = &args.report {
            let report = Report {
                dataset: config.dataset.to_string(),
                train_samples: train.len(),
                validation_samples: validation.len(),
                test_samples: test.len(),
                parameters,
                seed: config.seed,
                threads: common.threads(),
                precision: T::NAME,
                seconds,
                peak_rss_bytes: peak_rss_bytes(),
                best_epoch,
                epochs,
                test: figures,
            };
            write_json(file, &report)?;
        }
        say(format!("report: {}", page.display()));
        Ok(ExitCode::SUCCESS)
    }
}
