//! Runs a program of the workspace in place of this process.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// The variable that tells the program which words it was called with, for its hints and its help.
const PROGRAM: &str = "BACKPROP_PROGRAM";

/// Builds a package in release mode and runs its binary with these arguments; `command` is the
/// position of the command's name among them where the binary has only that command.
///
/// The exit code is the program's own.
pub(crate) fn to(package: &str, command: Option<usize>, mut arguments: Vec<OsString>) -> ExitCode {
    if let Some(index) = command {
        arguments.remove(index);
    }
    let mut run = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    run.args(["run", "--release", "--package", package, "--"]);
    run.args(arguments).env(PROGRAM, "cargo xtask");
    replace(run)
}

/// Where the system can, the new program takes over this process, so that signals reach it.
#[cfg(unix)]
fn replace(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    eprintln!("error: cargo could not be started: {error}");
    ExitCode::FAILURE
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: cargo could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}
