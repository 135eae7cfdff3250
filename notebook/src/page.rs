//! How the figures look: on the terminal, and as a page.

use backprop_report::plot::{Axis, Figure, Histogram, Scale, Scatter, Series};
use backprop_report::{Comparison, Document, Experiment, Experiments, layer_weights, table_page};

use super::figures::{Figures, Report};
use super::work::Networks;
use backprop_cli::output::{rate, say, thousands};

/// The rows of the table for one experiment: what, the notebook's, ours.
fn compared(figures: &Figures) -> Vec<Comparison> {
    let row = |what: String, theirs: Option<String>, ours: String| Comparison {
        quantity: what,
        reference: theirs.unwrap_or_default(),
        measured: ours,
    };
    let number = |value: Option<f64>| value.map(|value| format!("{value:.4}"));
    let diverged = figures.diverged();
    let ours = |value: Option<f64>| match (number(value), diverged) {
        (None, _) => "diverged".to_string(),
        (Some(text), 0) => text,
        (Some(text), diverged) => {
            format!("{text}, {diverged} of {} diverged", figures.ours.runs.len())
        }
    };
    if !figures.ours.weights.is_empty() {
        let weights = figures.ours.weights.iter();
        let deviation = |layer: &super::weights::LayerWeights| {
            let what = format!(
                "layer {}, {} to {}: standard deviation",
                layer.layer, layer.inputs, layer.outputs
            );
            row(what, None, format!("{:.4}", layer.standard_deviation))
        };
        return weights.map(deviation).collect();
    }
    let mut rows = Vec::new();
    if figures.notebook.epochs.is_empty() {
        let best = figures.ours.runs.iter().find(|run| {
            run.validation_loss.is_some() && run.validation_loss == figures.ours.validation_loss
        });
        let text = best.map_or("all diverged".to_string(), |run| rate(run.learning_rate));
        rows.push(row("best learning rate".to_string(), None, text));
        let of = |what: &str| format!("{what} of the best trial");
        let (train, validation) = (figures.ours.train_loss, figures.ours.validation_loss);
        rows.push(row(
            of("training loss"),
            None,
            number(train).unwrap_or_default(),
        ));
        rows.push(row(
            of("validation loss"),
            None,
            number(validation).unwrap_or_default(),
        ));
        rows.push(row(
            "trials that diverged".to_string(),
            None,
            diverged.to_string(),
        ));
        return rows;
    }
    for printed in &figures.notebook.epochs {
        let mean = figures
            .ours
            .epochs
            .iter()
            .find(|mean| mean.epoch == printed.epoch);
        let theirs = number(Some(printed.train_loss));
        let what = format!("training loss, epoch {}", printed.epoch);
        rows.push(row(what, theirs, ours(mean.map(|mean| mean.train_loss))));
    }
    let theirs = number(figures.notebook.validation_loss);
    let validation = ours(figures.ours.validation_loss);
    rows.push(row("validation loss".to_string(), theirs, validation));
    if let Some(theirs) = figures.notebook.seconds {
        let ours = format!(
            "{:.1}, {:.0} times as fast",
            figures.seconds,
            theirs / figures.seconds
        );
        rows.push(row(
            "seconds".to_string(),
            Some(format!("{theirs:.0}")),
            ours,
        ));
    }
    rows
}

/// The table, the goals and the histograms.
pub(super) fn print(report: &Report) {
    say!(
        "\n{:<34}  {:<36}  {:>8}  {:<26}",
        "experiment",
        "figure",
        "notebook",
        "here"
    );
    for figures in &report.experiments {
        for (index, row) in compared(figures).iter().enumerate() {
            let name = if index == 0 { &*figures.name } else { "" };
            say!(
                "{name:<34}  {:<36}  {:>8}  {}",
                row.quantity,
                row.reference,
                row.measured
            );
        }
    }
    for layer in report
        .experiments
        .iter()
        .flat_map(|figures| &figures.ours.weights)
    {
        say!(
            "layer {}, {:>7.3} [{}] {:.3}",
            layer.layer,
            layer.lowest,
            layer.line(),
            layer.highest
        );
    }
    let goals = || {
        report
            .experiments
            .iter()
            .flat_map(|figures| &figures.ours.goals)
    };
    let met = goals().filter(|goal| goal.met).count();
    say!("\n{met} of {} goals are met", goals().count());
    for figures in &report.experiments {
        for goal in figures.ours.goals.iter().filter(|goal| !goal.met) {
            let found = goal
                .found
                .map_or("none".to_string(), |found| format!("{found:.4}"));
            say!(
                "not met: {}, {}: {found}, at most {:.4}",
                figures.name,
                goal.what,
                goal.at_most
            );
        }
    }
}

/// The page.
pub(super) fn document(report: &Report, networks: Option<&Networks>) -> Document {
    let experiment = |figures: &Figures| Experiment {
        name: figures.name.clone(),
        settings: figures.settings.clone(),
        comparisons: compared(figures),
        seconds: if figures.ours.runs.is_empty() {
            f64::NAN
        } else {
            figures.seconds
        },
        notes: [figures.note.clone()]
            .into_iter()
            .filter(|note| !note.is_empty())
            .collect(),
        losses: losses(figures),
        figures: charts(figures, networks),
    };
    let experiments = Experiments {
        title: "The notebook's experiments".to_string(),
        lead: format!(
            "{} images of {}, network 784-128-64-10, batch size 50, 20 % validation, means of three \
             seeds",
            thousands(report.images),
            report.dataset
        ),
        headline: headline(report),
        reference: "the notebook".to_string(),
        experiments: report.experiments.iter().map(experiment).collect(),
        settings: [
            ("first seed", report.seed.to_string()),
            ("threads", report.threads.to_string()),
            ("seconds", format!("{:.1}", report.seconds)),
            ("version", env!("CARGO_PKG_VERSION").to_string()),
        ]
        .map(|(name, value)| (name.to_string(), value))
        .to_vec(),
    };
    table_page(&experiments)
}

fn headline(report: &Report) -> Vec<(String, String, String)> {
    let goals = report
        .experiments
        .iter()
        .flat_map(|figures| &figures.ours.goals);
    let (met, all) = goals.fold((0, 0), |(met, all), goal| {
        (met + usize::from(goal.met), all + 1)
    });
    let item =
        |name: &str, value: String, remark: &str| (name.to_string(), value, remark.to_string());
    vec![
        item(
            "goals met",
            format!("{met} of {all}"),
            "losses near the notebook's, or low",
        ),
        item(
            "time of everything",
            format!("{:.1} s", report.seconds),
            "all runs",
        ),
    ]
}

fn losses(figures: &Figures) -> Vec<Series> {
    let epochs = &figures.ours.epochs;
    if epochs.len() < 2 {
        return Vec::new();
    }
    let points = |loss: &dyn Fn(usize) -> f64| {
        let point = |index: usize| (epochs[index].epoch as f64, loss(index));
        (0..epochs.len()).map(point).collect()
    };
    let printed = figures.notebook.epochs.iter();
    vec![
        Series::new("training", points(&|index| epochs[index].train_loss)),
        Series::new(
            "validation",
            points(&|index| epochs[index].validation_loss.unwrap_or(f64::NAN)),
        ),
        Series::new(
            "the notebook's training",
            printed
                .map(|printed| (printed.epoch as f64, printed.train_loss))
                .collect(),
        ),
    ]
}

fn charts(figures: &Figures, networks: Option<&Networks>) -> Vec<Figure> {
    if !figures.ours.weights.is_empty() {
        let layers = networks.map(|n| layer_weights(Some(&n.before), &n.after));
        let histogram = |layer: backprop_report::LayerWeights| {
            let histogram = Histogram {
                title: layer.name,
                label: "weight".to_string(),
                sets: vec![
                    ("before".to_string(), layer.before),
                    ("after".to_string(), layer.after),
                ],
            };
            histogram.figure()
        };
        return layers
            .unwrap_or_default()
            .into_iter()
            .map(histogram)
            .collect();
    }
    if !figures.notebook.epochs.is_empty() {
        return Vec::new();
    }
    let runs = figures.ours.runs.iter();
    let points = runs.map(|run| (run.learning_rate, run.validation_loss.unwrap_or(f64::NAN)));
    let scatter = Scatter {
        title: "Validation loss over learning rate".to_string(),
        x: Axis::new("learning rate", Scale::Log),
        y: Axis::new("validation loss", Scale::Linear),
        series: vec![Series::new("trials", points.collect())],
        invalid: "diverged".to_string(),
        ..Scatter::default()
    };
    vec![scatter.figure()]
}
