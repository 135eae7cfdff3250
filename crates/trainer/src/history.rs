use serde::{Deserialize, Serialize};

/// The losses, the learning rate and the time of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The epoch, from 1.
    pub epoch: u64,
    /// The running mean over the epoch's rows, in training mode, each before its step.
    pub train_loss: f64,
    /// The loss on the validation data after the epoch.
    pub validation_loss: Option<f64>,
    /// The fraction of validation rows whose class was right; `None` where there are no classes.
    pub validation_accuracy: Option<f64>,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The time that training and validation took.
    pub seconds: f64,
}

/// The reason why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StopReason {
    /// All epochs are done.
    Finished,
    /// The validation loss did not get better for as many epochs as the patience allows.
    EarlyStopping,
    /// The observer asked to stop; the next `fit` resumes at the last whole epoch.
    Observer,
}

/// The epochs of a run, and the reason why it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) end: Option<StopReason>,
}

impl History {
    /// All whole epochs so far.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// The reason why the run ended; `None` for a run that has not ended.
    pub fn end(&self) -> Option<StopReason> {
        self.end
    }

    /// The epoch with the lowest validation loss (the training loss where there is no validation),
    /// the first of equals.
    pub fn best(&self) -> Option<&Epoch> {
        let loss = |epoch: &Epoch| epoch.validation_loss.unwrap_or(epoch.train_loss);
        self.epochs
            .iter()
            .reduce(|best, next| if loss(next) < loss(best) { next } else { best })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_epoch_is_the_first_of_equals_by_validation_loss() {
        let epoch = |epoch, train_loss, validation_loss| Epoch {
            epoch,
            train_loss,
            validation_loss,
            ..Epoch::default()
        };
        let mut history = History::default();
        assert_eq!(history.best(), None);
        history.epochs = vec![
            epoch(1, 0.9, Some(0.8)),
            epoch(2, 0.5, Some(0.4)),
            epoch(3, 0.1, Some(0.4)),
            epoch(4, 0.05, Some(0.7)),
        ];
        assert_eq!(history.best().unwrap().epoch, 2);
        history.epochs = vec![epoch(1, 0.9, None), epoch(2, 0.5, None)];
        assert_eq!(history.best().unwrap().epoch, 2);
    }
}
