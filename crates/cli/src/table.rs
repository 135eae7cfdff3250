//! CSV tables: what the flags ask for, and the encoding that a model keeps.

use std::path::Path;

use anyhow::{Context, Result};
use backprop_trainer::data::Limits;
use backprop_trainer::data::csv::{
    self, Feature, Header, Table, TableEncoding, Target, TargetKind,
};
use backprop_trainer::formats::ModelInfo;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::settings::{ClassWeights, Settings};

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

/// Reads the table that the settings ask for, and what is to be done with its columns.
pub(crate) fn read(file: &Path, settings: &Settings) -> Result<(Table, csv::Options)> {
    let header = match settings.data.no_header {
        Some(true) => Header::Absent,
        _ => Header::Present,
    };
    let table = Table::read(file, header, Limits::default())?;
    let target = settings.data.target.as_deref().with_context(|| {
        let file = file.display();
        format!("csv:{file} needs --target COLUMN, the column to predict")
    })?;
    let options = csv::Options {
        targets: columns(target, table.names()),
        kind: match settings.data.task.unwrap_or_default() {
            Task::Auto => TargetKind::Guess,
            Task::Classification => TargetKind::Classes,
            Task::Regression => TargetKind::Values,
        },
        weights: match &settings.data.class_weights {
            ClassWeights::Column(column) => Some(column.clone()),
            ClassWeights::None | ClassWeights::Balanced => None,
        },
        ignore: match &settings.data.ignore {
            Some(list) => columns(list, table.names()),
            None => Vec::new(),
        },
        missing: match settings.data.missing.unwrap_or_default() {
            Missing::Refuse => csv::Missing::Refuse,
            Missing::Mean => csv::Missing::Mean,
        },
        unknown: match settings.data.unknown.unwrap_or_default() {
            Unknown::Refuse => csv::Unknown::Refuse,
            Unknown::Zeros => csv::Unknown::Zeros,
        },
    };
    Ok((table, options))
}

/// The columns of a comma-separated list; a column whose name has a comma stands alone.
fn columns(list: &str, names: &[String]) -> Vec<String> {
    if names.iter().any(|name| name == list) {
        return vec![list.to_string()];
    }
    list.split(',')
        .map(|name| name.trim().to_string())
        .collect()
}

/// The encoding of the table that a model was trained on, if it was; `name` is what errors call the
/// model.
pub(crate) fn encoding(name: &str, info: &ModelInfo) -> Result<Option<TableEncoding>> {
    let parse = |table: &serde_json::Value| serde_json::from_value(table.clone());
    let encoding = info.table.as_ref().map(parse).transpose();
    encoding.with_context(|| format!("{name}: the encoding of its table cannot be read"))
}

/// The columns and what they became, for people.
pub(crate) fn describe(encoding: &TableEncoding, task: Option<Task>) -> String {
    let counted = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let texts = encoding
        .features
        .iter()
        .filter_map(|feature| match feature {
            Feature::Categories { values, .. } => Some(values.len()),
            Feature::Number(_) => None,
        });
    let texts: Vec<usize> = texts.collect();
    let mut parts = Vec::new();
    let numbers = encoding.features.len() - texts.len();
    if numbers > 0 {
        parts.push(counted(numbers, "column of numbers", "columns of numbers"));
    }
    if !texts.is_empty() {
        let columns = counted(texts.len(), "column of text", "columns of text");
        let values = counted(texts.iter().sum(), "value", "values");
        parts.push(format!("{columns} with {values}"));
    }
    let learnt = match &encoding.target {
        Target::Classes { column, values } => {
            let is_guess = task.unwrap_or_default() == Task::Auto;
            let whole = values.iter().all(|name| name.parse::<i64>().is_ok());
            let advice = if is_guess && whole {
                " (--task regression learns it as a number)"
            } else {
                ""
            };
            format!("{column} as {} classes{advice}", values.len())
        }
        Target::Values(numbers) => {
            let names: Vec<&str> = numbers.iter().map(|n| n.column.as_str()).collect();
            let what = if names.len() == 1 {
                "a number"
            } else {
                "numbers"
            };
            format!("{} as {what}", names.join(", "))
        }
    };
    format!("from {}, learns {learnt}", parts.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_columns_is_divided_unless_it_is_a_name() {
        let names = ["a", "b", "a,b", "a,c"].map(str::to_string);
        assert_eq!(columns("a,b", &names), ["a,b"]);
        assert_eq!(columns("b, a", &names), ["b", "a"]);
        assert_eq!(columns("x", &names), ["x"]);
    }
}
