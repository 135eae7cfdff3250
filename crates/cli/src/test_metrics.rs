//! How well a network does on a test set, for `train` and `evaluate` alike.

use anyhow::Result;
use backprop_report::collect_predictions;
use backprop_report::metrics::{
    ClassMetrics, MajorityClass, Predictions, RegressionMetrics, balanced_accuracy, class_metrics,
    macro_f1,
};
use backprop_trainer::data::Dataset;
use backprop_trainer::ndarray::Array2;
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Evaluation, Trainer};
use serde::Serialize;

use crate::output::{percent, significant};

/// The figures on a test set, as reports hold them.
#[derive(Serialize)]
pub(crate) struct TestMetrics {
    /// The loss of the training; of a table's targets, after they are standardised, of counts over their mean.
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    balance: Option<Balance>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    regression: Option<Regression>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<Class>,
}

/// The figures that tell whether an accuracy says anything.
#[derive(Serialize)]
struct Balance {
    /// The most frequent class of the test set.
    majority_class: String,
    /// The accuracy of always predicting the class.
    majority_share: f64,
    balanced_accuracy: f64,
    macro_f1: f64,
    #[serde(skip)]
    is_uneven: bool,
}

/// Errors in the units of the data: means over the outputs, and each output.
#[derive(Serialize)]
struct Regression {
    #[serde(flatten)]
    average: RegressionMetrics,
    /// The errors of always predicting the mean of the training rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<RegressionMetrics>,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Output {
    name: String,
    #[serde(flatten)]
    metrics: RegressionMetrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<RegressionMetrics>,
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
        // Targets are standardised, or counts over their mean: the mean of the training rows is predicted by
        // outputs of 0.
        let mut means = Array2::zeros((1, encoding.target.columns().len()));
        trainer.loss().activate(means.view_mut());
        values.training_means = means.iter().map(|mean| mean.as_f64()).collect();
        encoding.inverse_transform(&mut values.training_means);
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
            balance: None,
            regression: None,
            classes: Vec::new(),
        };
        match predictions {
            Predictions::Values(values) => {
                let outputs = values.metrics();
                let baselines = values.baselines();
                let average = RegressionMetrics::average;
                let names = values.names.iter().cloned();
                let output = |(k, (name, metrics))| Output {
                    name,
                    metrics,
                    baseline: baselines.get(k).copied(),
                };
                test.regression = Some(Regression {
                    average: average(&outputs),
                    baseline: (!baselines.is_empty()).then(|| average(&baselines)),
                    outputs: names.zip(outputs).enumerate().map(output).collect(),
                });
            }
            Predictions::Classes(classes) => {
                let confusion = classes.confusion_matrix();
                test.balance = Balance::new(&classes.names, &confusion);
                let names = classes.names.iter().cloned();
                let class = |(name, metrics)| Class { name, metrics };
                test.classes = names.zip(class_metrics(&confusion)).map(class).collect();
            }
        }
        test
    }

    /// The part of the printed line after the loss.
    pub(crate) fn summary(&self) -> String {
        let mut accuracy = self.accuracy.map_or(String::new(), |accuracy| {
            format!(", accuracy {}", percent(accuracy))
        });
        if let Some(balance) = &self.balance {
            let (class, share) = (&balance.majority_class, percent(balance.majority_share));
            accuracy += &format!(" (always \"{class}\": {share})");
            if balance.is_uneven {
                let (recall, f1) = (balance.balanced_accuracy, balance.macro_f1);
                let (recall, f1) = (percent(recall), percent(f1));
                accuracy += &format!(", balanced accuracy {recall}, macro F1 {f1}");
            }
        }
        let regression = self.regression.as_ref().map_or(String::new(), |found| {
            format!(", {}", line(&found.average, found.baseline.as_ref()))
        });
        accuracy + &regression
    }

    /// The way on where the accuracy is no better than that of always predicting one class.
    pub(crate) fn hint(&self) -> Option<String> {
        let balance = self.balance.as_ref()?;
        let is_better = self.accuracy? > balance.majority_share;
        let way = if balance.is_uneven {
            "train with --class-weights balanced, which makes rare classes weigh more"
        } else {
            "train for more --epochs, or give it inputs that tell the classes apart"
        };
        (!is_better && balance.majority_share < 1.0).then(|| {
            let class = &balance.majority_class;
            format!("the accuracy is no better than that of always saying \"{class}\"; {way}")
        })
    }

    /// A line for each output, where there are several.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let outputs = self.regression.as_ref().map_or(&[][..], |r| &r.outputs);
        if outputs.len() < 2 {
            return Vec::new();
        }
        let of = |output: &Output| {
            let line = line(&output.metrics, output.baseline.as_ref());
            format!("{}: {line}", output.name)
        };
        outputs.iter().map(of).collect()
    }
}

impl Balance {
    /// `None` for no rows.
    fn new(names: &[String], confusion: &[Vec<u64>]) -> Option<Self> {
        let majority = MajorityClass::new(confusion)?;
        Some(Balance {
            majority_class: names.get(majority.class)?.clone(),
            majority_share: majority.share,
            balanced_accuracy: balanced_accuracy(confusion),
            macro_f1: macro_f1(confusion),
            is_uneven: majority.is_uneven(),
        })
    }
}

fn line(metrics: &RegressionMetrics, baseline: Option<&RegressionMetrics>) -> String {
    let line = format!(
        "R² {:.4}, mean absolute error {}, mean squared error {}",
        metrics.r2,
        significant(metrics.mean_absolute_error),
        significant(metrics.mean_squared_error)
    );
    let Some(baseline) = baseline else {
        return line;
    };
    let absolute = significant(baseline.mean_absolute_error);
    let squared = significant(baseline.mean_squared_error);
    format!("{line} (always the training mean: {absolute} and {squared})")
}
