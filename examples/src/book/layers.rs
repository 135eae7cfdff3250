//! Chapter 3: a picture for each layer.

use std::sync::Arc;

use backprop::layers::{
    BackwardArgs, Dropout, Layer, LeakyRelu, Mode, PassContext, Pool, Relu, Saved, Sequential,
    Sigmoid, Softmax, SparseIndex, Tanh, Workspace,
};
use backprop::losses::{Loss, SoftmaxCrossEntropy, TargetsView};
use backprop::ndarray::{Array2, array};
use backprop::tensor::Key;
use backprop_plot::{Axis, Scale, Series};

use super::charts::lines;
use super::contents::{Book, Outcome};
use super::draw::{At, Drawing};

const CHAPTER: &str = "03-layers";

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    book.figure("linear", linear());
    activation(book, "sigmoid", "Sigmoid", &Sigmoid);
    activation(book, "tanh", "Tanh", &Tanh);
    activation(book, "relu", "ReLU", &Relu);
    activation(
        book,
        "leaky-relu",
        "LeakyReLU with slope 0.1",
        &LeakyRelu::new(0.1)?,
    );
    softmax(book)?;
    dropout(book)
}

/// The three products of a Linear layer as boxes with their shapes.
fn linear() -> String {
    let about = "Forward: x, (B, I), times W transposed, (I, O), is y, (B, O). Weights: dy \
                 transposed, (O, B), times x, (B, I), is dW, (O, I). Input: dy, (B, O), times W, \
                 (O, I), is dx, (B, I).";
    let title = "Linear: one product forward, two back";
    let mut drawing = Drawing::new(title, about, 620.0, 372.0);
    // B is 60 wide or high in the picture, I is 90, O is 40.
    let (b, i, o) = (60.0, 90.0, 40.0);
    let rows = [
        (
            50.0,
            "forward",
            ["x", "Wᵀ", "y"],
            [(b, i), (i, o), (b, o)],
            [0, 2, 0],
        ),
        (
            158.0,
            "weights",
            ["dyᵀ", "x", "dW"],
            [(o, b), (b, i), (o, i)],
            [1, 0, 1],
        ),
        (
            256.0,
            "input",
            ["dy", "W", "dx"],
            [(b, o), (o, i), (b, i)],
            [1, 2, 1],
        ),
    ];
    let letter = |length: f64| match length as u32 {
        60 => "B",
        90 => "I",
        _ => "O",
    };
    for (top, label, names, shapes, colours) in rows {
        let middle = top + 50.0;
        drawing.text("m", (14.0, middle + 5.0), At::Start, label);
        let mut x = 110.0;
        for (k, ((name, (height, width)), colour)) in
            names.iter().zip(shapes).zip(colours).enumerate()
        {
            let corner = (x, middle - height / 2.0);
            drawing.rect("box", corner, (width, height));
            let colour = ["f0", "f1", "f2"][colour];
            drawing.faint_rect(colour, corner, (width, height), 0.35);
            drawing.text("b", (x + width / 2.0, middle + 5.0), At::Middle, name);
            let shape = format!("({}, {})", letter(height), letter(width));
            drawing.text(
                "s m",
                (x + width + 6.0, middle + height / 2.0),
                At::Start,
                &shape,
            );
            x += width + 56.0;
            if k < 2 {
                drawing.text("b", (x - 6.0, middle + 5.0), At::Middle, ["×", "="][k]);
                x += 10.0;
            }
        }
    }
    let note = "Blue is known from the forward pass, orange comes back, green is the layer's own.";
    drawing.text("s m", (14.0, 360.0), At::Start, note);
    drawing.to_svg()
}

/// The function of a layer and its slope, by its own forward and backward.
fn activation(book: &mut Book, file: &str, name: &str, layer: &dyn Layer<f64>) {
    let x = Array2::from_shape_fn((1, 161), |(_, i)| i as f64 / 20.0 - 4.0);
    let (y, slope) = forward_and_slope(layer, &x);
    let steepest = slope.iter().copied().fold(0.0, f64::max);
    book.number(
        CHAPTER,
        format!("{name}: steepest slope"),
        format!("{steepest:.2}"),
    );
    if file == "sigmoid" || file == "tanh" {
        book.number(
            CHAPTER,
            format!("{name}: slope at 4"),
            format!("{:.4}", slope[[0, 160]]),
        );
    }
    let points = |y: &Array2<f64>| x.iter().copied().zip(y.iter().copied()).collect();
    let series = vec![
        Series::new("y", points(&y)),
        Series::new("slope", points(&slope)),
    ];
    let (across, up) = (Axis::new("x", Scale::Linear), Axis::new("", Scale::Linear));
    book.figure(file, lines(name, across, up, series));
}

fn forward_and_slope(layer: &dyn Layer<f64>, x: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    let pool = Pool::new(1);
    let context = PassContext {
        pool: &pool,
        mode: Mode::Predict,
    };
    let (mut y, mut dx) = (Array2::zeros(x.dim()), Array2::zeros(x.dim()));
    let mut sparse = SparseIndex::default();
    let saved = Saved {
        values: &mut [],
        sparse: &mut sparse,
    };
    layer.forward(&context, x.view(), y.view_mut(), saved);
    let dy = Array2::ones(x.dim());
    let args = BackwardArgs {
        input: x.view(),
        output: y.view(),
        saved: &[],
        sparse: &sparse,
        output_grad: dy.view(),
    };
    layer.backward(&context, args, Some(dx.view_mut()), &mut []);
    (y, dx)
}

/// Bars of logits, probabilities and p - t for one row.
fn softmax(book: &mut Book) -> Outcome<()> {
    let logits = array![[2.0, 1.0, 0.0, -1.0]];
    let (probabilities, _) = forward_and_slope(&Softmax, &logits);
    let mut grad = Array2::zeros((1, 4));
    let classes = TargetsView::Classes(&[1]);
    let loss =
        SoftmaxCrossEntropy.value_and_grad(logits.view(), classes, None, Some(grad.view_mut()));
    for (k, p) in probabilities.iter().enumerate() {
        book.number(CHAPTER, format!("softmax: p{k}"), format!("{p:.3}"));
    }
    for (k, g) in grad.iter().enumerate() {
        book.number(CHAPTER, format!("softmax: dz{k}"), format!("{g:.3}"));
    }
    book.number(CHAPTER, "softmax: loss", format!("{:.3}", loss.mean()));

    let about = "Logits 2, 1, 0, -1 become probabilities that sum to 1. The target is class 1. The \
                 gradient is the probability minus the target: negative for class 1, positive for \
                 the others, and it sums to 0.";
    let title = "Logits, probabilities, and what comes back for class 1";
    let mut drawing = Drawing::new(title, about, 660.0, 262.0);
    let groups = [
        ("logits z", &logits, 30.0, 0),
        ("probabilities p", &probabilities, 90.0, 2),
        ("gradient p − t", &grad, 90.0, 1),
    ];
    for (group, (label, values, scale, colour)) in groups.into_iter().enumerate() {
        let left = 20.0 + 215.0 * group as f64;
        let zero = 146.0;
        for (k, value) in values.iter().enumerate() {
            let x = left + 46.0 * k as f64;
            let height = scale * value.abs();
            let top = if *value > 0.0 { zero - height } else { zero };
            drawing.rect(["f0", "f1", "f2"][colour], (x, top), (32.0, height));
            let y = if *value >= 0.0 {
                zero - height - 6.0
            } else {
                zero + height + 15.0
            };
            let digits = if group == 0 { 0 } else { 2 };
            let text = format!("{value:.digits$}").replace('-', "−");
            drawing.text("s", (x + 16.0, y), At::Middle, &text);
            drawing.text("s m", (x + 16.0, 250.0), At::Middle, &format!("class {k}"));
        }
        drawing.line("thin", &[(left - 6.0, zero), (left + 178.0, zero)]);
        drawing.text("b", (left + 86.0, 52.0), At::Middle, label);
    }
    book.figure("softmax", drawing.to_svg());
    Ok(())
}

/// A batch of ones before and after a dropout, by the layer itself.
fn dropout(book: &mut Book) -> Outcome<()> {
    let (rows, columns) = (6, 10);
    let network = Sequential::<f64>::from_layers(columns, vec![Box::new(Dropout::new(0.3)?)])?;
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let ones = Array2::ones((rows, columns));
    let mut masks = Vec::new();
    for step in 1..=2 {
        network.forward(
            &mut workspace,
            Mode::Train(Key::new(0).derive("step", step)),
            ones.view(),
        );
        masks.push(workspace.output().to_owned());
    }
    let kept = masks[0].iter().filter(|value| **value > 0.0).count();
    book.number(CHAPTER, "dropout: kept of 60", kept.to_string());
    book.number(
        CHAPTER,
        "dropout: factor",
        format!("{:.3}", masks[0].iter().copied().fold(0.0, f64::max)),
    );
    book.number(
        CHAPTER,
        "dropout: mean of the mask",
        format!("{:.3}", masks[0].mean().unwrap_or(0.0)),
    );

    let about = "Six rows of ten neurons, at two steps. A filled cell is kept and multiplied by \
                 1.43, an empty one is dropped. Every row and every step has a mask of its own.";
    let mut drawing = Drawing::new(
        "Dropout with p = 0.3: the masks of two steps",
        about,
        640.0,
        250.0,
    );
    for (k, mask) in masks.iter().enumerate() {
        let left = 90.0 + 290.0 * k as f64;
        for ((row, column), value) in mask.indexed_iter() {
            let at = (left + 24.0 * column as f64, 60.0 + 24.0 * row as f64);
            drawing.rect("box", at, (21.0, 21.0));
            if *value > 0.0 {
                drawing.faint_rect("f0", at, (21.0, 21.0), 0.8);
            }
        }
        drawing.text(
            "b",
            (left + 118.0, 48.0),
            At::Middle,
            &format!("step {}", k + 1),
        );
        drawing.text("s m", (left + 118.0, 222.0), At::Middle, "ten neurons");
    }
    drawing.text("s m", (80.0, 134.0), At::End, "six rows");
    drawing.text(
        "s m",
        (90.0, 242.0),
        At::Start,
        "filled: times 1 / (1 − p); empty: times 0",
    );
    book.figure("dropout", drawing.to_svg());
    Ok(())
}
