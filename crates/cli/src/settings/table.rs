//! The values of the flags for tables.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The kind of a table's targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Task {
    #[default]
    Auto,
    Classification,
    Regression,
}

/// The treatment of a missing feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Missing {
    #[default]
    Refuse,
    Mean,
}

/// The treatment of a text that no training row has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unknown {
    #[default]
    Refuse,
    Zeros,
}

/// The decimal mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DecimalMark {
    /// 1.5
    Point,
    /// 1,5
    Comma,
}

/// The mark between thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThousandsMark {
    /// 1,234
    Comma,
    /// 1.234
    Point,
    /// 1 234
    Space,
    /// 1'234
    Apostrophe,
}
