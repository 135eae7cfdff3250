//! The ways on from an error, as flags of the program.

use backprop_trainer::data::{Advice, DataError};

/// The words of the libraries for what a flag sets, where a sentence says that it "is" something.
const SETTINGS: [(&str, &str); 17] = [
    ("the number of epochs", "--epochs"),
    ("the batch size", "--batch-size"),
    ("the patience", "--patience"),
    ("the learning rate", "--learning-rate"),
    ("l2", "--l2"),
    ("the weight decay", "--weight-decay"),
    ("the norm to clip at", "--clip"),
    ("the momentum", "--momentum"),
    ("the decay rate", "--decay-rate"),
    ("beta1", "--beta1"),
    ("beta2", "--beta2"),
    ("epsilon", "--epsilon"),
    (
        "the number of epochs between two changes of the learning rate",
        "--step-every",
    ),
    ("the factor of the step schedule", "--step-factor"),
    ("the dropout probability", "--dropout"),
    (
        "the number of outputs of a Linear layer",
        "a width of --hidden",
    ),
    ("the number of folds", "--folds"),
];

/// The advice of the libraries at the end of a sentence, and its flags.
const ADVICE: [(&str, &str); 6] = [
    (
        "raise max_bytes if the file is to be trusted",
        "this program reads no larger ones",
    ),
    (
        "raise it if the file is meant to be so large",
        "this program reads no larger ones",
    ),
    (
        "try a lower learning rate or clip the gradient",
        "try a lower --learning-rate, or --clip",
    ),
    ("use the loss", "use --stop-metric loss"),
    (
        "use a data set with classes",
        "leave --class-weights out, or learn classes with --task classification",
    ),
    (
        "choose another fraction or give more rows",
        "choose another --validation-fraction or --test-fraction, or give more rows",
    ),
];

/// The sentence of an error, or of one cause of it, with flags where a library has options.
pub(crate) fn in_flags(cause: &(dyn std::error::Error + 'static)) -> String {
    let text = match cause.downcast_ref::<DataError>() {
        Some(error) => error.describe(flags),
        None => cause.to_string(),
    };
    with_settings(text)
}

fn with_settings(mut text: String) -> String {
    for (advice, flags) in ADVICE {
        if let Some(fact) = text.strip_suffix(advice) {
            text = format!("{fact}{flags}");
        }
    }
    // "layer 2: the dropout probability is 1.5; it must ..."
    let start = text.rfind(": ").map_or(0, |colon| colon + 2);
    let (place, fact) = text.split_at(start);
    for (setting, flag) in SETTINGS {
        if let Some(rest) = fact.strip_prefix(setting)
            && rest.starts_with(" is ")
        {
            return match place.starts_with("layer ") {
                true => format!("{flag}{rest}"),
                false => format!("{place}{flag}{rest}"),
            };
        }
    }
    text
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
    fn settings_are_named_as_flags() {
        for (text, expected) in [
            (
                "the batch size is 0; it must be at least 1",
                "--batch-size is 0; it must be at least 1",
            ),
            (
                "layer 2: the dropout probability is 1.5; it must be below 1",
                "--dropout is 1.5; it must be below 1",
            ),
            (
                "trial 3: the momentum is 1; it must be below 1",
                "trial 3: --momentum is 1; it must be below 1",
            ),
            ("the momentum of it is lost", "the momentum of it is lost"),
            ("a.csv: the patience", "a.csv: the patience"),
        ] {
            assert_eq!(with_settings(text.to_string()), expected);
        }
    }

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
