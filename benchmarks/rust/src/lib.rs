//! What the Rust peers share: the data, and the commands that `cargo xtask bench --peers` sends
//! as lines of JSON on standard input. `benchmarks/README.md` describes them.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

pub const WIDTH: usize = 784;
pub const CLASSES: usize = 10;
pub const SLOPE: f32 = 0.01;

/// A library at work.
pub trait Peer: Sized {
    /// The crate whose version counts.
    const CRATE: &'static str;
    /// Rows as the library wants them.
    type Rows;

    /// Takes over the training data, before any clock starts.
    fn new(images: &[f32], labels: &[u32]) -> Self;
    /// A fresh network and optimizer.
    fn build(&mut self, network: &Build);
    /// One step for each `batch` rows of `order`; gives the sum of the batches' losses.
    fn train(&mut self, order: &[u32], batch: usize) -> f64;
    /// Rows to predict, before the clock starts.
    fn rows(&self, images: &[f32]) -> Self::Rows;
    /// The logits.
    fn predict(&mut self, rows: &Self::Rows) -> Self::Rows;
    /// The logits as numbers.
    fn numbers(&self, logits: Self::Rows) -> Vec<f32>;

    /// A fresh network and optimizer for a table; numbers of f32, also where it computes in f64.
    fn table(&mut self, _table: &Table, _features: Vec<f32>, _targets: Vec<f32>) {
        unimplemented!("{} is not compared on tables", Self::CRATE);
    }
    /// Steps on all rows of the table; their mean loss.
    fn steps(&mut self, _steps: usize) -> f64 {
        unimplemented!("{} is not compared on tables", Self::CRATE);
    }
    /// The loss on all rows of the table and its gradient, `steps` times; the loss.
    fn gradient(&mut self, _steps: usize) -> f64 {
        unimplemented!("{} is not compared on tables", Self::CRATE);
    }
}

/// A library that runs a network from a file.
pub trait Runtime: Sized {
    /// The crate whose version counts.
    const CRATE: &'static str;
    /// Rows as the library wants them.
    type Rows;

    /// Reads an ONNX file, for this number of threads.
    fn load(model: &str, threads: usize) -> Self;
    /// Rows to predict, before the clock starts.
    fn rows(&mut self, images: &[f32]) -> Self::Rows;
    /// The logits.
    fn predict(&mut self, rows: &Self::Rows) -> Self::Rows;
    /// The logits as numbers.
    fn numbers(&self, logits: Self::Rows) -> Vec<f32>;
}

#[derive(Deserialize)]
pub struct Start {
    pub threads: usize,
    /// Without one there are only tables.
    folder: Option<String>,
    train: usize,
    /// Whether all that it computes is of f64.
    pub double: bool,
}

impl Start {
    /// The argument that the program was started with.
    pub fn read() -> Self {
        let start = std::env::args().nth(1).expect("the start as JSON");
        serde_json::from_str(&start).expect("a start")
    }
}

#[derive(Deserialize)]
pub struct Table {
    file: String,
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
    /// tanh, or else leaky ReLU.
    pub tanh: bool,
    /// Binary cross-entropy of logits, or else mean squared error.
    pub binary: bool,
    double: bool,
    /// Where it is not Adam, it is Nesterov's momentum, 0.9.
    #[serde(flatten)]
    pub network: Build,
}

impl Table {
    fn read(&self) -> (Vec<f32>, Vec<f32>) {
        let bytes = std::fs::read(&self.file).expect("the table");
        let mut values: Vec<f32> = match self.double {
            true => bytes
                .chunks_exact(8)
                .map(|eight| f64::from_le_bytes(eight.try_into().expect("8 bytes")) as f32)
                .collect(),
            false => floats(&bytes),
        };
        let targets = values.split_off(self.rows * self.inputs);
        (values, targets)
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let four = bytes.chunks_exact(4);
    four.map(|four| f32::from_le_bytes(four.try_into().expect("4 bytes")))
        .collect()
}

#[derive(Deserialize)]
pub struct Build {
    pub hidden: Vec<usize>,
    pub batch: usize,
    pub adam: bool,
    pub rate: f64,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Command {
    Build(Build),
    Table(Table),
    Load { model: String, logits: String },
    Train { steps: usize },
    Gradient { steps: usize },
    Evaluate,
    Predict { rows: usize, calls: usize },
    Memory,
}

#[derive(Default)]
struct Data {
    images: Vec<f32>,
    labels: Vec<u32>,
}

/// Reads the commands and does them, until there are no more.
pub fn serve<P: Peer>() {
    let (data, held_out) = read(&Start::read());
    let mut peer = P::new(&data.images, &data.labels);
    answer(&json!({ "version": version(P::CRATE) }));
    let mut batch = 1;
    // Where all rows of a table are one batch, nothing is shuffled.
    let mut whole = false;
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        answer(&match serde_json::from_str(&line).expect("a command") {
            Command::Build(network) => {
                (batch, whole) = (network.batch, false);
                peer.build(&network);
                json!({})
            }
            Command::Table(table) => {
                (batch, whole) = (table.network.batch, table.network.batch == table.rows);
                let (features, targets) = table.read();
                peer.table(&table, features, targets);
                json!({})
            }
            Command::Train { steps } => {
                let start = Instant::now();
                let loss = match whole {
                    true => peer.steps(steps),
                    false => {
                        let order = shuffled(steps * batch, &mut random);
                        peer.train(&order, batch) / steps as f64
                    }
                };
                json!({ "seconds": start.elapsed().as_secs_f64(), "loss": loss })
            }
            Command::Gradient { steps } => {
                let start = Instant::now();
                let loss = peer.gradient(steps);
                json!({ "seconds": start.elapsed().as_secs_f64(), "loss": loss })
            }
            Command::Load { .. } => panic!("{} loads no file", P::CRATE),
            Command::Evaluate => evaluate(&mut peer, &held_out),
            Command::Predict { rows, calls } => {
                let chunks = held_out.images.chunks_exact(rows * WIDTH).cycle();
                let inputs: Vec<P::Rows> =
                    chunks.take(calls).map(|images| peer.rows(images)).collect();
                json!({ "seconds": per_call(&inputs, |input| peer.predict(input)) })
            }
            Command::Memory => json!({ "peak_rss_bytes": peak_rss_bytes() }),
        });
    }
}

/// Reads the commands of a library that only predicts and does them, until there are no more.
pub fn serve_runtime<R: Runtime>() {
    let start = Start::read();
    let (_, held_out) = read(&start);
    let mut runtime = None;
    answer(&json!({ "version": version(R::CRATE) }));
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let command = serde_json::from_str(&line).expect("a command");
        if let Command::Load { model, logits } = command {
            let runtime = runtime.insert(R::load(&model, start.threads));
            let expected = floats(&std::fs::read(logits).expect("the logits"));
            let rows = runtime.rows(&held_out.images[..expected.len() / CLASSES * WIDTH]);
            let found = runtime.predict(&rows);
            let pairs = runtime.numbers(found).into_iter().zip(expected);
            let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            answer(&json!({ "difference": largest }));
            continue;
        }
        let runtime = runtime.as_mut().expect("a network");
        answer(&match command {
            Command::Predict { rows, calls } => {
                let chunks = held_out.images.chunks_exact(rows * WIDTH).cycle();
                let inputs: Vec<R::Rows> = chunks
                    .take(calls)
                    .map(|images| runtime.rows(images))
                    .collect();
                json!({ "seconds": per_call(&inputs, |input| runtime.predict(input)) })
            }
            Command::Memory => json!({ "peak_rss_bytes": peak_rss_bytes() }),
            _ => panic!("{} only predicts", R::CRATE),
        });
    }
}

/// The seconds of one call, the mean over all inputs, after one that does not count.
fn per_call<T>(inputs: &[T], mut predict: impl FnMut(&T) -> T) -> f64 {
    predict(&inputs[0]);
    let start = Instant::now();
    for input in inputs {
        std::hint::black_box(predict(input));
    }
    start.elapsed().as_secs_f64() / inputs.len() as f64
}

fn answer(value: &Value) {
    let mut out = std::io::stdout();
    writeln!(out, "{value}")
        .and_then(|()| out.flush())
        .expect("a reader");
}

/// The loss and the accuracy on the rows held out.
fn evaluate<P: Peer>(peer: &mut P, data: &Data) -> Value {
    let (mut loss, mut right) = (0.0, 0);
    let parts = data
        .images
        .chunks(1000 * WIDTH)
        .zip(data.labels.chunks(1000));
    for (images, labels) in parts {
        let rows = peer.rows(images);
        let logits = peer.predict(&rows);
        let logits = peer.numbers(logits);
        for (logits, &label) in logits.chunks_exact(CLASSES).zip(labels) {
            let largest = logits.iter().copied().fold(f32::MIN, f32::max);
            let sum: f32 = logits.iter().map(|x| (x - largest).exp()).sum();
            loss += f64::from(largest + sum.ln() - logits[label as usize]);
            right += usize::from(logits[label as usize] == largest);
        }
    }
    let rows = data.labels.len() as f64;
    json!({ "loss": loss / rows, "accuracy": right as f64 / rows })
}

/// The first rows of MNIST's training set, and the others.
fn read(start: &Start) -> (Data, Data) {
    let Some(folder) = &start.folder else {
        return Default::default();
    };
    let (folder, train) = (Path::new(folder), start.train);
    let file = |name: &str| std::fs::read(folder.join(name)).expect("an IDX file");
    let images = &file("train-images-idx3-ubyte")[16..];
    let labels = &file("train-labels-idx1-ubyte")[8..];
    let data = |images: &[u8], labels: &[u8]| Data {
        images: images.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
        labels: labels.iter().map(|&label| u32::from(label)).collect(),
    };
    let (first, others) = images.split_at(train * WIDTH);
    (
        data(first, &labels[..train]),
        data(others, &labels[train..]),
    )
}

/// The numbers below `count` in a random order (xorshift, Fisher-Yates).
fn shuffled(count: usize, random: &mut u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(last, ((*random >> 32) * (last as u64 + 1) >> 32) as usize);
    }
    order
}

/// The version of a dependency in Cargo.lock, which tells several of one name apart in the list of
/// this package's dependencies.
fn version(name: &str) -> String {
    let lock = include_str!("../Cargo.lock");
    let after = |place: &str, text: &str| {
        let rest = lock.split_once(place)?.1;
        let line = rest
            .lines()
            .find_map(|line| line.trim().strip_prefix(text))?;
        Some(line.trim_end_matches(['"', ',']).to_owned())
    };
    let several = after("name = \"peers\"", &format!("\"{name} "));
    several
        .or_else(|| after(&format!("name = \"{name}\""), "version = \""))
        .unwrap_or_default()
}

fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
