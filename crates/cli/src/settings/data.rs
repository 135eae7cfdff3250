//! The settings of the data, and the checks that need no file.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::args::DataArgs;
use super::choices::ClassWeights;
use super::table::{DecimalMark, Missing, Task, ThousandsMark, Unknown};
use crate::source::Source;

/// The fraction of a table's rows that is its test set.
const TEST_FRACTION: f64 = 0.2;

/// The rows to train on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct DataSettings {
    pub(crate) dataset: Source,
    pub(crate) target: Option<String>,
    pub(crate) no_header: Option<bool>,
    pub(crate) task: Option<Task>,
    pub(crate) ignore: Option<String>,
    pub(crate) categorical: Option<String>,
    pub(crate) na_values: Option<String>,
    pub(crate) decimal: Option<DecimalMark>,
    pub(crate) thousands: Option<ThousandsMark>,
    pub(crate) date_format: Option<String>,
    pub(crate) encoding: Option<String>,
    pub(crate) missing: Option<Missing>,
    pub(crate) unknown: Option<Unknown>,
    pub(crate) data_dir: PathBuf,
    pub(crate) limit: Option<usize>,
    pub(crate) validation_fraction: f64,
    /// The file of the validation rows, which the fraction is then not for.
    pub(crate) validation: Option<PathBuf>,
    /// The fraction of a table's rows that is the test set; `None` where the data set has a test set
    /// of its own.
    pub(crate) test_fraction: Option<f64>,
    /// The file of the test rows, which the fraction is then not for.
    pub(crate) test: Option<PathBuf>,
    /// The file of the names of the classes of idx: pictures.
    pub(crate) label_names: Option<PathBuf>,
    pub(crate) transpose: Option<bool>,
    pub(crate) class_weights: ClassWeights,
}

impl DataSettings {
    pub(super) fn resolve(args: &DataArgs) -> Result<Self> {
        let dataset = args.dataset.clone().unwrap_or(Source::Auto);
        let class_weights = args.class_weights.clone().unwrap_or(ClassWeights::None);
        let (is_table, is_idx) = (
            matches!(dataset, Source::Csv(_)),
            matches!(dataset, Source::Idx(_)),
        );
        refuse_unused(args, &dataset)?;
        let has_test_rows = !dataset.has_no_test_rows();
        Ok(DataSettings {
            dataset,
            target: args.target.clone(),
            no_header: is_table.then(|| args.no_header.unwrap_or(false)),
            task: is_table.then(|| args.task.unwrap_or_default()),
            ignore: args.ignore.clone(),
            categorical: args.categorical.clone(),
            na_values: args.na_values.clone(),
            decimal: args.decimal,
            thousands: args.thousands,
            date_format: args.date_format.clone(),
            encoding: args.encoding.clone(),
            missing: is_table.then(|| args.missing.unwrap_or_default()),
            unknown: is_table.then(|| args.unknown.unwrap_or_default()),
            data_dir: args.data_dir.clone().unwrap_or_else(|| "data".into()),
            limit: args.limit,
            validation_fraction: match args.validation {
                Some(_) => 0.0,
                None => args.validation_fraction.unwrap_or(0.2),
            },
            validation: args.validation.clone(),
            test_fraction: (!has_test_rows && args.test.is_none())
                .then(|| args.test_fraction.unwrap_or(TEST_FRACTION)),
            test: args.test.clone(),
            label_names: args.label_names.clone(),
            transpose: is_idx.then(|| args.transpose.unwrap_or(false)),
            class_weights,
        })
    }

    /// Whether each epoch is followed by an evaluation.
    pub(crate) fn has_validation(&self) -> bool {
        self.validation.is_some() || self.validation_fraction > 0.0
    }

    /// The fraction of the data set's own rows that is its test set: 0 where the test rows have a file.
    pub(crate) fn own_test_fraction(&self) -> f64 {
        if self.test.is_some() || !self.dataset.has_no_test_rows() {
            return 0.0;
        }
        self.test_fraction.unwrap_or(TEST_FRACTION)
    }

    /// Checks the fractions of rows.
    pub(super) fn check(&self) -> Result<()> {
        for (flag, fraction) in [
            ("--validation-fraction", self.validation_fraction),
            ("--test-fraction", self.test_fraction.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&fraction) {
                bail!("{flag} is {fraction}; it must be at least 0 and below 1");
            }
        }
        Ok(())
    }
}

/// Refuses flags that the data set does not use, and asks for those that it needs.
fn refuse_unused(args: &DataArgs, dataset: &Source) -> Result<()> {
    let is_table = matches!(dataset, Source::Csv(_));
    for (flag, given) in [
        ("--target", args.target.is_some()),
        ("--no-header", args.no_header.is_some()),
        ("--task", args.task.is_some()),
        ("--ignore", args.ignore.is_some()),
        ("--categorical", args.categorical.is_some()),
        ("--na-values", args.na_values.is_some()),
        ("--decimal", args.decimal.is_some()),
        ("--thousands", args.thousands.is_some()),
        ("--date-format", args.date_format.is_some()),
        ("--encoding", args.encoding.is_some()),
        ("--missing", args.missing.is_some()),
        ("--unknown", args.unknown.is_some()),
        ("--validation", args.validation.is_some()),
        ("--test", args.test.is_some()),
    ] {
        if given && !is_table {
            bail!("{flag} belongs to csv:FILE data sets; leave it out");
        }
    }
    let is_idx = matches!(dataset, Source::Idx(_));
    for (flag, given) in [
        ("--label-names", args.label_names.is_some()),
        ("--transpose", args.transpose.is_some()),
    ] {
        if given && !is_idx {
            bail!("{flag} belongs to idx: data sets; leave it out");
        }
    }
    if args.test_fraction.is_some() && !dataset.has_no_test_rows() {
        bail!("--test-fraction belongs to data sets without test rows of their own; leave it out");
    }
    if is_table && args.target.is_none() {
        bail!("--dataset {dataset} needs --target COLUMN, the column to predict");
    }
    if matches!(args.class_weights, Some(ClassWeights::Column(_))) && !is_table {
        bail!("--class-weights column:NAME belongs to csv:FILE data sets");
    }
    Ok(())
}
