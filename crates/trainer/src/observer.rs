use std::ops::ControlFlow;

use crate::Epoch;

/// A report of one training step.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BatchReport {
    /// The epoch, from 1.
    pub epoch: u64,
    /// The batch within the epoch, from 1.
    pub batch: u64,
    /// Batches in the epoch.
    pub batches: u64,
    /// Rows in the batch.
    pub rows: usize,
    /// The mean loss of the batch, before the step.
    pub loss: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
}

/// An observer of a run, called after each step and each epoch; [`ControlFlow::Break`] stops the run.
///
/// `()` is an observer that does nothing; [`on_epoch`] makes one of a closure.
pub trait Observer {
    /// Called after each step. Stopping here drops the epoch: the trainer is back at the end of the
    /// last whole epoch.
    fn batch(&mut self, _report: &BatchReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Called after each epoch, when the checkpoint of the epoch is written, if it has one.
    fn epoch(&mut self, _epoch: &Epoch) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Observer for () {}

struct OnEpoch<F>(F);

impl<F: FnMut(&Epoch) -> ControlFlow<()>> Observer for OnEpoch<F> {
    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        (self.0)(epoch)
    }
}

/// An observer that calls `f` after each epoch.
///
/// ```
/// use std::ops::ControlFlow;
/// use backprop_trainer::{Epoch, Observer, on_epoch};
///
/// let mut losses = Vec::new();
/// let mut observer = on_epoch(|epoch| {
///     losses.push(epoch.train_loss);
///     ControlFlow::Continue(())
/// });
/// assert!(observer.epoch(&Epoch { train_loss: 0.5, ..Epoch::default() }).is_continue());
/// drop(observer);
/// assert_eq!(losses, [0.5]);
/// ```
pub fn on_epoch(f: impl FnMut(&Epoch) -> ControlFlow<()>) -> impl Observer {
    OnEpoch(f)
}
