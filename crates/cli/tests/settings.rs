//! Settings files with anything in them: never a panic, and what is accepted can be written and read
//! again.
//!
//! The environment variable `PROPTEST_CASES` says how many of each are tried, 256 by default.

use proptest::collection::vec;
use proptest::prelude::*;

/// As `train` writes it for a table, with all that can be set.
const WHOLE: &str = r#"seed = 7

[data]
dataset = "csv:my data.csv"
target = "price"
no-header = false
task = "auto"
ignore = "id"
categorical = "postcode"
na-values = "x,-999"
decimal = "comma"
thousands = "point"
date-format = "%d.%m.%Y"
encoding = "latin1"
missing = "mean"
unknown = "refuse"
data-dir = "data"
limit = 5000
validation-fraction = 0.2
validation = "b.csv"
test-fraction = 0.2
test = "c.csv"
class-weights = "column:w"

[network]
hidden = [128, 64]
activation = "leaky-relu"
dropout = 0.1
from = "a.safetensors"
precision = "f32"

[optimizer]
optimizer = "nesterov"
learning-rate = 0.05
momentum = 0.9
l2 = 0.0
weight-decay = 0.001
clip = 1.0

[training]
schedule = "step"
step-every = 5
step-factor = 0.5
epochs = 15
batch-size = 64
patience = 3
refit = true
"#;

/// The settings, if they are accepted; they must then survive being written.
fn check(bytes: &[u8]) -> Option<String> {
    match backprop_cli::settings(bytes) {
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            None
        }
        Ok(text) => {
            let again =
                backprop_cli::settings(text.as_bytes()).expect("what was written can be read");
            assert_eq!(again, text);
            Some(text)
        }
    }
}

#[test]
fn whole_settings_come_back_as_they_were() {
    assert_eq!(check(WHOLE.as_bytes()).unwrap(), WHOLE);
}

/// There is no checksum: a flip is refused, or leaves settings that can be used.
#[test]
fn every_flip_and_cut_is_refused_or_can_be_used() {
    let mut bytes = WHOLE.as_bytes().to_vec();
    let (mut refused, mut used) = (0, 0);
    let mut count = |bytes: &[u8]| match check(bytes) {
        None => refused += 1,
        Some(text) => {
            used += 1;
            assert_ne!(text, WHOLE, "a change that does not show");
        }
    };
    for bit in 0..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        // White space, and zeros behind a number, mean nothing.
        let meant = |bytes: &[u8]| -> Option<toml::Table> {
            toml::from_str(std::str::from_utf8(bytes).ok()?).ok()
        };
        if meant(&bytes) != meant(WHOLE.as_bytes()) {
            count(&bytes);
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    // But for the last line, which has a default.
    for length in 0..WHOLE.find("patience").unwrap() {
        count(&WHOLE.as_bytes()[..length]);
    }
    println!("{refused} refused, {used} can be used");
    assert!(refused > 2000 && used > 100, "{refused} {used}");
}

#[test]
fn what_is_wrong_is_named() {
    for (change, with, expected) in [
        ("epochs = 15\n", "", "missing field `epochs`"),
        ("epochs = 15", "epochs = 0", "the number of epochs is 0"),
        ("epochs = 15", "epochs = -1", "invalid value: integer `-1`"),
        (
            "epochs = 15",
            "epochs = \"15\"",
            "invalid type: string \"15\"",
        ),
        ("epochs = 15", "epochs = 15\nepochs = 15", "duplicate key"),
        ("epochs = 15", "epoch = 15", "unknown field `epoch`"),
        (
            "epochs = 15",
            "epochs = 1e400",
            "floating-point number overflowed",
        ),
        ("= 0.05", "= nan", "the learning rate is NaN"),
        ("= 0.05", "= -inf", "the learning rate is -inf"),
        ("= 0.9", "= 1.0", "the momentum is 1"),
        ("batch-size = 64", "batch-size = 0", "the batch size is 0"),
        (
            "step-factor = 0.5",
            "step-factor = 0.0",
            "the factor of the step schedule is 0",
        ),
        ("[128, 64]", "[128, -64]", "invalid value: integer `-64`"),
        ("\"f32\"", "\"f16\"", "unknown variant `f16`"),
        (
            "csv:my data.csv",
            "csv:",
            "expected auto, mnist, fashion-mnist, sample, csv:FILE, idx:IMAGES,LABELS or folder:DIR",
        ),
        ("column:w", "w", "expected none, balanced or column:NAME"),
    ] {
        assert!(WHOLE.contains(change), "{change}");
        let text = WHOLE.replacen(change, with, 1);
        let error = backprop_cli::settings(text.as_bytes()).expect_err(with);
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{with}: {error}");
        assert!(error.lines().count() == 1, "{with}: {error}");
    }
    let error = backprop_cli::settings(b"epochs = \xff").unwrap_err();
    assert!(
        error.to_string().contains("byte 9: expected text in UTF-8"),
        "{error}"
    );
}

/// The ends of the numbers, and every other kind of value.
fn values() -> impl Strategy<Value = String> {
    let texts = [
        "0",
        "-1",
        "1",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "0x10",
        "nan",
        "-inf",
        "1e308",
        "-1e400",
        "5e-324",
        "-0.0",
        "true",
        "''",
        "\"sgd\"",
        "\"none\"",
        "\"csv:\\u0000\"",
        "\"ä\"",
        "[]",
        "[0]",
        "[1, 2, 3]",
        "[[1]]",
        "{}",
        "{ a = 1 }",
        "1979-05-27",
        "\"\"\"a\nb\"\"\"",
    ];
    prop_oneof![
        proptest::sample::select(texts.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "\"[a-z:-]{0,12}\"",
        vec(0_u32..300, 0..6).prop_map(|widths| format!("{widths:?}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn settings_of_arbitrary_bytes(bytes in vec(any::<u8>(), 0..300)) {
        check(&bytes);
        check(&[WHOLE.as_bytes(), &bytes[..]].concat());
    }

    #[test]
    fn settings_of_arbitrary_text(text in "[a-z0-9=.\"'\\[\\]{}#\n -]{0,200}") {
        check(text.as_bytes());
    }

    #[test]
    fn settings_of_changed_values(changes in vec((0_usize..29, values()), 1..4)) {
        let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
        let is_setting = |line: &usize| WHOLE.lines().nth(*line).unwrap().contains(" = ");
        let settings: Vec<usize> = (0..lines.len()).filter(is_setting).collect();
        for (setting, value) in changes {
            let line = settings[setting % settings.len()];
            let (name, _) = WHOLE.lines().nth(line).unwrap().split_once(" =").unwrap();
            lines[line] = format!("{name} = {value}");
        }
        check(lines.join("\n").as_bytes());
    }

    /// Lines left out, doubled and in another order.
    #[test]
    fn settings_of_other_lines(lines in vec(0_usize..37, 0..50)) {
        let all: Vec<&str> = WHOLE.lines().collect();
        let text: Vec<&str> = lines.iter().map(|&line| all[line]).collect();
        check(text.join("\n").as_bytes());
    }
}
