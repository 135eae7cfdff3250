//! The jobs, what they come to when every product is counted dense, and how long they take here.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use backprop_trainer::data::Dataset;
use backprop_trainer::formats::{ModelInfo, OutputKind, save_onnx};
use backprop_trainer::layers::{Sequential, Workspace, leaky_relu, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::{Array2, ArrayView2, Axis};
use backprop_trainer::optimizers::{Adam, Optimizer, Schedule, Sgd};
use backprop_trainer::tensor::{Key, Pool};
use backprop_trainer::{Epoch, Evaluation, Observer, TrainConfig, Trainer};
use serde::Serialize;

use super::machine::Machine;
use super::plan::Data;

pub(crate) const INPUTS: usize = 784;
pub(crate) const OUTPUTS: usize = 10;

/// A network and how it is trained.
#[derive(Clone, Serialize)]
pub(crate) struct Network {
    pub(crate) hidden: Vec<usize>,
    pub(crate) batch: usize,
    /// Adam, or else plain gradient descent.
    pub(crate) adam: bool,
    pub(crate) rate: f64,
}

/// Training: a name and what it is.
pub(crate) fn training_jobs() -> [(&'static str, Network); 3] {
    let network = |hidden: [usize; 2], batch, adam, rate| Network {
        hidden: hidden.to_vec(),
        batch,
        adam,
        rate,
    };
    [
        ("A", network([128, 64], 50, false, 0.1)),
        ("B", network([128, 64], 128, true, 1e-3)),
        ("C", network([1000, 500], 128, false, 0.1)),
    ]
}

/// Prediction with the network of A: a name, rows a call, and calls in one measurement.
pub(crate) const PREDICT_JOBS: [(&str, usize, usize); 3] = [
    ("predict-1", 1, 4000),
    ("predict-50", 50, 400),
    ("predict-1000", 1000, 40),
];

impl Network {
    /// The widths of the input and of all layers.
    pub(crate) fn widths(&self) -> Vec<usize> {
        [&[INPUTS][..], &self.hidden, &[OUTPUTS]].concat()
    }
}

/// Operations to train on one row with layers of these widths, the input's first: forward, the
/// gradient of every weight, and that of every input but the network's. A multiply-add is two.
pub(crate) fn training_flops(widths: &[usize]) -> f64 {
    3.0 * prediction_flops(widths) - prediction_flops(&widths[..2])
}

/// Operations to predict one row.
pub(crate) fn prediction_flops(widths: &[usize]) -> f64 {
    let weights: usize = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
    2.0 * weights as f64
}

/// A job's median: seconds an epoch for training, seconds a call for prediction.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) job: String,
    pub(crate) threads: usize,
    pub(crate) seconds: f64,
    /// Rows a second, of an epoch, a step or a call.
    pub(crate) per_second: f64,
    /// Billions of operations a second, all products counted dense.
    pub(crate) gflops: f64,
    /// The seconds over those that all products, counted dense, need at the machine's peak.
    pub(crate) times_dense_limit: f64,
    /// Jobs in a step of training that several threads share: each time, they have to meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meetings_per_step: Option<f64>,
    /// Of jobs on tables: the mean training loss of the steps of the last measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loss: Option<f64>,
}

impl Measured {
    pub(crate) fn new(
        job: &str,
        threads: usize,
        seconds: f64,
        rows: usize,
        flops: f64,
        machine: &Machine,
    ) -> Self {
        let per_second = rows as f64 / seconds;
        Measured {
            job: job.to_string(),
            threads,
            seconds,
            per_second,
            gflops: flops * per_second / 1e9,
            times_dense_limit: seconds * machine.peak(threads) / (flops * rows as f64),
            meetings_per_step: None,
            loss: None,
        }
    }

    /// The rows of an epoch, a step or a call.
    pub(crate) fn rows(&self) -> usize {
        (self.per_second * self.seconds).round() as usize
    }
}

/// This project at a job.
pub(crate) struct Backprop {
    trainer: Trainer<f32>,
    workspace: Workspace<f32>,
}

/// Stops `fit` after each epoch.
pub(crate) struct OneEpoch;

impl Observer for OneEpoch {
    fn epoch(&mut self, _: &Epoch) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

impl Backprop {
    pub(crate) fn new(network: &Network, pool: &Arc<Pool>, seed: u64) -> Result<Self> {
        let hidden = network.hidden.iter();
        let mut layers: Vec<_> = hidden
            .flat_map(|&width| [linear(width), leaky_relu(0.01)])
            .collect();
        layers.push(linear(OUTPUTS));
        let layers = Sequential::new(INPUTS, layers, seed)?;
        let optimizer: Box<dyn Optimizer<f32>> = if network.adam {
            Box::new(Adam::new(network.rate))
        } else {
            Box::new(Sgd::new(network.rate))
        };
        let config = TrainConfig {
            epochs: u64::from(u32::MAX),
            batch_size: network.batch,
            schedule: Schedule::Constant,
            seed,
            ..TrainConfig::default()
        };
        let trainer = Trainer::new(layers, SoftmaxCrossEntropy, optimizer)?;
        let trainer = trainer.with_config(config);
        Ok(Backprop {
            trainer: trainer.with_pool(Arc::clone(pool)),
            workspace: Workspace::new(Arc::clone(pool)),
        })
    }

    /// The seconds of one epoch of `fit`.
    pub(crate) fn epoch(&mut self, train: &Dataset<f32>) -> Result<f64> {
        let history = self.trainer.fit_with(train, None, &mut OneEpoch)?;
        Ok(history
            .epochs()
            .last()
            .map_or(f64::NAN, |epoch| epoch.seconds))
    }

    pub(crate) fn evaluate(&self, data: &Dataset<f32>) -> Result<Evaluation> {
        Ok(self.trainer.evaluate(data)?)
    }

    /// Writes the network as ONNX; its output are the logits.
    pub(crate) fn export(&self, file: &Path) -> Result<()> {
        let info = ModelInfo::new(OutputKind::Values);
        Ok(save_onnx(file, self.trainer.network(), &info)?)
    }

    /// The logits of some rows.
    pub(crate) fn logits(&self, inputs: ArrayView2<'_, f32>) -> Array2<f32> {
        self.trainer.network().predict(inputs)
    }

    /// The seconds of one call of `predict_into`, the mean over `calls` of them, with other rows
    /// each time, as long as there are any.
    pub(crate) fn predict(&mut self, inputs: &Array2<f32>, rows: usize, calls: usize) -> f64 {
        let network = self.trainer.network();
        let mut output = Array2::zeros((rows, network.output_width()));
        let chunks = inputs.exact_chunks((rows, INPUTS)).into_iter().cycle();
        let start = Instant::now();
        for input in chunks.take(calls) {
            network.predict_into(&mut self.workspace, input, output.view_mut());
        }
        start.elapsed().as_secs_f64() / calls as f64
    }
}

/// As many rows of random input, from 0 to 1, none of it zero.
pub(crate) fn dense_inputs(rows: usize, seed: u64) -> Array2<f32> {
    let key = Key::new(seed).derive("bench/dense", 0);
    let mut dense = Array2::zeros((rows, INPUTS));
    for (index, mut row) in dense.axis_iter_mut(Axis(0)).enumerate() {
        let draws = (0..).flat_map(|k| key.random_block((index * INPUTS + k) as u64));
        for (x, draw) in row.iter_mut().zip(draws) {
            *x = (draw >> 8).max(1) as f32 / (1 << 24) as f32;
        }
    }
    dense
}

/// Every job on this pool; the second list is prediction of dense random input, a row at a time.
pub(crate) fn measure(
    data: &Data,
    pool: &Arc<Pool>,
    machine: &Machine,
    repeats: usize,
    seed: u64,
) -> Result<(Vec<Measured>, Measured)> {
    let threads = pool.threads();
    let mut jobs = Vec::new();
    for (job, network) in training_jobs() {
        let mut ours = Backprop::new(&network, pool, seed)?;
        ours.epoch(&data.train)?; // warms up
        let meetings = pool.meetings();
        let times = (0..repeats)
            .map(|_| ours.epoch(&data.train))
            .collect::<Result<_>>()?;
        let (rows, flops) = (data.train.len(), training_flops(&network.widths()));
        let steps = repeats * rows.div_ceil(network.batch);
        let meetings = (pool.meetings() - meetings) as f64 / steps as f64;
        let measured = Measured::new(job, threads, median(times), rows, flops, machine);
        jobs.push(Measured {
            meetings_per_step: Some(meetings),
            ..measured
        });
    }
    let [(_, network), ..] = training_jobs();
    let mut ours = Backprop::new(&network, pool, seed)?;
    let mut predict = |job, inputs: &Array2<f32>, rows, calls| {
        let times = (0..=repeats).map(|_| ours.predict(inputs, rows, calls));
        let seconds = median(times.skip(1).collect());
        Measured::new(
            job,
            threads,
            seconds,
            rows,
            prediction_flops(&network.widths()),
            machine,
        )
    };
    for (job, rows, calls) in PREDICT_JOBS {
        jobs.push(predict(job, &data.validation_inputs, rows, calls));
    }
    let dense = dense_inputs(1000, seed);
    let dense = predict("predict-1 of dense input", &dense, 1, PREDICT_JOBS[0].2);
    Ok((jobs, dense))
}

pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn products_are_counted_by_hand() {
        // 784 x 128, 128 x 64, 64 x 10 weights; a multiply-add is two operations.
        assert_eq!(
            prediction_flops(&[784, 128, 64, 10]),
            2.0 * (100_352.0 + 8192.0 + 640.0)
        );
        // Twice the first layer, three times the others.
        let row = 2.0 * (2.0 * 100_352.0 + 3.0 * 8192.0 + 3.0 * 640.0);
        assert_eq!(training_flops(&[784, 128, 64, 10]), row);
        assert_eq!((row * 48_000.0 / 1e8).round() / 10.0, 21.8);
        assert_eq!(
            (training_flops(&[784, 1000, 500, 10]) * 48_000.0 / 1e9).round(),
            296.0
        );
        assert_eq!(training_flops(&[784, 10]), 2.0 * 2.0 * 7840.0);
    }

    #[test]
    fn the_dense_limit_is_seconds_at_the_peak() {
        let machine = Machine {
            cpu: String::new(),
            cores: 1,
            fma_gflops: [(1, 100.0)].into(),
            l2_gb_s: 0.0,
            dram_gb_s: 0.0,
            meeting_ns: None,
        };
        // 1000 rows of 1e8 operations at 1e11 a second take one second.
        let measured = Measured::new("A", 1, 2.0, 1000, 1e8, &machine);
        assert_eq!(
            (measured.times_dense_limit, measured.per_second),
            (2.0, 500.0)
        );
        assert_eq!(measured.gflops, 50.0);
        assert!(
            Measured::new("A", 3, 2.0, 1000, 1e8, &machine)
                .times_dense_limit
                .is_nan()
        );
    }

    #[test]
    fn dense_input_has_no_zeros() {
        let dense = dense_inputs(3, 0);
        assert!(dense.iter().all(|&x| x > 0.0 && x < 1.0));
        assert_abs_diff_eq!(dense.mean().unwrap(), 0.5, epsilon = 0.03);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 9.0]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
