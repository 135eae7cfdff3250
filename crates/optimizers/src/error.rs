/// Why an optimizer or a schedule cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerError {
    /// A constant outside its range.
    #[error("{what} is {value}; it must be {range}")]
    Range {
        /// Which constant.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

/// `value` if it lies in `0 <= value < 1`.
pub(crate) fn below_one(what: &'static str, value: f64) -> Result<f64, OptimizerError> {
    if (0.0..1.0).contains(&value) {
        Ok(value)
    } else {
        Err(OptimizerError::Range {
            what,
            value,
            range: "at least 0 and below 1",
        })
    }
}

/// `value` if it is positive and finite.
pub(crate) fn positive(what: &'static str, value: f64) -> Result<f64, OptimizerError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(OptimizerError::Range {
            what,
            value,
            range: "above 0 and finite",
        })
    }
}
