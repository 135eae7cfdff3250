//! `cargo xtask evaluate`: a trained network on a test set.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::formats::{OutputKind, model_from_bytes};
use backprop_trainer::losses::{CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::optimizers::Sgd;
use backprop_trainer::tensor::Scalar;
use backprop_trainer::Trainer;
use clap::Args;
use serde::Serialize;

use crate::common::Common;
use crate::config::{Config, Precision};
use crate::data;
use crate::model::Model;
use crate::output::{say, thousands, write_json};
use crate::source::{self, Source};
use crate::table;
use crate::test_figures::{self, Test};

/// Flags of `evaluate`.
#[derive(Args)]
pub(crate) struct EvaluateArgs {
    /// The folder of a run, or a model file
    #[arg(value_name = "RUN_OR_MODEL")]
    model: PathBuf,
    /// The data set whose test part is used: auto, mnist, fashion-mnist, sample or csv:FILE, which
    /// is encoded as in training [default: that of the run; auto for a model file]
    #[arg(long, value_name = "NAME")]
    dataset: Option<Source>,
    /// Use all rows of a CSV file, not only those that a run with this seed holds out for testing
    #[arg(long)]
    all_rows: bool,
    /// The column of a CSV file that is predicted, as a check [default: what the model was trained
    /// to predict]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The folder that data sets are kept in [default: that of the run, or data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    model: String,
    dataset: String,
    test_samples: usize,
    precision: &'static str,
    test: Test,
}

pub(crate) fn run(args: &EvaluateArgs, common: &Common) -> Result<ExitCode> {
    let Model {
        name,
        bytes,
        precision,
        config,
    } = Model::read(&args.model)?;
    let (model, config) = ((&*name, &*bytes), config.as_ref());
    match precision {
        Precision::F64 => evaluate::<f64>(args, common, model, config),
        Precision::F32 => evaluate::<f32>(args, common, model, config),
    }
}

fn evaluate<T: Scalar>(
    args: &EvaluateArgs,
    common: &Common,
    (name, bytes): (&str, &[u8]),
    config: Option<&Config>,
) -> Result<ExitCode> {
    let (network, info) = model_from_bytes::<T>(name, bytes)?;
    let encoding = table::encoding(name, &info)?;
    let source = match (&args.dataset, config) {
        (Some(source), _) => source,
        (None, Some(config)) => &config.dataset,
        (None, None) if encoding.is_some() => {
            bail!("{name} was trained on a table; say which to use with --dataset csv:FILE")
        }
        (None, None) => &Source::Auto,
    };
    let data_dir = match (&args.data_dir, config) {
        (Some(folder), _) => folder,
        (None, Some(config)) => &config.data_dir,
        (None, None) => Path::new("data"),
    };
    let source = source::resolve(source, data_dir, common.quiet)?;
    let test = match (&source, &encoding) {
        (Source::Csv(file), Some(encoding)) => {
            check_target(args.target.as_deref(), encoding)?;
            let seed = common.seed.or(config.map(|config| config.seed));
            data::table_test::<T>(file, encoding, seed.unwrap_or(0), args.all_rows)?
        }
        (Source::Csv(_), None) => bail!("{name} was not trained on a table, but {source} is one"),
        (_, Some(_)) => bail!("{name} was trained on a table; {source} is none"),
        _ if args.target.is_some() || args.all_rows => {
            bail!("--target and --all-rows belong to csv:FILE data sets; leave them out")
        }
        _ => source::images(&source, data_dir)?.test,
    };
    let loss: Box<dyn Loss<T>> = match info.output {
        OutputKind::Logits => Box::new(SoftmaxCrossEntropy),
        OutputKind::Probabilities => Box::new(CrossEntropy),
        _ => Box::new(MeanSquaredError),
    };
    let mut trainer =
        Trainer::new(network, loss, Sgd::default())?.with_pool(common.pool());
    let evaluation = trainer
        .evaluate(&test)
        .with_context(|| format!("{name} on {source}"))?;
    let outcome = test_figures::outcome(&mut trainer, &test, encoding.as_ref(), false)?;
    let figures = Test::new(evaluation, &outcome);
    if !common.quiet {
        let (summary, rows) = (figures.summary(), thousands(evaluation.rows));
        say!(
            "{source}: test loss {:.4}{summary} ({rows} rows)",
            figures.loss
        );
        for line in figures.outputs() {
            say!("{line}");
        }
    }
    if let Some(path) = &args.report {
        let report = Report {
            model: name.to_string(),
            dataset: source.to_string(),
            test_samples: evaluation.rows,
            precision: T::NAME,
            test: figures,
        };
        write_json(path, &report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a target that is not what the model predicts.
fn check_target(asked: Option<&str>, encoding: &TableEncoding) -> Result<()> {
    let target = encoding.target.columns().join(",");
    match asked {
        Some(asked) if asked != target => {
            bail!("the model predicts {target}, not {asked}; leave --target out")
        }
        _ => Ok(()),
    }
}
