//! A whole process: start, read the files, train one epoch of A, evaluate, exit.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

use super::jobs::median;

/// The variable that turns this program into `backprop`, so that whole processes of it can be timed
/// without a search for its binary.
pub(crate) const RUN_PROGRAM: &str = "BACKPROP_BENCHMARKS_RUN_PROGRAM";

/// A process from start to exit.
#[derive(Clone, Serialize)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) threads: usize,
    /// From before its start until after its exit.
    pub(crate) seconds: f64,
    /// The most memory that it had resident.
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// `backprop train` with all that it writes.
pub(crate) fn ours(dataset: &str, data_dir: &Path, threads: usize) -> Result<Process> {
    let place = tempfile::tempdir()?;
    let run = place.path().join("run");
    let report = place.path().join("report.json");
    let line = "train --quiet --hidden 128,64 --dropout 0 --optimizer sgd --learning-rate 0.1 \
                --schedule constant --batch-size 50 --epochs 1";
    let mut command = Command::new(std::env::current_exe()?);
    command
        .env(RUN_PROGRAM, "1")
        .args(line.split_whitespace())
        .args(["--dataset", dataset, "--threads", &threads.to_string()])
        .args([Path::new("--data-dir"), data_dir])
        .args([Path::new("--run-dir"), &run])
        .args([Path::new("--report"), &report]);
    let start = Instant::now();
    let output = command.output()?;
    let seconds = start.elapsed().as_secs_f64();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the training process failed: {}",
        errors.trim()
    );
    let text = std::fs::read_to_string(&report).with_context(|| report.display().to_string())?;
    let report: Value = serde_json::from_str(&text)?;
    let peak_rss_bytes = report["peak_rss_bytes"].as_u64();
    Ok(Process {
        name: "backprop".to_string(),
        threads,
        seconds,
        peak_rss_bytes,
    })
}

/// The median of some runs, by time and by memory.
pub(crate) fn median_of(
    repeats: usize,
    mut run: impl FnMut() -> Result<Process>,
) -> Result<Process> {
    let runs = (0..repeats.max(1))
        .map(|_| run())
        .collect::<Result<Vec<Process>>>()?;
    let seconds = median(runs.iter().map(|run| run.seconds).collect());
    let mut memory: Vec<Option<u64>> = runs.iter().map(|run| run.peak_rss_bytes).collect();
    memory.sort_unstable();
    let peak_rss_bytes = memory[memory.len() / 2];
    Ok(Process {
        seconds,
        peak_rss_bytes,
        ..runs[0].clone()
    })
}
