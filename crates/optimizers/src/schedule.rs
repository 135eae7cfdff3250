use std::f64::consts::PI;

use crate::OptimizerError;
use crate::error::positive;

/// The change of the learning rate over a run.
///
/// ```
/// use backprop_optimizers::{Progress, Schedule};
///
/// let at = |step| Progress { step, steps_per_epoch: 10, epochs: 10 };
/// assert_eq!(Schedule::Constant.learning_rate(0.1, at(99)), 0.1);
/// assert_eq!(Schedule::Cosine.learning_rate(0.1, at(50)), 0.05);
/// ```
///
/// With the feature `serde` it is written as `{"kind":"step","every_epochs":5,"factor":0.5}`; an
/// unknown kind is an error.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        tag = "kind",
        rename_all = "kebab-case",
        rename_all_fields = "snake_case",
        deny_unknown_fields
    )
)]
#[non_exhaustive]
pub enum Schedule {
    /// The base rate throughout.
    Constant,
    /// The rate is multiplied by `factor` after every `every_epochs` epochs.
    Step {
        /// Epochs between two changes, at least 1.
        every_epochs: u64,
        /// The factor of the rate, above 0.
        factor: f64,
    },
    /// `base (1 + cos(pi step / steps)) / 2` (Loshchilov and Hutter, 2017, without restarts).
    Cosine,
    /// Up along a cosine from `base / 25` to the base over the first 30 % of the steps, then down
    /// along a cosine to a 250,000th of the base (Smith and Topin, 2019; PyTorch's form).
    OneCycle,
}

/// The position of a step in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps done before this one, over all epochs.
    pub step: u64,
    /// Steps in one epoch.
    pub steps_per_epoch: u64,
    /// Epochs of the whole run.
    pub epochs: u64,
}

impl Schedule {
    /// Checks that the settings make sense.
    ///
    /// # Errors
    /// If `every_epochs` is 0, or the factor is not positive and finite.
    pub fn check(&self) -> Result<(), OptimizerError> {
        if let Schedule::Step {
            every_epochs,
            factor,
        } = *self
        {
            positive(
                "the number of epochs between two changes of the learning rate",
                every_epochs as f64,
            )?;
            positive("the factor of the step schedule", factor)?;
        }
        Ok(())
    }

    /// The name, as on a command line.
    pub fn name(&self) -> &'static str {
        match self {
            Schedule::Constant => "constant",
            Schedule::Step { .. } => "step",
            Schedule::Cosine => "cosine",
            Schedule::OneCycle => "one-cycle",
        }
    }

    /// The rate of the step that comes after `at.step` others; `base` is the highest of the run.
    /// After the end of the run it stays what it was at the end.
    pub fn learning_rate(&self, base: f64, at: Progress) -> f64 {
        // In f64: a run until the patience ends may have u64::MAX epochs.
        let steps = at.steps_per_epoch as f64 * at.epochs as f64;
        let step = at.step as f64;
        match *self {
            Schedule::Constant => base,
            Schedule::Step {
                every_epochs,
                factor,
            } => {
                let changes = at.step / at.steps_per_epoch.max(1) / every_epochs.max(1);
                base * factor.powf(changes as f64)
            }
            Schedule::Cosine => cosine(base, 0.0, (step / steps.max(1.0)).min(1.0)),
            Schedule::OneCycle => {
                let (start, end) = (base / 25.0, base / 25.0 / 1e4);
                let (top, last) = (0.3 * steps - 1.0, steps - 1.0);
                if step < top {
                    cosine(start, base, step / top)
                } else if step < last {
                    cosine(base, end, (step - top) / (last - top))
                } else {
                    end
                }
            }
        }
    }
}

/// From `from` at 0 to `to` at 1, along half a cosine.
fn cosine(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
}
