use std::ops::ControlFlow;
use std::time::Instant;

use backprop_data::{Batch, BatchSampler, Dataset};
use backprop_losses::WeightedSum;
use backprop_optimizers::{OptimizerState, Progress};
use backprop_tensor::{Key, Scalar};

use crate::trainer::targets;
use crate::{BatchReport, Epoch, History, Observer, StopReason, TrainError, Trainer};

impl<T: Scalar> Trainer<T> {
    /// Trains until all epochs are done, the patience is at its end, or the observer says stop.
    ///
    /// Each epoch goes over all rows of `train` once, in an order of its own, and then evaluates
    /// `validation`. A run that was stopped, or restored from a checkpoint, goes on where it was
    /// and ends with the same bits as if it had never been. With a patience the run ends with the
    /// parameters of the best epoch in place, otherwise with those of the last.
    ///
    /// # Errors
    /// If the data does not fit, the checkpoint cannot be written, the run is over, or training
    /// [diverges](TrainError::Diverged). The trainer is then back at the end of the last whole
    /// epoch.
    pub fn fit(
        &mut self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        observer: &mut dyn Observer,
    ) -> Result<&History, TrainError> {
        self.check_data(train)?;
        match validation {
            Some(data) => self.check_data(data)?,
            None if self.settings.patience.is_some() => return Err(TrainError::NoValidation),
            None => {}
        }
        self.check_rows(train.len())?;
        if self.end().is_some() {
            return Err(TrainError::AlreadyFinished {
                epochs: self.history.epochs.len(),
            });
        }
        self.history.end = None;
        let learning_rate = self.learning_rate;
        let end = self.run(train, validation, observer);
        // The schedule's last rate is none of train_batch's business.
        self.learning_rate = learning_rate;
        self.history.end = Some(end?);
        if self.is_finished() {
            self.put_best_in_place();
        }
        Ok(&self.history)
    }

    /// Epoch after epoch, until there is a reason to end.
    fn run(
        &mut self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        observer: &mut dyn Observer,
    ) -> Result<StopReason, TrainError> {
        let mut room = Room {
            batches: BatchSampler::new(train.len(), self.settings.batch_size, None),
            batch: Batch::new(),
        };
        loop {
            let before = self.snapshot();
            match self.epoch(train, validation, observer, &mut room) {
                Ok(ControlFlow::Continue(epoch)) => {
                    self.train_rows = Some(train.len());
                    self.history.epochs.push(epoch);
                    self.keep_best();
                    self.save_checkpoint()?;
                    let stop = observer.epoch(&epoch).is_break();
                    if let Some(end) = self.end().or(stop.then_some(StopReason::Observer)) {
                        return Ok(end);
                    }
                }
                Ok(ControlFlow::Break(())) => {
                    self.roll_back(before);
                    return Ok(StopReason::Observer);
                }
                Err(error) => {
                    self.roll_back(before);
                    return Err(error);
                }
            }
        }
    }

    /// Why the run is over, if it is: a function of the history alone.
    pub(crate) fn end(&self) -> Option<StopReason> {
        let done = self.history.epochs.len() as u64;
        let best = self.history.best().map_or(0, |best| best.epoch);
        if self
            .settings
            .patience
            .is_some_and(|patience| done - best >= patience)
            && done > 0
        {
            Some(StopReason::EarlyStopping)
        } else {
            (done >= self.settings.epochs).then_some(StopReason::Finished)
        }
    }

    /// Whether the run is over, so that [`fit`](Self::fit) has nothing left to do.
    pub fn is_finished(&self) -> bool {
        self.end().is_some()
    }

    /// One pass over the training data, then one over the validation data.
    fn epoch(
        &mut self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        observer: &mut dyn Observer,
        room: &mut Room<T>,
    ) -> Result<ControlFlow<(), Epoch>, TrainError> {
        let start = Instant::now();
        let done = self.history.epochs.len() as u64;
        let batches = train.len().div_ceil(self.settings.batch_size) as u64;
        let seed = Key::new(self.settings.seed);
        room.batches
            .start_epoch(seed.derive("shuffle/epoch", done + 1));
        let mut total = WeightedSum::default();
        let mut batch = 0;
        while let Some(rows) = room.batches.next_batch() {
            train.par_gather(self.workspace.pool(), rows, &mut room.batch);
            let progress = Progress {
                step: done * batches + batch,
                steps_per_epoch: batches,
                epochs: self.settings.epochs,
            };
            self.learning_rate = self
                .settings
                .schedule
                .learning_rate(self.settings.learning_rate, progress);
            batch += 1;
            let (inputs, weights) = (room.batch.inputs(), room.batch.weights());
            // Rows of weight 0 are rows that are not there; a batch of them is no step.
            if weights.is_some_and(|weights| weights.iter().all(|w| *w == T::zero())) {
                continue;
            }
            let loss = self.train_batch(inputs, targets(&room.batch), weights)?;
            total += loss;
            let report = BatchReport {
                epoch: done + 1,
                batch,
                batches,
                rows: rows.len(),
                loss: loss.mean(),
                learning_rate: self.learning_rate,
            };
            if observer.batch(&report).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if total.weight <= 0.0 {
            return Err(TrainError::NoWeight {
                rows: train.len(),
                sum: total.weight,
            });
        }
        let finite = |values: &[T]| values.iter().all(|value| value.is_finite());
        if !self
            .network
            .parameters()
            .all(|(_, parameter)| finite(parameter.packed()))
        {
            return Err(self.diverged(self.state.steps(), total.mean()));
        }
        let evaluation = validation.map(|data| self.evaluate(data)).transpose()?;
        if let Some(evaluation) = evaluation.filter(|evaluation| !evaluation.loss.is_finite()) {
            return Err(self.diverged(self.state.steps(), evaluation.loss));
        }
        Ok(ControlFlow::Continue(Epoch {
            epoch: done + 1,
            train_loss: total.mean(),
            validation_loss: evaluation.map(|evaluation| evaluation.loss),
            validation_accuracy: evaluation.and_then(|evaluation| evaluation.accuracy),
            learning_rate: self.learning_rate,
            seconds: start.elapsed().as_secs_f64(),
        }))
    }

    /// A run goes on with the data that it began with, as far as its length can tell.
    fn check_rows(&self, rows: usize) -> Result<(), TrainError> {
        match self.train_rows {
            Some(saved) if saved != rows => Err(TrainError::Mismatch {
                what: "training rows".to_string(),
                saved: saved.to_string(),
                now: rows.to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn values(&self) -> Vec<Box<[T]>> {
        self.network
            .parameters()
            .map(|(_, parameter)| parameter.packed().into())
            .collect()
    }

    pub(crate) fn set_values(&mut self, values: &[Box<[T]>]) {
        for ((_, parameter), values) in self.network.parameters_mut().zip(values) {
            parameter.packed_mut().copy_from_slice(values);
        }
    }

    /// Remembers the parameters if the epoch that just ended is the best.
    fn keep_best(&mut self) {
        let last = self.history.epochs.last().map(|epoch| epoch.epoch);
        if self.settings.patience.is_some() && self.history.best().map(|best| best.epoch) == last {
            self.best = Some(self.values());
        }
    }

    pub(crate) fn put_best_in_place(&mut self) {
        if let Some(best) = self.best.take() {
            self.set_values(&best);
            self.best = Some(best);
        }
    }

    fn snapshot(&self) -> Snapshot<T> {
        Snapshot {
            values: self.values(),
            state: self.state.clone(),
        }
    }

    fn roll_back(&mut self, before: Snapshot<T>) {
        self.set_values(&before.values);
        self.state = before.state;
    }
}

/// What `fit` works in, made once for a run.
struct Room<T: Scalar> {
    batches: BatchSampler,
    batch: Batch<T>,
}

/// All that an epoch changes.
struct Snapshot<T> {
    values: Vec<Box<[T]>>,
    state: OptimizerState<T>,
}
