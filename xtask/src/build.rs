//! From settings to what is trained: the request for the data, the network, the trainer.

use std::sync::Arc;

use anyhow::Result;
use backprop_trainer::data::Dataset;
use backprop_trainer::formats::{MODEL_LIMIT, load_parameters, read_limited};
use backprop_trainer::layers::Sequential;
use backprop_trainer::losses::{Loss, MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::search::Pair;
use backprop_trainer::tensor::{Key, Pool, Scalar};
use backprop_trainer::{Observer, TrainError, Trainer};

use crate::config::{ClassWeights, Config};
use crate::data::Request;

/// What data the settings ask for.
pub(crate) fn request(config: &Config) -> Request {
    let weights_column = match &config.class_weights {
        ClassWeights::Column(column) => Some(column.clone()),
        ClassWeights::None | ClassWeights::Balanced => None,
    };
    Request {
        source: config.dataset.clone(),
        target: config.target.clone(),
        weights_column,
        data_dir: config.data_dir.clone(),
        seed: config.seed,
    }
}

/// The rows that the settings leave over.
pub(crate) fn limited<T: Scalar>(config: &Config, data: Dataset<T>) -> Dataset<T> {
    config.limit.map_or(data.clone(), |limit| data.limit(limit))
}

/// The rows to train on and those held out.
pub(crate) fn split<T: Scalar>(config: &Config, data: &Dataset<T>) -> Result<Pair<T>> {
    let key = Key::new(config.seed).derive("split", 0);
    Ok(data.split(config.validation_fraction, key)?)
}

/// Training rows with the weights that the settings ask for.
pub(crate) fn weighted<T: Scalar>(config: &Config, train: Dataset<T>) -> Result<Dataset<T>> {
    if config.class_weights == ClassWeights::Balanced {
        Ok(train.with_balanced_weights()?)
    } else {
        Ok(train)
    }
}

/// The network, from random parameters or from a model's.
pub(crate) fn network<T: Scalar>(config: &Config, train: &Dataset<T>) -> Result<Sequential<T>> {
    let layers = config.layers(train.target_width());
    let mut network = Sequential::new(train.width(), layers, Key::new(config.seed))?;
    if let Some(file) = &config.from {
        let bytes = read_limited(file, MODEL_LIMIT)?;
        load_parameters(&mut network, &file.display().to_string(), &bytes)?;
    }
    Ok(network)
}

/// The loss that fits the labels: classes or values.
pub(crate) fn loss<T: Scalar>(train: &Dataset<T>) -> Box<dyn Loss<T>> {
    if train.classes().is_some() {
        Box::new(SoftmaxCrossEntropy)
    } else {
        Box::new(MeanSquaredError)
    }
}

/// The trainer of a run on one thread, for runs side by side.
pub(crate) fn trainer<T: Scalar>(config: &Config, train: &Dataset<T>) -> Result<Trainer<T>> {
    let network = network(config, train)?;
    let trainer = Trainer::new(network, loss(train), config.rule::<T>()?, config.settings())?;
    Ok(trainer.with_pool(Arc::new(Pool::new(1))))
}

/// Trains until the observer says stop or the run is over. Divergence is a result, not an error.
pub(crate) fn fit<T: Scalar>(
    trainer: &mut Trainer<T>,
    (train, validation): &Pair<T>,
    observer: &mut dyn Observer,
) -> Result<Option<Divergence>> {
    match trainer.fit(train, Some(validation), observer) {
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
