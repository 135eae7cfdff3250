use backprop_formats::FormatError;
use backprop_losses::LossError;
use backprop_optimizers::OptimizerError;

/// An error of building a trainer, of training, or of a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting outside its range.
    #[error("{what} is {value}; it must be {range}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// The value of the setting.
        value: f64,
        /// The range of the setting.
        range: &'static str,
    },
    /// The end of the network and the loss would both squash the output.
    #[error(
        "{loss} takes logits and applies the squashing itself, but the network ends in {tail}; \
         leave that layer out, predict_proba adds it"
    )]
    OutputMismatch {
        /// The loss's name.
        loss: &'static str,
        /// The last layer.
        tail: &'static str,
    },
    /// The loss takes probabilities and the network does not give them.
    #[error(
        "{loss} takes probabilities, but the network does not end in a Softmax; \
         train with SoftmaxCrossEntropy, or end the network in a Softmax"
    )]
    NotProbabilities {
        /// The loss's name.
        loss: &'static str,
    },
    /// The data has more or fewer features than the network has inputs.
    #[error("the data has {found} features a row, but the network takes {expected} inputs")]
    Width {
        /// The network's inputs.
        expected: usize,
        /// The features of the data.
        found: usize,
    },
    /// The data has more classes than the network has outputs.
    #[error("the data has {found} classes, but the network has {expected} outputs")]
    Classes {
        /// The network's outputs.
        expected: usize,
        /// The classes of the data.
        found: usize,
    },
    /// Inputs, targets and weights of one batch differ in their number of rows.
    #[error("the batch has {inputs} rows of inputs, {targets} of targets and {weights} weights")]
    Rows {
        /// Rows of the inputs.
        inputs: usize,
        /// Rows of the targets.
        targets: usize,
        /// Weights.
        weights: usize,
    },
    /// There are no rows.
    #[error("there are no rows of data; give at least one")]
    NoRows,
    /// An input that is infinite or not a number.
    #[error(
        "the input at row {row}, column {column} is {value}; it must be a finite number, so mend \
         the data"
    )]
    Input {
        /// The row of the batch, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The input.
        value: f64,
    },
    /// A weight that is negative, infinite or not a number.
    #[error("the weight of row {row} is {value}; it must be a finite number of at least 0")]
    Weight {
        /// The row of the batch, from 0.
        row: usize,
        /// Its weight.
        value: f64,
    },
    /// A row for which the network gives no number, so that no class is the largest.
    #[error(
        "the network's output for row {row} is not a number; look for NaN in that row of the \
         input and in the parameters"
    )]
    NotANumber {
        /// The row of the inputs, from 0.
        row: usize,
    },
    /// All rows have weight 0, so that no mean exists.
    #[error("the weights of the {rows} rows sum to {sum}; at least one must be above 0")]
    NoWeight {
        /// The rows there are.
        rows: usize,
        /// The sum of their weights.
        sum: f64,
    },
    /// The patience counts epochs without a better validation loss.
    #[error("patience needs validation data; pass some to fit, or leave the patience off")]
    NoValidation,
    /// The stop metric counts rows of classes.
    #[error("the stop metric {0} needs classes, but the data has values; use the loss")]
    NoClasses(&'static str),
    /// The loss, or a weight, is not a finite number.
    #[error(
        "training diverged in epoch {epoch} at step {step}: the loss is {loss} \
         at learning rate {learning_rate}; try a lower learning rate or clip the gradient"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: u64,
        /// The step over all epochs, from 1.
        step: u64,
        /// The learning rate of the step.
        learning_rate: f64,
        /// The loss of the step; it can be finite where a weight is not.
        loss: f64,
    },
    /// The run has nothing left to do.
    #[error("the run is finished after {epochs} epochs; Trainer::reset begins another one")]
    AlreadyFinished {
        /// The epochs it had.
        epochs: usize,
    },
    /// A checkpoint was made with other settings, another network or other data.
    #[error(
        "the checkpoint was made with {what} {saved}, but now it is {now}; resume with the same"
    )]
    Mismatch {
        /// The setting that differs.
        what: String,
        /// The value in the checkpoint.
        saved: String,
        /// The value of the trainer.
        now: String,
    },
    /// A part of a checkpoint does not hold what it should.
    #[error("section \"{section}\" of the checkpoint: expected {expected}, found {found}")]
    Checkpoint {
        /// The section's name.
        section: &'static str,
        /// The content that the section should have.
        expected: String,
        /// The content that the section has.
        found: String,
    },
    /// The targets do not fit the loss.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The schedule makes no sense.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// A file could not be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
}
