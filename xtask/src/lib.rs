//! The commands of `backprop`: `cargo xtask --help` lists them.

#![forbid(unsafe_code)]

mod as_written;
mod bench;
mod build;
mod ci;
mod config;
mod data;
mod download;
mod evaluate;
mod export;
mod model;
mod output;
mod predict;
mod progress;
mod reproduce;
mod run_dir;
mod run_page;
mod search;
mod table;
mod test_figures;
mod train;

use std::process::ExitCode;
use std::sync::Arc;

use backprop_trainer::tensor::Pool;
use clap::{Args, Parser, Subcommand};

/// Train small neural networks on the CPU, and look at how they do.
///
/// Begin with `cargo xtask train`: it gets MNIST, trains a network on it, and says how well it
/// reads digits that it has not seen.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// What every command takes.
#[derive(Args, Clone)]
struct Common {
    /// Seed of everything random: initial weights, shuffling, dropout, the split [default: 0]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Threads to work on; no result depends on it [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print nothing but errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

impl Common {
    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }

    fn pool(&self) -> Arc<Pool> {
        Arc::new(Pool::new(self.threads()))
    }
}

#[derive(Subcommand)]
enum Command {
    /// Get a data set and check it against its published checksums
    Download(download::DownloadArgs),
    /// Train a network and say how well it does on data that it has not seen
    Train(Box<config::TrainArgs>),
    /// Say how well a trained network does on a test set
    Evaluate(evaluate::EvaluateArgs),
    /// Say what a trained network sees in files of your own: PNG, IDX or CSV
    Predict(predict::PredictArgs),
    /// Write a trained network for other programs, as safetensors or ONNX
    Export(export::ExportArgs),
    /// Try many settings at random, and say which are best
    Search(Box<search::SearchArgs>),
    /// Repeat every experiment of the notebook that this project grew from, beside its figures
    Reproduce(reproduce::ReproduceArgs),
    /// Measure how fast training and prediction are on this machine
    Bench(bench::BenchArgs),
    /// Run all checks, the cheapest first: format, lints, documentation, tests
    Ci(ci::CiArgs),
}

/// What the bytes of a run's `config.toml` come to: the same settings, written again.
///
/// Everything that `train --resume` does with them before it looks at data is done, so that tests
/// can hand in any bytes.
///
/// # Errors
/// The sentence that the command would end with.
pub fn settings(bytes: &[u8]) -> anyhow::Result<String> {
    let config = run_dir::parse_config(bytes)?;
    config.settings().check()?;
    config.rule::<f32>()?;
    config.layers(1);
    Ok(toml::to_string(&config)?)
}

/// Runs the command that the program was called with.
pub fn main() -> ExitCode {
    let Cli { command, common } = Cli::parse();
    progress::handle_ctrl_c();
    let result = match command {
        Command::Download(args) => download::run(&args, &common),
        Command::Train(args) => train::run(&args, &common),
        Command::Evaluate(args) => evaluate::run(&args, &common),
        Command::Predict(args) => predict::run(&args, &common),
        Command::Export(args) => export::run(&args, &common),
        Command::Search(args) => search::run(&args, &common),
        Command::Reproduce(args) => reproduce::run(&args, &common),
        Command::Bench(args) => bench::run(&args, &common),
        Command::Ci(args) => ci::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", output::sentence(&error));
            ExitCode::FAILURE
        }
    }
}
