//! `cargo xtask evaluate`: a trained network on a test set.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use backprop_trainer::Trainer;
use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::formats::{ModelInfo, OutputKind};
use backprop_trainer::losses::{
    CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy, by_name,
};
use backprop_trainer::optimizers::Sgd;
use backprop_trainer::tensor::Scalar;
use clap::Args;
use serde::Serialize;

use crate::common::Common;
use crate::data;
use crate::model::ModelFile;
use crate::output::{say, thousands, write_json};
use crate::settings::{Precision, Settings, TEST_FRACTION};
use crate::source::{self, Source};
use crate::table;
use crate::test_metrics::{self, TestMetrics};

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
    test: TestMetrics,
}

pub(crate) fn run(args: &EvaluateArgs, common: &Common) -> Result<ExitCode> {
    let file = ModelFile::read(&args.model)?;
    match file.precision {
        Precision::F64 => evaluate::<f64>(args, common, &file),
        Precision::F32 => evaluate::<f32>(args, common, &file),
    }
}

fn evaluate<T: Scalar>(args: &EvaluateArgs, common: &Common, file: &ModelFile) -> Result<ExitCode> {
    let (name, settings) = (&*file.name, file.settings.as_ref());
    let (network, info) = file.model::<T>()?.into_parts();
    let encoding = table::encoding(name, &info)?;
    let source = match (&args.dataset, settings) {
        (Some(source), _) => source.clone(),
        (None, Some(settings)) => test_source(settings),
        (None, None) if encoding.is_some() => {
            bail!("{name} was trained on a table; say which to use with --dataset csv:FILE")
        }
        (None, None) => Source::Auto,
    };
    let data_dir = match (&args.data_dir, settings) {
        (Some(folder), _) => folder,
        (None, Some(settings)) => &settings.data.data_dir,
        (None, None) => Path::new("data"),
    };
    let source = source::resolve(&source, data_dir, common.quiet)?;
    let test = match (&source, &encoding) {
        (Source::Csv(file), Some(encoding)) => {
            check_target(args.target.as_deref(), encoding)?;
            let seed = common.seed.or(settings.map(|settings| settings.seed));
            let fraction = test_fraction(args, settings)?;
            data::table_test::<T>(file, encoding, seed.unwrap_or(0), fraction)?
        }
        (Source::Csv(_), None) => bail!("{name} was not trained on a table, but {source} is one"),
        (_, Some(_)) => bail!("{name} was trained on a table; {source} is none"),
        _ if args.target.is_some() || args.all_rows => {
            bail!("--target and --all-rows belong to csv:FILE data sets; leave them out")
        }
        _ => source::images(&source, data_dir)?.test,
    };
    let trainer = Trainer::new(network, loss::<T>(&info), Sgd::default())?.with_pool(common.pool());
    let (evaluation, predictions) = test_metrics::predictions(&trainer, &test, false)
        .with_context(|| format!("{name} on {source}"))?;
    let figures = TestMetrics::new(evaluation, &predictions);
    if !common.quiet {
        let (summary, rows) = (figures.summary(), thousands(evaluation.rows));
        say!(
            "{source}: test loss {:.4}{summary} ({rows} rows)",
            figures.loss
        );
        let lines = figures.outputs().into_iter().chain(figures.hint());
        lines.for_each(|line| say!("{line}"));
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

/// The data set that has the test rows of a run: the file of `--test`, or that of the training.
fn test_source(settings: &Settings) -> Source {
    let file = settings.data.test.clone().map(Source::Csv);
    file.unwrap_or_else(|| settings.data.dataset.clone())
}

/// The fraction of a table's rows that a run keeps for testing; `None` for all rows.
fn test_fraction(args: &EvaluateArgs, settings: Option<&Settings>) -> Result<Option<f64>> {
    let fraction = match settings.map(|settings| &settings.data) {
        _ if args.all_rows => None,
        Some(data) if data.test.is_some() => None,
        Some(data) => Some(data.test_fraction.unwrap_or(TEST_FRACTION)),
        None => Some(TEST_FRACTION),
    };
    ensure!(
        fraction != Some(0.0),
        "the run has no test rows, its --test-fraction is 0; name other rows with --dataset \
         csv:FILE --all-rows"
    );
    Ok(fraction)
}

/// The loss that the model was trained with; for a model that does not name one of ours, the loss
/// that fits its outputs.
fn loss<T: Scalar>(info: &ModelInfo) -> Box<dyn Loss<T>> {
    let named = info.loss.as_deref().and_then(by_name::<T>);
    named.unwrap_or_else(|| match info.output {
        OutputKind::Logits => Box::new(SoftmaxCrossEntropy),
        OutputKind::Probabilities => Box::new(CrossEntropy),
        OutputKind::Values => Box::new(MeanSquaredError),
    })
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
