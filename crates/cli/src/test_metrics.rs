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
    /// The loss of the training; of a table's targets, after they are standardised.
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    regression: Option<Regression>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<Class>,
}

/// Errors in the units of the data: means over the outputs, and each output.
#[derive(Serialize)]
struct Regression {
    #[serde(flatten)]
    average: RegressionMetrics,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Output {
    name: String,
    #[serde(flatten)]
    metrics: RegressionMetrics,
}

#[derive(Serialize)]
struct Class {
    name: String,
    #[serde(flatten)]
    metrics: ClassMetrics,
}

/// The evaluation of a network on a test set, and its predictions in the units of the data.
pub(crate) fn predictions<T: Scalar>(
    trainer: &Trainer<T>,
    test: &Dataset<T>,
    images: bool,
) -> Result<(Evaluation, Predictions)> {
    let (evaluation, mut predictions) = collect_predictions(trainer, test, images)?;
    if let (Some(encoding), Predictions::Values(values)) = (test.encoding(), &mut predictions) {
        encoding.inverse_transform(&mut values.targets);
        encoding.inverse_transform(&mut values.predictions);
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
            regression: None,
            classes: Vec::new(),
        };
        match predictions {
            Predictions::Values(values) => {
                let outputs = values.metrics();
                let average = RegressionMetrics::average(&outputs);
                let names = values.names.iter().cloned();
                let output = |(name, metrics)| Output { name, metrics };
                test.regression = Some(Regression {
                    average,
                    outputs: names.zip(outputs).map(output).collect(),
                });
            }
            Predictions::Classes(classes) => {
                let names = classes.names.iter().cloned();
                let class = |(name, metrics)| Class { name, metrics };
                test.classes = names.zip(classes.class_metrics()).map(class).collect();
            }
        }
        test
    }

    /// The part of the printed line after the loss.
    pub(crate) fn summary(&self) -> String {
        let accuracy = self.accuracy.map_or(String::new(), |accuracy| {
            format!(", accuracy {}", percent(accuracy))
        });
        let regression = self
            .regression
            .as_ref()
            .map_or(String::new(), |found| format!(", {}", line(&found.average)));
        accuracy + &regression
    }

    /// A line for each output, where there are several.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let outputs = self.regression.as_ref().map_or(&[][..], |r| &r.outputs);
        if outputs.len() < 2 {
            return Vec::new();
        }
        let of = |output: &Output| format!("{}: {}", output.name, line(&output.metrics));
        outputs.iter().map(of).collect()
    }
}

fn line(metrics: &RegressionMetrics) -> String {
    format!(
        "R² {:.4}, mean absolute error {}, mean squared error {}",
        metrics.r2,
        significant(metrics.mean_absolute_error),
        significant(metrics.mean_squared_error)
    )
}
