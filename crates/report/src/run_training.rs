//! What a run's page says about its training, from epoch to epoch.

use crate::run::add;
use crate::text::{fixed, percent, seconds, short};
use crate::{Axis, Column, Curves, Figure, LineChart, Mark, Page, Scale, Series, Table};

pub(crate) fn section(page: &mut Page, plots: &mut Vec<(String, String)>, curves: &Curves) {
    page.section("Training");
    let mut figures = vec![("loss.svg", loss(curves))];
    if curves
        .validation_accuracy
        .iter()
        .any(|accuracy| accuracy.is_finite())
    {
        figures.push(("accuracy.svg", accuracy(curves)));
    }
    if !curves.learning_rate.is_empty() {
        figures.push(("learning-rate.svg", learning_rate(curves)));
    }
    add(page, plots, figures);
    page.folded_table("Every epoch in figures", &epochs(curves));
}

fn loss(curves: &Curves) -> Figure {
    let all = || {
        curves
            .train_loss
            .iter()
            .chain(&curves.validation_loss)
            .copied()
    };
    let finite = || all().filter(|loss| loss.is_finite());
    let (low, high) = (
        finite().fold(f64::NAN, f64::min),
        finite().fold(f64::NAN, f64::max),
    );
    let unit = if curves.loss_unit.is_empty() {
        String::new()
    } else {
        format!(" ({})", curves.loss_unit)
    };
    let (scale, label) = if low > 0.0 && high > 12.0 * low {
        (Scale::Log, format!("loss{unit}, logarithmic"))
    } else {
        (Scale::Linear, format!("loss{unit}"))
    };
    let mut series = vec![Series::by_epoch("training", &curves.train_loss)];
    // Without validation there is no second line, rather than a row of crosses.
    let validated = curves.validation_loss.iter().any(|loss| !loss.is_nan());
    if validated {
        series.push(Series::by_epoch("validation", &curves.validation_loss));
    }
    let losses = if validated {
        &curves.validation_loss
    } else {
        &curves.train_loss
    };
    let best = curves.best_epoch.and_then(|epoch| {
        let at = usize::try_from(epoch).ok()?.checked_sub(1)?;
        Some((epoch, *losses.get(at)?))
    });
    let chart = LineChart {
        title: "Loss".to_string(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new(label, scale),
        mark: best.map(|(epoch, loss)| Mark {
            series: series.len() - 1,
            x: epoch as f64,
            label: format!("best: epoch {epoch}, {}", short(loss)),
        }),
        series,
    };
    chart.figure()
}

fn accuracy(curves: &Curves) -> Figure {
    let at = curves
        .best_epoch
        .and_then(|epoch| usize::try_from(epoch).ok()?.checked_sub(1));
    let best = at.and_then(|at| curves.validation_accuracy.get(at));
    let chart = LineChart {
        title: "Validation accuracy".to_string(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new("rows whose class is right", Scale::Percent),
        series: vec![Series::by_epoch("validation", &curves.validation_accuracy)],
        mark: best.zip(curves.best_epoch).map(|(accuracy, epoch)| Mark {
            series: 0,
            x: epoch as f64,
            label: format!("epoch {epoch}, {}", percent(*accuracy, 2)),
        }),
    };
    chart.figure()
}

fn learning_rate(curves: &Curves) -> Figure {
    let chart = LineChart {
        title: "Learning rate".to_string(),
        x: Axis::new("epochs done", Scale::Linear),
        y: Axis::new("learning rate", Scale::Linear),
        series: vec![Series::new("learning rate", curves.learning_rate.clone())],
        mark: None,
    };
    chart.figure()
}

/// A column of the table: its name, its values, and how they are written.
type List<'a> = (&'a str, &'a [f64], fn(f64) -> String);

fn epochs(curves: &Curves) -> Table {
    let lists: [List<'_>; 4] = [
        ("training loss", &curves.train_loss, |loss| fixed(loss, 4)),
        ("validation loss", &curves.validation_loss, |loss| {
            fixed(loss, 4)
        }),
        (
            "validation accuracy",
            &curves.validation_accuracy,
            |share| percent(share, 2),
        ),
        ("time", &curves.seconds, seconds),
    ];
    let lists: Vec<_> = lists
        .into_iter()
        .filter(|list| list.1.iter().any(|value| !value.is_nan()))
        .collect();
    let rows = lists.iter().map(|list| list.1.len()).max().unwrap_or(0);
    let row = |epoch: usize| {
        let values = lists.iter().map(|list| {
            list.1
                .get(epoch)
                .map_or(String::new(), |&value| list.2(value))
        });
        [(epoch + 1).to_string()]
            .into_iter()
            .chain(values)
            .collect()
    };
    let best = curves
        .best_epoch
        .and_then(|best| usize::try_from(best).ok()?.checked_sub(1));
    Table {
        caption: "Every epoch; the best one is set off".to_string(),
        columns: [Column::number("epoch")]
            .into_iter()
            .chain(lists.iter().map(|list| Column::number(list.0)))
            .collect(),
        rows: (0..rows).map(row).collect(),
        marked: best,
    }
}
