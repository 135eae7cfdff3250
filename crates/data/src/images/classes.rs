//! The classes of labeled pictures, and their names.

use std::collections::BTreeSet;
use std::path::Path;

use crate::limits::read_file;
use crate::{DataError, Limits};

/// The most classes that labels may name: more are no labels.
pub(super) const MAX_CLASSES: usize = 10_000;

/// The classes that labels stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// The label of each class, ascending; empty where labels count classes from 0.
    pub labels: Vec<i64>,
    /// The name of each class.
    pub names: Vec<String>,
}

impl Classes {
    /// The classes of all different labels, named by them.
    pub(super) fn of_labels(file: &str, labels: &[i64]) -> Result<Self, DataError> {
        let different: BTreeSet<i64> = labels.iter().copied().collect();
        let found = match (different.len(), different.first()) {
            (1, Some(label)) => format!("{label} for every picture"),
            (count, _) if count > MAX_CLASSES => format!("{count} different labels"),
            (count, _) => {
                let labels: Vec<i64> = different.into_iter().collect();
                let names = labels.iter().map(i64::to_string).collect();
                let counts_from_0 = labels.iter().copied().eq(0..count as i64);
                return Ok(Classes {
                    labels: if counts_from_0 { Vec::new() } else { labels },
                    names,
                });
            }
        };
        Err(DataError::Malformed {
            file: file.to_owned(),
            offset: 8,
            expected: format!("labels of 2 to {MAX_CLASSES} classes"),
            found,
            advice: "check that these are the labels",
        })
    }

    /// The classes with other names, in the order of the labels.
    ///
    /// # Errors
    /// If there is not one name for each class.
    pub fn with_names(self, names: Vec<String>) -> Result<Self, DataError> {
        if names.len() != self.names.len() {
            return Err(DataError::ClassNames {
                names: names.len(),
                classes: self.names.len(),
            });
        }
        Ok(Classes { names, ..self })
    }

    /// The class of a label.
    pub(super) fn of_label(&self, label: i64) -> Option<u32> {
        let class = if self.labels.is_empty() {
            usize::try_from(label).ok()
        } else {
            self.labels.binary_search(&label).ok()
        };
        let class = class.filter(|class| *class < self.names.len())?;
        u32::try_from(class).ok()
    }

    /// The labels for an error: `0 to 9`, or the first and the last of them.
    pub(super) fn describe(&self) -> String {
        let last = self.names.len().saturating_sub(1);
        match &self.labels[..] {
            [] => format!("a label from 0 to {last}"),
            [first, .., last] if last.checked_sub(*first) == Some(self.labels.len() as i64 - 1) => {
                format!("a label from {first} to {last}")
            }
            labels => {
                let shown: Vec<String> = labels.iter().take(8).map(i64::to_string).collect();
                let more = if labels.len() > 8 { ", .." } else { "" };
                format!("one of the labels {}{more}", shown.join(", "))
            }
        }
    }
}

/// Reads the names of classes from a text file, one name a line.
///
/// White space around a name and empty lines at the end do not count.
///
/// # Errors
/// If the file cannot be read, is larger than `limits` allows or no text in UTF-8, or if a line is empty or
/// as one before it.
pub fn read_names(path: impl AsRef<Path>, limits: Limits) -> Result<Vec<String>, DataError> {
    let file = path.as_ref().display().to_string();
    let bytes = read_file(path, limits)?;
    let text = str::from_utf8(&bytes).map_err(|error| DataError::Malformed {
        file: file.clone(),
        offset: error.valid_up_to() as u64,
        expected: "text in UTF-8, the name of a class in each line".to_owned(),
        found: "other bytes".to_owned(),
        advice: "save the file as UTF-8",
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
    let mut names: Vec<String> = Vec::new();
    for (number, name) in (1..).zip(text.lines().map(str::trim)) {
        let same = names.iter().position(|other| other == name);
        let found = match same {
            _ if name.is_empty() => "an empty line".to_owned(),
            Some(other) => format!("\"{name}\" as in line {}", other + 1),
            None => {
                names.push(name.to_owned());
                continue;
            }
        };
        return Err(DataError::Table {
            file,
            line: number,
            expected: "the name of a class that no other line has".to_owned(),
            found,
            advice: Box::default(),
        });
    }
    Ok(names)
}
