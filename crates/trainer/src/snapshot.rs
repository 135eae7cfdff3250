//! Copies of the parameters: before an epoch, and after the best.

use backprop_optimizers::OptimizerState;
use backprop_tensor::Scalar;

use crate::Trainer;

/// Everything that an epoch changes.
pub(crate) struct Snapshot<T> {
    values: Vec<Box<[T]>>,
    state: OptimizerState<T>,
}

impl<T: Scalar> Trainer<T> {
    fn values(&self) -> Vec<Box<[T]>> {
        self.network
            .parameters()
            .map(|(_, parameter)| parameter.packed().into())
            .collect()
    }

    fn set_values(&mut self, values: &[Box<[T]>]) {
        for ((_, parameter), values) in self.network.parameters_mut().zip(values) {
            parameter.packed_mut().copy_from_slice(values);
        }
    }

    /// Keeps the parameters if the epoch that just ended is the best.
    pub(crate) fn track_best(&mut self) {
        let last = self.history.epochs.last().map(|epoch| epoch.epoch);
        if self.config.patience.is_some() && self.history.best().map(|best| best.epoch) == last {
            self.best = Some(self.values());
        }
    }

    /// Brings back the parameters of the best epoch, where there is a patience.
    pub(crate) fn restore_best(&mut self) {
        if let Some(best) = self.best.take() {
            self.set_values(&best);
            self.best = Some(best);
        }
    }

    /// The trainer's parameters and moments.
    pub(crate) fn snapshot(&self) -> Snapshot<T> {
        Snapshot {
            values: self.values(),
            state: self.state.clone(),
        }
    }

    /// Takes a snapshot in the memory of one that was taken of the same trainer.
    pub(crate) fn snapshot_into(&self, snapshot: &mut Snapshot<T>) {
        for ((_, parameter), values) in self.network.parameters().zip(&mut snapshot.values) {
            values.copy_from_slice(parameter.packed());
        }
        snapshot.state.clone_from(&self.state);
    }

    /// Brings back the parameters and moments of a snapshot.
    pub(crate) fn restore_snapshot(&mut self, before: Snapshot<T>) {
        self.set_values(&before.values);
        self.state = before.state;
    }
}
