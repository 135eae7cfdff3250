//! One trial: its settings, what it came to, and how it gets there.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use backprop_trainer::search::Split;
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Epoch, on_epoch};
use serde::{Deserialize, Serialize};

use crate::settings::{OptimizerKind, Settings};
use crate::setup;

/// A trial as the results hold it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trial {
    /// From 1.
    pub(crate) trial: usize,
    pub(crate) learning_rate: f64,
    pub(crate) hidden: Vec<usize>,
    pub(crate) batch_size: usize,
    pub(crate) dropout: f64,
    pub(crate) l2: f64,
    pub(crate) optimizer: OptimizerKind,
    /// Whole epochs that it was trained for, the most of all folds.
    pub(crate) epochs: u64,
    /// The mean over the folds, as are the other two.
    pub(crate) train_loss: Option<f64>,
    pub(crate) validation_loss: Option<f64>,
    pub(crate) validation_accuracy: Option<f64>,
    pub(crate) diverged: bool,
    /// The validation loss at the end of each rung that it took part in.
    pub(crate) rungs: Vec<Option<f64>>,
    pub(crate) seconds: f64,
}

impl Trial {
    /// The trial with number `index`, from 0, before it begins.
    pub(crate) fn new(index: usize, settings: &Settings) -> Self {
        Trial {
            trial: index + 1,
            learning_rate: settings.optimizer.learning_rate,
            hidden: settings.network.hidden.clone(),
            batch_size: settings.training.batch_size,
            dropout: settings.network.dropout,
            l2: settings.optimizer.l2,
            optimizer: settings.optimizer.optimizer,
            epochs: 0,
            train_loss: None,
            validation_loss: None,
            validation_accuracy: None,
            diverged: false,
            rungs: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Whether two trials have the same number and settings.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let settings = |trial: &Self| {
            let numbers = [trial.learning_rate, trial.dropout, trial.l2];
            (
                trial.trial,
                numbers,
                trial.hidden.clone(),
                trial.batch_size,
                trial.optimizer,
            )
        };
        settings(self) == settings(other)
    }

    /// Takes in what a rung came to.
    pub(crate) fn add(&mut self, result: &RungResult) {
        self.epochs = result.epochs.max(self.epochs);
        self.train_loss = result.figures.map(|figures| figures.train_loss);
        self.validation_loss = result.figures.map(|figures| figures.validation_loss);
        self.validation_accuracy = result.figures.and_then(|figures| figures.accuracy);
        self.diverged = result.figures.is_none();
        self.rungs.push(self.validation_loss);
        self.seconds += result.seconds;
    }

    /// The hidden widths as in `128-64`.
    pub(crate) fn widths(&self) -> String {
        let widths: Vec<String> = self.hidden.iter().map(ToString::to_string).collect();
        widths.join("-")
    }
}

/// The result of a trial at the end of a rung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RungResult {
    epochs: u64,
    /// `None` where it diverged.
    figures: Option<Figures>,
    seconds: f64,
}

/// The figures of the parameters that the run ends with.
#[derive(Clone, Copy, Debug)]
struct Figures {
    train_loss: f64,
    validation_loss: f64,
    accuracy: Option<f64>,
}

/// Trains on each split until `until` epochs are done, on this thread alone, and gives
/// the means.
///
/// `checkpoint` names the file that pair `k` goes on from, and stops in where its run is not over;
/// `tick` is called after each epoch.
pub(crate) fn advance<T: Scalar>(
    settings: &Settings,
    splits: &[Split<T>],
    until: u64,
    checkpoint: impl Fn(usize) -> std::path::PathBuf,
    tick: impl Fn(),
) -> Result<RungResult> {
    let start = Instant::now();
    let (mut epochs, mut all) = (0, Vec::with_capacity(splits.len()));
    for (index, pair) in splits.iter().enumerate() {
        let (done, figures) = advance_one(settings, pair, until, &checkpoint(index), &tick)?;
        epochs = done.max(epochs);
        all.push(figures);
    }
    let all: Option<Vec<Figures>> = all.into_iter().collect();
    Ok(RungResult {
        epochs,
        figures: all.map(|all| mean(&all)),
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn advance_one<T: Scalar>(
    settings: &Settings,
    pair: &Split<T>,
    until: u64,
    checkpoint: &Path,
    tick: &impl Fn(),
) -> Result<(u64, Option<Figures>)> {
    let (network, _) = setup::network(settings, &pair.0)?;
    let mut trainer = setup::trainer(settings, network, &pair.0)?.threads(1);
    if checkpoint.exists() {
        trainer.resume_from(checkpoint)?;
    }
    let is_done = |epoch: u64| epoch >= until;
    if !trainer.is_finished() && !is_done(trainer.history().epochs().len() as u64) {
        let mut observer = on_epoch(|epoch: &Epoch| {
            tick();
            if is_done(epoch.epoch) {
                std::ops::ControlFlow::Break(())
            } else {
                std::ops::ControlFlow::Continue(())
            }
        });
        if let Some(divergence) = setup::fit(&mut trainer, pair, &mut observer)? {
            return Ok((divergence.epoch - 1, None));
        }
        if !trainer.is_finished() {
            trainer.checkpoint()?.save(checkpoint)?;
        }
    }
    let history = trainer.history();
    let kept = match settings.training.patience {
        Some(_) => history.best(),
        None => history.epochs().last(),
    };
    let figures = kept.map(|epoch| Figures {
        train_loss: epoch.train_loss,
        validation_loss: epoch.validation_loss.unwrap_or(f64::NAN),
        accuracy: epoch.validation_accuracy,
    });
    Ok((history.epochs().len() as u64, figures))
}

fn mean(all: &[Figures]) -> Figures {
    let mean = |figure: &dyn Fn(&Figures) -> f64| {
        all.iter().map(figure).sum::<f64>() / all.len().max(1) as f64
    };
    let has_accuracy = all.iter().all(|figures| figures.accuracy.is_some());
    Figures {
        train_loss: mean(&|figures| figures.train_loss),
        validation_loss: mean(&|figures| figures.validation_loss),
        accuracy: has_accuracy.then(|| mean(&|figures| figures.accuracy.unwrap_or(0.0))),
    }
}
