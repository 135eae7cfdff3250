//! The program `backprop`: `backprop --help` lists its commands.
//!
//! The library is for the program, its tests and the workspace's other programs; it has no stable API.

#![forbid(unsafe_code)]

pub mod common;

mod advice;
mod data;
mod download;
mod evaluate;
mod export;
pub mod folder;
mod history;
mod manual;
mod model;
pub mod output;
mod pictures;
mod predict;
mod program;
pub mod progress;
mod run_dir;
mod run_page;
mod search;
mod settings;
mod setup;
pub mod source;
mod table;
mod test_metrics;
mod train;
mod training_file;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use common::Common;

/// Train small neural networks on the CPU, and look at how they do.
///
/// Begin with the command `train`: it gets MNIST, trains a network, and prints how well the network
/// reads digits of the test set.
#[derive(Parser)]
#[command(name = "backprop", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network and evaluate it on its test set
    Train(Box<settings::TrainArgs>),
    /// Evaluate a trained network on a test set
    Evaluate(evaluate::EvaluateArgs),
    /// Predict files of your own: PNG, JPEG, IDX or CSV
    Predict(predict::PredictArgs),
    /// Write a trained network for other programs, as safetensors or ONNX
    Export(export::ExportArgs),
    /// Try many settings at random, and print the best
    Search(Box<search::SearchArgs>),
    /// Get a data set and check it against its published checksums
    Download(download::DownloadArgs),
    /// Print the completions of a shell, for example: backprop completions bash
    Completions(manual::CompletionsArgs),
    /// Print the manual page of the program or of one command
    Man(manual::ManArgs),
}

/// The settings in the bytes of a run's `config.toml`, written again as TOML.
///
/// Everything that `train --resume` does with the settings before it looks at data is done, so that
/// tests can hand in any bytes.
///
/// # Errors
/// The sentence that the command would end with.
pub fn settings(bytes: &[u8]) -> anyhow::Result<String> {
    let settings = run_dir::parse_settings(bytes)?;
    settings.check()?;
    settings.network.layers(1);
    Ok(toml::to_string(&settings)?)
}

/// Runs the command that the program was called with.
pub fn main() -> ExitCode {
    let matches = Cli::command().bin_name(program::name()).get_matches();
    let Cli { command, common } =
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    progress::handle_ctrl_c();
    let result = match command {
        Command::Train(args) => train::run(&args, &common),
        Command::Evaluate(args) => evaluate::run(&args, &common),
        Command::Predict(args) => predict::run(&args, &common),
        Command::Export(args) => export::run(&args, &common),
        Command::Search(args) => search::run(&args, &common),
        Command::Download(args) => download::run(&args, &common),
        Command::Completions(args) => manual::completions(&args, Cli::command()),
        Command::Man(args) => manual::man(&args, Cli::command()),
    };
    exit_code(result)
}

/// The exit code of a command; an error is printed as one sentence.
pub fn exit_code(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", output::sentence(&error));
        ExitCode::FAILURE
    })
}
