//! Three experiments of the notebook, with any of its mistakes.

use std::sync::atomic::AtomicU64;

use anyhow::Result;
use backprop_trainer::data::{Batch, BatchSampler, Dataset};
use backprop_trainer::layers::{Dropout, Init, Layer, Linear, Relu, Sequential, Softmax};
use backprop_trainer::losses::{CrossEntropy, TargetsView, WeightedSum};
use backprop_trainer::optimizers::{Adam, Nesterov, Optimizer, Progress, RmsProp, Schedule};
use backprop_trainer::search::Split;
use backprop_trainer::tensor::Key;
use backprop_trainer::{TrainConfig, TrainError, Trainer};

use super::adam::EpochAdam;
use super::layers::{BatchSoftmax, SharedDropout, StepRelu};
use crate::rates::SENSIBLE_RATES;

/// The L2 penalty where nothing else is said. The notebook's own is not known.
pub(super) const L2: f64 = 1e-4;
const BATCH_SIZE: usize = 50;
pub(super) const EPOCHS: u64 = 50;

/// The optimizers that the notebook tried on its first 1,000 images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nesterov,
    RmsProp,
    Adam,
}

impl Kind {
    pub(super) const ALL: [Kind; 3] = [Kind::Nesterov, Kind::RmsProp, Kind::Adam];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Nesterov => "Nesterov",
            Kind::RmsProp => "RMSProp",
            Kind::Adam => "Adam",
        }
    }

    /// The training losses that the notebook printed for epochs 5 and 50.
    pub(super) fn printed(self) -> [f64; 2] {
        match self {
            Kind::Nesterov => [1.1517, 1.0331],
            Kind::RmsProp => [2.1821, 2.1619],
            Kind::Adam => [1.6021, 1.5982],
        }
    }

    fn learning_rate(self, rates: Rates) -> f64 {
        match (rates, self) {
            (Rates::Notebook, Kind::Nesterov) => 0.2,
            (Rates::Notebook, Kind::RmsProp | Kind::Adam) => 0.1,
            (Rates::Sensible, Kind::Nesterov) => SENSIBLE_RATES.nesterov,
            (Rates::Sensible, Kind::RmsProp) => SENSIBLE_RATES.rmsprop,
            (Rates::Sensible, Kind::Adam) => SENSIBLE_RATES.adam,
        }
    }
}

/// How fast to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rates {
    /// The notebook's constant rates.
    Notebook,
    /// The rates that a search found, one cycle each.
    Sensible,
}

/// A program to run, with its mistakes and its rates.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    pub(super) kind: Kind,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) rates: Rates,
    /// The dropout probability of hidden layers.
    pub(super) dropout: f64,
    /// The L2 penalty.
    pub(super) l2: f64,
}

/// A mistake of the notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Relu,
    Dropout,
    BiasCorrection,
    Softmax,
    Order,
    L2,
}

impl Mistake {
    pub(super) const ALL: [Mistake; 6] = [
        Mistake::Relu,
        Mistake::Dropout,
        Mistake::BiasCorrection,
        Mistake::Softmax,
        Mistake::Order,
        Mistake::L2,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Mistake::Relu => "ReLU gives 1 for x",
            Mistake::Dropout => "one dropout mask a batch",
            Mistake::BiasCorrection => "Adam counts epochs",
            Mistake::Softmax => "softmax shifted by the batch",
            Mistake::Order => "no shuffling",
            Mistake::L2 => "L2 with Nesterov only",
        }
    }

    /// Whether the mistake changes anything for this optimizer.
    pub(super) fn concerns(self, kind: Kind) -> bool {
        match self {
            Mistake::BiasCorrection => kind == Kind::Adam,
            Mistake::L2 => kind != Kind::Nesterov,
            Mistake::Relu | Mistake::Dropout | Mistake::Softmax | Mistake::Order => true,
        }
    }
}

/// The result of a run.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// The training loss of each whole epoch.
    pub(super) losses: Vec<f64>,
    /// Of the parameters after the last epoch; `None` where training diverged.
    pub(super) validation_loss: Option<f64>,
}

impl Outcome {
    /// The training loss of the last epoch; `None` where training diverged.
    pub(super) fn last(&self) -> Option<f64> {
        self.losses.get(EPOCHS as usize - 1).copied()
    }
}

/// Trains and evaluates with these mistakes, the rest done right.
pub(super) fn run(
    variant: &Variant,
    (train, validation): &Split<f32>,
    seed: u64,
) -> Result<Outcome> {
    let (kind, has) = (variant.kind, |mistake| variant.mistakes.contains(&mistake));
    let steps_per_epoch = train.len().div_ceil(BATCH_SIZE) as u64;
    let learning_rate = kind.learning_rate(variant.rates);
    let optimizer: Box<dyn Optimizer<f32>> = match kind {
        Kind::Nesterov => Box::new(Nesterov::new(learning_rate)),
        Kind::RmsProp => Box::new(RmsProp::new(learning_rate)),
        Kind::Adam if has(Mistake::BiasCorrection) => Box::new(EpochAdam {
            learning_rate,
            steps_per_epoch,
        }),
        Kind::Adam => Box::new(Adam::new(learning_rate)),
    };
    let has_no_l2 = has(Mistake::L2) && kind != Kind::Nesterov;
    let config = TrainConfig {
        epochs: EPOCHS,
        batch_size: BATCH_SIZE,
        schedule: match variant.rates {
            Rates::Notebook => Schedule::Constant,
            Rates::Sensible => Schedule::OneCycle,
        },
        l2: if has_no_l2 { 0.0 } else { variant.l2 },
        seed,
        ..TrainConfig::default()
    };
    let network = Sequential::from_layers(train.width(), layers(variant, train, seed)?)?;
    let trainer = Trainer::new(network, CrossEntropy, optimizer)?;
    let mut trainer = trainer.with_config(config).threads(1);
    let mut losses = Vec::new();
    for epoch in 1..=EPOCHS {
        let key = Key::new(seed).derive("shuffle/epoch", epoch);
        let order = (!has(Mistake::Order)).then_some(key);
        match pass(&mut trainer, train, order, epoch - 1) {
            Ok(loss) => losses.push(loss),
            Err(TrainError::Diverged { .. }) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let is_whole = losses.len() as u64 == EPOCHS;
    let evaluation = is_whole.then(|| trainer.evaluate(validation)).transpose()?;
    Ok(Outcome {
        losses,
        validation_loss: evaluation
            .map(|found| found.loss)
            .filter(|loss| loss.is_finite()),
    })
}

/// 784-128-64-10.
fn layers(variant: &Variant, train: &Dataset<f32>, seed: u64) -> Result<Vec<Box<dyn Layer<f32>>>> {
    let has = |mistake| variant.mistakes.contains(&mistake);
    let seed = Key::new(seed);
    let mut layers: Vec<Box<dyn Layer<f32>>> = Vec::new();
    let mut inputs = train.width();
    for (index, width) in [(0, 128), (1, 64)] {
        let he = Init::He { slope: 0.0 };
        layers.push(Box::new(Linear::new(
            inputs,
            width,
            he,
            seed.derive("init/linear", index),
        )?));
        layers.push(if has(Mistake::Relu) {
            Box::new(StepRelu)
        } else {
            Box::new(Relu)
        });
        layers.push(if has(Mistake::Dropout) {
            Box::new(SharedDropout {
                probability: variant.dropout,
                key: seed.derive("dropout/linear", index),
                passes: AtomicU64::new(0),
            })
        } else {
            Box::new(Dropout::new(variant.dropout)?)
        });
        inputs = width;
    }
    let identity = Init::He { slope: 1.0 };
    let outputs = train.target_width();
    layers.push(Box::new(Linear::new(
        inputs,
        outputs,
        identity,
        seed.derive("init/linear", 2),
    )?));
    layers.push(if has(Mistake::Softmax) {
        Box::new(BatchSoftmax)
    } else {
        Box::new(Softmax)
    });
    Ok(layers)
}

/// One epoch after `done` others, in the order of the data or in that of a key; the mean loss.
fn pass(
    trainer: &mut Trainer<f32>,
    train: &Dataset<f32>,
    order: Option<Key>,
    done: u64,
) -> Result<f64, TrainError> {
    let mut batches = BatchSampler::new(train.len(), BATCH_SIZE, order);
    let (mut batch, mut total) = (Batch::new(), WeightedSum::default());
    let steps_per_epoch = batches.count() as u64;
    let mut step = done * steps_per_epoch;
    while let Some(rows) = batches.next_batch() {
        let progress = Progress {
            step,
            steps_per_epoch,
            epochs: EPOCHS,
        };
        let highest = trainer.optimizer().learning_rate();
        let rate = trainer.config().schedule.learning_rate(highest, progress);
        trainer.set_learning_rate(rate);
        train.gather(rows, &mut batch);
        let classes = batch.class_labels().expect("digits have classes");
        total += trainer.train_batch(batch.inputs(), TargetsView::Classes(classes), None)?;
        step += 1;
    }
    Ok(total.mean())
}
