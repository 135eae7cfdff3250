//! The settings of a trainer, as methods that are chained after [`Trainer::new`].

use std::path::PathBuf;
use std::sync::Arc;

use backprop_formats::WriteBudget;
use backprop_layers::{Predictor, Workspace};
use backprop_optimizers::Schedule;
use backprop_tensor::{Pool, Scalar};

use crate::{StopMetric, TrainConfig, Trainer};

impl<T: Scalar> Trainer<T> {
    /// Sets all settings at once.
    ///
    /// Here and in the setters below, a value out of its range is an error of the first call that trains.
    #[must_use]
    pub fn with_config(mut self, config: TrainConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets the number of epochs, passes over the training rows: at least 1; 15 by default.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.config.epochs = epochs;
        self
    }

    /// Sets the batch size B, the rows of a step: at least 1; 64 by default.
    #[must_use]
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.config.batch_size = rows;
        self
    }

    /// Sets the schedule, the change of the learning rate over the run; one cycle by default.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.config.schedule = schedule;
        self
    }

    /// Sets `lambda` of the L2 penalty `lambda / 2 sum w^2` on weights: at least 0; 0 by default. Its gradient
    /// `lambda w` is added after clipping; reported losses do not contain the penalty.
    #[must_use]
    pub fn l2(mut self, lambda: f64) -> Self {
        self.config.l2 = lambda;
        self
    }

    /// Sets decoupled weight decay (Loshchilov and Hutter, 2019), `w <- w - lr decay w` in each step: at least 0;
    /// 0 by default.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.config.weight_decay = decay;
        self
    }

    /// Sets the clipping norm, above 0; off by default. If the Euclidean norm of all gradients together is
    /// larger, they are multiplied by `norm / that norm` (Pascanu, Mikolov and Bengio, 2013).
    #[must_use]
    pub fn clip(mut self, norm: f64) -> Self {
        self.config.clip = Some(norm);
        self
    }

    /// Sets the patience of early stopping: the run ends after this number of epochs, at least 1, without a
    /// better validation loss, with the parameters of the best epoch. Off by default.
    #[must_use]
    pub fn patience(mut self, epochs: u64) -> Self {
        self.config.patience = Some(epochs);
        self
    }

    /// Sets the metric on the validation rows that early stopping compares; the loss by default.
    #[must_use]
    pub fn stop_metric(mut self, metric: StopMetric) -> Self {
        self.config.stop_metric = metric;
        self
    }

    /// Sets the seed, from which all random streams are derived; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// Sets the number of threads; all cores by default. Results are the same bits on any number.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        self.with_pool(Arc::new(Pool::new(threads)))
    }

    /// Sets the pool whose threads train, evaluate and predict.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<Pool>) -> Self {
        self.workspace = Workspace::new(Arc::clone(&pool));
        self.predictor = Predictor::new(pool);
        self
    }

    /// Sets the checkpoint file, which [`fit`](Trainer::fit) writes after each epoch, whole or not at all.
    #[must_use]
    pub fn with_checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint_path = Some(path.into());
        self
    }

    /// Limits checkpoints to half of the time: where epochs are shorter than writing, some have none, but the
    /// last of `fit` always has one. A run that is killed loses no more time than writing took.
    #[must_use]
    pub fn with_checkpoint_budget(mut self) -> Self {
        self.checkpoint_budget = Some(WriteBudget::default());
        self
    }
}
