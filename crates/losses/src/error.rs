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
