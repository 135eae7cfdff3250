//! The splits, the network and the trainer of a run, made from its settings.

use anyhow::{Result, bail};
use backprop_trainer::data::Dataset;
use backprop_trainer::formats::{
    MODEL_LIMIT, MatchedLayers, load_matching_parameters, read_limited,
};
use backprop_trainer::layers::Sequential;
use backprop_trainer::losses::{Loss, MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::search::{Split, SplitIndices, kfold_strata};
use backprop_trainer::tensor::{Key, Scalar};
use backprop_trainer::{Observer, TrainError, Trainer};

use crate::data::{self, Loaded, Splits};
use crate::model;
use crate::output::quoted;
use crate::settings::{ClassWeights, LossName, Settings};

/// The training, validation and test rows of the settings.
pub(crate) fn splits<T: Scalar>(settings: &Settings, loaded: &Loaded<T>) -> Result<Splits<T>> {
    let mut splits = loaded.split(&split(settings, loaded.strata())?)?;
    splits.train = weighted(settings, splits.train)?;
    Ok(splits)
}

/// The training and validation rows of each fold, without test rows.
pub(crate) fn folds<T: Scalar>(
    settings: &Settings,
    loaded: &Loaded<T>,
    folds: usize,
) -> Result<Vec<Split<T>>> {
    let key = Key::new(settings.seed).derive("split/folds", 0);
    let strata = limited(settings, loaded.strata());
    let folds = kfold_strata(strata, folds, key)?;
    let split = |rows| {
        let splits = loaded.split(rows)?;
        Ok((weighted(settings, splits.train)?, splits.validation))
    };
    folds.iter().map(split).collect()
}

/// The indices of the training rows and of the validation rows among rows of these strata.
fn split(settings: &Settings, strata: &[u32]) -> Result<SplitIndices> {
    let key = Key::new(settings.seed).derive("split", 0);
    data::split(
        limited(settings, strata),
        settings.data.validation_fraction,
        key,
    )
}

/// The rows that the settings use, the first ones.
fn limited<'a>(settings: &Settings, rows: &'a [u32]) -> &'a [u32] {
    &rows[..settings.data.limit.unwrap_or(usize::MAX).min(rows.len())]
}

/// Training rows with the class weights of the settings.
fn weighted<T: Scalar>(settings: &Settings, train: Dataset<T>) -> Result<Dataset<T>> {
    if settings.data.class_weights == ClassWeights::Balanced {
        Ok(train.with_balanced_weights()?)
    } else {
        Ok(train)
    }
}

/// The network, with random parameters or, in the layers that fit, those of a model.
pub(crate) fn network<T: Scalar>(
    settings: &Settings,
    train: &Dataset<T>,
) -> Result<(Sequential<T>, Option<MatchedLayers>)> {
    let layers = settings.network.layers(train.target_width());
    let mut network = Sequential::new(train.width(), layers, settings.seed)?;
    let Some(file) = &settings.network.from else {
        return Ok((network, None));
    };
    let bytes = read_limited(file, MODEL_LIMIT)?;
    let (name, rename) = (file.display().to_string(), settings.network.rename.clone());
    let rename = rename.unwrap_or_default();
    let layers = load_matching_parameters(&mut network, &name, &bytes, &rename);
    Ok((network, Some(layers.map_err(model::by_flags)?)))
}

/// A sentence on the layers that the model of `--from` did not give; `None` if the model gave all.
pub(crate) fn describe_matched(settings: &Settings, layers: &MatchedLayers) -> Option<String> {
    let file = settings.network.from.as_ref()?.display();
    let list = |layers: &[usize], which: &str| {
        let numbers: Vec<String> = layers.iter().map(usize::to_string).collect();
        let noun = if layers.len() == 1 { "layer" } else { "layers" };
        (!layers.is_empty()).then(|| format!("{noun} {} {which}", numbers.join(", ")))
    };
    let kept = list(&layers.kept, "kept")?;
    let (reshaped, missing) = (
        list(&layers.reshaped, "of other shapes"),
        list(&layers.missing, "not in the file"),
    );
    let drawn: Vec<String> = [reshaped, missing].into_iter().flatten().collect();
    if drawn.is_empty() {
        return None;
    }
    let advice = layers.proposal.as_ref().map_or(String::new(), |rename| {
        let names = quoted(&rename.to_string());
        format!("; more of the file fits with --rename {names}")
    });
    let drawn = drawn.join(" and ");
    Some(format!("from {file}: {kept}; {drawn}, drawn anew{advice}"))
}

/// The loss of the settings, which has to fit the targets; by default the one that does.
fn loss<T: Scalar>(settings: &Settings, train: &Dataset<T>) -> Result<Box<dyn Loss<T>>> {
    let has_classes = train.num_classes().is_some();
    let Some(name) = &settings.training.loss else {
        return Ok(if has_classes {
            Box::new(SoftmaxCrossEntropy)
        } else {
            Box::new(MeanSquaredError)
        });
    };
    let (takes, targets) = match (name.is_of_classes(), has_classes) {
        (true, true) | (false, false) => return Ok(name.loss()),
        (true, false) => ("classes", "numbers"),
        (false, true) => ("numbers", "classes"),
    };
    let others = LossName::all(has_classes);
    bail!(
        "--loss {name} takes {takes} as targets, but the targets are {targets}; choose {others}, or leave \
         --loss out"
    )
}

/// The trainer of a run, with its settings.
pub(crate) fn trainer<T: Scalar>(
    settings: &Settings,
    network: Sequential<T>,
    train: &Dataset<T>,
) -> Result<Trainer<T>> {
    let loss = loss(settings, train)?;
    let trainer = Trainer::new(network, loss, settings.optimizer.build::<T>())?;
    Ok(trainer.with_config(settings.train_config()))
}

/// Trains until the observer says stop or the run is over. Divergence is a result, not an error.
pub(crate) fn fit<T: Scalar>(
    trainer: &mut Trainer<T>,
    (train, validation): &Split<T>,
    observer: &mut dyn Observer,
) -> Result<Option<Divergence>> {
    let validation = (!validation.is_empty()).then_some(validation);
    match trainer.fit_with(train, validation, observer) {
        Ok(_) => Ok(None),
        Err(TrainError::Diverged { epoch, step, .. }) => Ok(Some(Divergence { epoch, step })),
        Err(error) => Err(error.into()),
    }
}

/// The step at which a run diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Divergence {
    pub(crate) epoch: u64,
    pub(crate) step: u64,
}
