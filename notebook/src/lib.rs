//! `cargo xtask reproduce`: every experiment of the notebook, beside its figures.

#![forbid(unsafe_code)]

mod as_written;
mod experiments;
mod figures;
mod page;
mod rates;
mod setup;
mod weights;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use backprop_cli::common::Common;
use backprop_cli::folder::{ClaimedFolder, ensure_empty, write_page};
use backprop_cli::output::{peak_rss_bytes, say, thousands, write_json};
use backprop_cli::source::{self, Source};
use backprop_trainer::data::Dataset;
use clap::Parser;

use experiments::TEN_EPOCHS;
use figures::{Figures, Report};

/// Repeat every experiment of the notebook that this project grew from, beside its figures
#[derive(Parser)]
#[command(name = "reproduce", bin_name = "cargo xtask reproduce", version)]
struct Cli {
    #[command(flatten)]
    common: Common,

    /// Put the notebook's mistakes back, and show where its losses stalled and what each mistake
    /// costs
    #[arg(long)]
    as_written: bool,
    /// mnist, fashion-mnist or sample; the notebook's figures are those of mnist
    #[arg(long, value_name = "NAME", default_value = "mnist")]
    dataset: Source,
    /// The folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// The folder for the page, its plots and the figures [default: runs/DATE-TIME]
    #[arg(long, value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs the command that the program was called with.
pub fn main() -> ExitCode {
    let args = Cli::parse();
    backprop_cli::progress::handle_ctrl_c();
    backprop_cli::exit_code(run(&args))
}

fn run(args: &Cli) -> Result<ExitCode> {
    let common = &args.common;
    if matches!(
        args.dataset,
        Source::Auto | Source::Csv(_) | Source::Idx(_) | Source::Folder(_)
    ) {
        bail!(
            "--dataset {} is not one of mnist, fashion-mnist and sample",
            args.dataset
        );
    }
    let (asked, advice) = (args.run_dir.as_deref(), "choose another --run-dir");
    asked.map_or(Ok(()), |folder| ensure_empty(folder, advice))?;
    let dataset = source::resolve(&args.dataset, &args.data_dir, common.quiet)?;
    let images = images(&dataset, args)?;
    let claimed = ClaimedFolder::claim(asked, advice)?;
    let run_dir = claimed.path();
    if !common.quiet {
        say!(
            "{dataset}: {} images; results go to {}",
            thousands(images.len()),
            run_dir.display()
        );
    }
    if args.as_written {
        as_written(args, &images, dataset.to_string(), run_dir)?;
    } else {
        experiments(args, &images, dataset.to_string(), run_dir)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The notebook with its mistakes.
fn as_written(args: &Cli, images: &Dataset<f32>, dataset: String, run_dir: &Path) -> Result<()> {
    let report = as_written::report(images, dataset, &args.common)?;
    write_json(&run_dir.join("as-written.json"), &report)?;
    write_page(run_dir, &as_written::document(&report))?;
    if let Some(file) = &args.report {
        write_json(file, &report)?;
    }
    if !args.common.quiet {
        as_written::print(&report);
    }
    Ok(())
}

/// The experiments in right code, beside the notebook's figures.
fn experiments(args: &Cli, images: &Dataset<f32>, dataset: String, run_dir: &Path) -> Result<()> {
    let (start, common) = (Instant::now(), &args.common);
    let experiments = experiments::all();
    let done = work::run(&experiments, images, common)?;
    let mut all: Vec<Figures> = experiments
        .iter()
        .zip(&done.runs)
        .map(|(experiment, runs)| Figures::new(experiment, runs))
        .collect();
    // Where the notebook had it: after the first experiment.
    all.insert(1, Figures::of_search(&done.trials));
    let ten = experiments.iter().position(|e| e.name == TEN_EPOCHS);
    let first = ten.and_then(|index| done.runs[index].first());
    let networks = first.and_then(|run| run.networks.as_ref());
    if let (Some(run), Some(networks)) = (first, networks) {
        all.push(Figures::of_weights(weights::of(&networks.after), run.seed));
    }
    let report = Report {
        dataset,
        images: images.len(),
        seed: common.seed.unwrap_or(0),
        threads: common.threads(),
        seconds: start.elapsed().as_secs_f64(),
        peak_rss_bytes: peak_rss_bytes(),
        experiments: all,
    };
    write_json(&run_dir.join("reproduce.json"), &report)?;
    if let Some(file) = &args.report {
        write_json(file, &report)?;
    }
    write_page(run_dir, &page::document(&report, networks))?;
    if !common.quiet {
        page::print(&report);
        say!(
            "{:.1} s in all; kept in {}: report.html, reproduce.json",
            start.elapsed().as_secs_f64(),
            run_dir.display()
        );
    }
    Ok(())
}

/// The training images followed by the test images, as the notebook had them.
fn images(dataset: &Source, args: &Cli) -> Result<Dataset<f32>> {
    let loaded = source::images::<f32>(dataset, &args.data_dir)?;
    Ok(loaded.train.concat(&loaded.test)?)
}
