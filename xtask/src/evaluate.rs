//! `cargo xtask evaluate`: a trained network on a test set.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use backprop_trainer::formats::{OutputKind, model_from_bytes};
use backprop_trainer::losses::{CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::optimizers::Sgd;
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Settings, Trainer};
use clap::Args;
use serde::Serialize;

use crate::Common;
use crate::config::Precision;
use crate::data::{self, Request, Source};
use crate::model::Model;
use crate::output::{percent, say, thousands, write_json};

/// Flags of `evaluate`.
#[derive(Args)]
pub(crate) struct EvaluateArgs {
    /// The folder of a run, or a model file
    #[arg(value_name = "RUN_OR_MODEL")]
    model: PathBuf,
    /// The data set whose test part is used: auto, mnist, fashion-mnist, sample or csv:FILE
    /// [default: that of the run; auto for a model file]
    #[arg(long, value_name = "NAME")]
    dataset: Option<Source>,
    /// The column of a CSV file that is to be predicted [default: that of the run]
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

/// The figures on the test set, here and in the report of `train`.
#[derive(Serialize)]
pub(crate) struct Test {
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
}

pub(crate) fn run(args: &EvaluateArgs, common: &Common) -> Result<ExitCode> {
    let Model {
        name,
        bytes,
        precision,
        config,
    } = Model::read(&args.model)?;
    let seed = config.as_ref().map_or(0, |config| config.seed);
    let config_dir = config.as_ref().map(|config| config.data_dir.clone());
    let data_dir = args
        .data_dir
        .clone()
        .or(config_dir)
        .unwrap_or_else(|| PathBuf::from("data"));
    let mut target = args.target.clone();
    let source = match (&args.dataset, config) {
        (Some(source), _) => source.clone(),
        (None, Some(config)) => {
            target = target.or(config.target);
            config.dataset
        }
        (None, None) => Source::Auto,
    };
    let source = data::resolve(&source, &data_dir, common.quiet)?;
    let request = Request {
        source,
        target,
        weights_column: None,
        data_dir,
        seed: common.seed.unwrap_or(seed),
    };
    match precision {
        Precision::F64 => evaluate::<f64>(args, common, (&name, &bytes), &request),
        Precision::F32 => evaluate::<f32>(args, common, (&name, &bytes), &request),
    }
}

fn evaluate<T: Scalar>(
    args: &EvaluateArgs,
    common: &Common,
    (name, bytes): (&str, &[u8]),
    request: &Request,
) -> Result<ExitCode> {
    let (network, info) = model_from_bytes::<T>(name, bytes)?;
    let data = data::load::<T>(request)?;
    let loss: Box<dyn Loss<T>> = match info.output {
        OutputKind::Logits => Box::new(SoftmaxCrossEntropy),
        OutputKind::Probabilities => Box::new(CrossEntropy),
        _ => Box::new(MeanSquaredError),
    };
    let trainer = Trainer::new(network, loss, Sgd, Settings::default())?;
    let evaluation = trainer
        .with_pool(common.pool())
        .evaluate(&data.test)
        .with_context(|| format!("{name} on {}", request.source))?;
    if !common.quiet {
        let accuracy = evaluation.accuracy.map_or(String::new(), |accuracy| {
            format!(", accuracy {}", percent(accuracy))
        });
        let rows = thousands(evaluation.rows);
        say!(
            "{}: test loss {:.4}{accuracy} ({rows} rows)",
            request.source,
            evaluation.loss
        );
    }
    if let Some(path) = &args.report {
        let report = Report {
            model: name.to_string(),
            dataset: request.source.to_string(),
            test_samples: evaluation.rows,
            precision: T::NAME,
            test: Test {
                loss: evaluation.loss,
                accuracy: evaluation.accuracy,
            },
        };
        write_json(path, &report)?;
    }
    Ok(ExitCode::SUCCESS)
}
