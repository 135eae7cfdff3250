//! `cargo xtask bench`: how fast training and prediction are here.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use backprop_trainer::data::{Batch, Dataset};
use backprop_trainer::layers::{Sequential, Workspace, leaky_relu, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::{Array2, Axis};
use backprop_trainer::optimizers::{Adam, Optimizer, Sgd};
use backprop_trainer::tensor::{Key, Pool};
use backprop_trainer::{Settings, Trainer};
use clap::Args;
use serde::Serialize;

use crate::Common;
use crate::data::{self, Source};
use crate::output::{say, thousands, write_json};

/// Flags of `bench`.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Measure each job once instead of five times
    #[arg(long)]
    quick: bool,
    /// The folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    machine: Machine,
    dataset: String,
    train_samples: usize,
    jobs: Vec<Measured>,
}

#[derive(Serialize)]
struct Machine {
    cpu: String,
    cores: usize,
}

/// The median of a job: seconds an epoch for training, seconds a call for prediction.
#[derive(Serialize)]
struct Measured {
    job: &'static str,
    threads: usize,
    seconds: f64,
    /// Rows a second.
    per_second: f64,
}

pub(crate) fn run(args: &BenchArgs, common: &Common) -> Result<ExitCode> {
    let source = data::resolve(&Source::Auto, &args.data_dir, common.quiet)?;
    let seed = common.seed.unwrap_or(0);
    let data = data::images::<f32>(&source, &args.data_dir)?;
    let (train, _) = data.train.split(0.2, Key::new(seed).derive("split", 0))?;
    let repeats = if args.quick { 1 } else { 5 };
    let machine = Machine {
        cpu: cpu_name(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let threads: Vec<usize> = match common.threads {
        Some(threads) => vec![usize::from(threads)],
        None => vec![1, 2],
    };
    if !common.quiet {
        say!(
            "{}, {} cores; {}, {} rows; medians of {repeats}",
            machine.cpu,
            machine.cores,
            source,
            thousands(train.len())
        );
        say!(
            "A: 784-128-64-10, batch 50, SGD. B: the same, batch 128, Adam. predict-N: N rows a call."
        );
    }
    let mut jobs = Vec::new();
    for &threads in &threads {
        let pool = Arc::new(Pool::new(threads));
        let train = |job, batch_size, learning_rate, rule: Box<dyn Optimizer<f32>>| {
            train_job(
                job,
                &train,
                &pool,
                batch_size,
                learning_rate,
                rule,
                repeats,
                seed,
            )
        };
        jobs.push(train("A", 50, 0.1, Box::new(Sgd))?);
        jobs.push(train("B", 128, 1e-3, Box::<Adam>::default())?);
        for (job, rows) in [("predict-1", 1), ("predict-50", 50), ("predict-1000", 1000)] {
            jobs.push(predict_job(job, &data.test, &pool, rows, repeats, seed)?);
        }
    }
    if !common.quiet {
        say!(
            "{:<14} {:>7} {:>14} {:>14}",
            "job",
            "threads",
            "seconds",
            "rows/s"
        );
        for Measured {
            job,
            threads,
            seconds,
            per_second,
        } in &jobs
        {
            let per_second = thousands(per_second.round() as usize);
            say!("{job:<14} {threads:>7} {seconds:>14.7} {per_second:>14}");
        }
    }
    if let Some(path) = &args.report {
        let (dataset, train_samples) = (source.to_string(), train.len());
        write_json(
            path,
            &Report {
                machine,
                dataset,
                train_samples,
                jobs,
            },
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn network(seed: u64) -> Result<Sequential<f32>> {
    let layers = [
        linear(128),
        leaky_relu(0.01),
        linear(64),
        leaky_relu(0.01),
        linear(10),
    ];
    Ok(Sequential::new(784, layers, Key::new(seed))?)
}

/// Seconds of one epoch, after one that warms up.
#[allow(clippy::too_many_arguments)] // Each is one column of the table of jobs.
fn train_job(
    job: &'static str,
    train: &Dataset<f32>,
    pool: &Arc<Pool>,
    batch_size: usize,
    learning_rate: f64,
    rule: Box<dyn Optimizer<f32>>,
    repeats: u64,
    seed: u64,
) -> Result<Measured> {
    let epochs = repeats + 1;
    let settings = Settings {
        epochs,
        batch_size,
        learning_rate,
        seed,
        ..Settings::default()
    };
    let trainer = Trainer::new(network(seed)?, SoftmaxCrossEntropy, rule, settings)?;
    let mut trainer = trainer.with_pool(Arc::clone(pool));
    let history = trainer.fit(train, None, &mut ())?;
    let seconds = median(
        history.epochs()[1..]
            .iter()
            .map(|epoch| epoch.seconds)
            .collect(),
    );
    let per_second = train.len() as f64 / seconds;
    Ok(Measured {
        job,
        threads: pool.threads(),
        seconds,
        per_second,
    })
}

/// Seconds of one call of `predict_into`, the mean over one pass through the test set.
fn predict_job(
    job: &'static str,
    test: &Dataset<f32>,
    pool: &Arc<Pool>,
    rows: usize,
    repeats: u64,
    seed: u64,
) -> Result<Measured> {
    let network = network(seed)?;
    let mut workspace = Workspace::new(Arc::clone(pool));
    let mut batch = Batch::new();
    let all: Vec<u32> = (0..test.len() as u32).collect();
    test.gather(&all, &mut batch);
    let inputs = batch.inputs();
    let mut output = Array2::zeros((rows, network.output_width()));
    let calls = test.len() / rows;
    let times = (0..=repeats).map(|_| {
        let start = Instant::now();
        for input in inputs.axis_chunks_iter(Axis(0), rows).take(calls) {
            network.predict_into(&mut workspace, input, output.view_mut());
        }
        start.elapsed().as_secs_f64() / calls as f64
    });
    let seconds = median(times.skip(1).collect());
    let per_second = rows as f64 / seconds;
    Ok(Measured {
        job,
        threads: pool.threads(),
        seconds,
        per_second,
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line
        .and_then(|line| line.split_once(':'))
        .map(|(_, name)| name.trim().to_string());
    name.unwrap_or_else(|| std::env::consts::ARCH.to_string())
}
