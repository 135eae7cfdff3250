//! Printing and writing: numbers as people read them, and the JSON reports.

use std::path::Path;

use anyhow::{Context, Result};
use backprop_trainer::formats::write_atomic;
use serde::Serialize;

use crate::advice::in_flags;

/// Prints a line. A reader that closes the pipe, as `| head` does, does not end the work.
#[macro_export]
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}
pub use crate::say;

/// A whole number with a comma between thousands.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(String::from_utf8_lossy)
        .collect();
    groups.join(",")
}

/// An error with its causes, each once: an error of a library names its cause, and gives it too. The
/// options of a library are named as flags.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(in_flags) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// A number of threads with its noun.
pub fn threads(number: usize) -> String {
    format!(
        "{number} {}",
        if number == 1 { "thread" } else { "threads" }
    )
}

/// A fraction as a percentage with two decimals.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// A probability as a percentage with two decimals; none is certain.
pub fn probability(probability: f64) -> String {
    if probability > 0.9999 {
        ">99.99 %".to_string()
    } else if probability < 0.0001 {
        "<0.01 %".to_string()
    } else {
        percent(probability)
    }
}

/// Four significant digits, very small and very large numbers with a power of ten.
pub fn significant(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let power = number.abs().log10().floor() as i32;
    if (-3..6).contains(&power) {
        let decimals = (3 - power).max(0) as usize;
        format!("{number:.decimals$}")
    } else {
        format!("{number:.3e}")
    }
}

/// A learning rate: four significant digits, small ones with a power of ten.
pub fn rate(rate: f64) -> String {
    if rate >= 1e-3 {
        format!("{rate:.4}")
    } else {
        format!("{rate:.2e}")
    }
}

/// A figure as a field of a CSV table; empty where there is none.
pub fn csv_field(figure: Option<f64>) -> String {
    figure.map_or(String::new(), |figure| figure.to_string())
}

/// In quotes where a shell would not take it as it is.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,+=@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_string()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Writes a report as JSON; a figure that is not finite becomes `null`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_json(path: &Path, report: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(report).context("the report as JSON")?;
    text.push('\n');
    write_atomic(path, text.as_bytes())?;
    Ok(())
}

/// The most memory that this process has had resident, in bytes, where the system tells.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_gives_each_cause_once() {
        let path = Path::new("no-such-folder/no-such-file.csv");
        let error = backprop_trainer::formats::read_limited(path, 1).unwrap_err();
        let text = error.to_string();
        let error = anyhow::Error::new(error).context("the table");
        assert_eq!(sentence(&error), format!("the table: {text}"));
        let plain = anyhow::anyhow!("it is full").context("nothing is written");
        assert_eq!(sentence(&plain), "nothing is written: it is full");
    }

    #[test]
    fn an_argument_is_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("csv:data/table.csv"), "csv:data/table.csv");
        assert_eq!(quoted("csv:my table's"), "'csv:my table'\\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(48_000), "48,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(percent(0.98254), "98.25 %");
        for (of, text) in [
            (1.0, ">99.99 %"),
            (0.99991, ">99.99 %"),
            (0.9998, "99.98 %"),
            (0.0001, "0.01 %"),
            (0.00009, "<0.01 %"),
            (0.0, "<0.01 %"),
        ] {
            assert_eq!(probability(of), text);
        }
        for (number, text) in [
            (0.0, "0"),
            (0.001234567, "0.001235"),
            (2.34567, "2.346"),
            (-27.1828, "-27.18"),
            (123456.7, "123457"),
            (1234567.0, "1.235e6"),
            (0.00012, "1.200e-4"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(significant(number), text);
        }
        assert_eq!([1, 2].map(threads), ["1 thread", "2 threads"]);
        assert_eq!(
            (rate(0.1), rate(4e-8)),
            ("0.1000".to_string(), "4.00e-8".to_string())
        );
    }
}
