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
use self::peers::{Comparison, Comparisons};
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

/// All that a run has measured.
struct Results {
    machine: Machine,
    jobs: Vec<Measured>,
    /// Prediction of dense random input, one row at a time.
    dense: Vec<Measured>,
    processes: Vec<Process>,
    comparison: Comparisons,
    cells: Vec<Cell>,
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
    let start = Instant::now();
    let mut results = measure_alone(&data, &plan)?;
    results.comparison = peers::compare(&libraries, &data, &plan)?;
    let say = |text: &str| {
        if !plan.quiet {
            say!("{text}\n");
        }
    };
    let Comparisons { peers, processes } = &results.comparison;
    results.processes.extend_from_slice(processes);
    figures::peers(peers).iter().for_each(|t| say(&t.plain()));
    if !peers.is_empty() {
        say(&figures::ratios(peers).plain());
        say(&figures::overview(&results.jobs, peers).plain());
    }
    say(&figures::processes(&results.processes).plain());
    let before_sweep = start.elapsed();
    if args.sweep {
        results.cells = sweep::measure(&libraries, &data, &results.machine, &plan)?;
        let tables = sweep_tables::measure(&libraries, &results.machine, &plan)?;
        results.cells.extend(tables);
        say(&sweep::summary(&results.cells).join("\n"));
        let seconds = (start.elapsed() - before_sweep).as_secs_f64();
        say(&format!("The sweep took {seconds:.0} seconds."));
    }
    let seconds = start.elapsed().as_secs_f64();
    say(&format!("All took {seconds:.0} seconds."));
    write_files(args, &data, &plan, &results, seconds)?;
    Ok(ExitCode::SUCCESS)
}

/// Measures the machine, and this project without others beside it.
fn measure_alone(data: &Data, plan: &Plan) -> Result<Results> {
    let machine = Machine::measure(&plan.threads);
    let (mut jobs, mut dense, mut processes) = (Vec::new(), Vec::new(), Vec::new());
    for &threads in &plan.threads {
        let pool = Arc::new(Pool::new(threads));
        let (of_pool, of_dense) = jobs::measure(data, &pool, &machine, plan.repeats, plan.seed)?;
        jobs.extend(of_pool);
        jobs.extend(tabular::measure(&pool, &machine, plan.repeats, plan.seed)?);
        dense.push(of_dense);
        let whole = || process::ours(&data.source.to_string(), &data.data_dir, threads);
        processes.push(process::median_of(plan.repeats.min(3), whole)?);
    }
    if !plan.quiet {
        say!("{}\n", first_line(&machine, data));
        let all_jobs = figures::jobs(jobs.iter().chain(&dense), plan.repeats);
        say!("{}\n", all_jobs.plain());
        say!("{}\n", published::table(&jobs, &machine).plain());
    }
    Ok(Results {
        machine,
        jobs,
        dense,
        processes,
        comparison: Comparisons::default(),
        cells: Vec::new(),
    })
}

/// The machine and the data set in a few sentences.
fn first_line(machine: &Machine, data: &Data) -> String {
    format!(
        "{} {}: trained on {} rows.",
        figures::machine(machine),
        data.source,
        thousands(data.train.len())
    )
}

/// Writes the files that were asked for.
fn write_files(
    args: &Cli,
    data: &Data,
    plan: &Plan,
    results: &Results,
    seconds: f64,
) -> Result<()> {
    let Results {
        machine,
        jobs,
        dense,
        processes,
        comparison,
        cells,
    } = results;
    if let Some(file) = &args.report {
        let report = Report {
            machine,
            dataset: data.source.to_string(),
            train_samples: data.train.len(),
            jobs,
            dense,
            process: processes,
            peers: args.peers.then_some(&comparison.peers),
            sweep: args.sweep.then_some(cells),
        };
        write_json(file, &report)?;
    }
    let figure = || page::chart(jobs, comparison).to_svg();
    if let Some(file) = &args.chart {
        write_atomic(file, figure().as_bytes())?;
    }
    if let Some(file) = &args.markdown {
        let chart = file.with_extension("svg");
        write_atomic(&chart, figure().as_bytes())?;
        let page = page::Page {
            machine: first_line(machine, data),
            minutes: seconds / 60.0,
            overview: figures::overview(jobs, &comparison.peers),
            alone: vec![
                figures::jobs(jobs.iter().chain(dense), plan.repeats),
                published::table(jobs, machine),
                figures::processes(processes),
            ],
            comparison,
            cells,
            chart: chart.file_name().map(|name| name.to_string_lossy().into()),
        };
        write_markdown(file, &page)?;
    }
    Ok(())
}

/// Changes the measured parts of a file, or begins a new one.
fn write_markdown(file: &Path, page: &page::Page<'_>) -> Result<()> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "# Benchmarks\n\n".to_string()
        }
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    write_atomic(file, page.put_into(&text).as_bytes())?;
    Ok(())
}
