//! The training of several chapters.

use backprop::data::Dataset;
use backprop::layers::{LayerSpec, Sequential};
use backprop::losses::{Loss, SoftmaxCrossEntropy};
use backprop::optimizers::{Optimizer, Schedule};
use backprop::trainer::{Epoch, TrainConfig, TrainError, Trainer};

use super::contents::Outcome;

/// A trainer on one thread.
pub(super) fn trainer(
    network: Sequential<f64>,
    loss: impl Loss<f64> + 'static,
    optimizer: impl Optimizer<f64> + 'static,
    config: TrainConfig,
) -> Outcome<Trainer<f64>> {
    let trainer = Trainer::new(network, loss, optimizer)?;
    Ok(trainer.with_config(config).threads(1))
}

/// A run at a constant learning rate.
pub(super) fn config(epochs: u64, batch_size: usize) -> TrainConfig {
    TrainConfig {
        epochs,
        batch_size,
        schedule: Schedule::Constant,
        ..TrainConfig::default()
    }
}

/// Trains a classifier and returns all whole epochs, also of a run that diverged in the end.
pub(super) fn epochs(
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
pub(super) fn network(inputs: usize, layers: &[LayerSpec]) -> Outcome<Sequential<f64>> {
    Ok(Sequential::new(inputs, layers.iter().cloned(), 0)?)
}

/// The root of the mean of the squares.
pub(super) fn rms<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value * value;
        count += 1.0;
    }
    f64::sqrt(sum / count)
}
