//! Shell completions and manual pages, from the definition of the command line.

use std::io::{Write, stdout};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Command};
use clap_complete::Shell;

/// Flags of `completions`.
#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Flags of `man`.
#[derive(Args)]
pub(crate) struct ManArgs {
    /// The command whose page is printed [default: the page of the program]
    command: Option<String>,
}

/// Prints the completions of a shell.
pub(crate) fn completions(args: &CompletionsArgs, mut program: Command) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "backprop", &mut script);
    print(&script)
}

/// Prints a manual page.
pub(crate) fn man(args: &ManArgs, mut program: Command) -> Result<ExitCode> {
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => {
            let command = program.find_subcommand(name);
            let command = command.with_context(|| format!("there is no command {name}"))?;
            command
                .clone()
                .name(format!("backprop-{name}").leak() as &str)
        }
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff)?;
    print(&roff)
}

/// Writes to standard output; a reader that closes the pipe early is no error.
fn print(bytes: &[u8]) -> Result<ExitCode> {
    let _ = stdout().write_all(bytes);
    Ok(ExitCode::SUCCESS)
}
