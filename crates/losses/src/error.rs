/// The reason why targets do not fit a loss or an output.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LossError {
    /// The loss takes values, not classes.
    #[error("{loss} takes values as targets, but these are classes; choose a cross-entropy")]
    NeedsValues {
        /// The loss's name.
        loss: &'static str,
    },
    /// A cross-entropy over fewer than two outputs.
    #[error(
        "{loss} over {outputs} output(s) is the same whatever the network does; give it an output \
         for each of at least two classes"
    )]
    OneClass {
        /// The loss's name.
        loss: &'static str,
        /// The outputs of the network.
        outputs: usize,
    },
    /// A class without an output of the network.
    #[error("row {row} is of class {class}, but the network has {outputs} outputs (classes 0 to {})", .outputs.saturating_sub(1))]
    Class {
        /// The row, from 0.
        row: usize,
        /// The class of the row.
        class: u32,
        /// The outputs of the network.
        outputs: usize,
    },
    /// Targets of another width than the output.
    #[error("the targets have {found} columns, but the network has {expected} outputs")]
    Width {
        /// The outputs of the network.
        expected: usize,
        /// The columns of the targets.
        found: usize,
    },
    /// A name that is none of this crate's losses.
    #[error("there is no loss \"{found}\"; choose one of {known}")]
    Unknown {
        /// The name.
        found: String,
        /// The names of the losses.
        known: String,
    },
    /// A constant outside its range.
    #[error("{loss} takes {range}, not {value}")]
    Constant {
        /// The loss's name.
        loss: &'static str,
        /// The constant.
        value: f64,
        /// The constant's name and range.
        range: &'static str,
    },
    /// A text in the place of a constant.
    #[error("{loss} takes a number after the colon, not \"{text}\"")]
    NotANumber {
        /// The loss's name.
        loss: &'static str,
        /// The text.
        text: String,
    },
    /// A constant for a loss that has none.
    #[error("{loss} has no constant; leave \":{text}\" out")]
    NoConstant {
        /// The loss's name.
        loss: &'static str,
        /// The text after the colon.
        text: String,
    },
    /// A target outside the range for which the loss is defined.
    #[error("the target at row {row}, column {column} is {value}; {loss} takes {range}")]
    Range {
        /// The loss's name.
        loss: &'static str,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The target.
        value: f64,
        /// The values that the loss takes.
        range: &'static str,
    },
}
