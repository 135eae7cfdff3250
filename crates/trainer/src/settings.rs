use backprop_optimizers::Schedule;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// How to train.
///
/// Read from a file, what is left out has its default, and a name that is not known is an error.
///
/// ```
/// use backprop_trainer::TrainConfig;
///
/// let settings = TrainConfig { epochs: 3, seed: 7, ..TrainConfig::default() };
/// assert_eq!((settings.batch_size, settings.learning_rate), (128, 1e-3));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the data, at least 1; 15 by default.
    pub epochs: u64,
    /// Rows in one step, at least 1; 128 by default. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// The highest learning rate of the run, above 0; 1e-3 by default.
    pub learning_rate: f64,
    /// How the learning rate changes; constant by default.
    pub schedule: Schedule,
    /// `lambda` of the L2 penalty on weights, at least 0; 0 by default. It is not part of any
    /// reported loss.
    pub l2: f64,
    /// Decoupled decay of weights (Loshchilov and Hutter, 2019), at least 0; 0 by default.
    pub weight_decay: f64,
    /// The most that the norm of all gradients together may be, above 0; off by default.
    pub clip: Option<f64>,
    /// Stop after so many epochs without a better validation loss, at least 1, and in any case end
    /// with the best parameters in place; off by default.
    pub patience: Option<u64>,
    /// What all random streams are derived from; 0 by default.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            epochs: 15,
            batch_size: 128,
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            l2: 0.0,
            weight_decay: 0.0,
            clip: None,
            patience: None,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// Whether all settings make sense.
    ///
    /// # Errors
    /// Names the first that does not, and what it may be.
    pub fn check(&self) -> Result<(), TrainError> {
        let at_least_one = |what, value: u64| match value {
            0 => Err(TrainError::Setting {
                what,
                value: 0.0,
                range: "at least 1",
            }),
            _ => Ok(()),
        };
        let positive = |what, value: f64| {
            let fits = value > 0.0 && value.is_finite();
            let range = "above 0 and finite";
            if fits {
                Ok(())
            } else {
                Err(TrainError::Setting { what, value, range })
            }
        };
        let not_negative = |what, value: f64| {
            let fits = value >= 0.0 && value.is_finite();
            let range = "at least 0 and finite";
            if fits {
                Ok(())
            } else {
                Err(TrainError::Setting { what, value, range })
            }
        };
        at_least_one("the number of epochs", self.epochs)?;
        at_least_one("the batch size", self.batch_size as u64)?;
        positive("the learning rate", self.learning_rate)?;
        not_negative("l2", self.l2)?;
        not_negative("the weight decay", self.weight_decay)?;
        self.clip
            .map_or(Ok(()), |norm| positive("the norm to clip at", norm))?;
        self.patience
            .map_or(Ok(()), |epochs| at_least_one("the patience", epochs))?;
        Ok(self.schedule.check()?)
    }
}
