use std::ops::ControlFlow;

use crate::Epoch;

/// One step of training, as an observer sees it.
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

/// Sees how a run goes, and can stop it by returning [`ControlFlow::Break`].
///
/// `()` is an observer that does nothing; [`on_epoch`] makes one of a closure.
pub trait Observer {
    /// After each step. Stopping here gives up the epoch: the trainer goes back to the end of the
    /// last whole one.
    fn batch(&mut self, _report: &BatchReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After each epoch, its checkpoint already written.
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
