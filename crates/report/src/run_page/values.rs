//! The predicted values of a test set.

use backprop_metrics::{RegressionMetrics, ValuePredictions};
use backprop_plot::text::{significant, truncate};
use backprop_plot::{Axis, Figure, Scale, Scatter, Series};

use crate::document::DocumentBuilder;
use crate::table::{Column, Table};

/// The most outputs that are drawn.
const MAX_DRAWN_OUTPUTS: usize = 4;

pub(super) fn headline(predictions: &ValuePredictions) -> Vec<(String, String, String)> {
    if predictions.names.is_empty() {
        return Vec::new();
    }
    let mean = RegressionMetrics::average(&metrics(predictions));
    let item = |name: &str, value: f64, remark: &str| {
        let value = significant((1e4 * value).round() / 1e4);
        (name.to_string(), value, remark.to_string())
    };
    vec![
        item("R²", mean.r2, "1 is perfect, 0 the mean"),
        item("mean absolute error", mean.mean_absolute_error, ""),
    ]
}

pub(super) fn add(document: &mut DocumentBuilder, predictions: &ValuePredictions) {
    if predictions.names.is_empty() {
        return;
    }
    document.page.section("Predictions");
    document
        .page
        .text("Each point is a row of the test set. On the line, the prediction is right.");
    let drawn = predictions.names.len().min(MAX_DRAWN_OUTPUTS);
    let figures = (0..drawn).map(|output| {
        let name = match output {
            0 => "predictions.svg".to_string(),
            _ => format!("predictions-{}.svg", output + 1),
        };
        (name, scatter(predictions, output))
    });
    document.figures(figures.collect());
    document.page.table(&table(predictions));
}

/// The metrics of each output, of the rows that have both a target and a prediction.
fn metrics(predictions: &ValuePredictions) -> Vec<RegressionMetrics> {
    let outputs = 0..predictions.names.len();
    let metrics = outputs.map(|output| {
        let pairs = predictions.pairs(output).into_iter();
        let (targets, values): (Vec<f64>, Vec<f64>) = pairs.unzip();
        RegressionMetrics::new(&targets, &values)
    });
    metrics.collect()
}

fn scatter(predictions: &ValuePredictions, output: usize) -> Figure {
    let name = &predictions.names[output];
    let scatter = Scatter {
        title: format!("Predicted over true: {}", truncate(name, 32)),
        x: Axis::new("true value", Scale::Linear),
        y: Axis::new("predicted value", Scale::Linear),
        series: vec![Series::new(name, predictions.pairs(output))],
        mark: None,
        diagonal: true,
        invalid: String::new(),
    };
    scatter.figure()
}

/// The errors of each output, beside those of the baseline that always predicts the mean.
fn table(predictions: &ValuePredictions) -> Table {
    let row = |name: String, errors: &RegressionMetrics| {
        let mut row = vec![name];
        let root = errors.root_mean_squared_error();
        let (squared, absolute) = (errors.mean_squared_error, errors.mean_absolute_error);
        row.extend([squared, root, absolute, errors.r2].map(significant));
        row
    };
    let outputs = predictions.names.iter().zip(metrics(predictions));
    let rows = outputs.enumerate().flat_map(|(output, (name, errors))| {
        let pairs = predictions.pairs(output);
        let targets: Vec<f64> = pairs.iter().map(|(target, _)| *target).collect();
        let (baseline, whose) = match predictions.training_means.get(output) {
            Some(&mean) => (
                RegressionMetrics::constant_baseline(&targets, mean),
                "training",
            ),
            None => (RegressionMetrics::mean_baseline(&targets), "test"),
        };
        let of_mean = format!("{}, always the {whose} mean", truncate(name, 32));
        [row(name.clone(), &errors), row(of_mean, &baseline)]
    });
    let mut columns = vec![Column::text("output")];
    let numbers = [
        "mean squared error",
        "its root",
        "mean absolute error",
        "R²",
    ];
    columns.extend(numbers.map(Column::number));
    Table {
        caption: "Errors on the test set, beside those of always predicting the mean".to_string(),
        columns,
        rows: rows.collect(),
        marked: None,
    }
}
