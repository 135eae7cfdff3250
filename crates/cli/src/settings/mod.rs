//! The settings of a run, as given by flags and as resolved with all defaults; both are grouped by
//! data, network, optimizer and training.

mod args;
mod choices;
mod data;
mod resolved;
mod table;

use anyhow::{Context, Result};
use serde::Serialize;

pub(crate) use args::TrainArgs;
pub(crate) use choices::{ClassWeights, LossName, OptimizerKind, Precision, is_of_counts};
pub(crate) use data::DataSettings;
pub(crate) use resolved::Settings;
pub(crate) use table::{DecimalMark, Missing, Task, ThousandsMark, Unknown};

/// Settings or flags as one flat table, whose keys are the names of flags.
pub(crate) fn flat_table(settings: &impl Serialize) -> Result<toml::Table> {
    let table = toml::Table::try_from(settings).context("the settings as TOML")?;
    let mut flat = toml::Table::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(group) => flat.extend(group),
            value => {
                flat.insert(name, value);
            }
        }
    }
    Ok(flat)
}
