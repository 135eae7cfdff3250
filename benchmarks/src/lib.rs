//! `cargo xtask bench`: how fast training and prediction are here, beside what the machine can do
//! and beside other libraries.

#![forbid(unsafe_code)]

mod against;
mod figures;
mod jobs;
mod library;
mod machine;
mod page;
mod peer;
mod peers;
mod plan;
mod process;
mod published;
mod sweep;
mod sweep_tables;
mod table;
mod tabular;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_trainer::formats::write_atomic;
use backprop_trainer::tensor::Pool;
use clap::Parser;
use serde::Serialize;

use self::jobs::Measured;
use self::machine::Machine;
use self::peers::Comparison;
use self::plan::{Data, Plan};
use self::process::Process;
use self::sweep::Cell;
use backprop_cli::common::Common;
use backprop_cli::output::{say, thousands, write_json};
use backprop_cli::source::{self, Source};

/// Measure how fast training and prediction are on this machine
///
/// Job A trains 784-128-64-10 with batches of 50 by gradient descent, B the same network with
/// batches of 128 by Adam, C trains 784-1000-500-10 with batches of 128 by gradient descent; seconds
/// are those of an epoch over the first 80 % of the training images. predict-N predicts N rows a
/// call with the network of A; seconds are those of a call.
///
/// D, E and F train on random rows with tanh: D 28-300-300-300-300-300-1 with batches of 100 by
/// Nesterov's momentum, an epoch of 200,000 rows (40,000 with --quick); E 4-32-16-4 by Adam, a step
/// on 10,000 rows at once; F 24-8-2 in f64, the loss of 200 rows and its gradient.
#[derive(Parser)]
#[command(name = "bench", bin_name = "cargo xtask bench", version)]
struct Cli {
    #[command(flatten)]
    common: Common,

    /// Measure each job once instead of five times: less than a minute without --peers and --sweep
    #[arg(long)]
    quick: bool,
    /// Also measure other libraries at the same jobs, in turn with this one; installs them into
    /// target/peers, which takes some minutes and gigabytes the first time
    #[arg(long)]
    peers: bool,
    /// With --peers: this library alone (may be repeated)
    #[arg(long, value_name = "NAME", requires = "peers")]
    only: Vec<String>,
    /// Also train at batches of 1 to 512 and widths of 32 to 2048 on MNIST and dense input, and on
    /// tables of 8 to 64 columns in f32 and f64; with --peers beside jax, torch and numpy
    #[arg(long)]
    sweep: bool,
    /// Build this commit beside this one, and measure both in turn at the jobs of --quick: the
    /// ratios of their seconds
    #[arg(long, value_name = "REV", conflicts_with_all = ["quick", "peers", "sweep", "markdown", "chart"])]
    against: Option<String>,
    /// With --against: how often each of the two is measured
    #[arg(long, value_name = "N", default_value_t = 5, requires = "against",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// auto, mnist, fashion-mnist or sample
    #[arg(long, value_name = "NAME", default_value = "auto")]
    dataset: Source,
    /// The folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the tables into this Markdown file, in place of those it has, and a chart beside it
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write a chart to this SVG file
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    machine: &'a Machine,
    dataset: String,
    train_samples: usize,
    jobs: &'a [Measured],
    /// Prediction of dense random input, one row at a time.
    dense: &'a [Measured],
    process: &'a [Process],
    #[serde(skip_serializing_if = "Option::is_none")]
    peers: Option<&'a [Comparison]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<&'a [Cell]>,
}

/// Runs the command that the program was called with.
pub fn main() -> ExitCode {
    if std::env::var_os(process::RUN_PROGRAM).is_some() {
        return backprop_cli::main();
    }
    let args = Cli::parse();
    backprop_cli::exit_code(run(&args))
}

/// Measures this program beside that of another commit.
fn run_against(args: &Cli, revision: &str, plan: &Plan) -> Result<ExitCode> {
    let dataset = source::resolve(&args.dataset, &args.data_dir, plan.quiet)?;
    let comparison = against::Comparison {
        revision,
        rounds: args.rounds,
        dataset: dataset.to_string(),
        data_dir: std::path::absolute(&args.data_dir)?,
        threads: &plan.threads,
        seed: plan.seed,
        quiet: plan.quiet,
    };
    let ratios = against::compare(&comparison)?;
    say!("{}", against::table(&ratios, revision, args.rounds).plain());
    if let Some(file) = &args.report {
        write_json(file, &ratios)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn run(args: &Cli) -> Result<ExitCode> {
    let common = &args.common;
    let plan = Plan {
        threads: common
            .threads
            .map_or(vec![1, 2], |threads| vec![usize::from(threads)]),
        repeats: if args.quick { 1 } else { 5 },
        seed: common.seed.unwrap_or(0),
        quiet: common.quiet,
    };
    if let Some(revision) = &args.against {
        return run_against(args, revision, &plan);
    }
    let data = Data::load(&args.dataset, &args.data_dir, common.quiet)?;
    let libraries = if args.peers {
        data.images()?;
        library::install(&args.only, common.quiet)?
    } else {
        Vec::new()
    };
    let say = |text: &str| {
        if !plan.quiet {
            say!("{text}\n");
        }
    };
    let machine = Machine::measure(&plan.threads);
    let first = format!(
        "{} {}: trained on {} rows.",
        figures::machine(&machine),
        data.source,
        thousands(data.train.len())
    );
    say(&first);
    let (mut jobs, mut dense, mut processes) = (Vec::new(), Vec::new(), Vec::new());
    for &threads in &plan.threads {
        let pool = Arc::new(Pool::new(threads));
        let (of_pool, of_dense) = jobs::measure(
            (&data.train, &data.validation_inputs),
            &pool,
            &machine,
            plan.repeats,
            plan.seed,
        )?;
        jobs.extend(of_pool);
        jobs.extend(tabular::measure(&pool, &machine, plan.repeats, plan.seed)?);
        dense.push(of_dense);
        let whole = || process::ours(&data.source.to_string(), &args.data_dir, threads);
        processes.push(process::median_of(plan.repeats.min(3), whole)?);
    }
    let all_jobs = figures::jobs(jobs.iter().chain(&dense), plan.repeats);
    say(&all_jobs.plain());
    let published = published::table(&jobs, &machine);
    say(&published.plain());
    let comparison = peers::compare(&libraries, &data, &plan)?;
    for table in figures::peers(&comparison.peers) {
        say(&table.plain());
    }
    let overview = figures::overview(&jobs, &comparison.peers);
    if !comparison.peers.is_empty() {
        say(&figures::ratios(&comparison.peers).plain());
        say(&overview.plain());
    }
    processes.extend_from_slice(&comparison.processes);
    let all_processes = figures::processes(&processes);
    say(&all_processes.plain());
    let mut cells = Vec::new();
    if args.sweep {
        let start = Instant::now();
        cells = sweep::measure(&libraries, &data, &machine, &plan)?;
        cells.extend(sweep_tables::measure(&libraries, &machine, &plan)?);
        let seconds = start.elapsed().as_secs_f64();
        say(&format!("The sweep took {seconds:.0} seconds."));
        say(&sweep::summary(&cells).join("\n"));
    }
    if let Some(file) = &args.report {
        let report = Report {
            machine: &machine,
            dataset: data.source.to_string(),
            train_samples: data.train.len(),
            jobs: &jobs,
            dense: &dense,
            process: &processes,
            peers: args.peers.then_some(&comparison.peers),
            sweep: args.sweep.then_some(&cells),
        };
        write_json(file, &report)?;
    }
    let figure = || page::chart(&jobs, &comparison).to_svg();
    if let Some(file) = &args.chart {
        write_atomic(file, figure().as_bytes())?;
    }
    if let Some(file) = &args.markdown {
        let chart = file.with_extension("svg");
        write_atomic(&chart, figure().as_bytes())?;
        let chart = chart.file_name().map(|name| name.to_string_lossy());
        let tables = [all_jobs, published, all_processes];
        let chart = chart.as_deref();
        let measured = page::markdown(&first, &overview, &tables, &comparison, &cells, chart);
        write_markdown(file, &measured)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Changes the measured part of a file, or begins a new one.
fn write_markdown(file: &Path, measured: &str) -> Result<()> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "# Benchmarks\n\n".to_string()
        }
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    write_atomic(file, page::replace_measured(&text, measured).as_bytes())?;
    Ok(())
}
