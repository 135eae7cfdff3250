//! Chapter 1: a network, going downhill with one knob, and a network that learns the sine.

use std::f64::consts::PI;
use std::ops::ControlFlow;

use backprop::data::{Dataset, Targets};
use backprop::layers::{Sequential, linear, tanh};
use backprop::losses::MeanSquaredError;
use backprop::ndarray::Array2;
use backprop::optimizers::Adam;
use backprop::trainer::on_epoch;
use backprop_plot::{Axis, Scale, Series};

use super::charts::lines;
use super::contents::{Book, Outcome};
use super::draw::{At, Drawing};
use super::runs::{config, trainer};

const CHAPTER: &str = "01-the-idea";

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    book.figure("network", network());
    descent(book);
    sine(book)
}

fn network() -> String {
    let about = "Three inputs, four hidden neurons, two outputs; every neuron is joined to every \
                 neuron of the next column. Each line is a weight.";
    let mut drawing = Drawing::new(
        "A network: every line is a number to be found",
        about,
        480.0,
        250.0,
    );
    let columns = [(90.0, 3), (240.0, 4), (390.0, 2)];
    let place = |x: f64, count: usize, at: usize| {
        (x, 135.0 + 46.0 * (at as f64 - (count as f64 - 1.0) / 2.0))
    };
    for pair in columns.windows(2) {
        let ((x1, n1), (x2, n2)) = (pair[0], pair[1]);
        for (from, to) in (0..n1).flat_map(|from| (0..n2).map(move |to| (from, to))) {
            drawing.line("thin", &[place(x1, n1, from), place(x2, n2, to)]);
        }
    }
    for (k, &(x, count)) in columns.iter().enumerate() {
        for at in 0..count {
            drawing.circle(["f3", "f0", "f1"][k], place(x, count, at), 13.0);
        }
        let label = ["inputs", "hidden neurons", "outputs"][k];
        drawing.text("m", (x, 242.0), At::Middle, label);
    }
    drawing.to_svg()
}

/// The points that a line through the origin is fitted to.
const POINTS: [(f64, f64); 3] = [(1.0, 2.0), (2.0, 3.9), (3.0, 6.2)];

fn descent(book: &mut Book) {
    let mean =
        |f: &dyn Fn(f64, f64) -> f64| POINTS.iter().map(|&(x, y)| f(x, y)).sum::<f64>() / 3.0;
    let loss = |w: f64| mean(&|x, y| (w * x - y).powi(2));
    let slope = |w: f64| mean(&|x, y| 2.0 * (w * x - y) * x);
    let curve = (0..=100).map(|i| 4.2 * f64::from(i) / 100.0 - 0.1);
    let curve = curve.map(|w| (w, loss(w))).collect();
    let mut steps = vec![(0.0, loss(0.0))];
    for _ in 0..6 {
        let w = steps[steps.len() - 1].0;
        let w = w - 0.05 * slope(w);
        steps.push((w, loss(w)));
    }
    let best = mean(&|x, y| x * y) / mean(&|x, _| x * x);
    book.number(CHAPTER, "slope at 0", format!("{:.2}", slope(0.0)));
    book.number(CHAPTER, "loss at 0", format!("{:.2}", loss(0.0)));
    book.number(
        CHAPTER,
        "knob after six steps",
        format!("{:.3}", steps[6].0),
    );
    book.number(
        CHAPTER,
        "loss after six steps",
        format!("{:.4}", steps[6].1),
    );
    book.number(CHAPTER, "best knob", format!("{best:.4}"));
    let series = vec![
        Series::new("the loss", curve),
        Series::new("six steps at rate 0.05", steps),
    ];
    let (x, y) = (
        Axis::new("w", Scale::Linear),
        Axis::new("loss", Scale::Linear),
    );
    book.figure(
        "descent",
        lines("Going downhill with one knob", x, y, series),
    );
}

fn sine(book: &mut Book) -> Outcome<()> {
    let x: Vec<f64> = (0..256)
        .map(|i| PI * (f64::from(i) / 128.0 - 1.0))
        .collect();
    let values = x.iter().map(|x| x.sin()).collect();
    let data = Dataset::from_values(1, x, Targets::Values { width: 1, values })?;
    let layers = [linear(32), tanh(), linear(32), tanh(), linear(1)];
    let network = Sequential::new(1, layers, 0)?;
    book.number(
        CHAPTER,
        "parameters of the sine network",
        network.parameter_count().to_string(),
    );
    let mut trainer = trainer(network, MeanSquaredError, Adam::new(3e-3), config(200, 32))?;
    let places = Array2::from_shape_fn((81, 1), |(i, _)| PI * (i as f64 / 40.0 - 1.0));
    let sine = places.iter().map(|&x| (x, x.sin())).collect();
    let mut series = vec![Series::new("sine", sine)];
    let mut done = 0;
    for stop in [0, 5, 20, 200] {
        if stop > done {
            let mut observer = on_epoch(|epoch| match epoch.epoch == stop {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            });
            trainer.fit_with(&data, None, &mut observer)?;
            done = stop;
        }
        let answers = trainer.predict(places.view())?;
        let points = places
            .iter()
            .copied()
            .zip(answers.iter().copied())
            .collect();
        let plural = if stop == 1 { "epoch" } else { "epochs" };
        series.push(Series::new(format!("{stop} {plural}"), points));
        let loss = trainer.evaluate(&data)?.loss;
        let text = if loss < 0.001 {
            format!("{loss:.6}")
        } else {
            format!("{loss:.3}")
        };
        book.number(CHAPTER, format!("loss after {stop} epochs"), text);
    }
    let (x, y) = (Axis::new("x", Scale::Linear), Axis::new("y", Scale::Linear));
    book.figure(
        "sine",
        lines("A network of 1-32-32-1 learns the sine", x, y, series),
    );
    Ok(())
}
