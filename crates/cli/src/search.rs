//! `cargo xtask search`: random search for good settings.

mod config;
mod page;
mod space;
mod store;
mod trial;
mod work;

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::common::Common;
use crate::run_dir;
use crate::settings::{Precision, TrainArgs, flat_table};

use config::SearchConfig;
use store::Store;
use work::Search;

/// Flags of `search`.
#[derive(Args)]
pub(crate) struct SearchArgs {
    /// Settings to try [default: 10]
    #[arg(long, value_name = "N", help_heading = "Search")]
    trials: Option<usize>,
    /// Settings to try: LOW..HIGH for learning-rate, l2 and batch-size (each order of magnitude as
    /// likely as any other) and dropout, or a list A|B|C of learning-rate, l2, batch-size, dropout,
    /// hidden (such as 64|128,64) or optimizer; can be given several times
    /// [default: learning-rate=1e-6..10]
    #[arg(long, value_name = "NAME=VALUES", help_heading = "Search")]
    search: Vec<String>,
    /// Successive halving: begin with few epochs, and train the better half of the trials for
    /// twice as many, until the best have all --epochs
    #[arg(long, help_heading = "Search")]
    halving: bool,
    /// Judge each trial by k-fold cross-validation: the mean of K runs, each with another Kth of the
    /// training rows as its validation set [default: off: one run with --validation-fraction]
    #[arg(long, value_name = "K", help_heading = "Search")]
    folds: Option<usize>,
    #[command(flatten)]
    train: TrainArgs,
}

pub(crate) fn run(args: &SearchArgs, common: &Common) -> Result<ExitCode> {
    let given = given(args, common.seed)?;
    let asked = args.train.run.run_dir.as_deref();
    let resume = args.train.run.resume;
    let store = match asked {
        None if resume => bail!("--resume needs --run-dir, the folder of the search"),
        asked => Store::new(asked, resume)?,
    };
    let settings = match store.settings()? {
        Some(saved) => {
            run_dir::ensure_same(&saved, given, store.path())?;
            saved
        }
        None => {
            // A search that was killed before it had written anything begins here, if the command
            // line tells what it was.
            ensure!(
                !resume || !given.is_empty(),
                "{} is not the folder of a search",
                store.path().display()
            );
            given
        }
    };
    let config = SearchConfig::new(settings, common)?;
    config.check_validation()?;
    let report = args.train.run.report.as_deref();
    match config.trials[0].network.precision {
        Precision::F32 => Search::<f32>::new(config, store, common)?.run(report),
        Precision::F64 => Search::<f64>::new(config, store, common)?.run(report),
    }
}

/// The settings that the command line gives.
fn given(args: &SearchArgs, seed: Option<u64>) -> Result<toml::Table> {
    let mut table = flat_table(&args.train)?;
    let whole = |number: Option<usize>| number.map(i64::try_from).transpose();
    let seed = seed.map(i64::try_from).transpose()?;
    for (name, number) in [
        ("trials", whole(args.trials)?),
        ("folds", whole(args.folds)?),
        ("seed", seed),
    ] {
        if let Some(number) = number {
            table.insert(name.to_string(), number.into());
        }
    }
    if args.halving {
        table.insert("halving".to_string(), true.into());
    }
    if !args.search.is_empty() {
        table.insert("search".to_string(), args.search.clone().into());
    }
    Ok(table)
}
