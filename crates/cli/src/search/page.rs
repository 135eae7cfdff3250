//! How a search looks: on the terminal, and as a page.

use backprop_report::{Document, Search, SearchedSetting, Value, search_page};

use super::config::SearchConfig;
use super::store::Report;
use super::trial::Trial;
use crate::output::{percent, rate, say};

/// A line for what a trial has come to so far.
pub(super) fn line(trial: &Trial, config: &SearchConfig) -> String {
    let trials = config.trials.len();
    let width = trials.to_string().len();
    let drawn: Vec<String> = config
        .space
        .names()
        .map(|name| format!("{} {}", name.replace('-', " "), text(trial, name)))
        .collect();
    let figures = match (trial.diverged, trial.validation_loss) {
        (false, Some(loss)) => {
            let accuracy = trial.validation_accuracy.map_or(String::new(), |share| {
                format!("  accuracy {:>7}", percent(share))
            });
            format!(
                "epoch {}  validation loss {loss:.4}{accuracy}",
                trial.epochs
            )
        }
        _ => format!("diverged in epoch {}", trial.epochs + 1),
    };
    format!(
        "trial {:>width$}/{trials}  {}  {figures}  {:.2} s",
        trial.trial,
        drawn.join("  "),
        trial.seconds,
    )
}

/// The table of all trials, those that came furthest first, then by validation loss.
pub(super) fn print(report: &Report, config: &SearchConfig) {
    let mut order: Vec<&Trial> = report.trials.iter().collect();
    order.sort_by(|a, b| {
        let loss = |trial: &Trial| trial.validation_loss.unwrap_or(f64::INFINITY);
        let by_rungs = b.rungs.len().cmp(&a.rungs.len());
        let by_divergence = a.diverged.cmp(&b.diverged);
        by_divergence
            .then(by_rungs)
            .then(loss(a).total_cmp(&loss(b)))
    });
    let head: String = config
        .space
        .names()
        .map(|name| format!("  {name:>13}"))
        .collect();
    say!("\ntrial{head}  epochs  validation loss");
    for trial in order {
        let drawn = config
            .space
            .names()
            .map(|name| format!("  {:>13}", text(trial, name)));
        let loss = match trial.validation_loss {
            Some(loss) => format!("{loss:.4}"),
            None => "diverged".to_string(),
        };
        say!(
            "{:>5}{}  {:>6}  {loss:>15}",
            trial.trial,
            drawn.collect::<String>(),
            trial.epochs
        );
    }
    match &report.best {
        None => say!("\nall trials diverged; search lower learning rates"),
        Some(best) => say!(
            "\n{:.1} s; the best is trial {}, whose settings train with:\n{}",
            report.seconds,
            best.trial.trial,
            best.command
        ),
    }
}

/// The value that a trial drew for the setting with this name.
fn text(trial: &Trial, name: &str) -> String {
    match name {
        "learning-rate" => rate(trial.learning_rate),
        "hidden" => trial.widths(),
        "batch-size" => trial.batch_size.to_string(),
        "dropout" => trial.dropout.to_string(),
        "l2" if trial.l2 == 0.0 => "0".to_string(),
        "l2" => rate(trial.l2),
        _ => trial.optimizer.name().to_string(),
    }
}

fn value(trial: &Trial, name: &str) -> Value {
    match name {
        "learning-rate" => Value::Number(trial.learning_rate),
        "batch-size" => Value::Number(trial.batch_size as f64),
        "dropout" => Value::Number(trial.dropout),
        "l2" => Value::Number(trial.l2),
        _ => Value::Text(text(trial, name)),
    }
}

/// The page.
pub(super) fn document(report: &Report, config: &SearchConfig) -> Document {
    let names = || config.space.names();
    let trial = |trial: &Trial| backprop_report::Trial {
        number: trial.trial,
        values: names().map(|name| value(trial, name)).collect(),
        validation_loss: trial.validation_loss.unwrap_or(f64::NAN),
        validation_accuracy: trial.validation_accuracy.unwrap_or(f64::NAN),
        diverged: trial.diverged,
        note: if !trial.diverged && trial.rungs.len() < config.rungs.len() {
            format!("stopped after epoch {}", trial.epochs)
        } else {
            String::new()
        },
        seconds: trial.seconds,
    };
    let folds = config
        .folds
        .map(|folds| format!(", each the mean of {folds} folds"));
    let rungs: Vec<String> = config
        .rungs
        .iter()
        .map(|rung| format!("{} to epoch {}", rung.trials, rung.epochs))
        .collect();
    let settings = config.saved.iter();
    let mut settings: Vec<(String, String)> = settings
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect();
    settings.push(("trials of each rung".to_string(), rungs.join(", ")));
    search_page(&Search {
        title: format!("Search on {}", report.dataset),
        lead: format!(
            "{} training and {} validation rows; {} trials{}",
            report.train_samples,
            report.validation_samples,
            config.trials.len(),
            folds.unwrap_or_default(),
        ),
        settings,
        searched: names()
            .map(|name| SearchedSetting {
                name: name.replace('-', " "),
                log: config.space.is_logarithmic(name),
            })
            .collect(),
        trials: report.trials.iter().map(trial).collect(),
        command: report.best.as_ref().map(|best| best.command.clone()),
    })
}
