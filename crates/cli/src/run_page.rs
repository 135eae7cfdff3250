//! The page of a finished run: `report.html` and its plots, in the run's folder.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use backprop_report::metrics::Predictions;
use backprop_report::{HistoryColumns, Run, layer_weights, run_page};
use backprop_trainer::Trainer;
use backprop_trainer::data::Dataset;
use backprop_trainer::layers::Sequential;
use backprop_trainer::losses::OutputKind;
use backprop_trainer::optimizers::Progress;
use backprop_trainer::tensor::Scalar;

use crate::folder::write_page;
use crate::history::best_epoch;
use crate::output::{peak_rss_bytes, thousands};
use crate::run_dir::RunDir;
use crate::settings::{Settings, flat_table, is_of_counts};
use crate::source::Source;

/// The pixels on a side of the pictures of MNIST.
const SIDE: usize = 28;
/// Steps of which the learning rate is drawn.
const RATES: u64 = 400;

/// A finished run.
pub(crate) struct FinishedRun<'a, T: Scalar> {
    pub(crate) settings: &'a Settings,
    pub(crate) network: &'a Sequential<T>,
    /// The network before training, if it can still be had.
    pub(crate) before: Option<Sequential<T>>,
    /// Training, validation and test rows.
    pub(crate) rows: [usize; 3],
    /// The width and height of a row that is an image.
    pub(crate) image_size: Option<(usize, usize)>,
    pub(crate) test_loss: f64,
    /// `None` where there are no test rows.
    pub(crate) predictions: Option<Predictions>,
    /// A sentence on the network that was kept, where it is not that of the last epoch.
    pub(crate) kept: Option<String>,
    pub(crate) threads: usize,
    pub(crate) start: Instant,
}

/// Writes the page and its plots; returns the path of the page.
pub(crate) fn write<T: Scalar>(
    trainer: &Trainer<T>,
    finished: FinishedRun<'_, T>,
    dir: &RunDir,
) -> Result<PathBuf> {
    let document = run_page(&run(trainer, finished)?);
    write_page(dir.path(), &document)?;
    Ok(dir.path().join("report.html"))
}

/// Width and height, if the rows are images; rows of a table are where they may be those of MNIST.
pub(crate) fn image_size<T>(rows: &Dataset<T>) -> Option<(usize, usize)> {
    match rows.image_encoding() {
        Some(images) => Some((images.width, images.height)),
        None => (rows.width() == SIDE * SIDE).then_some((SIDE, SIDE)),
    }
}

fn run<T: Scalar>(trainer: &Trainer<T>, finished: FinishedRun<'_, T>) -> Result<Run> {
    let settings = finished.settings;
    let network = finished.network;
    let mut widths = vec![network.input_width()];
    widths.extend(&settings.network.hidden);
    widths.push(network.output_width());
    let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
    let widths = widths.join("-");
    let kept = finished.kept.as_deref().unwrap_or_default();
    let [train_rows, validation_rows, test_rows] = finished.rows;
    let validated = match validation_rows {
        0 => "not validated".to_string(),
        rows => format!("validated on {}", thousands(rows)),
    };
    let tested = match test_rows {
        0 => "not tested".to_string(),
        rows => format!("tested on {} that it has never seen", thousands(rows)),
    };
    let lead = format!(
        "A network {widths} with {} parameters, trained on {} rows, {validated}, {tested}.{kept}",
        thousands(network.parameter_count()),
        thousands(train_rows),
    );
    let layers = layer_weights(finished.before.as_ref(), network);
    Ok(Run {
        title: format!("{}: {widths}", data_name(&settings.data.dataset)),
        lead,
        history: columns(trainer, &finished),
        layers,
        image_size: finished.image_size,
        test_loss: finished.test_loss,
        settings: settings_table(settings)?,
        versions: versions(&finished),
        timings: timings(trainer, &finished),
        predictions: finished.predictions,
    })
}

fn columns<T: Scalar>(trainer: &Trainer<T>, finished: &FinishedRun<'_, T>) -> HistoryColumns {
    let history = trainer.history();
    let mut columns = HistoryColumns::new(history.epochs());
    columns.best_epoch = best_epoch(history);
    columns.loss_unit = match trainer.loss().output_kind() {
        OutputKind::Values if is_of_counts(trainer.loss()) => "of counts over their mean",
        OutputKind::Values => "of standardised targets",
        OutputKind::Logits | OutputKind::Probabilities => "nats",
    }
    .to_string();
    let config = trainer.config();
    let steps_per_epoch = finished.rows[0].div_ceil(config.batch_size).max(1) as u64;
    let last = (steps_per_epoch * history.epochs().len() as u64).saturating_sub(1);
    let points = RATES.min(last).max(1);
    let rates = (0..=points).map(|k| {
        let step = k * last / points;
        let at = Progress {
            step,
            steps_per_epoch,
            epochs: config.epochs,
        };
        let rate = config
            .schedule
            .learning_rate(trainer.optimizer().learning_rate(), at);
        (step as f64 / steps_per_epoch as f64, rate)
    });
    columns.learning_rate = rates.collect();
    columns
}

/// A data set as a title names it: one in files by its first file's name alone.
fn data_name(source: &Source) -> String {
    let file = match source {
        Source::Csv(file) => file,
        Source::Idx(files) => &files.images,
        Source::Folder(folder) => folder,
        source => return source.to_string(),
    };
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into()
}

/// Every setting, as `config.toml` has it.
fn settings_table(settings: &Settings) -> Result<Vec<(String, String)>> {
    let table = flat_table(settings)?;
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        value => value.to_string(),
    };
    let named = table.into_iter().filter(|(name, _)| name != "seed");
    Ok(named.map(|(name, value)| (name, text(value))).collect())
}

fn versions<T: Scalar>(finished: &FinishedRun<'_, T>) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_string(), value);
    let system = format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH);
    let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %Z");
    vec![
        fact("seed", finished.settings.seed.to_string()),
        fact("backprop", env!("CARGO_PKG_VERSION").to_string()),
        fact("numbers", T::NAME.to_string()),
        fact("threads", finished.threads.to_string()),
        fact("system", system),
        fact("finished", now.to_string()),
    ]
}

fn timings<T: Scalar>(
    trainer: &Trainer<T>,
    finished: &FinishedRun<'_, T>,
) -> Vec<(String, String)> {
    let fact = |name: &str, value: String| (name.to_string(), value);
    let epochs = trainer.history().epochs();
    let training: f64 = epochs.iter().map(|epoch| epoch.seconds).sum();
    let rows = (finished.rows[0] * epochs.len()) as f64;
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
