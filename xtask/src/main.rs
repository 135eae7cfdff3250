//! The commands of a clone: `ci` runs here, every other command is a program of the workspace.
//!
//! This package has no dependencies, so that `cargo xtask ci` starts at once in a fresh clone.

#![forbid(unsafe_code)]

mod ci;
mod forward;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

const HELP: &str = "\
The commands of backprop in a clone

Usage: cargo xtask COMMAND [FLAGS]

Commands of the program, also to be had as `backprop` after `cargo install --path crates/cli`:
  train      Train a network and evaluate it on its test set
  evaluate   Evaluate a trained network on a test set
  predict    Predict files of your own: PNG, IDX or CSV
  export     Write a trained network for other programs, as safetensors or ONNX
  search     Try many settings at random, and print the best
  download   Get a data set and check it against its published checksums

Commands for those who work on this project:
  bench      Measure how fast training and prediction are on this machine
  reproduce  Repeat every experiment of the notebook that this project grew from
  ci         Run all checks: format, lints, documentation, tests; --thorough also runs the long ones

`cargo xtask COMMAND --help` explains the flags of a command.
";

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = env::args_os().skip(1).collect();
    // Flags may stand before the command, as in `cargo xtask --quiet train`.
    let position = arguments
        .iter()
        .position(|argument| !argument.as_encoded_bytes().starts_with(b"-"));
    let command = position.and_then(|at| arguments[at].to_str().map(str::to_owned));
    match command.as_deref() {
        Some("ci") => {
            arguments.remove(position.unwrap_or_default());
            ci::main(&arguments)
        }
        Some("bench") => forward::to("backprop-benchmarks", position, arguments),
        Some("reproduce") => forward::to("backprop-notebook", position, arguments),
        None | Some("help") if !is_version(&arguments) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => forward::to("backprop-cli", None, arguments),
    }
}

/// Whether the version is asked for, which the program knows.
fn is_version(arguments: &[OsString]) -> bool {
    arguments.iter().any(|a| a == "--version" || a == "-V")
}
