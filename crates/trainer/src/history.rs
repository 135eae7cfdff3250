use serde::{Deserialize, Serialize};

use crate::StopMetric;

/// The losses, the learning rate and the time of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The epoch, from 1.
    pub epoch: u64,
    /// The running mean over the epoch's rows, in training mode, each before its step.
    pub train_loss: f64,
    /// The loss on the validation data after the epoch.
    pub validation_loss: Option<f64>,
    /// The accuracy on the validation rows; `None` where there are no classes.
    pub validation_accuracy: Option<f64>,
    /// The [stop metric](crate::TrainConfig::stop_metric), where it is neither the loss nor the
    /// accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_score: Option<f64>,
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
    /// Early stopping: the validation loss was not better for as many epochs as the patience.
    EarlyStopping,
    /// The observer asked to stop; the next `fit` resumes at the last whole epoch.
    Observer,
}

/// The epochs of a run, and the reason why it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) end: Option<StopReason>,
    #[serde(default)]
    pub(crate) stop_metric: StopMetric,
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

    /// The epoch with the lowest validation loss (the training loss where there is no validation), or
    /// with the highest [stop metric](crate::TrainConfig::stop_metric) if that is another; the first of
    /// equals.
    pub fn best(&self) -> Option<&Epoch> {
        let loss = |epoch: &Epoch| match self.stop_metric {
            StopMetric::Loss => epoch.validation_loss.unwrap_or(epoch.train_loss),
            StopMetric::Accuracy => -epoch.validation_accuracy.unwrap_or(0.0),
            StopMetric::BalancedAccuracy | StopMetric::MacroF1 => {
                -epoch.validation_score.unwrap_or(0.0)
            }
        };
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
        for (scored, last) in history.epochs.iter_mut().zip([0.5, 0.7, 0.7, 0.6]) {
            scored.validation_accuracy = Some(1.0 - last);
            scored.validation_score = Some(last);
        }
        let mut best = |metric| {
            history.stop_metric = metric;
            history.best().unwrap().epoch
        };
        assert_eq!(best(StopMetric::Loss), 2);
        assert_eq!(best(StopMetric::Accuracy), 1);
        assert_eq!(best(StopMetric::BalancedAccuracy), 2);
        assert_eq!(best(StopMetric::MacroF1), 2);
        history.stop_metric = StopMetric::Loss;
        history.epochs = vec![epoch(1, 0.9, None), epoch(2, 0.5, None)];
        assert_eq!(history.best().unwrap().epoch, 2);
    }
}
