//! What a run's page says about predicted values.

use crate::metrics::{ValueErrors, output_errors};
use crate::run::{Outcome, Run, add};
use crate::text::{cut, short};
use crate::{Axis, Column, Page, Scale, Scatter, Series, Table};

/// With more outputs than this, only the first are drawn.
const DRAWN: usize = 4;

/// True and predicted values of one output.
struct Output<'a> {
    name: &'a str,
    pairs: Vec<(f64, f64)>,
    errors: ValueErrors,
}

fn outputs(run: &Run) -> Vec<Output<'_>> {
    let Outcome::Values {
        names,
        targets,
        predictions,
    } = &run.outcome
    else {
        return Vec::new();
    };
    let width = names.len();
    let errors = output_errors(targets, predictions, width);
    let column =
        |values: &[f64], k| -> Vec<f64> { values.iter().skip(k).step_by(width).copied().collect() };
    let outputs = names.iter().zip(errors).enumerate();
    outputs
        .map(|(k, (name, errors))| Output {
            name,
            pairs: column(targets, k)
                .into_iter()
                .zip(column(predictions, k))
                .collect(),
            errors,
        })
        .collect()
}

fn mean(outputs: &[Output<'_>], of: impl Fn(&ValueErrors) -> f64) -> f64 {
    outputs.iter().map(|output| of(&output.errors)).sum::<f64>() / outputs.len() as f64
}

pub(crate) fn headline(run: &Run) -> Vec<(String, String, String)> {
    let outputs = outputs(run);
    if outputs.is_empty() {
        return Vec::new();
    }
    let item = |name: &str, value: f64, remark: &str| {
        (
            name.to_string(),
            short((1e4 * value).round() / 1e4),
            remark.to_string(),
        )
    };
    vec![
        item(
            "R²",
            mean(&outputs, |errors| errors.r2),
            "1 is perfect, 0 the mean",
        ),
        item(
            "mean absolute error",
            mean(&outputs, |errors| errors.mean_absolute),
            "",
        ),
    ]
}

pub(crate) fn sections(page: &mut Page, plots: &mut Vec<(String, String)>, run: &Run) {
    let outputs = outputs(run);
    if outputs.is_empty() {
        return;
    }
    page.section("Predictions");
    page.text("Each point is a row of the test set. On the line, the prediction is right.");
    let figures = outputs.iter().take(DRAWN).map(|output| {
        let scatter = Scatter {
            title: format!("Predicted over true: {}", cut(output.name, 32)),
            x: Axis::new("true value", Scale::Linear),
            y: Axis::new("predicted value", Scale::Linear),
            series: vec![Series::new(output.name, output.pairs.clone())],
            mark: None,
            diagonal: true,
            odd: String::new(),
        };
        scatter.figure()
    });
    let names = (1..).map(|k| {
        if k == 1 {
            "predictions.svg".to_string()
        } else {
            format!("predictions-{k}.svg")
        }
    });
    let named: Vec<_> = names.zip(figures).collect();
    add(
        page,
        plots,
        named
            .iter()
            .map(|(name, figure)| (&**name, figure.clone()))
            .collect(),
    );
    let rows = outputs.iter().map(|output| {
        let ValueErrors {
            mean_squared,
            mean_absolute,
            r2,
        } = output.errors;
        let numbers = [mean_squared, mean_squared.sqrt(), mean_absolute, r2].map(short);
        [output.name.to_string()]
            .into_iter()
            .chain(numbers)
            .collect()
    });
    let numbers = [
        "mean squared error",
        "its root",
        "mean absolute error",
        "R²",
    ];
    page.table(&Table {
        caption: "Errors on the test set".to_string(),
        columns: [Column::text("output")]
            .into_iter()
            .chain(numbers.map(Column::number))
            .collect(),
        rows: rows.collect(),
        marked: None,
    });
}
