use std::ops::ControlFlow;
use std::time::Instant;

use backprop_data::{Batch, BatchSampler, Dataset};
use backprop_formats::ModelInfo;
use backprop_losses::{WeightedSum, notation};
use backprop_optimizers::Progress;
use backprop_tensor::{Key, Scalar};

use crate::trainer::targets;
use crate::{BatchReport, Epoch, History, Observer, StopMetric, StopReason, TrainError, Trainer};

impl<T: Scalar> Trainer<T> {
    /// Trains until all epochs are done or the patience is at its end.
    ///
    /// Each epoch goes over all rows of `train` once, shuffled anew, and then evaluates
    /// `validation`. With a patience the run ends with the parameters of the best epoch, otherwise with
    /// those of the last.
    ///
    /// # Errors
    /// If a setting makes no sense, the data does not fit, the checkpoint cannot be written, the run
    /// is already finished, or training [diverges](TrainError::Diverged). The trainer is then back at
    /// the end of the last whole epoch.
    pub fn fit(
        &mut self,
        train: &Dataset<T>,
        validation: &Dataset<T>,
    ) -> Result<&History, TrainError> {
        self.fit_with(train, Some(validation), &mut ())
    }

    /// Trains as [`fit`](Self::fit) does, without validation data if there is none, and shows each
    /// step and each epoch to an observer, which can stop the run.
    ///
    /// A run that was stopped, or restored from a checkpoint, resumes at its last whole epoch and ends
    /// with the same bits as if it had never been interrupted.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); a patience needs validation data.
    #[inline(never)]
    pub fn fit_with(
        &mut self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        observer: &mut dyn Observer,
    ) -> Result<&History, TrainError> {
        self.config.check()?;
        self.check_data(train)?;
        match validation {
            Some(data) => self.check_data(data)?,
            None if self.config.patience.is_some() => return Err(TrainError::NoValidation),
            None => {}
        }
        let metric = self.config.stop_metric;
        if metric != StopMetric::Loss && train.num_classes().is_none() {
            return Err(TrainError::NoClasses(metric.name()));
        }
        self.history.stop_metric = metric;
        self.check_rows(train.len())?;
        if self.stop_reason().is_some() {
            return Err(TrainError::AlreadyFinished {
                epochs: self.history.epochs.len(),
            });
        }
        self.describe(train);
        self.history.end = None;
        let learning_rate = self.learning_rate;
        let reason = self.run(train, validation, observer);
        // The schedule ends at a low rate, which is not for train_batch.
        self.learning_rate = learning_rate;
        self.history.end = Some(reason?);
        if self.is_finished() {
            self.restore_best();
        }
        Ok(&self.history)
    }

    /// Takes the description of the model from the training data.
    fn describe(&mut self, train: &Dataset<T>) {
        let mut info = ModelInfo::new(self.loss.output_kind())
            .with_loss(notation(&*self.loss))
            .with_input_scale(train.input_scale());
        // A network with more outputs than the data has classes has outputs without a name.
        if train.num_classes() == Some(self.network.output_width()) {
            info = info.with_class_names(train.class_names().unwrap_or_default());
        }
        if let Some(encoding) = train.image_encoding() {
            let images = serde_json::to_value(encoding);
            info = info.with_images(images.expect("an encoding is numbers"));
        }
        #[cfg(feature = "csv")]
        if let Some(encoding) = train.encoding() {
            let table = serde_json::to_value(encoding);
            info = info.with_table(table.expect("an encoding is names and finite numbers"));
        }
        self.info = info;
    }

    /// Runs epoch after epoch, until there is a reason to stop.
    fn run(
        &mut self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        observer: &mut dyn Observer,
    ) -> Result<StopReason, TrainError> {
        let mut buffers = EpochBuffers {
            batches: BatchSampler::new(train.len(), self.config.batch_size, None),
            batch: Batch::new(),
        };
        let mut is_saved = true;
        let mut before = self.snapshot();
        loop {
            match self.epoch(train, validation, observer, &mut buffers) {
                Ok(ControlFlow::Continue(epoch)) => {
                    self.train_rows = Some(train.len());
                    self.history.epochs.push(epoch);
                    self.track_best();
                    is_saved = self.save_if_due()?;
                    let stop = observer.epoch(&epoch).is_break();
                    let stop = self.stop_reason().or(stop.then_some(StopReason::Observer));
                    if let Some(reason) = stop {
                        self.save_unless(is_saved)?;
                        return Ok(reason);
                    }
                    self.snapshot_into(&mut before);
                }
                Ok(ControlFlow::Break(())) => {
                    self.restore_snapshot(before);
                    self.save_unless(is_saved)?;
                    return Ok(StopReason::Observer);
                }
                Err(error) => {
                    self.restore_snapshot(before);
                    self.save_unless(is_saved)?;
                    return Err(error);
                }
            }
        }
    }

    /// Writes the checkpoint of the last epoch, unless that is done.
    fn save_unless(&mut self, is_saved: bool) -> Result<(), TrainError> {
        if is_saved {
            return Ok(());
        }
        self.save_checkpoint()
    }

    /// The reason why the run is finished, if it is: a function of the history alone.
    pub(crate) fn stop_reason(&self) -> Option<StopReason> {
        let done = self.history.epochs.len() as u64;
        let best = || self.history.best().map_or(0, |best| best.epoch);
        let is_patience_over = |patience| done > 0 && done - best() >= patience;
        if self.config.patience.is_some_and(is_patience_over) {
            Some(StopReason::EarlyStopping)
        } else {
            (done >= self.config.epochs).then_some(StopReason::Finished)
        }
    }

    /// Whether the run is finished, so that [`fit`](Self::fit) has nothing left to do.
    pub fn is_finished(&self) -> bool {
        self.stop_reason().is_some()
    }

    /// One pass over the training data, then one over the validation data; a break is the observer's.
    fn epoch(
        &mut self,
        train: &Dataset<T>,
        validation: Option<&Dataset<T>>,
        observer: &mut dyn Observer,
        buffers: &mut EpochBuffers<T>,
    ) -> Result<ControlFlow<(), Epoch>, TrainError> {
        let start = Instant::now();
        let total = match self.steps(train, observer, buffers)? {
            ControlFlow::Continue(total) => total,
            ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
        };
        if total.weight <= 0.0 {
            return Err(TrainError::NoWeight {
                rows: train.len(),
                sum: total.weight,
            });
        }
        let finite = |values: &[T]| values.iter().all(|value| value.is_finite());
        if !self.network.parameters().all(|(_, p)| finite(p.packed())) {
            return Err(self.diverged(self.state.steps(), total.mean()));
        }
        let evaluation = validation.map(|data| self.validate(data)).transpose()?;
        let score = evaluation.and_then(|(_, score)| score);
        let evaluation = evaluation.map(|(evaluation, _)| evaluation);
        if let Some(evaluation) = evaluation.filter(|evaluation| !evaluation.loss.is_finite()) {
            return Err(self.diverged(self.state.steps(), evaluation.loss));
        }
        Ok(ControlFlow::Continue(Epoch {
            epoch: self.history.epochs.len() as u64 + 1,
            train_loss: total.mean(),
            validation_loss: evaluation.map(|evaluation| evaluation.loss),
            validation_accuracy: evaluation.and_then(|evaluation| evaluation.accuracy),
            validation_score: score,
            learning_rate: self.learning_rate,
            seconds: start.elapsed().as_secs_f64(),
        }))
    }

    /// The training steps of one epoch, and their losses together.
    fn steps(
        &mut self,
        train: &Dataset<T>,
        observer: &mut dyn Observer,
        buffers: &mut EpochBuffers<T>,
    ) -> Result<ControlFlow<(), WeightedSum>, TrainError> {
        let done = self.history.epochs.len() as u64;
        let batches = train.len().div_ceil(self.config.batch_size) as u64;
        let order = Key::new(self.config.seed).derive("shuffle/epoch", done + 1);
        buffers.batches.start_epoch(order);
        let mut total = WeightedSum::default();
        let mut batch = 0;
        while let Some(rows) = buffers.batches.next_batch() {
            train.par_gather(self.workspace.pool(), rows, &mut buffers.batch);
            let progress = Progress {
                step: done * batches + batch,
                steps_per_epoch: batches,
                epochs: self.config.epochs,
            };
            let base = self.optimizer.learning_rate();
            self.learning_rate = self.config.schedule.learning_rate(base, progress);
            batch += 1;
            let (inputs, weights) = (buffers.batch.inputs(), buffers.batch.weights());
            // Rows of weight 0 do not count; a batch of them is no step.
            if weights.is_some_and(|weights| weights.iter().all(|w| *w == T::zero())) {
                continue;
            }
            let loss = self.train_batch(inputs, targets(&buffers.batch), weights)?;
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
        Ok(ControlFlow::Continue(total))
    }

    /// Checks that a resumed run has the data that it began with, as far as the length can tell.
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
}

/// The buffers of an epoch, made once for a run.
struct EpochBuffers<T: Scalar> {
    batches: BatchSampler,
    batch: Batch<T>,
}
