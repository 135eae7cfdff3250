//! Checks of the values that a data set is made of.

use backprop_tensor::Scalar;

use crate::DataError;

/// Checks that `length` elements are whole rows of this width.
pub(super) fn check_rows(what: &'static str, width: usize, length: usize) -> Result<(), DataError> {
    if width == 0 {
        let what = if what == "features" {
            "the width of a row"
        } else {
            "the target's width"
        };
        return Err(DataError::Zero { what });
    }
    if !length.is_multiple_of(width) {
        return Err(DataError::Ragged {
            what,
            length,
            width,
        });
    }
    Ok(())
}

/// Checks that values are whole rows of this width and finite.
pub(super) fn check_values<T: Scalar>(
    many: &'static str,
    what: &'static str,
    width: usize,
    values: &[T],
) -> Result<(), DataError> {
    check_rows(many, width, values.len())?;
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(DataError::NotFinite {
            what,
            row: at / width,
            column: at % width,
            value: values[at].as_f64(),
        }),
    }
}
