//! The figures of the mistakes.

use serde::Serialize;

/// Seeds of the runs as written.
pub(super) const SEEDS: u64 = 10;
/// Seeds of the runs that tell what each mistake costs.
pub(super) const COST_SEEDS: u64 = 3;

/// All figures.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(super) dataset: String,
    pub(super) threads: usize,
    pub(super) seconds: f64,
    pub(super) experiments: Vec<Experiment>,
    pub(super) mistakes: Vec<Cost>,
}

/// One of the notebook's experiments with all of its mistakes.
#[derive(Serialize)]
pub(super) struct Experiment {
    pub(super) name: String,
    pub(super) dropout: f64,
    pub(super) l2: f64,
    pub(super) notebook: Printed,
    pub(super) ours: Spread,
    pub(super) seconds: f64,
}

#[derive(Serialize)]
pub(super) struct Printed {
    pub(super) train_loss: f64,
    pub(super) validation_loss: Option<f64>,
}

/// The losses after the last epoch over seeds; of those that did not diverge.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Spread {
    pub(super) seeds: usize,
    pub(super) diverged: usize,
    pub(super) lowest_train_loss: Option<f64>,
    pub(super) train_loss: Option<f64>,
    pub(super) highest_train_loss: Option<f64>,
    pub(super) validation_loss: Option<f64>,
}

/// The effect of a mistake by itself, and of the others without it.
#[derive(Serialize)]
pub(super) struct Cost {
    pub(super) mistake: String,
    pub(super) optimizer: &'static str,
    /// The mistake alone, at the sensible rates.
    pub(super) alone: Spread,
    /// All mistakes but this one, at the notebook's rates.
    pub(super) mended: Option<Spread>,
}
