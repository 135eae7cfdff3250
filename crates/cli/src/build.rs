//! From settings to what is trained: the parts of the data, the network, the trainer.

use anyhow::Result;
use backprop_trainer::data::{Dataset, split_rows};
use backprop_trainer::formats::{MODEL_LIMIT, load_parameters, read_limited};
use backprop_trainer::layers::Sequential;
use backprop_trainer::losses::{Loss, MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::search::{Split, SplitIndices, kfold_indices};
use backprop_trainer::tensor::{Key, Scalar};
use backprop_trainer::{Observer, TrainError, Trainer};

use crate::config::{ClassWeights, Config};
use crate::data::{Loaded, Parts};

/// The training, validation and test rows of the settings.
pub(crate) fn parts<T: Scalar>(config: &Config, loaded: &Loaded<T>) -> Result<Parts<T>> {
    let mut parts = loaded.divide(&split(config, loaded.rows())?)?;
    parts.train = weighted(config, parts.train)?;
    Ok(parts)
}

/// As [`parts`], for each of so many folds; without test rows.
pub(crate) fn folds<T: Scalar>(
    config: &Config,
    loaded: &Loaded<T>,
    folds: usize,
) -> Result<Vec<Split<T>>> {
    let key = Key::new(config.seed).derive("split/folds", 0);
    let folds = kfold_indices(limited(config, loaded.rows()), folds, key)?;
    let pair = |rows| {
        let parts = loaded.divide(rows)?;
        Ok((weighted(config, parts.train)?, parts.validation))
    };
    folds.iter().map(pair).collect()
}

/// Of so many rows, numbered from 0, those to train on and those held out.
pub(crate) fn split(config: &Config, rows: usize) -> Result<SplitIndices> {
    let key = Key::new(config.seed).derive("split", 0);
    let rows = limited(config, rows);
    Ok(split_rows(rows, config.validation_fraction, key)?)
}

/// How many of so many rows the settings leave over: the first.
fn limited(config: &Config, rows: usize) -> usize {
    config.limit.unwrap_or(usize::MAX).min(rows)
}

/// Training rows with the weights that the settings ask for.
fn weighted<T: Scalar>(config: &Config, train: Dataset<T>) -> Result<Dataset<T>> {
    if config.class_weights == ClassWeights::Balanced {
        Ok(train.with_balanced_weights()?)
    } else {
        Ok(train)
    }
}

/// The network, from random parameters or from a model's.
pub(crate) fn network<T: Scalar>(config: &Config, train: &Dataset<T>) -> Result<Sequential<T>> {
    let layers = config.layers(train.target_width());
    let mut network = Sequential::new(train.width(), layers, config.seed)?;
    if let Some(file) = &config.from {
        let bytes = read_limited(file, MODEL_LIMIT)?;
        load_parameters(&mut network, &file.display().to_string(), &bytes)?;
    }
    Ok(network)
}

/// The loss that fits the labels: classes or values.
pub(crate) fn loss<T: Scalar>(train: &Dataset<T>) -> Box<dyn Loss<T>> {
    if train.num_classes().is_some() {
        Box::new(SoftmaxCrossEntropy)
    } else {
        Box::new(MeanSquaredError)
    }
}

/// The trainer of a run on one thread, for runs side by side.
pub(crate) fn trainer<T: Scalar>(config: &Config, train: &Dataset<T>) -> Result<Trainer<T>> {
    let network = network(config, train)?;
    let trainer = Trainer::new(network, loss(train), config.optimizer::<T>())?;
    Ok(trainer.with_config(config.train_config()).threads(1))
}

/// Trains until the observer says stop or the run is over. Divergence is a result, not an error.
pub(crate) fn fit<T: Scalar>(
    trainer: &mut Trainer<T>,
    (train, validation): &Split<T>,
    observer: &mut dyn Observer,
) -> Result<Option<Divergence>> {
    match trainer.fit_with(train, Some(validation), observer) {
        Ok(_) => Ok(None),
        Err(TrainError::Diverged { epoch, step, .. }) => Ok(Some(Divergence { epoch, step })),
        Err(error) => Err(error.into()),
    }
}

/// Where a run diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Divergence {
    pub(crate) epoch: u64,
    pub(crate) step: u64,
}
