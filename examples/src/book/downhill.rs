//! Chapter 5: learning rates, momentum, Adam and its bias correction.

use backprop::data::Dataset;
use backprop::datasets::mnist;
use backprop::layers::{LayerSpec, linear, relu};
use backprop::losses::SoftmaxCrossEntropy;
use backprop::optimizers::{Adam, Nesterov, Optimizer, OptimizerState, ParamInfo, Sgd, Step};
use backprop::tensor::{Pool, Scalar};
use backprop::trainer::{BatchReport, Observer};
use backprop_plot::{Axis, Scale, Series};

use super::charts::{by_epoch, lines, over_epochs};
use super::contents::{Book, Outcome};
use super::draw::{At, Drawing};
use super::runs::{config, epochs, network, trainer};

const CHAPTER: &str = "05-downhill";

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    let (digits, _) = mnist::sample::<f64>();
    let digits = digits.limit(2000);
    rates(book, &digits)?;
    valley(book);
    momentum(book, &digits)?;
    steps(book);
    first_steps(book, &digits)
}

fn layers() -> [LayerSpec; 5] {
    [linear(64), relu(), linear(32), relu(), linear(10)]
}

/// The loss after a few epochs of plain SGD, by learning rate.
fn rates(book: &mut Book, digits: &Dataset<f64>) -> Outcome<()> {
    let mut points = Vec::new();
    for k in 0..=14 {
        let learning_rate = 1e-3 * 10_f64.powf(f64::from(k) / 4.0);
        let sgd = Sgd::new(learning_rate);
        let run = epochs(network(784, &layers())?, sgd, config(3, 50), digits, None)?;
        let loss = if run.len() == 3 {
            run[2].train_loss
        } else {
            f64::NAN
        };
        points.push((learning_rate, loss));
    }
    let best = points.iter().filter(|point| point.1.is_finite());
    let best = best
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or("all rates diverged")?;
    book.number(CHAPTER, "best of the rates", format!("{:.2}", best.0));
    book.number(
        CHAPTER,
        "loss at the best of the rates",
        format!("{:.3}", best.1),
    );
    book.number(CHAPTER, "loss at rate 0.001", format!("{:.2}", points[0].1));
    let series = vec![Series::new("training loss of epoch 3", points)];
    let (x, y) = (
        Axis::new("learning rate", Scale::Log),
        Axis::new("training loss (nats)", Scale::Linear),
    );
    book.figure(
        "rates",
        lines("Three epochs of plain SGD, by learning rate", x, y, series),
    );
    Ok(())
}

/// The curvatures of the valley along its two axes.
const CURVATURES: [f64; 2] = [1.0, 40.0];

/// The way of an optimizer down the valley `(a x^2 + b y^2) / 2`, from (-9, 1.5).
fn descend(optimizer: &dyn Optimizer<f64>, steps: usize) -> Vec<[f64; 2]> {
    let (pool, mut state) = (Pool::new(1), OptimizerState::new());
    let mut way = vec![[-9.0, 1.5]];
    for _ in 0..steps {
        let mut p = way[way.len() - 1];
        let grad = [CURVATURES[0] * p[0], CURVATURES[1] * p[1]];
        let item = (&mut p[..], &grad[..], ParamInfo::new(1));
        let rate = optimizer.learning_rate();
        state.step(&pool, optimizer, rate, 1.0, [item].into_iter());
        way.push(p);
    }
    way
}

fn height(p: &[f64; 2]) -> f64 {
    (CURVATURES[0] * p[0] * p[0] + CURVATURES[1] * p[1] * p[1]) / 2.0
}

fn valley(book: &mut Book) {
    // For a quadratic the best rate of SGD is 2 / (least + greatest curvature); of Nesterov's
    // constant scheme 1 / greatest, with the momentum of the roots of the curvatures.
    let [low, high] = CURVATURES;
    let root = (high / low).sqrt();
    let (momentum, slow, fast) = ((root - 1.0) / (root + 1.0), 2.0 / (low + high), 1.0 / high);
    let nesterov = Nesterov::new(fast).momentum(momentum);
    let ways = [
        (
            format!("SGD, rate {slow:.4}"),
            descend(&Sgd::new(slow), 400),
        ),
        (
            format!("Nesterov, rate {fast:.4}, μ = {momentum:.3}"),
            descend(&nesterov, 400),
        ),
    ];
    book.number(CHAPTER, "valley: best rate of SGD", format!("{slow:.4}"));
    book.number(
        CHAPTER,
        "valley: best rate of Nesterov",
        format!("{fast:.3}"),
    );
    book.number(CHAPTER, "valley: best momentum", format!("{momentum:.3}"));
    let about = "Contours of a valley 40 times as curved across as along. SGD jumps from side to \
                 side and creeps along it; Nesterov momentum is at the bottom of the valley after two \
                 steps and then goes along it.";
    let title = "Thirty steps from the same point";
    let mut drawing = Drawing::new(title, about, 640.0, 330.0);
    let centre = (560.0, 190.0);
    let place = |p: &[f64; 2]| (centre.0 + 54.0 * p[0], centre.1 + 54.0 * p[1]);
    for level in [1.0_f64, 5.0, 15.0, 30.0, 42.0] {
        let radii = CURVATURES.map(|c| 54.0 * (2.0 * level / c).sqrt());
        // The right end of the larger ones would leave the picture.
        let turns = (0..=120).map(|k| std::f64::consts::PI * (0.5 + f64::from(k) / 120.0));
        let points = turns.map(|t| (centre.0 + radii[0] * t.cos(), centre.1 + radii[1] * t.sin()));
        drawing.line("thin", &points.collect::<Vec<_>>());
    }
    for (k, (name, way)) in ways.iter().enumerate() {
        let points: Vec<(f64, f64)> = way[..=30].iter().map(place).collect();
        drawing.line(&format!("k{k}"), &points);
        for &point in &points {
            drawing.circle(&format!("f{k}"), point, 2.6);
        }
        drawing.text(
            &format!("b c{k}"),
            (8.0, 46.0 + 20.0 * k as f64),
            At::Start,
            name,
        );
        let reached = way.iter().position(|p| height(p) < 1e-3).unwrap_or(0);
        book.number(
            CHAPTER,
            format!(
                "valley: steps to a height of 0.001, {}",
                ["SGD", "Nesterov"][k]
            ),
            reached.to_string(),
        );
        book.number(
            CHAPTER,
            format!("valley: height after 30 steps, {}", ["SGD", "Nesterov"][k]),
            format!("{:.4}", height(&way[30])),
        );
    }
    drawing.circle("f2", centre, 5.0);
    drawing.text(
        "s m",
        (centre.0 + 8.0, centre.1 + 4.0),
        At::Start,
        "the lowest",
    );
    book.figure("valley", drawing.to_svg());
}

/// One rate with and without momentum, on digits.
fn momentum(book: &mut Book, digits: &Dataset<f64>) -> Outcome<()> {
    let run = |optimizer: Box<dyn Optimizer<f64>>| {
        let network = network(784, &layers())?;
        epochs(network, optimizer, config(10, 50), digits, None)
    };
    let runs = [
        ("SGD, rate 0.01", run(Box::new(Sgd::new(0.01)))?),
        (
            "Nesterov 0.9, rate 0.01",
            run(Box::new(Nesterov::new(0.01)))?,
        ),
        ("SGD, rate 0.1", run(Box::new(Sgd::new(0.1)))?),
    ];
    for (name, run) in &runs {
        let loss = run.last().map_or(f64::NAN, |epoch| epoch.train_loss);
        book.number(
            CHAPTER,
            format!("training loss, epoch 10, {name}"),
            format!("{loss:.3}"),
        );
    }
    let series = runs
        .iter()
        .map(|(name, run)| by_epoch(name, run, |epoch| epoch.train_loss));
    let title = "Momentum on 2,000 digits";
    book.figure(
        "momentum",
        over_epochs(
            title,
            "training loss (nats)",
            Scale::Linear,
            series.collect(),
        ),
    );
    Ok(())
}

/// Adam as it would be without its bias correction.
#[derive(Debug)]
struct Uncorrected {
    learning_rate: f64,
}

impl<T: Scalar> Optimizer<T> for Uncorrected {
    fn name(&self) -> &'static str {
        "uncorrected"
    }
    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }
    fn state_slots(&self) -> usize {
        2
    }
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else {
            panic!("uncorrected has 2 state buffers, not {}", state.len())
        };
        for (((p, &grad), m), v) in value
            .iter_mut()
            .zip(grad)
            .zip(m.iter_mut())
            .zip(v.iter_mut())
        {
            let g = step.gradient(*p, grad);
            *m = T::from_f64(0.9) * *m + T::from_f64(0.1) * g;
            *v = T::from_f64(0.999) * *v + T::from_f64(0.001) * g * g;
            *p = step.decayed(*p) - step.learning_rate * *m / (v.sqrt() + T::from_f64(1e-8));
        }
    }
}

/// How long each step is under a constant gradient, in units of the rate.
fn steps(book: &mut Book) {
    let lengths = |optimizer: &dyn Optimizer<f64>| {
        let (pool, mut state) = (Pool::new(1), OptimizerState::new());
        let mut p = [0.0];
        let mut points = Vec::new();
        for step in 1..=5000 {
            let before = p[0];
            let item = (&mut p[..], &[0.02][..], ParamInfo::new(1));
            state.step(&pool, optimizer, 1e-3, 1.0, [item].into_iter());
            points.push((f64::from(step), (before - p[0]) / 1e-3));
        }
        points
    };
    let uncorrected = Uncorrected {
        learning_rate: 1e-3,
    };
    let (with, without) = (lengths(&Adam::new(1e-3)), lengths(&uncorrected));
    book.number(
        CHAPTER,
        "Adam: length of step 1, corrected",
        format!("{:.2}", with[0].1),
    );
    book.number(
        CHAPTER,
        "Adam: length of step 1, uncorrected",
        format!("{:.2}", without[0].1),
    );
    let longest = without
        .iter()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .expect("there are steps");
    book.number(
        CHAPTER,
        "Adam: longest uncorrected step",
        format!("{:.2}", longest.1),
    );
    book.number(
        CHAPTER,
        "Adam: number of the longest step",
        format!("{:.0}", longest.0),
    );
    book.number(
        CHAPTER,
        "Adam: length of step 1000, uncorrected",
        format!("{:.2}", without[999].1),
    );
    // Evenly on a logarithmic axis.
    let thin = |points: &[(f64, f64)]| {
        let mut last = 0;
        let at = (0..=148).map(|k| 10_f64.powf(f64::from(k) / 40.0).round() as usize);
        let mut kept = Vec::new();
        for at in at.filter(|&at| at <= 5000) {
            if at != last {
                kept.push(points[at - 1]);
            }
            last = at;
        }
        kept
    };
    let series = vec![
        Series::new("with the correction", thin(&with)),
        Series::new("without", thin(&without)),
    ];
    let (x, y) = (
        Axis::new("step", Scale::Log),
        Axis::new("length / rate", Scale::Linear),
    );
    book.figure(
        "adam-steps",
        lines("Adam's steps under a constant gradient", x, y, series),
    );
}

/// Losses of all batches.
#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer for Losses {
    fn batch(&mut self, report: &BatchReport) -> std::ops::ControlFlow<()> {
        self.0.push(report.loss);
        std::ops::ControlFlow::Continue(())
    }
}

/// The first steps on digits, with and without the correction.
fn first_steps(book: &mut Book, digits: &Dataset<f64>) -> Outcome<()> {
    let run = |optimizer: Box<dyn Optimizer<f64>>| -> Outcome<Vec<f64>> {
        let network = network(784, &layers())?;
        let mut trainer = trainer(network, SoftmaxCrossEntropy, optimizer, config(3, 50))?;
        let mut losses = Losses::default();
        trainer.fit_with(digits, None, &mut losses)?;
        Ok(losses.0)
    };
    let uncorrected = Uncorrected {
        learning_rate: 0.01,
    };
    let (with, without) = (run(Box::new(Adam::new(0.01)))?, run(Box::new(uncorrected))?);
    let largest = |losses: &[f64]| losses.iter().copied().fold(0.0, f64::max);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    for (name, losses) in [("corrected", &with), ("uncorrected", &without)] {
        book.number(
            CHAPTER,
            format!("Adam on digits: highest loss of a batch, {name}"),
            format!("{:.2}", largest(losses)),
        );
        book.number(
            CHAPTER,
            format!("Adam on digits: mean loss of steps 81 to 120, {name}"),
            format!("{:.3}", mean(&losses[80..120])),
        );
    }
    let points = |losses: Vec<f64>| {
        losses
            .into_iter()
            .zip(1..)
            .map(|(y, x)| (f64::from(x), y))
            .collect()
    };
    let series = vec![
        Series::new("with the correction", points(with)),
        Series::new("without", points(without)),
    ];
    let (x, y) = (
        Axis::new("step", Scale::Whole),
        Axis::new("loss of the batch (nats)", Scale::Linear),
    );
    book.figure(
        "adam-start",
        lines("Adam's first 120 steps on digits, rate 0.01", x, y, series),
    );
    Ok(())
}
