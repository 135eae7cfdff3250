//! The figures of the book and the numbers in its text.

use std::error::Error;
use std::fmt::Write;
use std::thread;

use backprop::data::Dataset;
use backprop::layers::{LayerSpec, Sequential};
use backprop::losses::{Loss, SoftmaxCrossEntropy};
use backprop::optimizers::{Optimizer, Schedule};
use backprop::trainer::{Epoch, TrainConfig, TrainError, Trainer};
use backprop_plot::{Axis, LineChart, Scale, Series};

mod chain_rule;
mod downhill;
mod draw;
mod idea;
mod layers;
mod overfitting;
mod promises;
mod start;

pub use promises::costs;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The figures and numbers that the book takes from the code.
#[derive(Debug, Default)]
pub struct Book {
    /// File names such as `chain.svg`, and the text of each file.
    pub figures: Vec<(String, String)>,
    /// The numbers in the text.
    pub numbers: Vec<Number>,
}

/// A number that stands in the text of a chapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The chapter's file name without `.md`.
    pub chapter: String,
    /// The meaning of the number.
    pub what: String,
    /// As it stands in the text.
    pub value: String,
}

/// Makes all figures and numbers, in f64, from fixed seeds. Takes some seconds.
///
/// # Errors
/// If a run that should not diverge does.
///
/// # Panics
/// If the thread of a chapter panics.
pub fn make() -> Outcome<Book> {
    let chapters: [fn(&mut Book) -> Outcome<()>; 7] = [
        idea::add,
        chain_rule::add,
        layers::add,
        start::add,
        downhill::add,
        overfitting::add,
        promises::add,
    ];
    // Each on a thread of its own, so none of the trainers needs several.
    let parts = thread::scope(|scope| {
        let make = |add: fn(&mut Book) -> Outcome<()>| {
            let mut part = Book::default();
            match add(&mut part) {
                Ok(()) => Ok(part),
                Err(error) => Err(error.to_string()),
            }
        };
        let threads = chapters.map(|add| scope.spawn(move || make(add)));
        threads.map(|thread| thread.join().expect("a chapter does not panic"))
    });
    let mut book = Book::default();
    for part in parts {
        let part = part?;
        book.figures.extend(part.figures);
        book.numbers.extend(part.numbers);
    }
    Ok(book)
}

impl Book {
    /// One line for each number: chapter, what it is, value, with tabs between.
    pub fn numbers_text(&self) -> String {
        let mut text = String::new();
        for number in &self.numbers {
            let Number {
                chapter,
                what,
                value,
            } = number;
            let _ = writeln!(text, "{chapter}\t{what}\t{value}");
        }
        text
    }

    /// The numbers in lines that [`numbers_text`](Self::numbers_text) wrote.
    pub fn parse_numbers(text: &str) -> Vec<Number> {
        let number = |line: &str| {
            let mut parts = line.split('\t').map(String::from);
            Some(Number {
                chapter: parts.next()?,
                what: parts.next()?,
                value: parts.next()?,
            })
        };
        text.lines().filter_map(number).collect()
    }

    fn figure(&mut self, name: &str, svg: String) {
        self.figures.push((format!("{name}.svg"), svg));
    }

    fn number(&mut self, chapter: &str, what: impl Into<String>, value: String) {
        self.numbers.push(Number {
            chapter: chapter.to_string(),
            what: what.into(),
            value,
        });
    }
}

/// A line chart as a file.
fn lines(title: &str, x: Axis, y: Axis, series: Vec<Series>) -> String {
    let chart = LineChart {
        title: title.into(),
        x,
        y,
        series,
        mark: None,
    };
    chart.figure().to_svg()
}

/// A chart of something over epochs.
fn over_epochs(title: &str, y: &str, scale: Scale, series: Vec<Series>) -> String {
    lines(
        title,
        Axis::new("epoch", Scale::Whole),
        Axis::new(y, scale),
        series,
    )
}

/// A trainer on one thread.
fn trainer(
    network: Sequential<f64>,
    loss: impl Loss<f64> + 'static,
    optimizer: impl Optimizer<f64> + 'static,
    config: TrainConfig,
) -> Outcome<Trainer<f64>> {
    let trainer = Trainer::new(network, loss, optimizer)?;
    Ok(trainer.with_config(config).threads(1))
}

/// A run at a constant learning rate.
fn config(epochs: u64, batch_size: usize) -> TrainConfig {
    TrainConfig {
        epochs,
        batch_size,
        schedule: Schedule::Constant,
        ..TrainConfig::default()
    }
}

/// Trains a classifier and returns all whole epochs, also of a run that diverged in the end.
fn epochs(
    network: Sequential<f64>,
    optimizer: impl Optimizer<f64> + 'static,
    config: TrainConfig,
    train: &Dataset<f64>,
    validation: Option<&Dataset<f64>>,
) -> Outcome<Vec<Epoch>> {
    let mut trainer = trainer(network, SoftmaxCrossEntropy, optimizer, config)?;
    match trainer.fit_with(train, validation, &mut ()) {
        Ok(_) | Err(TrainError::Diverged { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(trainer.history().epochs().to_vec())
}

/// A network with these layers whose weights come from seed 0.
fn network(inputs: usize, layers: &[LayerSpec]) -> Outcome<Sequential<f64>> {
    Ok(Sequential::new(inputs, layers.iter().cloned(), 0)?)
}

/// One line of a chart: a figure of each epoch.
fn by_epoch(name: &str, epochs: &[Epoch], value: impl Fn(&Epoch) -> f64) -> Series {
    Series::by_epoch(name, &epochs.iter().map(value).collect::<Vec<_>>())
}

/// The root of the mean of the squares.
fn rms<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value * value;
        count += 1.0;
    }
    f64::sqrt(sum / count)
}
