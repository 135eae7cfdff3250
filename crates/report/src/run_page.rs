//! The page of a training run.

mod classes;
mod mistakes;
mod training;
mod values;
mod weights;

use backprop_metrics::Predictions;
use backprop_plot::text::{seconds, significant};

use crate::document::{Document, DocumentBuilder};
use crate::run::Run;

/// The page of a run and its plots: `loss.svg`, `accuracy.svg`, `learning-rate.svg`, `weights.svg`,
/// `first-layer.svg`, `confusion.svg`, `calibration.svg` or `predictions.svg`, as far as there is
/// something to show.
pub fn run_page(run: &Run) -> Document {
    let mut document = DocumentBuilder::new(&run.title);
    document.page.lead(&run.lead);
    document.page.headline(&headline(run));
    training::add(&mut document, &run.history);
    match &run.predictions {
        Some(Predictions::Classes(classes)) => {
            classes::add(&mut document, classes);
            mistakes::add(&mut document.page, classes, run.image_size);
        }
        Some(Predictions::Values(values)) => values::add(&mut document, values),
        None => {}
    }
    weights::add(&mut document, &run.layers, run.image_size);
    document.page.section("Settings");
    document.page.fact_columns(&[
        ("Settings", &run.settings),
        ("Seed and versions", &run.versions),
        ("Timings", &run.timings),
    ]);
    document.finish()
}

fn headline(run: &Run) -> Vec<(String, String, String)> {
    let item = |name: &str, value: String, remark: String| (name.to_string(), value, remark);
    let mut items = match &run.predictions {
        Some(Predictions::Classes(classes)) => classes::headline(classes),
        Some(Predictions::Values(values)) => values::headline(values),
        None => Vec::new(),
    };
    let history = &run.history;
    if run.predictions.is_some() {
        let loss = significant((1e4 * run.test_loss).round() / 1e4);
        items.push(item("test loss", loss, history.loss_unit.clone()));
    }
    if let Some(best) = history.best_epoch {
        let of = format!("of {}", history.train_loss.len());
        items.push(item("best epoch", best.to_string(), of));
    }
    let time: f64 = history.seconds.iter().filter(|s| s.is_finite()).sum();
    if time > 0.0 {
        let each = seconds(time / history.seconds.len() as f64);
        items.push(item("training", seconds(time), format!("{each} an epoch")));
    }
    items
}
