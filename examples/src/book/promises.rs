//! Chapter 7: what the promises cost, in bytes and in time.

use std::time::Instant;

use backprop::data::{Batch, BatchSampler, Dataset};
use backprop::datasets::mnist;
use backprop::formats::{Model, ModelInfo, write_atomic};
use backprop::layers::{LayerSpec, Sequential, leaky_relu, linear};
use backprop::losses::{SoftmaxCrossEntropy, TargetsView};
use backprop::optimizers::Adam;
use backprop::tensor::PanelLayout;
use backprop::trainer::Trainer;
use backprop_plot::{Axis, BarChart, Scale};

use super::contents::{Book, Outcome};

const CHAPTER: &str = "07-promises";
/// The widths of the network that everything here is about.
const WIDTHS: [usize; 4] = [784, 128, 64, 10];
const BATCH: usize = 128;

fn layers() -> [LayerSpec; 5] {
    [
        linear(128),
        leaky_relu(0.01),
        linear(64),
        leaky_relu(0.01),
        linear(10),
    ]
}

fn trainer(threads: usize) -> Outcome<Trainer<f32>> {
    let network = Sequential::new(WIDTHS[0], layers(), 0)?;
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(1e-3))?;
    Ok(trainer.epochs(1).batch_size(BATCH).threads(threads))
}

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    let mut trainer = trainer(1)?;
    let digits = mnist::sample::<f32>().0.limit(BATCH);
    let parameters = trainer.network().parameter_count();
    trainer.fit_with(&digits, None, &mut ())?;
    let checkpoint = trainer.checkpoint()?.to_bytes().len();
    let model = Model::new(trainer.network().clone(), ModelInfo::default())?;
    let model = model.to_bytes()?.len();
    let stored: usize = trainer
        .network()
        .parameters()
        .map(|(_, p)| p.packed().len())
        .sum();
    // Each layer's output and the gradient by it: the widths of Linear layers and activations.
    let activations = 2 * BATCH * (2 * WIDTHS[1] + 2 * WIDTHS[2] + WIDTHS[3]);
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let kinds = [
        ("values", 4 * stored),
        ("gradients", 4 * stored),
        ("moments", 8 * stored),
        ("snapshot", 12 * stored),
        ("activations", 4 * activations),
        ("checkpoint", checkpoint),
    ];
    book.number(CHAPTER, "parameters", parameters.to_string());
    book.number(CHAPTER, "padding", (stored - parameters).to_string());
    for (name, bytes) in kinds {
        book.number(
            CHAPTER,
            format!("MiB: {name}"),
            format!("{:.2}", mib(bytes)),
        );
    }
    book.number(CHAPTER, "MiB: model file", format!("{:.2}", mib(model)));
    let panels = WIDTHS.windows(2).map(|pair| {
        let unit = PanelLayout::new(pair[0], pair[1]).panel_len::<f32>();
        (PanelLayout::new(pair[0], pair[1]).packed_len::<f32>() / unit).to_string()
    });
    book.number(
        CHAPTER,
        "panels of the three layers",
        panels.collect::<Vec<_>>().join(", "),
    );
    let bars = BarChart {
        title: "784-128-64-10 in f32 with Adam, batches of 128".into(),
        x: "what".into(),
        y: Axis::new("MiB", Scale::Linear),
        bars: kinds
            .iter()
            .map(|&(name, bytes)| (name.to_string(), mib(bytes)))
            .collect(),
    };
    book.figure("memory", bars.figure().to_svg());
    Ok(())
}

/// The shortest of some runs, in milliseconds.
fn milliseconds(runs: usize, mut f: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    let mut shortest = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        f()?;
        shortest = shortest.min(1e3 * start.elapsed().as_secs_f64());
    }
    Ok(shortest)
}

/// The costs of the promises on this machine: lines to be printed.
///
/// # Errors
/// If the temporary folder cannot be written to.
pub fn costs() -> Outcome<Vec<String>> {
    let digits = mnist::sample::<f32>().0;
    let mut lines = Vec::new();
    let mut epoch = |threads| -> Outcome<f64> {
        let mut trainer = trainer(threads)?;
        let mut batch = Batch::new();
        let mut batches = BatchSampler::new(digits.len(), BATCH, None);
        let ms = milliseconds(9, || {
            batches.restart();
            while let Some(rows) = batches.next_batch() {
                digits.gather(rows, &mut batch);
                let classes =
                    TargetsView::Classes(batch.class_labels().ok_or("digits have classes")?);
                trainer.train_batch(batch.inputs(), classes, None)?;
            }
            Ok(())
        })?;
        lines.push(format!(
            "5,000 digits, {threads} thread(s): {ms:.1} ms an epoch"
        ));
        Ok(ms)
    };
    let one = epoch(1)?;
    let two = epoch(2)?;
    lines.push(format!(
        "two threads are {:.2} times as fast as one",
        one / two
    ));
    lines.extend(files(&digits, one)?);
    Ok(lines)
}

/// The costs of checkpoints, checksums and checks, beside an epoch of 60,000 rows.
fn files(digits: &Dataset<f32>, epoch_of_5000: f64) -> Outcome<Vec<String>> {
    let epoch = 12.0 * epoch_of_5000;
    let mut trainer = trainer(1)?;
    trainer.fit_with(digits, None, &mut ())?;
    let bytes = trainer.checkpoint()?.to_bytes();
    let path = std::env::temp_dir().join(format!("backprop-costs-{}", std::process::id()));
    let make = milliseconds(9, || {
        trainer.checkpoint()?.to_bytes();
        Ok(())
    })?;
    let atomic = milliseconds(9, || Ok(write_atomic(&path, &bytes)?))?;
    let plain = milliseconds(9, || Ok(std::fs::write(&path, &bytes)?))?;
    std::fs::remove_file(&path)?;
    let model = Model::new(trainer.network().clone(), ModelInfo::default())?.to_bytes()?;
    let load = milliseconds(9, || {
        Model::<f32>::from_bytes("model", &model)?;
        Ok(())
    })?;
    let finite = milliseconds(99, || {
        let values = trainer.network().parameters().flat_map(|(_, p)| p.packed());
        match values.copied().all(f32::is_finite) {
            true => Ok(()),
            false => Err("a weight is not finite".into()),
        }
    })?;
    let share = |ms: f64| {
        format!(
            "{ms:.3} ms, {:.2} % of an epoch of 60,000 rows",
            100.0 * ms / epoch
        )
    };
    Ok(vec![
        format!("a checkpoint, made with its checksums: {}", share(make)),
        format!("written whole or not at all: {}", share(atomic)),
        format!("written plainly: {}", share(plain)),
        format!(
            "the look for weights that are not finite: {}",
            share(finite)
        ),
        format!("a model read and checked: {load:.3} ms"),
    ])
}
