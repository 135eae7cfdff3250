//! The settings of a trainer, as methods that are chained after [`Trainer::new`].

use std::path::PathBuf;
use std::sync::Arc;

use backprop_formats::WriteBudget;
use backprop_layers::{Predictor, Workspace};
use backprop_optimizers::Schedule;
use backprop_tensor::{Pool, Scalar};

use crate::{StopMetric, TrainConfig, Trainer};

impl<T: Scalar> Trainer<T> {
    /// With all settings at once. A setting that makes no sense is an error of the first call that
    /// trains; so it is with the settings below.
    #[must_use]
    pub fn with_config(mut self, config: TrainConfig) -> Self {
        self.config = config;
        self
    }

    /// With this number of passes over the data, at least 1; 15 by default.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.config.epochs = epochs;
        self
    }

    /// With this number of rows in one step, at least 1; 64 by default.
    #[must_use]
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.config.batch_size = rows;
        self
    }

    /// With this change of the learning rate over the run; one cycle by default.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.config.schedule = schedule;
        self
    }

    /// With this L2 penalty on weights, at least 0; 0 by default.
    #[must_use]
    pub fn l2(mut self, lambda: f64) -> Self {
        self.config.l2 = lambda;
        self
    }

    /// With this decoupled decay of weights, at least 0; 0 by default.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.config.weight_decay = decay;
        self
    }

    /// With all gradients scaled down so that their common norm is at most this, above 0.
    #[must_use]
    pub fn clip(mut self, norm: f64) -> Self {
        self.config.clip = Some(norm);
        self
    }

    /// With an end after this number of epochs without a better validation loss, at least 1, and
    /// with the parameters of the best epoch.
    #[must_use]
    pub fn patience(mut self, epochs: u64) -> Self {
        self.config.patience = Some(epochs);
        self
    }

    /// With this metric on the validation rows that the patience goes by; the loss by default.
    #[must_use]
    pub fn stop_metric(mut self, metric: StopMetric) -> Self {
        self.config.stop_metric = metric;
        self
    }

    /// With this seed of all random streams; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// On this number of threads; all cores by default. No result depends on it.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        self.with_pool(Arc::new(Pool::new(threads)))
    }

    /// On the threads of this pool.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<Pool>) -> Self {
        self.workspace = Workspace::new(Arc::clone(&pool));
        self.predictor = Predictor::new(pool);
        self
    }

    /// With a checkpoint in this file after each epoch of `fit`.
    #[must_use]
    pub fn with_checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint_path = Some(path.into());
        self
    }

    /// With checkpoints that take at most half of the time: where epochs are short, some have none, but
    /// the last of `fit` always has one. A run that is killed loses no more time than writing took.
    #[must_use]
    pub fn with_checkpoint_budget(mut self) -> Self {
        self.checkpoint_budget = Some(WriteBudget::default());
        self
    }
}
