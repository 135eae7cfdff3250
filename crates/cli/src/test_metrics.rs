//! How well a network does on a test set, for `train` and `evaluate` alike.

use anyhow::Result;
use backprop_report::collect_predictions;
use backprop_report::metrics::{ClassMetrics, Predictions, RegressionMetrics};
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
pub(crate) fn predictions<T: Scalar>(
    trainer: &Trainer<T>,
    test: &Dataset<T>,
    images: bool,
) -> Result<(Evaluation, Predictions)> {
    let (evaluation, mut predictions) = collect_predictions(trainer, test, images)?;
    if let (Some(encoding), Predictions::Values(values)) = (test.encoding(), &mut predictions) {
        encoding.to_units(&mut values.targets);
        encoding.to_units(&mut values.predictions);
        let columns = encoding.target.columns().into_iter();
        values.names = columns.map(str::to_owned).collect();
    }
    Ok((evaluation, predictions))
}

impl TestMetrics {
    pub(crate) fn new(evaluation: Evaluation, predictions: &Predictions) -> Self {
        let mut test = TestMetrics {
            loss: evaluation.loss,
            accuracy: evaluation.accuracy,
            errors: None,
            classes: Vec::new(),
        };
        match predictions {
            Predictions::Values(values) => {
                test.errors = Some(Errors::new(&values.names, &values.metrics()));
            }
            Predictions::Classes(classes) => {
                let metrics = classes.class_metrics();
                let class = |(name, metrics): (&String, _)| Class::new(name, metrics);
                test.classes = classes.names.iter().zip(metrics).map(class).collect();
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
    fn new(names: &[String], outputs: &[RegressionMetrics]) -> Self {
        let mean = RegressionMetrics::average(outputs);
        let output = |(name, errors): (&String, &RegressionMetrics)| Output {
            name: name.clone(),
            mean_squared_error: errors.mean_squared_error,
            mean_absolute_error: errors.mean_absolute_error,
            r2: errors.r2,
        };
        Errors {
            mean_squared_error: mean.mean_squared_error,
            mean_absolute_error: mean.mean_absolute_error,
            r2: mean.r2,
            outputs: names.iter().zip(outputs).map(output).collect(),
        }
    }
}

impl Class {
    fn new(name: &str, score: ClassMetrics) -> Self {
        Class {
            name: name.to_owned(),
            rows: score.rows,
            precision: score.precision,
            recall: score.recall,
            f1: score.f1,
        }
    }
}
