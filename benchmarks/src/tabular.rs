//! Networks on tables of numbers: jobs D, E and F, whose shapes have published records.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::layers::{LayerSpec, Mode, Sequential, Workspace, leaky_relu, linear, tanh};
use backprop_trainer::losses::{BinaryCrossEntropyWithLogits, Loss, MeanSquaredError, TargetsView};
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::{Adam, Nesterov, Optimizer, Schedule};
use backprop_trainer::tensor::{Key, Pool, Scalar};
use backprop_trainer::{TrainConfig, Trainer};
use serde::Serialize;
use serde_json::{Value, json};

use super::jobs::{Measured, OneEpoch, median, training_flops};
use super::machine::Machine;

/// Rows of the job that is measured on a part of an epoch, and with `--quick`.
const D_ROWS: [usize; 2] = [200_000, 40_000];

/// A network on a table, and how it is trained.
#[derive(Clone, Serialize)]
pub(crate) struct TableNetwork {
    pub(crate) inputs: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) outputs: usize,
    /// tanh, or else leaky ReLU 0.01.
    pub(crate) tanh: bool,
    /// Binary cross-entropy of logits, or else mean squared error.
    pub(crate) binary: bool,
    /// Adam, or else Nesterov's momentum, 0.9.
    pub(crate) adam: bool,
    pub(crate) rate: f64,
    pub(crate) batch: usize,
    /// In f64, or else in f32.
    pub(crate) double: bool,
}

impl TableNetwork {
    /// The widths of the input and of all layers.
    pub(crate) fn widths(&self) -> Vec<usize> {
        [&[self.inputs][..], &self.hidden, &[self.outputs]].concat()
    }

    /// The command that makes it for the rows of a file.
    pub(crate) fn command(&self, file: &Path, rows: usize) -> Value {
        let mut command = json!(self);
        command["do"] = "table".into();
        command["file"] = json!(file);
        command["rows"] = rows.into();
        command
    }
}

/// Writes numbers one after the other, little-endian, as f64 or as f32.
pub(crate) fn write_numbers(
    file: &Path,
    numbers: impl Iterator<Item = f32>,
    double: bool,
) -> Result<()> {
    let bytes: Vec<u8> = match double {
        true => numbers.flat_map(|x| f64::from(x).to_le_bytes()).collect(),
        false => numbers.flat_map(f32::to_le_bytes).collect(),
    };
    std::fs::write(file, bytes).with_context(|| file.display().to_string())
}

/// The part of training that a job measures.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// Seconds of an epoch: shuffled, gathered in batches, every step.
    Epoch,
    /// Seconds of a step on all rows, which lie in memory.
    Step,
    /// Seconds of the loss and its gradient on all rows, without an update.
    Gradient,
}

/// A job on a table.
#[derive(Clone)]
pub(crate) struct TableJob {
    pub(crate) name: &'static str,
    pub(crate) network: TableNetwork,
    pub(crate) rows: usize,
    pub(crate) work: Work,
    /// Steps, or gradients, in one measurement.
    pub(crate) steps: usize,
}

/// Jobs D, E and F.
pub(crate) fn table_jobs(quick: bool) -> [TableJob; 3] {
    let network = |inputs, hidden: &[usize], outputs| TableNetwork {
        inputs,
        hidden: hidden.to_vec(),
        outputs,
        tanh: true,
        binary: false,
        adam: true,
        rate: 1e-3,
        batch: 10_000,
        double: false,
    };
    let rows = D_ROWS[usize::from(quick)];
    let d = TableNetwork {
        binary: true,
        adam: false,
        rate: 0.01,
        batch: 100,
        ..network(28, &[300; 5], 1)
    };
    let f = TableNetwork {
        batch: 200,
        double: true,
        ..network(24, &[8], 2)
    };
    let job = |name, network, rows, work, steps| TableJob {
        name,
        network,
        rows,
        work,
        steps,
    };
    [
        job("D", d, rows, Work::Epoch, rows / 100),
        job("E", network(4, &[32, 16], 4), 10_000, Work::Step, 100),
        job("F", f, 200, Work::Gradient, 2000),
    ]
}

/// Random rows, and targets that a function of their own gives.
pub(crate) struct Rows {
    pub(crate) features: Vec<f32>,
    pub(crate) targets: Vec<f32>,
}

impl Rows {
    /// `rows` rows for this network. Features are uniform, of mean 0 and variance 1; a target is a
    /// random sum of them and the product of the first two; for labels, 1 where it is above 0.
    pub(crate) fn new(network: &TableNetwork, rows: usize, seed: u64) -> Self {
        let key = Key::new(seed).derive("bench/table", 0);
        let uniform = |key: Key, count: usize| {
            let blocks = (0..count.div_ceil(4)).flat_map(move |k| key.random_block(k as u64));
            let unit = |draw: u32| (f64::from(draw) + 0.5) / 4_294_967_296.0;
            let scaled = blocks.map(move |draw| ((unit(draw) - 0.5) * 12.0_f64.sqrt()) as f32);
            scaled.take(count).collect::<Vec<f32>>()
        };
        let features = uniform(key.derive("features", 0), rows * network.inputs);
        let weights = uniform(key.derive("weights", 0), network.inputs * network.outputs);
        let target = |row: &[f32], weights: &[f32]| {
            let sum: f32 = row.iter().zip(weights).map(|(x, w)| x * w).sum();
            let value = sum / (row.len() as f32).sqrt() + row[0] * row[1];
            match network.binary {
                true => f32::from(u8::from(value > 0.0)),
                false => value,
            }
        };
        let of_row = |row| {
            let columns = weights.chunks_exact(network.inputs);
            columns.map(move |weights| target(row, weights))
        };
        let targets = features.chunks_exact(network.inputs).flat_map(of_row);
        Rows {
            targets: targets.collect(),
            features,
        }
    }

    /// Writes the features of all rows and then their targets.
    pub(crate) fn write(&self, file: &Path, double: bool) -> Result<()> {
        let all = self.features.iter().chain(&self.targets);
        write_numbers(file, all.copied(), double)
    }
}

/// The figures of one measurement.
pub(crate) struct Timed {
    pub(crate) seconds: f64,
    /// The mean loss of all steps, or gradients.
    pub(crate) loss: f64,
}

/// This project at a job on a table, in either precision.
pub(crate) trait Run {
    /// Measures once.
    fn run(&mut self) -> Result<Timed>;
}

struct Tabular<T: Scalar> {
    trainer: Trainer<T>,
    workspace: Workspace<T>,
    data: Dataset<T>,
    inputs: Array2<T>,
    targets: Array2<T>,
    work: Work,
    steps: usize,
}

/// This project at `job`, ready to be measured.
pub(crate) fn ours(
    job: &TableJob,
    rows: &Rows,
    pool: &Arc<Pool>,
    seed: u64,
) -> Result<Box<dyn Run>> {
    Ok(match job.network.double {
        true => Box::new(Tabular::<f64>::new(job, rows, pool, seed)?),
        false => Box::new(Tabular::<f32>::new(job, rows, pool, seed)?),
    })
}

impl<T: Scalar> Tabular<T> {
    fn new(job: &TableJob, rows: &Rows, pool: &Arc<Pool>, seed: u64) -> Result<Self> {
        let network = &job.network;
        let activation = || match network.tanh {
            true => tanh(),
            false => leaky_relu(0.01),
        };
        let hidden = network.hidden.iter();
        let mut layers: Vec<LayerSpec> = hidden
            .flat_map(|&width| [linear(width), activation()])
            .collect();
        layers.push(linear(network.outputs));
        let layers = Sequential::new(network.inputs, layers, seed)?;
        let loss: Box<dyn Loss<T>> = match network.binary {
            true => Box::new(BinaryCrossEntropyWithLogits),
            false => Box::new(MeanSquaredError),
        };
        let optimizer: Box<dyn Optimizer<T>> = match network.adam {
            true => Box::new(Adam::new(network.rate)),
            false => Box::new(Nesterov::new(network.rate)),
        };
        let config = TrainConfig {
            epochs: u64::from(u32::MAX),
            batch_size: network.batch,
            schedule: Schedule::Constant,
            seed,
            ..TrainConfig::default()
        };
        let cast = |values: &[f32]| -> Vec<T> {
            let cast = |&x: &f32| T::from_f64(f64::from(x));
            values.iter().map(cast).collect()
        };
        let (width, count) = (network.outputs, rows.targets.len() / network.outputs);
        let (features, values) = (cast(&rows.features), cast(&rows.targets));
        let inputs = Array2::from_shape_vec((count, network.inputs), features.clone())?;
        let targets = Array2::from_shape_vec((count, width), values.clone())?;
        let trainer = Trainer::new(layers, loss, optimizer)?.with_config(config);
        Ok(Tabular {
            trainer: trainer.with_pool(Arc::clone(pool)),
            workspace: Workspace::new(Arc::clone(pool)),
            data: Dataset::from_values(
                network.inputs,
                features,
                Targets::Values { width, values },
            )?,
            inputs,
            targets,
            work: job.work,
            steps: job.steps,
        })
    }

    /// The loss on all rows and its gradient, which stays in the workspace.
    fn gradient(&mut self) -> f64 {
        let (network, inputs) = (self.trainer.network(), self.inputs.view());
        let mode = Mode::Train(Key::new(0));
        network.forward(&mut self.workspace, mode, inputs);
        let (output, grad) = self.workspace.output_and_grad();
        let targets = TargetsView::Values(self.targets.view());
        let loss = self.trainer.loss();
        let total = loss.value_and_grad(output, targets, None, Some(grad));
        network.backward(&mut self.workspace, inputs);
        total.mean()
    }

    fn step(&mut self) -> Result<f64> {
        let targets = TargetsView::Values(self.targets.view());
        let total = self
            .trainer
            .train_batch(self.inputs.view(), targets, None)?;
        Ok(total.mean())
    }
}

impl<T: Scalar> Run for Tabular<T> {
    fn run(&mut self) -> Result<Timed> {
        if self.work == Work::Epoch {
            let history = self.trainer.fit_with(&self.data, None, &mut OneEpoch)?;
            let epoch = history.epochs().last();
            return Ok(epoch.map_or(
                Timed {
                    seconds: f64::NAN,
                    loss: f64::NAN,
                },
                |epoch| Timed {
                    seconds: epoch.seconds,
                    loss: epoch.train_loss,
                },
            ));
        }
        let mut sum = 0.0;
        let start = Instant::now();
        for _ in 0..self.steps {
            sum += match self.work {
                Work::Gradient => self.gradient(),
                _ => self.step()?,
            };
        }
        let seconds = start.elapsed().as_secs_f64() / self.steps as f64;
        let loss = sum / self.steps as f64;
        Ok(Timed { seconds, loss })
    }
}

/// Measures jobs D, E and F on this pool.
pub(crate) fn measure(
    pool: &Arc<Pool>,
    machine: &Machine,
    repeats: usize,
    seed: u64,
) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for job in table_jobs(repeats == 1) {
        let rows = Rows::new(&job.network, job.rows, seed);
        let mut ours = ours(&job, &rows, pool, seed)?;
        ours.run()?; // warms up
        let meetings = pool.meetings();
        let runs = (0..repeats).map(|_| ours.run());
        let runs = runs.collect::<Result<Vec<Timed>>>()?;
        let seconds = median(runs.iter().map(|run| run.seconds).collect());
        let meetings = (pool.meetings() - meetings) as f64 / (repeats * job.steps) as f64;
        let flops = training_flops(&job.network.widths());
        let new = Measured::new(job.name, pool.threads(), seconds, job.rows, flops, machine);
        // A register holds half as many f64.
        let times_f32 = if job.network.double { 2.0 } else { 1.0 };
        measured.push(Measured {
            times_dense_limit: new.times_dense_limit / times_f32,
            meetings_per_step: Some(meetings),
            loss: runs.last().map(|run| run.loss),
            ..new
        });
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn rows_are_spread_around_zero_and_follow_the_seed() {
        let [d, e, _] = table_jobs(true);
        let rows = Rows::new(&d.network, 1000, 0);
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let squares: Vec<f32> = rows.features.iter().map(|x| x * x).collect();
        assert_abs_diff_eq!(mean(&rows.features), 0.0, epsilon = 0.03);
        assert_abs_diff_eq!(mean(&squares), 1.0, epsilon = 0.03);
        assert!(rows.targets.iter().all(|&t| t == 0.0 || t == 1.0));
        assert!((0.3..0.7).contains(&mean(&rows.targets)));
        assert_eq!(Rows::new(&d.network, 1000, 0).targets, rows.targets);
        assert_ne!(Rows::new(&d.network, 1000, 1).targets, rows.targets);
        let rows = Rows::new(&e.network, 10, 0);
        assert_eq!((rows.features.len(), rows.targets.len()), (40, 40));
    }

    #[test]
    fn every_kind_of_work_gives_a_time_and_a_loss() {
        let pool = Arc::new(Pool::new(1));
        for mut job in table_jobs(true) {
            (job.rows, job.steps) = (job.rows.min(2000), 20);
            let rows = Rows::new(&job.network, job.rows, 0);
            let mut ours = ours(&job, &rows, &pool, 0).unwrap();
            let (first, second) = (ours.run().unwrap(), ours.run().unwrap());
            assert!(second.seconds > 0.0, "{}", job.name);
            match job.work {
                Work::Gradient => assert_eq!(second.loss, first.loss, "{}", job.name),
                _ => assert!(second.loss < first.loss, "{}", job.name),
            }
        }
    }
}
