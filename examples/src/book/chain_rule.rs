//! Chapter 2: the chain rule with numbers, the walk through a network, central differences.

use std::sync::Arc;

use backprop::layers::{Layer, Linear, Mode, Pool, Sequential, Tanh, Workspace, linear, tanh};
use backprop::losses::{Loss, MeanSquaredError, TargetsView};
use backprop::ndarray::{Array2, array};
use backprop::tensor::{Key, Scalar};
use backprop_plot::{Axis, Scale, Series};

use super::charts::lines;
use super::contents::{Book, Outcome};
use super::draw::{At, Drawing};

const CHAPTER: &str = "02-the-chain-rule";

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    chain(book)?;
    book.figure("walk", walk());
    differences(book)
}

/// The chain of the chapter: one input, one tanh, one output, with the weights 2 and -1.5.
fn chain(book: &mut Book) -> Outcome<()> {
    let layers: Vec<Box<dyn Layer<f64>>> = vec![
        Box::new(Linear::from_rows(1, 1, &[2.0], &[0.0])),
        Box::new(Tanh),
        Box::new(Linear::from_rows(1, 1, &[-1.5], &[0.0])),
    ];
    let (input, target) = (array![[0.5]], array![[1.0]]);
    // The value behind each layer, and the gradient by it: that of the bias of a Linear layer.
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let mut values = Vec::new();
    for depth in 1..=3 {
        let network = Sequential::from_layers(1, layers[..depth].to_vec())?;
        network.forward(&mut workspace, Mode::Predict, input.view());
        values.push(workspace.output()[[0, 0]]);
    }
    let network = Sequential::from_layers(1, layers)?;
    network.forward(&mut workspace, Mode::Train(Key::new(0)), input.view());
    let (output, grad) = workspace.output_and_grad();
    let targets = TargetsView::Values(target.view());
    let loss = MeanSquaredError
        .value_and_grad(output, targets, None, Some(grad))
        .mean();
    network.backward(&mut workspace, input.view());
    let grads: Vec<f64> = workspace.gradients().map(|grad| grad[0]).collect();
    let [w1, b1, w2, b2] = grads[..] else {
        unreachable!("two Linear layers have four gradients")
    };
    let (z, h, y) = (values[0], values[1], values[2]);
    let dh = b2 * -1.5;
    for (what, value) in [
        ("h", h),
        ("y", y),
        ("loss", loss),
        ("dy", b2),
        ("dw2", w2),
        ("dh", dh),
        ("dz", b1),
        ("dw1", w1),
    ] {
        book.number(CHAPTER, what, format!("{value:.4}"));
    }

    let about = "x times w1 is z, its tanh is h, h times w2 is y, and (y - t) squared is the loss. \
                 The values run from left to right above, the gradients from right to left below.";
    let mut drawing = Drawing::new(
        "Values go forward, gradients come back",
        about,
        700.0,
        230.0,
    );
    let boxes = [
        (150.0, "× w1", "w1 = 2"),
        (290.0, "tanh", ""),
        (430.0, "× w2", "w2 = −1.5"),
        (570.0, "(y − t)²", "t = 1"),
    ];
    for (x, name, below) in boxes {
        drawing.rect("box", (x - 38.0, 96.0), (76.0, 40.0));
        drawing.text("b", (x, 121.0), At::Middle, name);
        drawing.text("s m", (x, 60.0), At::Middle, below);
    }
    let value = |name: &str, value: f64| format!("{name} = {value:.3}").replace('-', "−");
    let wires = [
        (60.0, 112.0, value("x", 0.5), String::new()),
        (188.0, 252.0, value("z", z), value("dz", b1)),
        (328.0, 392.0, value("h", h), value("dh", dh)),
        (468.0, 532.0, value("y", y), value("dy", b2)),
        (608.0, 660.0, value("L", loss), String::new()),
    ];
    for (from, to, above, below) in wires {
        drawing.arrow(0, (from, 106.0), (to, 106.0));
        let middle = (from + to) / 2.0;
        drawing.text("s c0", (middle, 88.0), At::Middle, &above);
        if !below.is_empty() {
            drawing.arrow(1, (to, 126.0), (from, 126.0));
            drawing.text("s c1", (middle, 152.0), At::Middle, &below);
        }
    }
    for (x, name, grad) in [(150.0, "dw1", w1), (430.0, "dw2", w2)] {
        drawing.arrow(1, (x, 136.0), (x, 186.0));
        drawing.text("s c1", (x, 202.0), At::Middle, &value(name, grad));
    }
    book.figure("chain", drawing.to_svg());
    Ok(())
}

fn walk() -> String {
    let about = "Layers 1 to K in a row. Forward, each passes its output to the next, and the last \
                 to the loss. Backward, each passes the gradient by its input to the one before, \
                 and keeps that by its parameters.";
    let mut drawing = Drawing::new(
        "One step: forward, loss, backward, update",
        about,
        700.0,
        250.0,
    );
    let places = [
        (150.0, "layer 1"),
        (290.0, "layer 2"),
        (430.0, "layer K"),
        (590.0, "loss"),
    ];
    for (at, (x, name)) in places.iter().enumerate() {
        drawing.rect("box", (x - 44.0, 90.0), (88.0, 56.0));
        drawing.text("b", (*x, 123.0), At::Middle, name);
        if at < 3 {
            let subscript = ["₁", "₂", "ₖ"][at];
            drawing.arrow(1, (*x, 146.0), (*x, 190.0));
            drawing.text("c1", (*x, 208.0), At::Middle, &format!("dθ{subscript}"));
            drawing.text("s m", (*x, 226.0), At::Middle, "to the optimizer");
        }
    }
    let wires = [
        (44.0, 106.0, "batch", ""),
        (194.0, 246.0, "x₁", "dx₁"),
        (334.0, 386.0, "x₂ …", "… dx₂"),
        (474.0, 546.0, "xₖ", "dxₖ"),
        (634.0, 680.0, "L", ""),
    ];
    for (from, to, above, below) in wires {
        drawing.arrow(0, (from, 104.0), (to, 104.0));
        drawing.text("c0", ((from + to) / 2.0, 84.0), At::Middle, above);
        if !below.is_empty() {
            drawing.arrow(1, (to, 132.0), (from, 132.0));
            drawing.text("c1", ((from + to) / 2.0, 160.0), At::Middle, below);
        }
    }
    drawing.to_svg()
}

/// How far a difference quotient is off, by the size of its move.
fn differences(book: &mut Book) -> Outcome<()> {
    let moves: Vec<f64> = (2..=26).map(|k| 10_f64.powf(-f64::from(k) / 2.0)).collect();
    let central = errors::<f64>(&moves, |f, h| (f(h) - f(-h)) / (2.0 * h))?;
    let one_sided = errors::<f64>(&moves, |f, h| (f(h) - f(0.0)) / h)?;
    let single = errors::<f32>(&moves, |f, h| (f(h) - f(-h)) / (2.0 * h))?;
    for (name, errors) in [
        ("central, f64", &central),
        ("one-sided, f64", &one_sided),
        ("central, f32", &single),
    ] {
        let best = errors.iter().copied().fold(f64::INFINITY, f64::min);
        book.number(
            CHAPTER,
            format!("smallest error, {name}, power of ten"),
            format!("{:.0}", best.log10()),
        );
    }
    let points = |errors: Vec<f64>| moves.iter().copied().zip(errors).collect();
    let series = vec![
        Series::new("central, f64", points(central)),
        Series::new("one-sided, f64", points(one_sided)),
        Series::new("central, f32", points(single)),
    ];
    let (x, y) = (
        Axis::new("move h", Scale::Log),
        Axis::new("relative error", Scale::Log),
    );
    book.figure(
        "differences",
        lines("How well a difference knows the slope", x, y, series),
    );
    Ok(())
}

/// A quotient made of the loss after a move and the move itself.
type Quotient = fn(&mut dyn FnMut(f64) -> f64, f64) -> f64;

/// The relative errors of the quotients, against the gradient of backward in f64.
fn errors<T: Scalar>(moves: &[f64], quotient: Quotient) -> Outcome<Vec<f64>> {
    let layers = || [linear(6), tanh(), linear(2)];
    let exact = {
        let network = Sequential::<f64>::new(3, layers(), 4)?;
        let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
        network.forward(
            &mut workspace,
            Mode::Train(Key::new(0)),
            inputs::<f64>().view(),
        );
        let (output, grad) = workspace.output_and_grad();
        let targets = Array2::zeros((4, 2));
        MeanSquaredError.value_and_grad(
            output,
            TargetsView::Values(targets.view()),
            None,
            Some(grad),
        );
        network.backward(&mut workspace, inputs::<f64>().view());
        workspace.gradients().next().ok_or("no gradient")?[0]
    };
    let mut network = Sequential::<T>::new(3, layers(), 4)?;
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let start = network.parameters().next().ok_or("no weight")?.1.packed()[0];
    let mut loss = |moved: f64| {
        let mut parameters = network.parameters_mut();
        let weight = parameters.next().expect("a Linear layer has a weight").1;
        weight.packed_mut()[0] = start + T::from_f64(moved);
        drop(parameters);
        network.forward(&mut workspace, Mode::Predict, inputs::<T>().view());
        let targets = Array2::zeros((4, 2));
        let targets = TargetsView::Values(targets.view());
        // Rounded as the network's numbers are, or f32 would look better than it is.
        T::from_f64(
            MeanSquaredError
                .value_and_grad(workspace.output(), targets, None, None)
                .mean(),
        )
        .as_f64()
    };
    let error = |&h: &f64| ((quotient(&mut loss, h) - exact) / exact).abs().max(1e-16);
    Ok(moves.iter().map(error).collect())
}

fn inputs<T: Scalar>() -> Array2<T> {
    Array2::from_shape_fn((4, 3), |(row, column)| {
        T::from_f64(((row * 3 + column) as f64 * 0.7).sin())
    })
}
