//! How the figures look: on the terminal, and as a page.

use backprop_report::{Comparison, Document, Experiments, table_page};

use super::figures::{COST_SEEDS, Report, SEEDS, Spread};
use backprop_cli::output::say;

/// The tables on the terminal.
pub(super) fn print(report: &Report) {
    say!("As written: all mistakes, the notebook's settings, training loss of epoch 50.");
    say!(
        "{:<34}  {:>8}  {:>22}  {:>10}",
        "experiment",
        "notebook",
        "here, lowest..highest",
        "mean"
    );
    for experiment in &report.experiments {
        say!(
            "{:<34}  {:>8.4}  {:>22}  {:>10}",
            experiment.name,
            experiment.notebook.train_loss,
            range(&experiment.ours),
            mean(&experiment.ours, experiment.ours.train_loss),
        );
    }
    say!(
        "\nWhat each costs: the mistake alone in right code at sensible rates, and what is left of \
         the rest at the notebook's rates once it is mended.\nTraining and validation loss after \
         epoch 50, means of {COST_SEEDS} seeds."
    );
    say!(
        "{:<9}  {:<28}  {:>18}  {:>18}",
        "optimizer",
        "mistake",
        "alone",
        "all but this one"
    );
    for cost in &report.mistakes {
        let both = |spread: &Spread| {
            let (train, validation) = (spread.train_loss, spread.validation_loss);
            let (train, validation) = (mean(spread, train), mean(spread, validation));
            format!("{train:>8}  {validation:>8}")
        };
        let mended = cost.mended.as_ref().map_or(String::new(), both);
        say!(
            "{:<9}  {:<28}  {:>18}  {mended:>18}",
            cost.optimizer,
            cost.mistake,
            both(&cost.alone)
        );
    }
    say!("\n{:.1} s", report.seconds);
}

fn range(spread: &Spread) -> String {
    match (spread.lowest_train_loss, spread.highest_train_loss) {
        (Some(low), Some(high)) => format!("{low:.2}..{high:.2}"),
        _ => "diverged".to_string(),
    }
}

/// A mean; a star where some of the seeds are not in it, because they diverged.
fn mean(spread: &Spread, value: Option<f64>) -> String {
    let star = if spread.diverged > 0 { "*" } else { "" };
    value.map_or("diverged".to_string(), |value| format!("{value:.4}{star}"))
}

/// The page.
pub(super) fn document(report: &Report) -> Document {
    let ours = |spread: &Spread| {
        let average = mean(spread, spread.train_loss);
        format!("{}, mean {average}", range(spread))
    };
    let written = report
        .experiments
        .iter()
        .map(|experiment| backprop_report::Experiment {
            name: experiment.name.clone(),
            settings: format!("all mistakes, the notebook's settings, {SEEDS} seeds"),
            comparisons: vec![Comparison {
                quantity: "training loss, epoch 50".to_string(),
                reference: format!("{:.4}", experiment.notebook.train_loss),
                measured: ours(&experiment.ours),
            }],
            seconds: experiment.seconds,
            ..backprop_report::Experiment::default()
        });
    let costs = report.mistakes.iter().map(|cost| {
        let row = |what: &str, spread: &Spread| Comparison {
            quantity: what.to_string(),
            reference: String::new(),
            measured: mean(spread, spread.train_loss),
        };
        let what = match cost.mistake.starts_with("no mistake") {
            true => "training loss, the notebook's rates",
            false => "training loss, all but this one, the notebook's rates",
        };
        let mended = cost.mended.iter().map(|spread| row(what, spread));
        let alone = row("training loss, alone, sensible rates", &cost.alone);
        backprop_report::Experiment {
            name: format!("{}: {}", cost.optimizer, cost.mistake),
            settings: format!(
                "epoch 50, means of {COST_SEEDS} seeds; * without those that diverged"
            ),
            comparisons: [alone].into_iter().chain(mended).collect(),
            seconds: f64::NAN,
            ..backprop_report::Experiment::default()
        }
    });
    table_page(&Experiments {
        title: "The notebook's mistakes".to_string(),
        lead: format!(
            "The first 1,000 images of {}, network 784-128-64-10, batch size 50, 20 % validation",
            report.dataset
        ),
        reference: "the notebook".to_string(),
        experiments: written.chain(costs).collect(),
        ..Experiments::default()
    })
}
