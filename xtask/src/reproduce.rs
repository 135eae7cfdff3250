//! `cargo xtask reproduce`: every experiment of the notebook, beside its figures.

mod experiments;
mod figures;
mod page;
mod weights;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use backprop_report::Document;
use backprop_trainer::data::Dataset;
use backprop_trainer::formats::write_atomic;
use clap::Args;

use crate::data::{self, Source};
use crate::output::{peak_rss_bytes, say, thousands, write_json};
use crate::{Common, as_written, run_dir};

pub(crate) use experiments::SENSIBLE_RATES;
use experiments::TEN_EPOCHS;
use figures::{Figures, Report};

/// Flags of `reproduce`.
#[derive(Args)]
pub(crate) struct ReproduceArgs {
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

pub(crate) fn run(args: &ReproduceArgs, common: &Common) -> Result<ExitCode> {
    let start = Instant::now();
    if matches!(args.dataset, Source::Auto | Source::Csv(_)) {
        bail!(
            "--dataset {} is not one of mnist, fashion-mnist and sample",
            args.dataset
        );
    }
    let folder = args.run_dir.clone().unwrap_or_else(run_dir::dated);
    run_dir::ensure_empty(&folder, "choose another --run-dir")?;
    let dataset = data::resolve(&args.dataset, &args.data_dir, common.quiet)?;
    let images = images(&dataset, args)?;
    run_dir::make_folder(&folder)?;
    if !common.quiet {
        say!(
            "{dataset}: {} images; results go to {}",
            thousands(images.len()),
            folder.display()
        );
    }
    if args.as_written {
        let report = as_written::report(&images, dataset.to_string(), common)?;
        write_json(&folder.join("as-written.json"), &report)?;
        write_page(&folder, &as_written::document(&report))?;
        if let Some(file) = &args.report {
            write_json(file, &report)?;
        }
        if !common.quiet {
            as_written::print(&report);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let experiments = experiments::all();
    let done = work::run(&experiments, &images, common)?;
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
        dataset: dataset.to_string(),
        images: images.len(),
        seed: common.seed.unwrap_or(0),
        threads: common.threads(),
        seconds: start.elapsed().as_secs_f64(),
        peak_rss_bytes: peak_rss_bytes(),
        experiments: all,
    };
    write_json(&folder.join("reproduce.json"), &report)?;
    if let Some(file) = &args.report {
        write_json(file, &report)?;
    }
    write_page(&folder, &page::document(&report, networks))?;
    if !common.quiet {
        page::print(&report);
        say!(
            "{:.1} s in all; kept in {}: report.html, reproduce.json",
            start.elapsed().as_secs_f64(),
            folder.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The training images followed by the test images, as the notebook had them.
fn images(dataset: &Source, args: &ReproduceArgs) -> Result<Dataset<f32>> {
    let loaded = data::images::<f32>(dataset, &args.data_dir)?;
    Ok(loaded.train.concat(&loaded.test)?)
}

/// Writes `report.html` and each plot.
pub(crate) fn write_page(folder: &Path, document: &Document) -> Result<()> {
    for (name, svg) in &document.plots {
        write_atomic(folder.join(name), svg.as_bytes())?;
    }
    write_atomic(folder.join("report.html"), document.html.as_bytes())?;
    Ok(())
}
