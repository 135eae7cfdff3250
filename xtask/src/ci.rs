//! `cargo xtask ci`: all checks, the cheapest first.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

/// Flags of `ci`.
#[derive(Args)]
pub(crate) struct CiArgs {
    /// Also run the tests in release mode, and those that are too long for every change
    #[arg(long)]
    thorough: bool,
}

pub(crate) fn run(args: &CiArgs) -> Result<ExitCode> {
    let mut steps: Vec<(&str, Vec<&str>)> = vec![
        ("format", vec!["fmt", "--all", "--check"]),
        (
            "lints",
            vec![
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--",
                "-D",
                "warnings",
            ],
        ),
        (
            "documentation",
            vec!["doc", "--workspace", "--no-deps", "--all-features"],
        ),
        ("tests", vec!["test", "--workspace", "--all-features"]),
    ];
    if args.thorough {
        let long = [
            "test",
            "--workspace",
            "--all-features",
            "--release",
            "--",
            "--include-ignored",
        ];
        steps.push(("long tests, release", long.to_vec()));
    }
    let count = steps.len();
    for (number, (name, arguments)) in steps.into_iter().enumerate() {
        println!(
            "[{}/{count}] {name}: cargo {}",
            number + 1,
            arguments.join(" ")
        );
        let start = Instant::now();
        let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(&arguments)
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()
            .context("cargo could not be started")?;
        if !status.success() {
            anyhow::bail!(
                "{name} failed; run it alone with: cargo {}",
                arguments.join(" ")
            );
        }
        println!(
            "[{}/{count}] {name}: done in {:.1} s",
            number + 1,
            start.elapsed().as_secs_f64()
        );
    }
    println!("all checks passed");
    Ok(ExitCode::SUCCESS)
}
