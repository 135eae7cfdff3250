use backprop_metrics::{balanced_accuracy, macro_f1};
use backprop_optimizers::Schedule;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// The metric on the validation rows that tells which epoch is the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StopMetric {
    /// The loss; the lowest is the best.
    #[default]
    Loss,
    /// The accuracy.
    Accuracy,
    /// The mean over classes of recall.
    BalancedAccuracy,
    /// The mean over classes of F1.
    MacroF1,
}

impl StopMetric {
    /// All metrics.
    pub const ALL: [StopMetric; 4] = [
        StopMetric::Loss,
        StopMetric::Accuracy,
        StopMetric::BalancedAccuracy,
        StopMetric::MacroF1,
    ];

    /// The name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            StopMetric::Loss => "loss",
            StopMetric::Accuracy => "accuracy",
            StopMetric::BalancedAccuracy => "balanced-accuracy",
            StopMetric::MacroF1 => "macro-f1",
        }
    }

    /// Whether the metric needs to know which class each row is taken for.
    pub(crate) fn needs_confusion(self) -> bool {
        matches!(self, StopMetric::BalancedAccuracy | StopMetric::MacroF1)
    }

    /// The metric of a confusion matrix.
    pub(crate) fn of_confusion(self, confusion: &[Vec<u64>]) -> f64 {
        match self {
            StopMetric::MacroF1 => macro_f1(confusion),
            _ => balanced_accuracy(confusion),
        }
    }
}

/// The settings of a run, apart from the optimizer's own.
///
/// Read from a file, a setting that is left out has its default, and an unknown name is an error.
///
/// ```
/// use backprop_trainer::TrainConfig;
///
/// let config = TrainConfig { epochs: 3, seed: 7, ..TrainConfig::default() };
/// assert_eq!((config.batch_size, config.l2), (64, 0.0));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the data, at least 1; 15 by default.
    pub epochs: u64,
    /// Rows in one step, at least 1; 64 by default. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// The change of the learning rate over the run; one cycle by default.
    pub schedule: Schedule,
    /// `lambda` of the L2 penalty on weights, at least 0; 0 by default. It is not part of any
    /// reported loss.
    pub l2: f64,
    /// Decoupled decay of weights (Loshchilov and Hutter, 2019), at least 0; 0 by default.
    pub weight_decay: f64,
    /// The highest norm of all gradients together, above 0; off by default.
    pub clip: Option<f64>,
    /// Epochs without a better validation loss after which the run ends, at least 1; off by default.
    /// With a patience every run ends with the parameters of its best epoch.
    pub patience: Option<u64>,
    /// The metric on the validation rows that the patience goes by; the loss by default.
    pub stop_metric: StopMetric,
    /// The seed that all random streams are derived from; 0 by default.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            epochs: 15,
            batch_size: 64,
            schedule: Schedule::OneCycle,
            l2: 0.0,
            weight_decay: 0.0,
            clip: None,
            patience: None,
            stop_metric: StopMetric::Loss,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// Checks that all settings make sense.
    ///
    /// # Errors
    /// The error names the first setting that does not, and its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let at_least_one = |what, value: u64| match value {
            0 => Err(TrainError::Setting {
                what,
                value: 0.0,
                range: "at least 1",
            }),
            _ => Ok(()),
        };
        let positive = |what, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(TrainError::Setting {
                what,
                value,
                range: "above 0 and finite",
            }),
        };
        let not_negative = |what, value: f64| match value >= 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(TrainError::Setting {
                what,
                value,
                range: "at least 0 and finite",
            }),
        };
        at_least_one("the number of epochs", self.epochs)?;
        at_least_one("the batch size", self.batch_size as u64)?;
        not_negative("l2", self.l2)?;
        not_negative("the weight decay", self.weight_decay)?;
        self.clip
            .map_or(Ok(()), |norm| positive("the norm to clip at", norm))?;
        self.patience
            .map_or(Ok(()), |epochs| at_least_one("the patience", epochs))?;
        Ok(self.schedule.check()?)
    }
}
