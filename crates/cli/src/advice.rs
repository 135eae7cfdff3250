//! The ways on from an error, as flags of the program.

use backprop_trainer::data::{Advice, DataError};

/// The sentence of an error, or of one cause of it, with flags where a library has options.
pub(crate) fn in_flags(cause: &(dyn std::error::Error + 'static)) -> String {
    match cause.downcast_ref::<DataError>() {
        Some(error) => error.describe(flags),
        None => cause.to_string(),
    }
}

fn flags(advice: &Advice) -> String {
    match advice {
        Advice::MissingMean => {
            "train with --missing mean to take it as the mean of the training rows".to_string()
        }
        Advice::UnknownZeros => "train with --unknown zeros to take it as none of them".to_string(),
        Advice::Ignore(column) => format!("leave the column out with --ignore {}", quoted(column)),
        Advice::NaValues(cells) => {
            let cells = quoted(&cells.join(","));
            format!("take it as missing with --na-values {cells} --missing mean")
        }
        Advice::Categorical(column) => {
            format!(
                "take the column as text with --categorical {}",
                quoted(column)
            )
        }
        Advice::Classes => "learn classes with --task classification".to_string(),
        Advice::DecimalComma(number) => format!("read it as {number} with --decimal comma"),
        Advice::ThousandsComma(number) => format!("read it as {number} with --thousands comma"),
        Advice::DateFormat(format) => {
            format!("read it as a date with --date-format {}", quoted(format))
        }
        Advice::Encoding => "name the encoding with --encoding, for example latin1".to_string(),
        Advice::NoHeader => "if that is a row, add --no-header".to_string(),
        other => other.to_string(),
    }
}

/// A value as a shell takes it: in quotes where it needs them.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.,%/:+=@".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_string();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_where_a_shell_would_divide_it() {
        for (value, expected) in [
            ("price", "price"),
            ("%d.%m.%Y", "%d.%m.%Y"),
            ("sepal length (cm)", "'sepal length (cm)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }
}
