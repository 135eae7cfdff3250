//! The page of a training run.

use crate::text::{seconds, short};
use crate::{
    Document, Figure, Histogram, Page, PictureGrid, Shades, run_classes, run_training, run_values,
};

/// A finished training run, for [`run_page`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The heading of the page.
    pub title: String,
    /// A sentence below it: data, network, parameters.
    pub lead: String,
    /// What happened from epoch to epoch.
    pub curves: Curves,
    /// The Linear layers, first to last.
    pub layers: Vec<LinearLayer>,
    /// Width and height, if a row of inputs is a picture.
    pub picture: Option<(usize, usize)>,
    /// The loss on the test set; NaN where there is none.
    pub test_loss: f64,
    /// What was predicted on the test set.
    pub outcome: Outcome,
    /// Names and values: every setting of the run.
    pub settings: Vec<(String, String)>,
    /// Names and values: seed, versions, machine.
    pub versions: Vec<(String, String)>,
    /// Names and values: how long everything took.
    pub timings: Vec<(String, String)>,
}

/// What happened from epoch to epoch. All lists may be empty; NaN is a value that does not exist.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// The training loss of each epoch.
    pub train_loss: Vec<f64>,
    /// The validation loss of each epoch.
    pub validation_loss: Vec<f64>,
    /// The share of validation rows that was right, of each epoch; empty for regression.
    pub validation_accuracy: Vec<f64>,
    /// The learning rate over the run: (epochs done, rate), as fine as is known.
    pub learning_rate: Vec<(f64, f64)>,
    /// How long each epoch took.
    pub seconds: Vec<f64>,
    /// The best epoch, from 1.
    pub best_epoch: Option<u64>,
    /// What a loss is measured in, such as `nats`; empty for nothing.
    pub loss_unit: String,
}

/// The weights of one Linear layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinearLayer {
    /// Its name, such as `layer 1, 784 to 128`.
    pub name: String,
    /// The number of inputs, the length of a row of weights.
    pub inputs: usize,
    /// The weights before training, one row for each output; may be empty if unknown.
    pub before: Vec<f64>,
    /// The weights after training.
    pub after: Vec<f64>,
}

/// What was predicted on the test set.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// One of several classes.
    Classes {
        /// The classes.
        names: Vec<String>,
        /// The true class of each row.
        labels: Vec<usize>,
        /// The probability of each class, row after row.
        probabilities: Vec<f64>,
        /// The rows whose true class got the least probability, least first.
        worst: Vec<Worst>,
    },
    /// One or several numbers.
    Values {
        /// The outputs.
        names: Vec<String>,
        /// The true values, row after row.
        targets: Vec<f64>,
        /// The predicted values, row after row.
        predictions: Vec<f64>,
    },
}

impl Default for Outcome {
    fn default() -> Self {
        Outcome::Values {
            names: Vec::new(),
            targets: Vec::new(),
            predictions: Vec::new(),
        }
    }
}

/// A row of the test set that the network is wrong about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Worst {
    /// The row, from 0.
    pub row: usize,
    /// The inputs of the row, if they are a picture; empty otherwise.
    pub pixels: Vec<f64>,
}

/// The page of a run and its plots: `loss.svg`, `accuracy.svg`, `learning-rate.svg`, `weights.svg`,
/// `first-layer.svg`, `confusion.svg`, `calibration.svg` or `predictions.svg`, as far as there is
/// something to show.
pub fn run_page(run: &Run) -> Document {
    let mut page = Page::new(&run.title);
    let mut plots = Vec::new();
    page.lead(&run.lead);
    page.headline(&headline(run));

    run_training::section(&mut page, &mut plots, &run.curves);
    match &run.outcome {
        Outcome::Classes { .. } => run_classes::sections(&mut page, &mut plots, run),
        Outcome::Values { .. } => run_values::sections(&mut page, &mut plots, run),
    }

    if !run.layers.is_empty() {
        page.section("Weights");
        page.text("How often each weight occurs, before and after training.");
        let figures: Vec<Figure> = run.layers.iter().map(weights).collect();
        plots.push((
            "weights.svg".to_string(),
            Figure::stack("Weights", &figures).to_svg(),
        ));
        page.figures(&figures);
        if let Some(figure) = first_layer(run) {
            page.text(
                "Each picture is a neuron of the first layer, each pixel the weight of that pixel: \
                 what is vermilion speaks for the neuron, what is blue against it. Pixels that are \
                 empty in all training pictures keep the weight they began with.",
            );
            add(&mut page, &mut plots, vec![("first-layer.svg", figure)]);
        }
    }

    page.section("Settings");
    page.raw("<div class=\"columns\">\n");
    page.facts("Settings", &run.settings);
    page.facts("Seed and versions", &run.versions);
    page.facts("Timings", &run.timings);
    page.raw("</div>\n");
    Document {
        html: page.to_html(),
        plots,
    }
}

/// Puts figures on the page and among the files.
pub(crate) fn add(
    page: &mut Page,
    plots: &mut Vec<(String, String)>,
    figures: Vec<(&str, Figure)>,
) {
    for (name, figure) in &figures {
        plots.push(((*name).to_string(), figure.to_svg()));
    }
    let figures: Vec<Figure> = figures.into_iter().map(|(_, figure)| figure).collect();
    page.figures(&figures);
}

fn headline(run: &Run) -> Vec<(String, String, String)> {
    let item = |name: &str, value: String, remark: String| (name.to_string(), value, remark);
    let mut items = match &run.outcome {
        Outcome::Classes { .. } => run_classes::headline(run),
        Outcome::Values { .. } => run_values::headline(run),
    };
    let loss = short((1e4 * run.test_loss).round() / 1e4);
    items.push(item("test loss", loss, run.curves.loss_unit.clone()));
    let curves = &run.curves;
    if let Some(best) = curves.best_epoch {
        let of = format!("of {}", curves.train_loss.len());
        items.push(item("best epoch", best.to_string(), of));
    }
    let time: f64 = curves.seconds.iter().filter(|s| s.is_finite()).sum();
    if time > 0.0 {
        let each = seconds(time / curves.seconds.len() as f64);
        items.push(item("training", seconds(time), format!("{each} an epoch")));
    }
    items
}

fn weights(layer: &LinearLayer) -> Figure {
    let sets = [
        ("before training", &layer.before),
        ("after training", &layer.after),
    ];
    let sets = sets.into_iter().filter(|(_, values)| !values.is_empty());
    let histogram = Histogram {
        title: format!("Weights of {}", layer.name),
        label: "weight".to_string(),
        sets: sets
            .map(|(name, values)| (name.to_string(), values.clone()))
            .collect(),
    };
    histogram.figure()
}

fn first_layer(run: &Run) -> Option<Figure> {
    let (width, height) = run.picture?;
    let layer = run.layers.first()?;
    if layer.inputs == 0 || layer.inputs != width.checked_mul(height)? {
        return None;
    }
    let grid = PictureGrid {
        title: "Weights of the first layer as pictures".to_string(),
        width,
        height,
        pictures: layer
            .after
            .chunks_exact(layer.inputs)
            .map(<[f64]>::to_vec)
            .collect(),
        shades: Shades::Diverging,
    };
    Some(grid.figure())
}
