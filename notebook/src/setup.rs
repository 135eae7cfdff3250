//! One run of an experiment: the library's settings, and the trainer that they make.

use anyhow::Result;
use backprop_trainer::data::split_rows;
use backprop_trainer::layers::{LayerSpec, Sequential, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::{Optimizer, Schedule};
use backprop_trainer::search::{Split, SplitIndices};
use backprop_trainer::tensor::Key;
use backprop_trainer::{Observer, TrainConfig, TrainError, Trainer};
use serde::Serialize;

/// The fraction of the images that is the validation set.
const VALIDATION_FRACTION: f64 = 0.2;

/// Settings of a run with the notebook's network, 784-128-64-10, its batches of 50 and no dropout.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The activation of both hidden layers.
    pub(crate) activation: LayerSpec,
    pub(crate) optimizer: fn(f64) -> Box<dyn Optimizer<f32>>,
    pub(crate) learning_rate: f64,
    pub(crate) schedule: Schedule,
    pub(crate) epochs: u64,
    /// Images before the split; `None` for all.
    pub(crate) limit: Option<usize>,
    pub(crate) seed: u64,
}

impl Setup {
    /// The images that a run has, of `images` in all.
    pub(crate) fn images(&self, images: usize) -> usize {
        self.limit.unwrap_or(usize::MAX).min(images)
    }

    /// The training rows and the validation rows of `images` images.
    pub(crate) fn split(&self, images: usize) -> Result<SplitIndices> {
        let key = Key::new(self.seed).derive("split", 0);
        Ok(split_rows(self.images(images), VALIDATION_FRACTION, key)?)
    }

    /// A trainer on one thread, for runs side by side.
    pub(crate) fn trainer(&self, inputs: usize, classes: usize) -> Result<Trainer<f32>> {
        let hidden = || self.activation.clone();
        let layers = [linear(128), hidden(), linear(64), hidden(), linear(classes)];
        let network = Sequential::new(inputs, layers, self.seed)?;
        let config = TrainConfig {
            epochs: self.epochs,
            batch_size: 50,
            schedule: self.schedule,
            seed: self.seed,
            ..TrainConfig::default()
        };
        let optimizer = (self.optimizer)(self.learning_rate);
        let trainer = Trainer::new(network, SoftmaxCrossEntropy, optimizer)?;
        Ok(trainer.with_config(config).threads(1))
    }
}

/// The step at which a run diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Divergence {
    epoch: u64,
    step: u64,
}

/// Trains to the end. Divergence is a result, not an error.
pub(crate) fn fit(
    trainer: &mut Trainer<f32>,
    (train, validation): &Split<f32>,
    observer: &mut dyn Observer,
) -> Result<Option<Divergence>> {
    match trainer.fit_with(train, Some(validation), observer) {
        Ok(_) => Ok(None),
        Err(TrainError::Diverged { epoch, step, .. }) => Ok(Some(Divergence { epoch, step })),
        Err(error) => Err(error.into()),
    }
}
