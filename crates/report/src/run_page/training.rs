//! The course of training, from epoch to epoch.

use backprop_plot::text::{decimals, percent, seconds, significant};
use backprop_plot::{Axis, Figure, LineChart, Mark, Scale, Series};

use crate::document::DocumentBuilder;
use crate::range::spans;
use crate::run::HistoryColumns;
use crate::table::{Column, Table};

/// The ratio of the largest to the least loss from which the axis is logarithmic.
const LOG_RATIO: f64 = 12.0;

pub(super) fn add(document: &mut DocumentBuilder, history: &HistoryColumns) {
    document.page.section("Training");
    let mut figures = vec![("loss.svg".to_string(), loss(history))];
    let accuracies = &history.validation_accuracy;
    if accuracies.iter().any(|accuracy| accuracy.is_finite()) {
        figures.push(("accuracy.svg".to_string(), accuracy(history)));
    }
    if !history.learning_rate.is_empty() {
        figures.push(("learning-rate.svg".to_string(), learning_rate(history)));
    }
    document.figures(figures);
    let table = epochs(history);
    document.page.folded_table("Every epoch in figures", &table);
}

fn loss(history: &HistoryColumns) -> Figure {
    let mut series = vec![Series::by_epoch("training", &history.train_loss)];
    // Without validation there is no second line, rather than a row of crosses.
    let validated = history.validation_loss.iter().any(|loss| !loss.is_nan());
    if validated {
        series.push(Series::by_epoch("validation", &history.validation_loss));
    }
    let losses = if validated {
        &history.validation_loss
    } else {
        &history.train_loss
    };
    let best = history.best_index().and_then(|index| losses.get(index));
    let unit = match &*history.loss_unit {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    let all = history.train_loss.iter().chain(&history.validation_loss);
    let (scale, label) = if spans(all.copied(), LOG_RATIO) {
        (Scale::Log, format!("loss{unit}, logarithmic"))
    } else {
        (Scale::Linear, format!("loss{unit}"))
    };
    let chart = LineChart {
        title: "Loss".to_string(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new(label, scale),
        mark: best.zip(history.best_epoch).map(|(&loss, epoch)| Mark {
            series: series.len() - 1,
            x: epoch as f64,
            label: format!("best: epoch {epoch}, {}", significant(loss)),
        }),
        series,
    };
    chart.figure()
}

fn accuracy(history: &HistoryColumns) -> Figure {
    let accuracies = &history.validation_accuracy;
    let best = history.best_index().and_then(|index| accuracies.get(index));
    let chart = LineChart {
        title: "Validation accuracy".to_string(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new("rows whose class is right", Scale::Percent),
        series: vec![Series::by_epoch("validation", accuracies)],
        mark: best.zip(history.best_epoch).map(|(accuracy, epoch)| Mark {
            series: 0,
            x: epoch as f64,
            label: format!("epoch {epoch}, {}", percent(*accuracy, 2)),
        }),
    };
    chart.figure()
}

fn learning_rate(history: &HistoryColumns) -> Figure {
    let chart = LineChart {
        title: "Learning rate".to_string(),
        x: Axis::new("epochs done", Scale::Linear),
        y: Axis::new("learning rate", Scale::Linear),
        series: vec![Series::new("learning rate", history.learning_rate.clone())],
        mark: None,
    };
    chart.figure()
}

/// A column of the table: its name, its values, and their format.
type ValueColumn<'a> = (&'a str, &'a [f64], fn(f64) -> String);

fn epochs(history: &HistoryColumns) -> Table {
    let all: [ValueColumn<'_>; 4] = [
        ("training loss", &history.train_loss, |loss| {
            decimals(loss, 4)
        }),
        ("validation loss", &history.validation_loss, |loss| {
            decimals(loss, 4)
        }),
        (
            "validation accuracy",
            &history.validation_accuracy,
            |accuracy| percent(accuracy, 2),
        ),
        ("time", &history.seconds, seconds),
    ];
    let known = |column: &ValueColumn<'_>| column.1.iter().any(|value| !value.is_nan());
    let known: Vec<ValueColumn<'_>> = all.into_iter().filter(known).collect();
    let rows = known.iter().map(|column| column.1.len()).max().unwrap_or(0);
    let row = |epoch: usize| {
        let mut row = vec![(epoch + 1).to_string()];
        row.extend(known.iter().map(|(_, values, format)| {
            values
                .get(epoch)
                .map_or(String::new(), |&value| format(value))
        }));
        row
    };
    let mut columns = vec![Column::number("epoch")];
    columns.extend(known.iter().map(|column| Column::number(column.0)));
    Table {
        caption: "Every epoch; the best one is set off".to_string(),
        columns,
        rows: (0..rows).map(row).collect(),
        marked: history.best_index(),
    }
}
