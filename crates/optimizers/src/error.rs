/// An error of an optimizer's or a schedule's constants.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerError {
    /// A constant outside its range.
    #[error("{what} is {value}; it must be {range}")]
    Range {
        /// The constant.
        what: &'static str,
        /// The value of the constant.
        value: f64,
        /// The range of the constant.
        range: &'static str,
    },
}

/// Checks `0 <= value < 1`.
pub(crate) fn below_one(what: &'static str, value: f64) -> Result<(), OptimizerError> {
    if (0.0..1.0).contains(&value) {
        Ok(())
    } else {
        Err(OptimizerError::Range {
            what,
            value,
            range: "at least 0 and below 1",
        })
    }
}

/// Checks that `value` is positive and finite.
pub(crate) fn positive(what: &'static str, value: f64) -> Result<(), OptimizerError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(OptimizerError::Range {
            what,
            value,
            range: "above 0 and finite",
        })
    }
}

/// Checks that `value` is not negative, and finite.
pub(crate) fn not_negative(what: &'static str, value: f64) -> Result<(), OptimizerError> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(OptimizerError::Range {
            what,
            value,
            range: "at least 0 and finite",
        })
    }
}
