//! The training on all rows, once the validation rows have told for how many epochs.

use anyhow::Result;
use backprop_trainer::Trainer;
use backprop_trainer::data::Dataset;
use backprop_trainer::tensor::Scalar;
use serde::Serialize;

use crate::common::Common;
use crate::data::Loaded;
use crate::history::best_epoch;
use crate::output::{say, thousands};
use crate::progress::Progress;
use crate::settings::Settings;
use crate::setup;

/// The figures of a training on all rows.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Refit {
    epochs: u64,
    train_samples: usize,
}

/// A network that was trained on all rows.
pub(super) struct Refitted<T: Scalar> {
    pub(super) trainer: Trainer<T>,
    /// The test rows, encoded as those that it was trained on.
    pub(super) test: Dataset<T>,
    pub(super) figures: Refit,
}

impl Refit {
    /// The end of the line of results.
    pub(super) fn suffix(&self) -> String {
        let (rows, epochs) = (thousands(self.train_samples), self.epochs);
        format!(" (trained again on {rows} rows for {epochs} epochs)")
    }

    /// A sentence for the page.
    pub(super) fn sentence(&self) -> String {
        format!(
            " Then a new network was trained on all {} rows but the test set, for {} epochs: the \
             model and the test figures are of it.",
            thousands(self.train_samples),
            self.epochs
        )
    }
}

/// Trains a new network on training and validation rows, for as many epochs as turned out best;
/// `None` where that is not asked for.
///
/// It has no checkpoint: a run that is interrupted here begins it again.
pub(super) fn refit<T: Scalar>(
    settings: &Settings,
    common: &Common,
    loaded: &Loaded<T>,
    trainer: &Trainer<T>,
) -> Result<Option<Refitted<T>>> {
    if settings.training.refit != Some(true) {
        return Ok(None);
    }
    let settings = all_rows(settings, trainer);
    let splits = setup::splits(&settings, loaded)?;
    let (network, _) = setup::network(&settings, &splits.train)?;
    let mut again = setup::trainer(&settings, network, &splits.train)?.with_pool(common.pool());
    let refit = Refit {
        epochs: settings.training.epochs,
        train_samples: splits.train.len(),
    };
    if !common.quiet {
        say!(
            "training again on all {} rows but the test set, for {} epochs",
            thousands(refit.train_samples),
            refit.epochs
        );
    }
    let mut progress = Progress::new(refit.epochs, &[], None, common.quiet);
    let result = again
        .fit_with(&splits.train, None, &mut progress)
        .map(|_| ());
    progress.finish()?;
    result?;
    Ok(Some(Refitted {
        trainer: again,
        test: splits.test,
        figures: refit,
    }))
}

/// The settings for all rows: the epoch whose parameters were kept is the last.
fn all_rows<T: Scalar>(settings: &Settings, trainer: &Trainer<T>) -> Settings {
    let mut all = settings.clone();
    let done = trainer.history().epochs().len() as u64;
    let best = best_epoch(trainer.history()).filter(|_| settings.training.patience.is_some());
    all.training.epochs = best.unwrap_or(done);
    all.training.patience = None;
    all.training.stop_metric = None;
    all.data.validation_fraction = 0.0;
    all
}
