//! The page of a hyperparameter search.

use crate::text::{cut, percent, seconds, short};
use crate::{Axis, Column, Document, Figure, Page, Scale, Scatter, Series, Table};

/// A hyperparameter search, for [`search_page`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// The heading of the page.
    pub title: String,
    /// A sentence below it: data, network, how many trials.
    pub lead: String,
    /// Names and values of the settings that all trials share.
    pub settings: Vec<(String, String)>,
    /// What is searched, in the order of [`Trial::values`].
    pub searched: Vec<Searched>,
    /// The trials, in any order.
    pub trials: Vec<Trial>,
    /// The command that trains with the best settings, to be pasted.
    pub command: Option<String>,
}

/// A setting that a search varies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Searched {
    /// Its name, such as `learning rate`.
    pub name: String,
    /// Whether its numbers belong on a logarithmic axis.
    pub log: bool,
}

/// One trial of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// Its number, from 1.
    pub number: usize,
    /// The value of each searched setting.
    pub values: Vec<Value>,
    /// The validation loss; NaN where there is none.
    pub validation_loss: f64,
    /// The share of validation rows that is right; NaN where there is none.
    pub validation_accuracy: f64,
    /// Whether training diverged.
    pub diverged: bool,
    /// A remark, such as `stopped after epoch 2`; empty for none.
    pub note: String,
    /// How long it took; NaN if unknown.
    pub seconds: f64,
}

/// The value of a searched setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Anything else, such as `128,64` or `adam`.
    Text(String),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Number(number) => short(*number),
            Value::Text(text) => text.clone(),
        }
    }
}

/// The page of a search: its best trial, a plot of the validation loss over each searched setting,
/// and all trials, best first.
pub fn search_page(search: &Search) -> Document {
    let mut trials: Vec<&Trial> = search.trials.iter().collect();
    trials.sort_by(|a, b| {
        let key = |trial: &Trial| {
            if is_counted(trial) {
                trial.validation_loss
            } else {
                f64::INFINITY
            }
        };
        let by_loss = key(a).total_cmp(&key(b));
        by_loss
            .then(a.diverged.cmp(&b.diverged))
            .then(a.number.cmp(&b.number))
    });
    let best = trials.first().copied().filter(|trial| is_counted(trial));
    let mut page = Page::new(&search.title);
    page.lead(&search.lead);
    page.headline(&headline(search, best));
    page.section("Best settings");
    match best {
        Some(best) => page.text(&format!(
            "Trial {}: {}.",
            best.number,
            settings(search, best)
        )),
        None => page.text("No trial has come to a finite validation loss yet."),
    }
    if let Some(command) = &search.command {
        page.code(command);
    }
    let figures: Vec<Figure> = (0..search.searched.len())
        .map(|k| figure(search, k, best))
        .collect();
    page.section("Validation loss over each setting");
    page.figures(&figures);
    page.section("All trials");
    page.table(&table(search, &trials));
    if !search.settings.is_empty() {
        page.section("What all trials share");
        page.facts("Settings", &search.settings);
    }
    let names = search
        .searched
        .iter()
        .map(|searched| file_name(&searched.name));
    Document {
        html: page.to_html(),
        plots: names.zip(figures.iter().map(Figure::to_svg)).collect(),
    }
}

fn is_counted(trial: &Trial) -> bool {
    !trial.diverged && trial.validation_loss.is_finite()
}

/// A file name of letters, digits and hyphens.
fn file_name(name: &str) -> String {
    let plain = name.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    format!("{}.svg", plain.collect::<String>())
}

fn headline(search: &Search, best: Option<&Trial>) -> Vec<(String, String, String)> {
    let diverged = search.trials.iter().filter(|trial| trial.diverged).count();
    let item = |name: &str, value: String, remark: String| (name.to_string(), value, remark);
    let mut items = Vec::new();
    if let Some(best) = best {
        let of = format!("trial {}", best.number);
        items.push(item(
            "best validation loss",
            short(best.validation_loss),
            of,
        ));
        if best.validation_accuracy.is_finite() {
            let accuracy = percent(best.validation_accuracy, 2);
            items.push(item("its validation accuracy", accuracy, String::new()));
        }
    }
    let remark = if diverged > 0 {
        format!("{diverged} diverged")
    } else {
        String::new()
    };
    items.push(item("trials", search.trials.len().to_string(), remark));
    let time: f64 = search
        .trials
        .iter()
        .map(|trial| trial.seconds)
        .filter(|s| s.is_finite())
        .sum();
    if time > 0.0 {
        items.push(item("time of all trials", seconds(time), String::new()));
    }
    items
}

fn settings(search: &Search, trial: &Trial) -> String {
    let pairs = search.searched.iter().zip(&trial.values);
    let pairs = pairs.map(|(searched, value)| format!("{} {}", searched.name, value.text()));
    pairs.collect::<Vec<_>>().join(", ")
}

fn figure(search: &Search, k: usize, best: Option<&Trial>) -> Figure {
    let searched = &search.searched[k];
    let value = |trial: &Trial| {
        trial
            .values
            .get(k)
            .cloned()
            .unwrap_or(Value::Number(f64::NAN))
    };
    let is_text = search
        .trials
        .iter()
        .any(|trial| matches!(value(trial), Value::Text(_)));
    let mut names: Vec<String> = Vec::new();
    if is_text {
        names = search
            .trials
            .iter()
            .map(|trial| value(trial).text())
            .collect();
        names.sort();
        names.dedup();
    }
    let place = |trial: &Trial| match (is_text, value(trial)) {
        (false, Value::Number(number)) => number,
        (_, value) => {
            let text = value.text();
            names
                .iter()
                .position(|name| *name == text)
                .map_or(f64::NAN, |at| at as f64)
        }
    };
    let height = |trial: &Trial| {
        if is_counted(trial) {
            trial.validation_loss
        } else {
            f64::NAN
        }
    };
    // A trial that has neither a loss nor diverged is not over yet.
    let over = search
        .trials
        .iter()
        .filter(|trial| is_counted(trial) || trial.diverged);
    let points = over.map(|trial| (place(trial), height(trial)));
    let losses = || {
        search
            .trials
            .iter()
            .map(height)
            .filter(|loss| loss.is_finite())
    };
    let (low, high) = (
        losses().fold(f64::NAN, f64::min),
        losses().fold(f64::NAN, f64::max),
    );
    let wide = low > 0.0 && high > 20.0 * low;
    let mark = best.map(|best| (place(best), best.validation_loss));
    let scale = match (is_text, searched.log) {
        (true, _) => Scale::Names(names.clone()),
        (_, true) => Scale::Log,
        _ => Scale::Linear,
    };
    let scatter = Scatter {
        title: format!("Validation loss over {}", cut(&searched.name, 30)),
        x: Axis::new(&searched.name, scale),
        y: Axis::new(
            "validation loss",
            if wide { Scale::Log } else { Scale::Linear },
        ),
        series: vec![Series::new("trials", points.collect())],
        mark,
        diagonal: false,
        odd: "diverged".to_string(),
    };
    scatter.figure()
}

fn table(search: &Search, trials: &[&Trial]) -> Table {
    let is_number = |k: usize| {
        trials
            .iter()
            .all(|trial| matches!(trial.values.get(k), Some(Value::Number(_)) | None))
    };
    let mut columns = vec![Column::number("rank"), Column::number("trial")];
    for (k, searched) in search.searched.iter().enumerate() {
        columns.push(if is_number(k) {
            Column::number(&searched.name)
        } else {
            Column::text(&searched.name)
        });
    }
    columns.push(Column::number("validation loss"));
    let accuracies = trials
        .iter()
        .any(|trial| trial.validation_accuracy.is_finite());
    if accuracies {
        columns.push(Column::number("validation accuracy"));
    }
    columns.extend([Column::number("time"), Column::text("remark")]);
    let row = |(at, trial): (usize, &&Trial)| {
        let mut row = vec![(at + 1).to_string(), trial.number.to_string()];
        for k in 0..search.searched.len() {
            row.push(trial.values.get(k).map_or(String::new(), Value::text));
        }
        row.push(if trial.diverged {
            "–".to_string()
        } else {
            short(trial.validation_loss)
        });
        if accuracies {
            row.push(percent(trial.validation_accuracy, 2));
        }
        row.push(seconds(trial.seconds));
        let diverged = if trial.diverged { "diverged" } else { "" };
        let parts = [diverged, &trial.note];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        row.push(parts.join("; "));
        row
    };
    Table {
        caption: "All trials, best first".to_string(),
        columns,
        rows: trials.iter().enumerate().map(row).collect(),
        marked: trials.first().filter(|trial| is_counted(trial)).map(|_| 0),
    }
}
