//! Chapter 4: what the scale of the first weights does to a deep network.

use std::sync::Arc;

use backprop::datasets::mnist;
use backprop::layers::{LayerSpec, Mode, Pool, Sequential, Workspace, linear, relu};
use backprop::losses::SoftmaxCrossEntropy;
use backprop::ndarray::Array2;
use backprop::optimizers::Sgd;
use backprop::tensor::{Key, rand::RngExt};
use backprop_plot::{Axis, Scale, Series};

use super::charts::{by_epoch, lines, over_epochs};
use super::contents::{Book, Outcome};
use super::runs::{config, epochs, network, rms, trainer};

const CHAPTER: &str = "04-where-to-start";
/// ReLU layers of the network that only runs, and of the one that is trained.
const DEPTH: usize = 20;
const TRAINED_DEPTH: usize = 10;

/// The factor of the standard deviation of He.
fn scales() -> [(&'static str, f64); 4] {
    [
        ("He: √(2 / I)", 1.0),
        ("without the 2: √(1 / I)", 0.5_f64.sqrt()),
        ("half of He", 0.5),
        ("twice He", 2.0),
    ]
}

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    deep(book)?;
    trained(book)
}

/// Linear layers with a ReLU between them, and one of 10 outputs at the end.
fn layers(width: usize, depth: usize) -> Vec<LayerSpec> {
    let hidden = (0..depth).flat_map(|_| [linear(width), relu()]);
    hidden.chain([linear(10)]).collect()
}

/// The network with all weights multiplied.
fn scaled(mut network: Sequential<f64>, scale: f64) -> Sequential<f64> {
    for (_, parameter) in network.parameters_mut() {
        parameter
            .packed_mut()
            .iter_mut()
            .for_each(|value| *value *= scale);
    }
    network
}

/// The size of activations and gradients, layer by layer, before any training.
fn deep(book: &mut Book) -> Outcome<()> {
    let width = 128;
    let mut random = Key::new(0).derive("input", 0).generator();
    let input = Array2::from_shape_simple_fn((64, width), || {
        random.random_range(-1.0..1.0) * 3.0_f64.sqrt()
    });
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for (name, scale) in scales() {
        let network = scaled(network(width, &layers(width, DEPTH))?, scale);
        let mut sizes = vec![(0.0, rms(&input))];
        for layer in 1..=DEPTH {
            let part = Sequential::from_layers(width, network.layers()[..2 * layer].to_vec())?;
            part.forward(&mut workspace, Mode::Predict, input.view());
            sizes.push((layer as f64, rms(workspace.output())));
        }
        network.forward(&mut workspace, Mode::Train(Key::new(0)), input.view());
        workspace.output_and_grad().1.fill(1.0 / 64.0);
        network.backward(&mut workspace, input.view());
        // Every other gradient is that of a bias, which is the sum over the batch of the gradient
        // by the layer's output.
        let biases = workspace.gradients().skip(1).step_by(2).zip(1..);
        let grads: Vec<(f64, f64)> = biases
            .map(|(grad, layer)| (f64::from(layer), rms(grad)))
            .collect();
        let last = sizes[DEPTH].1;
        let text = if (0.01..100.0).contains(&last) {
            format!("{last:.2}")
        } else {
            format!("{last:.1e}")
        };
        book.number(CHAPTER, format!("size after {DEPTH} layers, {name}"), text);
        let ratio = grads[0].1 / grads[DEPTH - 1].1;
        let text = if (0.01..100.0).contains(&ratio) {
            format!("{ratio:.2}")
        } else {
            format!("{ratio:.1e}")
        };
        book.number(
            CHAPTER,
            format!("gradient of layer 1 over that of layer {DEPTH}, {name}"),
            text,
        );
        forward.push(Series::new(name, sizes));
        backward.push(Series::new(name, grads[..DEPTH].to_vec()));
    }
    let y = |label: &str| Axis::new(label, Scale::Log);
    let title = "Activations of 20 ReLU layers, before training";
    let x = || Axis::new("layer", Scale::Whole);
    book.figure(
        "init-forward",
        lines(title, x(), y("root mean square"), forward),
    );
    let title = "Gradients by the biases of the same layers";
    book.figure(
        "init-backward",
        lines(title, x(), y("root mean square"), backward),
    );
    Ok(())
}

/// A deep network on digits, from these beginnings.
fn trained(book: &mut Book) -> Outcome<()> {
    let (digits, _) = mnist::sample::<f64>();
    let digits = digits.limit(2000);
    let sgd = Sgd::new(0.02);
    let mut series = Vec::new();
    for (name, scale) in scales().into_iter().chain([("all zero", 0.0)]) {
        let network = scaled(network(784, &layers(64, TRAINED_DEPTH))?, scale);
        let trainer = trainer(network.clone(), SoftmaxCrossEntropy, sgd, config(10, 50))?;
        let before = trainer.evaluate(&digits)?.loss;
        let run = epochs(network, sgd, config(10, 50), &digits, None)?;
        book.number(
            CHAPTER,
            format!("loss before training, {name}"),
            format!("{before:.2}"),
        );
        let after = run.last().map_or("diverged".into(), |epoch| {
            format!("{:.3}", epoch.train_loss)
        });
        book.number(CHAPTER, format!("training loss, epoch 10, {name}"), after);
        if !run.is_empty() {
            series.push(by_epoch(name, &run, |epoch| epoch.train_loss));
        }
    }
    let title = "Ten hidden layers on 2,000 digits, plain SGD";
    book.figure(
        "init-training",
        over_epochs(title, "training loss (nats)", Scale::Linear, series),
    );
    Ok(())
}
