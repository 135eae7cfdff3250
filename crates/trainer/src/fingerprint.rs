//! The settings that a run is recognised by when it resumes.

use backprop_losses::notation;
use backprop_tensor::Scalar;

use crate::{StopMetric, TrainError, Trainer};

/// The name of the last setting, which only `fit` knows the value of.
const ROWS: &str = "training rows";
/// The value of [`ROWS`] before the first epoch is done.
const UNKNOWN: &str = "unknown";

impl<T: Scalar> Trainer<T> {
    /// The section `settings` of a checkpoint.
    pub(crate) fn fingerprint_bytes(&self) -> Vec<u8> {
        let rows = self
            .train_rows
            .map_or(UNKNOWN.to_string(), |rows| rows.to_string());
        let mut settings = self.fingerprint();
        settings.push((ROWS, rows));
        json(&settings).into_bytes()
    }

    /// Compares with the section `settings` of a checkpoint; returns the saved number of training rows.
    pub(crate) fn check_fingerprint(&self, saved: &[u8]) -> Result<Option<usize>, TrainError> {
        let broken = |expected: String, found: String| TrainError::Checkpoint {
            section: "settings",
            expected,
            found,
        };
        let saved: Vec<(String, String)> = serde_json::from_slice(saved)
            .map_err(|error| broken("a list of settings".to_string(), error.to_string()))?;
        let mut saved = saved.into_iter();
        let mut next = |name: &str| match saved.next() {
            Some((found, value)) if found == name => Ok(value),
            other => {
                let found = other.map_or("the end".to_string(), |(found, _)| found);
                Err(broken(format!("the setting \"{name}\""), found))
            }
        };
        for (name, now) in self.fingerprint() {
            let saved = next(name)?;
            if saved != now {
                let what = format!("the {name}");
                return Err(TrainError::Mismatch { what, saved, now });
            }
        }
        match next(ROWS)? {
            rows if rows == UNKNOWN => Ok(None),
            rows => match rows.parse() {
                Ok(rows) => Ok(Some(rows)),
                Err(_) => Err(broken(format!("a number of {ROWS}"), rows)),
            },
        }
    }

    /// Names and serialised values of everything that must be the same for a run to resume byte for
    /// byte.
    fn fingerprint(&self) -> Vec<(&'static str, String)> {
        let config = &self.config;
        let mut settings = vec![
            ("precision", T::NAME.to_string()),
            ("inputs", self.network.input_width().to_string()),
            ("layers", json(&self.network.specs())),
            ("learning rate factors", self.learning_rate_factors()),
            ("loss", notation(&*self.loss)),
            ("optimizer", self.optimizer_text()),
            ("epochs", config.epochs.to_string()),
            ("batch size", config.batch_size.to_string()),
            ("learning rate", self.optimizer.learning_rate().to_string()),
            ("schedule", json(&config.schedule)),
            ("l2", config.l2.to_string()),
            ("weight decay", config.weight_decay.to_string()),
            ("clip", json(&config.clip)),
            ("patience", json(&config.patience)),
            ("seed", config.seed.to_string()),
        ];
        // The loss, the default, is left out: the checkpoints of runs that go by the loss stay the same.
        if config.stop_metric != StopMetric::Loss {
            settings.push(("stop metric", config.stop_metric.name().to_string()));
        }
        settings
    }

    /// The factor of each parameter's learning rate.
    fn learning_rate_factors(&self) -> String {
        let parameters = self.network.layers().iter().flat_map(|l| l.parameters());
        let factors: Vec<f64> = parameters.map(|p| p.learning_rate_factor()).collect();
        json(&factors)
    }

    /// The name of the optimizer, and its constants with their names.
    fn optimizer_text(&self) -> String {
        let settings = self.optimizer.settings().into_iter();
        let settings = settings.map(|(name, value)| format!(", {name} {value}"));
        self.optimizer.name().to_string() + &settings.collect::<String>()
    }
}

/// A setting as JSON, which has a form for every setting.
fn json(setting: &impl serde::Serialize) -> String {
    serde_json::to_string(setting).expect("settings are numbers, strings and lists")
}
