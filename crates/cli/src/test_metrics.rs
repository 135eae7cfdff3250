//! How well a network does on a test set, for `train` and `evaluate` alike.

use anyhow::Result;
use backprop_report::Outcome;
use backprop_report::metrics::{ValueErrors, class_scores, confusion, largest, output_errors};
use backprop_trainer::data::Dataset;
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Evaluation, Trainer};
use serde::Serialize;

use crate::output::{percent, significant};

/// The figures on a test set, as reports hold them.
#[derive(Serialize)]
pub(crate) struct TestMetrics {
    /// What was minimised in training; of a table's targets, after they are standardised.
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    errors: Option<Errors>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<Class>,
}

/// How far predicted values are from the true ones, in the units of the data; means over the
/// outputs, and each output.
#[derive(Serialize)]
struct Errors {
    mean_squared_error: f64,
    mean_absolute_error: f64,
    r2: f64,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Output {
    name: String,
    mean_squared_error: f64,
    mean_absolute_error: f64,
    r2: f64,
}

/// How well one class is found.
#[derive(Serialize)]
struct Class {
    name: String,
    rows: u64,
    precision: f64,
    recall: f64,
    f1: f64,
}

/// The evaluation of a network on a test set, and its predictions in the units of the data.
pub(crate) fn outcome<T: Scalar>(
    trainer: &Trainer<T>,
    test: &Dataset<T>,
    images: bool,
) -> Result<(Evaluation, Outcome)> {
    let (evaluation, mut outcome) = Outcome::of(trainer, test, images)?;
    if let (
        Some(encoding),
        Outcome::Values {
            names,
            targets,
            predictions,
        },
    ) = (test.encoding(), &mut outcome)
    {
        encoding.to_units(targets);
        encoding.to_units(predictions);
        *names = encoding
            .target
            .columns()
            .into_iter()
            .map(str::to_owned)
            .collect();
    }
    Ok((evaluation, outcome))
}

impl TestMetrics {
    pub(crate) fn new(evaluation: Evaluation, outcome: &Outcome) -> Self {
        let mut test = TestMetrics {
            loss: evaluation.loss,
            accuracy: evaluation.accuracy,
            errors: None,
            classes: Vec::new(),
        };
        match outcome {
            Outcome::Values {
                names,
                targets,
                predictions,
            } => {
                let outputs = output_errors(targets, predictions, names.len());
                test.errors = Some(Errors::new(names, &outputs));
            }
            Outcome::Classes {
                names,
                labels,
                probabilities,
                ..
            } => {
                let guesses: Vec<usize> = probabilities
                    .chunks_exact(names.len().max(1))
                    .map(largest)
                    .collect();
                let scores = class_scores(&confusion(labels, &guesses, names.len()));
                let class = |(name, score): (&String, _)| Class::new(name, score);
                test.classes = names.iter().zip(scores).map(class).collect();
            }
        }
        test
    }

    /// What comes behind the loss in the line that is printed.
    pub(crate) fn summary(&self) -> String {
        let accuracy = self.accuracy.map_or(String::new(), |accuracy| {
            format!(", accuracy {}", percent(accuracy))
        });
        let errors = self.errors.as_ref().map_or(String::new(), |errors| {
            let Errors {
                mean_squared_error,
                mean_absolute_error,
                r2,
                ..
            } = errors;
            format!(", {}", line(*r2, *mean_absolute_error, *mean_squared_error))
        });
        accuracy + &errors
    }

    /// A line for each output, where there are several.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let outputs = self
            .errors
            .as_ref()
            .map_or(&[][..], |errors| &errors.outputs);
        if outputs.len() < 2 {
            return Vec::new();
        }
        let of = |output: &Output| {
            let errors = (output.mean_absolute_error, output.mean_squared_error);
            format!("{}: {}", output.name, line(output.r2, errors.0, errors.1))
        };
        outputs.iter().map(of).collect()
    }
}

fn line(r2: f64, mean_absolute: f64, mean_squared: f64) -> String {
    format!(
        "R² {r2:.4}, mean absolute error {}, mean squared error {}",
        significant(mean_absolute),
        significant(mean_squared)
    )
}

impl Errors {
    fn new(names: &[String], outputs: &[ValueErrors]) -> Self {
        let mean = |of: fn(&ValueErrors) -> f64| {
            outputs.iter().map(of).sum::<f64>() / outputs.len() as f64
        };
        let output = |(name, errors): (&String, &ValueErrors)| Output {
            name: name.clone(),
            mean_squared_error: errors.mean_squared,
            mean_absolute_error: errors.mean_absolute,
            r2: errors.r2,
        };
        Errors {
            mean_squared_error: mean(|errors| errors.mean_squared),
            mean_absolute_error: mean(|errors| errors.mean_absolute),
            r2: mean(|errors| errors.r2),
            outputs: names.iter().zip(outputs).map(output).collect(),
        }
    }
}

impl Class {
    fn new(name: &str, score: backprop_report::metrics::ClassScore) -> Self {
        Class {
            name: name.to_owned(),
            rows: score.rows,
            precision: score.precision,
            recall: score.recall,
            f1: score.f1,
        }
    }
}
