//! The flags of `train` as given: a flag that is not given is `None`, so that `--resume` can tell.

use std::path::PathBuf;

use backprop_trainer::StopMetric;
use backprop_trainer::formats::Rename;
use clap::Args;
use serde::{Deserialize, Serialize};

use super::choices::{
    Activation, ClassWeights, LossName, OptimizerKind, Precision, ScheduleName, activation_names,
    stop_metrics,
};
use super::table::{DecimalMark, Missing, Task, ThousandsMark, Unknown};
use crate::source::Source;

/// The flags of `train`.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TrainArgs {
    #[command(flatten, next_help_heading = "Data")]
    #[serde(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten, next_help_heading = "Network")]
    #[serde(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten, next_help_heading = "Optimizer")]
    #[serde(flatten)]
    pub(crate) optimizer: OptimizerArgs,
    #[command(flatten, next_help_heading = "Training")]
    #[serde(flatten)]
    pub(crate) training: TrainingArgs,
    #[command(flatten, next_help_heading = "Run")]
    #[serde(skip)]
    pub(crate) run: RunArgs,
}

/// The rows to train on.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DataArgs {
    /// auto, mnist, fashion-mnist, sample, csv:FILE, or pictures of your own: with labels in IDX files,
    /// idx:IMAGES,LABELS[,TEST_IMAGES,TEST_LABELS], or PNG and JPEG files in a folder with a subfolder for each
    /// class, folder:DIR; auto is MNIST, or where it cannot be had the
    /// sample of it that comes with this program [default: auto]
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<Source>,
    /// The column of a CSV file to predict; several columns, comma-separated, are numbers
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,
    /// The CSV file has no header line; its columns are named 1, 2, ...
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub(crate) no_header: Option<bool>,
    /// Learn classes or numbers; auto: text, and whole numbers of at most 20 different values, are
    /// classes [default: auto]
    #[arg(long, value_enum)]
    pub(crate) task: Option<Task>,
    /// Columns of a CSV file to leave out, comma-separated
    #[arg(long, value_name = "COLUMN,...")]
    pub(crate) ignore: Option<String>,
    /// Columns of a CSV file to take as text whatever they hold, such as postcodes, comma-separated
    #[arg(long, value_name = "COLUMN,...")]
    pub(crate) categorical: Option<String>,
    /// Cells of a CSV file that are missing values, comma-separated, such as unknown,-999
    #[arg(long, value_name = "CELL,...", allow_hyphen_values = true)]
    pub(crate) na_values: Option<String>,
    /// The decimal mark of a CSV file [default: the one that all cells of a column are written with]
    #[arg(long, value_enum)]
    pub(crate) decimal: Option<DecimalMark>,
    /// The mark between thousands of a CSV file, a comma if none is named [default: the one that all
    /// cells of a column are written with, or none]
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "comma")]
    pub(crate) thousands: Option<ThousandsMark>,
    /// How dates of a CSV file are written, beside 2026-11-27 and 2026-11-27T13:45: for example
    /// %d.%m.%Y, %m/%d/%y or "%d %b %Y %H:%M"
    #[arg(long, value_name = "FORMAT")]
    pub(crate) date_format: Option<String>,
    /// The encoding of the bytes of a CSV file, for example latin1, windows-1252 or shift_jis
    /// [default: utf-8; utf-16 after a byte-order mark]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,
    /// A feature that is missing in a CSV file (an empty cell; among numbers also NA, NaN, null, ?)
    /// is refused, or taken as the mean of the training rows, of text as none of its values
    /// [default: refuse]
    #[arg(long, value_enum)]
    pub(crate) missing: Option<Missing>,
    /// A text that no training row has in its column is refused, or taken as none of its values
    /// [default: refuse]
    #[arg(long, value_enum)]
    pub(crate) unknown: Option<Unknown>,
    /// The folder of the data sets [default: data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Use the first N training rows only, before the split [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// The fraction of training rows that is the validation set, at least 0 and below 1; 0 trains
    /// on all of them [default: 0.2]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    pub(crate) validation_fraction: Option<f64>,
    /// A CSV file whose rows are the validation set, with the columns of the data set
    #[arg(long, value_name = "FILE", conflicts_with = "validation_fraction")]
    pub(crate) validation: Option<PathBuf>,
    /// The fraction of a CSV file's rows, or of pictures without test files, that is the test
    /// set, at least 0 and below 1; 0 leaves none [default: 0.2]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    pub(crate) test_fraction: Option<f64>,
    /// A CSV file whose rows are the test set, with the columns of the data set
    #[arg(long, value_name = "FILE", conflicts_with = "test_fraction")]
    pub(crate) test: Option<PathBuf>,
    /// A text file with the names of the classes of idx: pictures, one a line, in the order of their
    /// labels [default: the labels]
    #[arg(long, value_name = "FILE")]
    pub(crate) label_names: Option<PathBuf>,
    /// Exchange rows and columns of idx: pictures, for files that have them the other way round, such as
    /// EMNIST's
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub(crate) transpose: Option<bool>,
    /// The weight of each row: none, balanced (rare classes weigh more), or column:NAME of a CSV file [default: none]
    #[arg(long, value_name = "HOW")]
    pub(crate) class_weights: Option<ClassWeights>,
}

/// The network.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct NetworkArgs {
    /// Widths of the hidden layers [default: 128,64]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    pub(crate) hidden: Option<Vec<usize>>,
    /// The activation after each hidden layer [default: leaky-relu]
    #[arg(long, value_parser = activation_names())]
    pub(crate) activation: Option<Activation>,
    /// The probability that training drops a value of a hidden layer, at least 0 and below 1
    /// [default: 0.1; 0.3 for a table]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    pub(crate) dropout: Option<f64>,
    /// Begin with the parameters of this model file instead of random parameters; layers of other shapes, for
    /// instance for another number of classes, are drawn anew
    #[arg(long, value_name = "MODEL")]
    pub(crate) from: Option<PathBuf>,
    /// With --from: the layers of the file that have names of their own, and the numbers of the
    /// network's layers that they are, counted from 0; for instance fc1=0,fc2=3,fc3=6
    #[arg(long, value_name = "NAME=N,...")]
    pub(crate) rename: Option<Rename>,
    /// The floating-point type [default: f32]
    #[arg(long, value_enum)]
    pub(crate) precision: Option<Precision>,
}

/// The optimizer and its constants.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OptimizerArgs {
    /// The optimizer [default: adam]
    #[arg(long, value_enum)]
    pub(crate) optimizer: Option<OptimizerKind>,
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help = OptimizerKind::learning_rate_help())]
    pub(crate) learning_rate: Option<f64>,
    #[arg(long, value_name = "MU", allow_negative_numbers = true,
        help = OptimizerKind::constant_help("momentum", "the momentum, at least 0 and below 1"))]
    pub(crate) momentum: Option<f64>,
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help = OptimizerKind::constant_help(
        "decay rate", "the decay rate of the mean square, at least 0 and below 1"))]
    pub(crate) decay_rate: Option<f64>,
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help = OptimizerKind::constant_help(
        "beta1", "the decay rate of the mean, for lion its part in a step, at least 0 and below 1"))]
    pub(crate) beta1: Option<f64>,
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help = OptimizerKind::constant_help(
        "beta2", "the decay rate of the mean square, for lion of the mean, at least 0 and below 1"))]
    pub(crate) beta2: Option<f64>,
    #[arg(long, value_name = "E", allow_negative_numbers = true, help = OptimizerKind::constant_help(
        "epsilon", "added to the root of the mean square, for adagrad of the sum of squares, above 0"))]
    pub(crate) epsilon: Option<f64>,
    /// The L2 penalty: this times each weight is added to its gradient [default: 0]
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    pub(crate) l2: Option<f64>,
    /// Decoupled decay: each step takes learning rate times this off each weight [default: 0;
    /// adamw 0.01]
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    pub(crate) weight_decay: Option<f64>,
    /// Scale the gradient down where its norm is above this [default: off]
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    pub(crate) clip: Option<f64>,
}

/// The length of the run and its steps.
#[derive(Args, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TrainingArgs {
    #[arg(long, value_name = "NAME[:X]", help = LossName::help())]
    pub(crate) loss: Option<LossName>,
    /// The change of the learning rate over the run [default: one-cycle]
    #[arg(long, value_enum)]
    pub(crate) schedule: Option<ScheduleName>,
    /// For the step schedule: epochs between two changes [default: 5]
    #[arg(long, value_name = "EPOCHS")]
    pub(crate) step_every: Option<u64>,
    /// For the step schedule: the factor of each change [default: 0.5]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub(crate) step_factor: Option<f64>,
    /// Passes over the training data [default: 15; for a table as many as make 2,000 steps, if that is
    /// more]
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<u64>,
    /// Rows in one step [default: 64]
    #[arg(long, value_name = "N")]
    pub(crate) batch_size: Option<usize>,
    /// Stop after this number of epochs without a better validation loss, and keep the best
    /// parameters [default: off; for numbers of a table, unless --epochs is given, the best
    /// parameters of all epochs are kept]
    #[arg(long, value_name = "EPOCHS")]
    pub(crate) patience: Option<u64>,
    /// In the end train a new network on the validation rows too, for as many epochs as turned out
    /// best; it is the model that is kept and tested
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub(crate) refit: Option<bool>,
    /// With --patience: the metric on the validation rows that tells which epoch is the best; the last
    /// two count every class the same, however rare [default: loss]
    #[arg(long, value_parser = stop_metrics())]
    pub(crate) stop_metric: Option<StopMetric>,
}

/// The files of the run.
#[derive(Args, Clone, Default)]
pub(crate) struct RunArgs {
    /// The folder for the model, the checkpoint and the history; the process locks it while it
    /// writes [default: runs/DATE-TIME, with a number after it where that is taken]
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: Option<PathBuf>,
    /// Resume the run in --run-dir, or the newest run, with its settings
    #[arg(long)]
    pub(crate) resume: bool,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}
