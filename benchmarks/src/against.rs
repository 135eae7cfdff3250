//! `cargo xtask bench --against REV`: this program and that of another commit at the same jobs, in
//! turn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use backprop_cli::output::say;
use serde::{Deserialize, Serialize};

use super::jobs::median;
use super::library::ROOT;
use super::table::{self, Table};

/// How both programs are called.
pub(crate) struct Comparison<'a> {
    pub(crate) revision: &'a str,
    pub(crate) rounds: u32,
    pub(crate) dataset: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) threads: &'a [usize],
    pub(crate) seed: u64,
    pub(crate) quiet: bool,
}

/// A job on a number of threads.
type Job = (String, usize);

/// The part of a report that is compared.
#[derive(Deserialize)]
struct Report {
    jobs: Vec<Seconds>,
    #[serde(default)]
    dense: Vec<Seconds>,
}

#[derive(Deserialize)]
struct Seconds {
    job: String,
    threads: usize,
    seconds: f64,
}

/// A job with both programs.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Ratio {
    pub(crate) job: String,
    pub(crate) threads: usize,
    /// The median of this program's seconds.
    pub(crate) seconds: f64,
    /// The median of the other program's seconds.
    pub(crate) other_seconds: f64,
    /// This program's seconds over the other's, round by round: the median, the least, the most.
    pub(crate) ratio: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// Builds the other commit, and measures both programs in turn.
///
/// The order changes from round to round, so that a machine that becomes slower or faster meanwhile
/// is slower or faster for both.
pub(crate) fn compare(comparison: &Comparison<'_>) -> Result<Vec<Ratio>> {
    let commit = resolve(comparison.revision)?;
    let other = build(&commit, comparison.quiet)?;
    let this = std::env::current_exe()?;
    let mut times: BTreeMap<Job, Vec<[f64; 2]>> = BTreeMap::new();
    for round in 0..comparison.rounds {
        if !comparison.quiet {
            say!("round {} of {}", round + 1, comparison.rounds);
        }
        let (this, other) = if round % 2 == 0 {
            let this = measure(&this, comparison)?;
            (this, measure(&other, comparison)?)
        } else {
            let other = measure(&other, comparison)?;
            (measure(&this, comparison)?, other)
        };
        for (job, seconds) in this {
            if let Some(&other) = other.get(&job) {
                times.entry(job).or_default().push([seconds, other]);
            }
        }
    }
    Ok(times.into_iter().map(ratio).collect())
}

/// The figures of one job from its seconds in each round, this program's first.
fn ratio(((job, threads), times): (Job, Vec<[f64; 2]>)) -> Ratio {
    let ratios: Vec<f64> = times.iter().map(|[this, other]| this / other).collect();
    Ratio {
        job,
        threads,
        seconds: median(times.iter().map(|[this, _]| *this).collect()),
        other_seconds: median(times.iter().map(|[_, other]| *other).collect()),
        least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        most: ratios.iter().copied().fold(0.0, f64::max),
        ratio: median(ratios),
    }
}

/// The figures as a table.
pub(crate) fn table(ratios: &[Ratio], revision: &str, rounds: u32) -> Table {
    let title = format!(
        "This program beside that of {revision}, medians of {rounds} rounds; a ratio below 1: this \
         one is faster"
    );
    let columns = ["job", "threads", "this", "other", "ratio", "least", "most"];
    let mut table = Table::new(title, &columns);
    for job in ratios {
        table.rows.push(vec![
            job.job.clone(),
            job.threads.to_string(),
            table::time(job.seconds),
            table::time(job.other_seconds),
            format!("{:.3}", job.ratio),
            format!("{:.3}", job.least),
            format!("{:.3}", job.most),
        ]);
    }
    table
}

/// The hash of a commit.
fn resolve(revision: &str) -> Result<String> {
    let commit = format!("{revision}^{{commit}}");
    let mut git = git(Path::new(ROOT));
    git.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    let output = git.arg(commit).output().context("git could not be run")?;
    ensure!(
        output.status.success(),
        "--against {revision}: no such commit in this clone; a branch, a tag or a hash is expected, \
         such as HEAD~1"
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// Builds the benchmark of a commit in `target/against`; the path of its program.
///
/// The sources are in a clone of their own that shares the objects of this one, and the target
/// folder is kept, so that the next commit builds only what differs.
fn build(commit: &str, quiet: bool) -> Result<PathBuf> {
    let folder = Path::new(ROOT).join("target/against");
    let (tree, target) = (folder.join("tree"), folder.join("target"));
    if !quiet {
        say!("building {commit} in {}", folder.display());
    }
    if !tree.join(".git").exists() {
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let mut clone = git(Path::new(ROOT));
        clone.args(["clone", "--quiet", "--shared", "--no-checkout", "."]);
        finish(clone.arg(&tree))?;
    }
    let mut checkout = git(&tree);
    finish(checkout.args(["checkout", "--quiet", "--force", "--detach", commit]))?;
    ensure!(
        tree.join("benchmarks/Cargo.toml").is_file(),
        "--against {commit}: that commit has no package backprop-benchmarks; a later commit is \
         expected"
    );
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--release", "--package", "backprop-benchmarks"]);
    cargo.arg("--manifest-path").arg(tree.join("Cargo.toml"));
    finish(cargo.arg("--target-dir").arg(&target))?;
    Ok(target.join(format!(
        "release/backprop-benchmarks{}",
        std::env::consts::EXE_SUFFIX
    )))
}

fn git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder);
    git
}

/// Runs a command that has to succeed; what it prints is shown.
fn finish(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status();
    let status = status.with_context(|| format!("{name} could not be run"))?;
    ensure!(status.success(), "{name} failed; its message is above");
    Ok(())
}

/// The seconds of all jobs, each measured once by a program.
fn measure(program: &Path, comparison: &Comparison<'_>) -> Result<BTreeMap<Job, f64>> {
    let folder = tempfile::tempdir()?;
    let mut seconds = BTreeMap::new();
    for threads in comparison.threads {
        let file = folder.path().join("report.json");
        let mut command = Command::new(program);
        command.args(["--quick", "--quiet", "--dataset", &comparison.dataset]);
        command.arg("--data-dir").arg(&comparison.data_dir);
        command.args(["--threads", &threads.to_string()]);
        command.args(["--seed", &comparison.seed.to_string()]);
        finish(command.arg("--report").arg(&file))?;
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let report: Report = serde_json::from_str(&text)
            .with_context(|| format!("the report of {}", program.display()))?;
        let all = report.jobs.into_iter().chain(report.dense);
        seconds.extend(all.map(|job| ((job.job, job.threads), job.seconds)));
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The machine became ten times slower in the last round, for both programs.
        let times = vec![[1.0, 2.0], [1.5, 2.0], [10.0, 20.0]];
        let found = ratio((("A".to_string(), 2), times));
        let expected = Ratio {
            job: "A".to_string(),
            threads: 2,
            seconds: 1.5,
            other_seconds: 2.0,
            ratio: 0.5,
            least: 0.5,
            most: 0.75,
        };
        assert_eq!(found, expected);
        let text = table(&[found], "HEAD~1", 3).plain();
        let words: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        let expected = "A 2 1.50 s 2.00 s 0.500 0.500 0.750";
        assert_eq!(words.join(" "), expected);
    }
}
