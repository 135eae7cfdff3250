//! CSV tables: what the flags ask for, and the encoding that a model keeps.

mod describe;

use std::path::Path;

use anyhow::{Context, Result};
use backprop_trainer::data::Limits;
use backprop_trainer::data::csv::{
    self, Decimal, Header, ReadOptions, Table, TableEncoding, TargetKind, Thousands,
};
use backprop_trainer::formats::ModelInfo;

pub(crate) use describe::describe;

use crate::settings::{
    ClassWeights, DataSettings, DecimalMark, Missing, Settings, Task, ThousandsMark, Unknown,
};

/// How the settings read the table that they name.
fn read_options(data: &DataSettings) -> ReadOptions {
    ReadOptions {
        header: match data.no_header {
            Some(true) => Header::Absent,
            _ => Header::Present,
        },
        na_values: data.na_values.as_deref().map_or(Vec::new(), divided),
        decimal: data.decimal.map(|mark| match mark {
            DecimalMark::Point => Decimal::Point,
            DecimalMark::Comma => Decimal::Comma,
        }),
        thousands: data.thousands.map(|mark| match mark {
            ThousandsMark::Comma => Thousands::Comma,
            ThousandsMark::Point => Thousands::Point,
            ThousandsMark::Space => Thousands::Space,
            ThousandsMark::Apostrophe => Thousands::Apostrophe,
        }),
        date_format: data.date_format.clone(),
        encoding: data.encoding.clone(),
    }
}

/// Reads another table with the columns of the one that the settings name.
pub(crate) fn read_other(file: &Path, data: &DataSettings) -> Result<Table> {
    // What its cells are is known from the table that the network is trained on.
    let how = ReadOptions {
        date_format: None,
        ..read_options(data)
    };
    Ok(Table::read(file, how, Limits::default())?)
}

/// Reads a table to be encoded as the one that a model was trained on; `text_encoding` is that of its
/// bytes.
pub(crate) fn read_encoded(
    file: &Path,
    encoding: &TableEncoding,
    text_encoding: Option<&str>,
    limits: Limits,
) -> Result<Table> {
    let how = ReadOptions {
        encoding: text_encoding.map(str::to_owned),
        ..encoding.read_options()
    };
    Ok(Table::read(file, how, limits)?)
}

/// The kind of the targets, which a loss tells where the task does not.
fn target_kind(task: Task, settings: &Settings) -> TargetKind {
    let loss = settings.training.loss.as_ref();
    match (task, loss) {
        (Task::Auto, None) => TargetKind::Guess,
        (Task::Classification, _) => TargetKind::Classes,
        (Task::Auto, Some(loss)) if loss.is_of_classes() => TargetKind::Classes,
        (_, Some(loss)) if loss.is_of_counts() => TargetKind::Counts,
        (Task::Auto | Task::Regression, _) => TargetKind::Values,
    }
}

/// Reads the table that the settings ask for, and what is to be done with its columns.
pub(crate) fn read(file: &Path, settings: &Settings) -> Result<(Table, csv::Options)> {
    let table = Table::read(file, read_options(&settings.data), Limits::default())?;
    let target = settings.data.target.as_deref().with_context(|| {
        let file = file.display();
        format!("csv:{file} needs --target COLUMN, the column to predict")
    })?;
    let listed = |list: &Option<String>| match list {
        Some(list) => columns(list, table.names()),
        None => Vec::new(),
    };
    let options = csv::Options {
        targets: columns(target, table.names()),
        kind: target_kind(settings.data.task.unwrap_or_default(), settings),
        weights: match &settings.data.class_weights {
            ClassWeights::Column(column) => Some(column.clone()),
            ClassWeights::None | ClassWeights::Balanced => None,
        },
        ignore: listed(&settings.data.ignore),
        categorical: listed(&settings.data.categorical),
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
    divided(list)
}

/// The parts of a comma-separated list.
fn divided(list: &str) -> Vec<String> {
    let parts = list.split(',').map(str::trim);
    parts.map(str::to_string).collect()
}

/// The encoding of the table that a model was trained on, if it was; `name` is what errors call the
/// model.
pub(crate) fn encoding(name: &str, info: &ModelInfo) -> Result<Option<TableEncoding>> {
    let parse = |table: &serde_json::Value| serde_json::from_value(table.clone());
    let encoding = info.table.as_ref().map(parse).transpose();
    encoding.with_context(|| format!("{name}: the encoding of its table cannot be read"))
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
