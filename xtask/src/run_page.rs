//! The page of a finished run: `report.html` and its plots, in the run's folder.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_report::metrics::Predictions;
use backprop_report::{Document, HistoryColumns, Run, layer_weights, run_page};
use backprop_trainer::Trainer;
use backprop_trainer::formats::write_atomic;
use backprop_trainer::layers::Sequential;
use backprop_trainer::optimizers::Progress;
use backprop_trainer::tensor::Scalar;

use crate::config::Config;
use crate::data::Source;
use crate::output::{peak_rss_bytes, thousands};
use crate::run_dir::RunDir;

/// The pixels on a side of the pictures of MNIST and Fashion-MNIST.
const SIDE: usize = 28;
/// Steps of which the learning rate is drawn.
const RATES: u64 = 400;

/// A finished run.
pub(crate) struct Finished<'a, T: Scalar> {
    pub(crate) config: &'a Config,
    /// The network before training, if it can still be had.
    pub(crate) before: Option<Sequential<T>>,
    pub(crate) train_rows: usize,
    pub(crate) validation_rows: usize,
    pub(crate) test_rows: usize,
    pub(crate) test_loss: f64,
    pub(crate) predictions: Predictions,
    /// The epoch whose parameters are in place, where it is not the last.
    pub(crate) in_place: Option<u64>,
    pub(crate) threads: usize,
    pub(crate) start: Instant,
}

/// Writes the page and its plots; returns the path of the page.
pub(crate) fn write<T: Scalar>(
    trainer: &Trainer<T>,
    finished: Finished<'_, T>,
    dir: &RunDir,
) -> Result<PathBuf> {
    let Document { html, plots } = run_page(&run(trainer, finished)?);
    for (name, svg) in plots {
        write_atomic(dir.path().join(name), svg.as_bytes())?;
    }
    let path = dir.path().join("report.html");
    write_atomic(&path, html.as_bytes())?;
    Ok(path)
}

/// Width and height, if rows of so many inputs are pictures.
pub(crate) fn picture(inputs: usize) -> Option<(usize, usize)> {
    (inputs == SIDE * SIDE).then_some((SIDE, SIDE))
}

fn run<T: Scalar>(trainer: &Trainer<T>, finished: Finished<'_, T>) -> Result<Run> {
    let config = finished.config;
    let network = trainer.network();
    let mut widths = vec![network.input_width()];
    widths.extend(&config.hidden);
    widths.push(network.output_width());
    let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
    let widths = widths.join("-");
    let in_place = finished.in_place.map_or(String::new(), |epoch| {
        format!(" The test figures are those of the parameters of epoch {epoch}.")
    });
    let lead = format!(
        "A network {widths} with {} parameters, trained on {} rows, {} held out for validation, \
         tested on {} that it has never seen.{in_place}",
        thousands(network.parameter_count()),
        thousands(finished.train_rows),
        thousands(finished.validation_rows),
        thousands(finished.test_rows),
    );
    let layers = layer_weights(finished.before.as_ref(), network);
    Ok(Run {
        title: format!("{}: {widths}", data_name(&config.dataset)),
        lead,
        history: curves(trainer, &finished),
        layers,
        image_size: picture(network.input_width()),
        test_loss: finished.test_loss,
        settings: settings(config)?,
        versions: versions(&finished),
        timings: timings(trainer, &finished),
        predictions: finished.predictions,
    })
}

fn curves<T: Scalar>(trainer: &Trainer<T>, finished: &Finished<'_, T>) -> HistoryColumns {
    let history = trainer.history();
    let mut curves = HistoryColumns::new(history.epochs());
    curves.best_epoch = history.best().map(|best| best.epoch);
    curves.loss_unit = match finished.predictions {
        Predictions::Classes(_) => "nats",
        Predictions::Values(_) => "of standardised targets",
    }
    .to_string();
    let settings = trainer.settings();
    let steps_per_epoch = finished.train_rows.div_ceil(settings.batch_size).max(1) as u64;
    let last = (steps_per_epoch * history.epochs().len() as u64).saturating_sub(1);
    let points = RATES.min(last).max(1);
    let rates = (0..=points).map(|k| {
        let step = k * last / points;
        let at = Progress {
            step,
            steps_per_epoch,
            epochs: settings.epochs,
        };
        let rate = settings.schedule.learning_rate(settings.learning_rate, at);
        (step as f64 / steps_per_epoch as f64, rate)
    });
    curves.learning_rate = rates.collect();
    curves
}

/// A data set as a title names it: a table by its file's name alone.
fn data_name(source: &Source) -> String {
    match source {
        Source::Csv(file) => file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy()
            .into(),
        source => source.to_string(),
    }
}

/// Every setting, as `config.toml` has it.
fn settings(config: &Config) -> Result<Vec<(String, String)>> {
    let table = toml::Table::try_from(config).context("the settings as TOML")?;
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        value => value.to_string(),
    };
    let named = table.into_iter().filter(|(name, _)| name != "seed");
    Ok(named.map(|(name, value)| (name, text(value))).collect())
}

fn versions<T: Scalar>(finished: &Finished<'_, T>) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_string(), value);
    let system = format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH);
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %Z");
    vec![
        fact("seed", finished.config.seed.to_string()),
        fact("backprop", env!("CARGO_PKG_VERSION").to_string()),
        fact("numbers", T::NAME.to_string()),
        fact("threads", finished.threads.to_string()),
        fact("system", system),
        fact("finished", now.to_string()),
    ]
}

fn timings<T: Scalar>(trainer: &Trainer<T>, finished: &Finished<'_, T>) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_string(), value);
    let epochs = trainer.history().epochs();
    let training: f64 = epochs.iter().map(|epoch| epoch.seconds).sum();
    let rows = (finished.train_rows * epochs.len()) as f64;
    let mut facts = vec![
        fact("training", format!("{training:.2} s")),
        fact(
            "an epoch",
            format!("{:.3} s", training / epochs.len().max(1) as f64),
        ),
        fact(
            "rows a second",
            thousands((rows / training.max(1e-9)) as usize),
        ),
        fact(
            "this command",
            format!("{:.2} s", finished.start.elapsed().as_secs_f64()),
        ),
    ];
    if let Some(bytes) = peak_rss_bytes() {
        facts.push(fact(
            "most memory",
            format!("{} MB", thousands((bytes / 1_000_000) as usize)),
        ));
    }
    facts
}
