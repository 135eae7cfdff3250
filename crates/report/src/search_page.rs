//! The page of a hyperparameter search.

use backprop_plot::text::{percent, seconds, significant, truncate};
use backprop_plot::{Axis, Figure, Scale, Scatter, Series};

use crate::document::{Document, DocumentBuilder};
use crate::range::spans;
use crate::search::{Search, Trial, Value};
use crate::table::{Column, Table};

/// The ratio of the largest to the least loss from which the axis is logarithmic.
const LOG_RATIO: f64 = 20.0;

/// The page of a search: its best trial, a plot of the validation loss over each searched setting,
/// and all trials, best first.
///
/// ```
/// use backprop_report::{Search, SearchedSetting, Trial, Value, search_page};
///
/// let trial = |number: usize, rate: f64, validation_loss: f64| Trial {
///     number,
///     values: vec![Value::Number(rate)],
///     validation_loss,
///     ..Trial::default()
/// };
/// let search = Search {
///     title: "Learning rates".into(),
///     searched: vec![SearchedSetting { name: "learning rate".into(), log: true }],
///     trials: vec![trial(1, 0.1, 0.9), trial(2, 0.01, 0.4)],
///     ..Search::default()
/// };
/// let document = search_page(&search);
/// assert!(document.html.contains("Trial 2: learning rate 0.01."));
/// assert_eq!(document.plots[0].0, "learning-rate.svg");
/// ```
pub fn search_page(search: &Search) -> Document {
    let trials = ranked(search);
    let best = trials.first().copied().filter(|trial| trial.is_ranked());
    let mut document = DocumentBuilder::new(&search.title);
    document.page.lead(&search.lead);
    document.page.headline(&headline(search, best));
    document.page.section("Best settings");
    document.page.text(&best_settings(search, best));
    if let Some(command) = &search.command {
        document.page.code(command);
    }
    document.page.section("Validation loss over each setting");
    let figures = search.searched.iter().enumerate();
    let figures = figures.map(|(k, setting)| (file_name(&setting.name), figure(search, k, best)));
    document.figures(figures.collect());
    document.page.section("All trials");
    document.page.table(&table(search, &trials));
    if !search.settings.is_empty() {
        document.page.section("Settings of all trials");
        document.page.facts("Settings", &search.settings);
    }
    document.finish()
}

/// The trials by validation loss; behind them those without one, diverged ones last.
fn ranked(search: &Search) -> Vec<&Trial> {
    let loss = |trial: &Trial| match trial.is_ranked() {
        true => trial.validation_loss,
        false => f64::INFINITY,
    };
    let mut trials: Vec<&Trial> = search.trials.iter().collect();
    trials.sort_by(|a, b| {
        let by_loss = loss(a).total_cmp(&loss(b));
        by_loss
            .then(a.diverged.cmp(&b.diverged))
            .then(a.number.cmp(&b.number))
    });
    trials
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
    let item = |name: &str, value: String, remark: String| (name.to_string(), value, remark);
    let mut items = Vec::new();
    if let Some(best) = best {
        let loss = significant(best.validation_loss);
        let remark = format!("trial {}", best.number);
        items.push(item("best validation loss", loss, remark));
        if best.validation_accuracy.is_finite() {
            let accuracy = percent(best.validation_accuracy, 2);
            items.push(item("its validation accuracy", accuracy, String::new()));
        }
    }
    let remark = match search.trials.iter().filter(|trial| trial.diverged).count() {
        0 => String::new(),
        diverged => format!("{diverged} diverged"),
    };
    items.push(item("trials", search.trials.len().to_string(), remark));
    let times = search.trials.iter().map(|trial| trial.seconds);
    let time: f64 = times.filter(|s| s.is_finite()).sum();
    if time > 0.0 {
        items.push(item("time of all trials", seconds(time), String::new()));
    }
    items
}

fn best_settings(search: &Search, best: Option<&Trial>) -> String {
    let Some(best) = best else {
        return "No trial has a finite validation loss yet.".to_string();
    };
    let pairs = search.searched.iter().zip(&best.values);
    let pairs = pairs.map(|(setting, value)| format!("{} {}", setting.name, value.label()));
    let settings = pairs.collect::<Vec<_>>().join(", ");
    format!("Trial {}: {settings}.", best.number)
}

/// The values of one searched setting as numbers on an axis.
struct SettingAxis {
    setting: usize,
    /// The sorted names of values; empty for a setting of numbers.
    names: Vec<String>,
}

impl SettingAxis {
    fn new(search: &Search, setting: usize) -> Self {
        let values = || {
            search
                .trials
                .iter()
                .filter_map(|trial| trial.values.get(setting))
        };
        let mut names = Vec::new();
        if values().any(|value| matches!(value, Value::Text(_))) {
            names = values().map(Value::label).collect();
            names.sort();
            names.dedup();
        }
        SettingAxis { setting, names }
    }

    fn value(&self, trial: &Trial) -> f64 {
        let index_of = |name: &str| self.names.iter().position(|other| other == name);
        match trial.values.get(self.setting) {
            None => f64::NAN,
            Some(Value::Number(number)) if self.names.is_empty() => *number,
            Some(value) => index_of(&value.label()).map_or(f64::NAN, |index| index as f64),
        }
    }

    fn scale(&self, log: bool) -> Scale {
        match (self.names.is_empty(), log) {
            (false, _) => Scale::Names(self.names.clone()),
            (true, true) => Scale::Log,
            (true, false) => Scale::Linear,
        }
    }
}

fn figure(search: &Search, k: usize, best: Option<&Trial>) -> Figure {
    let setting = &search.searched[k];
    let axis = SettingAxis::new(search, k);
    let loss = |trial: &Trial| match trial.is_ranked() {
        true => trial.validation_loss,
        false => f64::NAN,
    };
    // A trial that has neither a loss nor diverged is not finished yet.
    let finished = |trial: &&Trial| trial.is_ranked() || trial.diverged;
    let points = search.trials.iter().filter(finished);
    let points = points.map(|trial| (axis.value(trial), loss(trial)));
    let y_scale = match spans(search.trials.iter().map(loss), LOG_RATIO) {
        true => Scale::Log,
        false => Scale::Linear,
    };
    let scatter = Scatter {
        title: format!("Validation loss over {}", truncate(&setting.name, 30)),
        x: Axis::new(&setting.name, axis.scale(setting.log)),
        y: Axis::new("validation loss", y_scale),
        series: vec![Series::new("trials", points.collect())],
        mark: best.map(|best| (axis.value(best), best.validation_loss)),
        diagonal: false,
        invalid: "diverged".to_string(),
    };
    scatter.figure()
}

fn table(search: &Search, trials: &[&Trial]) -> Table {
    let is_number = |k: usize| {
        let mut values = trials.iter().map(|trial| trial.values.get(k));
        values.all(|value| matches!(value, Some(Value::Number(_)) | None))
    };
    let accuracies = trials.iter().map(|trial| trial.validation_accuracy);
    let with_accuracy = accuracies.into_iter().any(f64::is_finite);
    let mut columns = vec![Column::number("rank"), Column::number("trial")];
    for (k, setting) in search.searched.iter().enumerate() {
        columns.push(match is_number(k) {
            true => Column::number(&setting.name),
            false => Column::text(&setting.name),
        });
    }
    columns.push(Column::number("validation loss"));
    if with_accuracy {
        columns.push(Column::number("validation accuracy"));
    }
    columns.extend([Column::number("time"), Column::text("remark")]);
    let settings = search.searched.len();
    let rows = (1..).zip(trials);
    let rows = rows.map(|(rank, trial)| table_row(rank, trial, settings, with_accuracy));
    Table {
        caption: "All trials, best first".to_string(),
        columns,
        rows: rows.collect(),
        marked: trials.first().filter(|trial| trial.is_ranked()).map(|_| 0),
    }
}

fn table_row(rank: usize, trial: &Trial, settings: usize, with_accuracy: bool) -> Vec<String> {
    let mut row = vec![rank.to_string(), trial.number.to_string()];
    row.extend((0..settings).map(|k| trial.values.get(k).map_or(String::new(), Value::label)));
    row.push(match trial.diverged {
        true => "–".to_string(),
        false => significant(trial.validation_loss),
    });
    if with_accuracy {
        row.push(percent(trial.validation_accuracy, 2));
    }
    row.push(seconds(trial.seconds));
    let diverged = if trial.diverged { "diverged" } else { "" };
    let remarks = [diverged, &trial.note].into_iter();
    let remarks: Vec<&str> = remarks.filter(|remark| !remark.is_empty()).collect();
    row.push(remarks.join("; "));
    row
}
