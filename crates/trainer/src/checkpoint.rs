//! The sections of a checkpoint.
//!
//! | section | bytes |
//! | --- | --- |
//! | `settings` | JSON: `[name, value]` for each setting that must be the same to resume |
//! | `network` | the parameters after the last whole epoch, as safetensors |
//! | `best` | the parameters after the best epoch, where there is a patience |
//! | `moments` | steps (u64), then the state slots of the optimizer, parameter by parameter |
//! | `history` | four f64 an epoch: training loss, validation loss and accuracy (NaN where none), learning rate |
//! | `scores` | one f64 an epoch: the stop metric, where it is neither the loss nor the accuracy |
//! | `seconds` | one f64 an epoch, apart from the rest: a resumed run differs in nothing else |
//!
//! Integers and floats are little-endian; the moments are in storage order.

use std::path::Path;

use backprop_formats::{Checkpoint, Model, ModelInfo, load_parameters};
use backprop_optimizers::OptimizerState;
use backprop_tensor::{AlignedVec, Scalar};
use byteorder::{ByteOrder, LittleEndian};

use crate::{Epoch, History, StopMetric, TrainError, Trainer};

/// The most bytes that a checkpoint file may have for [`Trainer::resume_from`].
const MAX_BYTES: u64 = 1 << 32;

impl<T: Scalar> Trainer<T> {
    /// The run as it is at the end of the last whole epoch.
    ///
    /// # Errors
    /// If a parameter cannot be stored.
    pub fn checkpoint(&self) -> Result<Checkpoint, TrainError> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("settings", self.fingerprint_bytes());
        checkpoint.insert("network", self.model()?.to_bytes()?);
        if let Some(best) = &self.best {
            let mut network = self.network.clone();
            for ((_, parameter), values) in network.parameters_mut().zip(best) {
                parameter.packed_mut().copy_from_slice(values);
            }
            let best = Model::new(network, ModelInfo::default())?;
            checkpoint.insert("best", best.to_bytes()?);
        }
        checkpoint.insert("moments", self.moments_bytes());
        let (history, seconds) = history_sections(&self.history.epochs);
        checkpoint.insert("history", history);
        checkpoint.insert("seconds", seconds);
        if self.config.stop_metric.needs_confusion() {
            let scores = self.history.epochs.iter();
            let scores = scores.map(|epoch| epoch.validation_score.unwrap_or(f64::NAN));
            checkpoint.insert("scores", f64s_to_bytes(scores));
        }
        Ok(checkpoint)
    }

    /// Goes back to a checkpoint of a run with the same settings, network, loss and optimizer.
    ///
    /// # Errors
    /// Names the first thing that differs. The trainer is then as it was before.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let train_rows = self.check_fingerprint(checkpoint.require("settings")?)?;
        let history = history(checkpoint, self.config.stop_metric)?;
        let state = self.moments_from(checkpoint.require("moments")?)?;
        let mut network = self.network.clone();
        let best = if self.config.patience.is_some() && !history.epochs.is_empty() {
            let bytes = checkpoint.require("best")?;
            load_parameters(&mut network, "section \"best\" of the checkpoint", bytes)?;
            let values = network.parameters().map(|(_, p)| p.packed().into());
            Some(values.collect())
        } else {
            None
        };
        let bytes = checkpoint.require("network")?;
        load_parameters(&mut network, "section \"network\" of the checkpoint", bytes)?;
        self.info = ModelInfo::from_bytes("section \"network\" of the checkpoint", bytes)?;
        self.network = network;
        self.best = best;
        self.state = state;
        self.history = history;
        self.train_rows = train_rows;
        self.history.end = self.stop_reason();
        if self.is_finished() {
            self.restore_best();
        }
        Ok(())
    }

    /// Goes back to the checkpoint in a file, as [`restore`](Self::restore) does.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is the checkpoint of another run.
    pub fn resume_from(&mut self, path: impl AsRef<Path>) -> Result<(), TrainError> {
        self.restore(&Checkpoint::load(path.as_ref(), MAX_BYTES)?)
    }

    /// Writes the checkpoint of an epoch, if it is due; whether it is written.
    pub(crate) fn save_if_due(&mut self) -> Result<bool, TrainError> {
        let is_due = self.checkpoint_budget.is_none_or(|budget| budget.is_due());
        if is_due {
            self.save_checkpoint()?;
        }
        Ok(is_due)
    }

    pub(crate) fn save_checkpoint(&mut self) -> Result<(), TrainError> {
        let Some(path) = self.checkpoint_path.clone() else {
            return Ok(());
        };
        let mut budget = self.checkpoint_budget;
        let save = || Ok(self.checkpoint()?.save(path)?);
        let result = match &mut budget {
            Some(budget) => budget.write(save),
            None => save(),
        };
        self.checkpoint_budget = budget;
        result
    }

    /// Steps and state slots as the section `moments`.
    fn moments_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 8];
        LittleEndian::write_u64(&mut bytes, self.state.steps());
        for slot in self.state.moments().iter().flatten() {
            let start = bytes.len();
            bytes.resize(start + slot.len() * T::SIZE, 0);
            let elements = bytes[start..].chunks_exact_mut(T::SIZE);
            elements.zip(slot.iter()).for_each(|(to, x)| x.write_le(to));
        }
        bytes
    }

    /// The optimizer's state in the section `moments`.
    fn moments_from(&self, bytes: &[u8]) -> Result<OptimizerState<T>, TrainError> {
        let lengths: Vec<usize> = self
            .network
            .parameters()
            .map(|(_, parameter)| parameter.packed().len())
            .collect();
        let slots = self.optimizer.state_slots();
        let full = 8 + lengths.iter().sum::<usize>() * slots * T::SIZE;
        let wrong = || TrainError::Checkpoint {
            section: "moments",
            expected: format!("{full} bytes"),
            found: format!("{} bytes", bytes.len()),
        };
        let (steps, mut rest) = bytes.split_at_checked(8).ok_or_else(wrong)?;
        let steps = LittleEndian::read_u64(steps);
        if steps == 0 && rest.is_empty() {
            return Ok(OptimizerState::new());
        }
        if bytes.len() != full {
            return Err(wrong());
        }
        if steps > MAX_STEPS {
            return Err(TrainError::Checkpoint {
                section: "moments",
                expected: format!("at most {MAX_STEPS} steps"),
                found: steps.to_string(),
            });
        }
        let mut take = |length: usize| {
            let (buffer, after) = rest.split_at(length * T::SIZE);
            rest = after;
            let mut moments = AlignedVec::zeros(length);
            for (moment, bytes) in moments.iter_mut().zip(buffer.chunks_exact(T::SIZE)) {
                *moment = T::read_le(bytes);
            }
            moments
        };
        let moments = lengths
            .iter()
            .map(|&length| (0..slots).map(|_| take(length)).collect());
        Ok(OptimizerState::from_parts(steps, moments.collect()))
    }
}

/// The most steps in a checkpoint: more than any run takes, and far from an overflow.
const MAX_STEPS: u64 = 1 << 53;

/// The sections `history` and `seconds`.
fn history_sections(epochs: &[Epoch]) -> (Vec<u8>, Vec<u8>) {
    let values = epochs.iter().flat_map(|epoch| {
        [
            epoch.train_loss,
            epoch.validation_loss.unwrap_or(f64::NAN),
            epoch.validation_accuracy.unwrap_or(f64::NAN),
            epoch.learning_rate,
        ]
    });
    let seconds = epochs.iter().map(|epoch| epoch.seconds);
    (f64s_to_bytes(values), f64s_to_bytes(seconds))
}

fn f64s_to_bytes(values: impl Iterator<Item = f64>) -> Vec<u8> {
    let values: Vec<f64> = values.collect();
    let mut bytes = vec![0; 8 * values.len()];
    LittleEndian::write_f64_into(&values, &mut bytes);
    bytes
}

/// The values of a section that holds `per_epoch` of them for each epoch.
fn f64s_from_bytes(
    section: &'static str,
    bytes: &[u8],
    per_epoch: usize,
) -> Result<Vec<f64>, TrainError> {
    if !bytes.len().is_multiple_of(8 * per_epoch) {
        return Err(TrainError::Checkpoint {
            section,
            expected: format!("a multiple of {} bytes", 8 * per_epoch),
            found: format!("{} bytes", bytes.len()),
        });
    }
    let mut values = vec![0.0; bytes.len() / 8];
    LittleEndian::read_f64_into(bytes, &mut values);
    Ok(values)
}

/// The history in the sections `history` and `seconds`.
fn history(checkpoint: &Checkpoint, stop_metric: StopMetric) -> Result<History, TrainError> {
    let fours = f64s_from_bytes("history", checkpoint.require("history")?, 4)?;
    let seconds = f64s_from_bytes("seconds", checkpoint.require("seconds")?, 1)?;
    let scores = match stop_metric.needs_confusion() {
        true => f64s_from_bytes("scores", checkpoint.require("scores")?, 1)?,
        false => vec![f64::NAN; seconds.len()],
    };
    for (section, values) in [("seconds", &seconds), ("scores", &scores)] {
        if values.len() * 4 != fours.len() {
            return Err(TrainError::Checkpoint {
                section,
                expected: format!("{} epochs", fours.len() / 4),
                found: values.len().to_string(),
            });
        }
    }
    let some = |value: f64| (!value.is_nan()).then_some(value);
    let epochs = fours
        .chunks_exact(4)
        .zip(seconds.iter().zip(&scores))
        .zip(1..)
        .map(|((four, (&seconds, &score)), epoch)| Epoch {
            epoch,
            train_loss: four[0],
            validation_loss: some(four[1]),
            validation_accuracy: some(four[2]),
            validation_score: some(score),
            learning_rate: four[3],
            seconds,
        });
    Ok(History {
        epochs: epochs.collect(),
        end: None,
        stop_metric,
    })
}
