use std::fmt::Debug;
use std::ops::AddAssign;

use backprop_tensor::Scalar;
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

use crate::LossError;

/// What a batch should have given.
#[derive(Clone, Copy, Debug)]
pub enum TargetsView<'a, T> {
    /// One class a row, counted from 0.
    Classes(&'a [u32]),
    /// One row of values a row of the output, (batch, outputs).
    Values(ArrayView2<'a, T>),
}

impl<T> TargetsView<'_, T> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        match self {
            TargetsView::Classes(classes) => classes.len(),
            TargetsView::Values(values) => values.nrows(),
        }
    }
}

/// What the last layer of a network gives: what a loss takes, and what a saved model says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OutputKind {
    /// One number per class, or per yes-or-no label; a softmax or the logistic function makes them
    /// probabilities.
    #[default]
    Logits,
    /// Probabilities that sum to 1 in each row, as from a softmax.
    Probabilities,
    /// The values themselves (regression).
    Values,
}

/// The loss of some rows: `sum w l` and `sum w`, in `f64`.
///
/// ```
/// use backprop_losses::WeightedSum;
///
/// let mut epoch = WeightedSum { sum: 3.0, weight: 2.0 };
/// epoch += WeightedSum { sum: 0.0, weight: 1.0 };
/// assert_eq!(epoch.mean(), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightedSum {
    /// The sum of weight times loss over the rows.
    pub sum: f64,
    /// The sum of the weights; the number of rows where there are none.
    pub weight: f64,
}

impl WeightedSum {
    /// `sum / weight`, NaN where the weight is 0.
    pub fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

impl AddAssign for WeightedSum {
    fn add_assign(&mut self, other: Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }
}

/// A loss function: a number for a batch, and its gradient by the network's output.
pub trait Loss<T: Scalar>: Debug + Send + Sync {
    /// The name, as in this crate's types.
    fn name(&self) -> &'static str;

    /// What the network's output must be.
    fn output_kind(&self) -> OutputKind;

    /// Whether the loss is defined for these targets and a network with so many outputs.
    ///
    /// # Errors
    /// Names the first row that does not fit.
    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError>;

    /// The loss of a batch, and in `grad` the gradient of its mean `sum w l / sum w`.
    ///
    /// Shapes: `output` and `grad` (batch, outputs); `weights` one a row, all 1 where `None`.
    /// Where the weights sum to 0 the gradient is 0.
    ///
    /// # Panics
    /// If the shapes do not fit, or a class is out of range.
    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum;

    /// Turns an output into what a user wants to see: logits into probabilities; the rest stays.
    fn activate(&self, output: ArrayViewMut2<'_, T>);
}

impl<T: Scalar, L: Loss<T> + ?Sized> Loss<T> for Box<L> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn output_kind(&self) -> OutputKind {
        (**self).output_kind()
    }

    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        (**self).check(outputs, targets)
    }

    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        (**self).value_and_grad(output, targets, weights, grad)
    }

    fn activate(&self, output: ArrayViewMut2<'_, T>) {
        (**self).activate(output);
    }
}

/// The target of one row.
pub(crate) enum RowTarget<'a, T> {
    Class(usize),
    Values(ArrayView1<'a, T>),
}

/// Walks the rows of a batch. `row` gets the output, the target, the row's share `w / sum w` of the
/// gradient, and where the gradient goes; it returns the row's loss.
#[track_caller]
pub(crate) fn sum_rows<T: Scalar>(
    output: ArrayView2<'_, T>,
    targets: TargetsView<'_, T>,
    weights: Option<&[T]>,
    mut grad: Option<ArrayViewMut2<'_, T>>,
    row: impl Fn(ArrayView1<'_, T>, RowTarget<'_, T>, T, Option<ArrayViewMut1<'_, T>>) -> f64,
) -> WeightedSum {
    let rows = output.nrows();
    assert_eq!(
        targets.rows(),
        rows,
        "rows of the targets and of the output"
    );
    if let TargetsView::Values(values) = targets {
        assert_eq!(
            values.dim(),
            output.dim(),
            "shape of the targets and of the output"
        );
    }
    if let Some(weights) = weights {
        assert_eq!(weights.len(), rows, "weights and rows of the output");
    }
    if let Some(grad) = &grad {
        assert_eq!(
            grad.dim(),
            output.dim(),
            "shape of the gradient and of the output"
        );
    }
    let weight_of = |row: usize| weights.map_or(1.0, |weights| weights[row].as_f64());
    let weight = (0..rows).map(weight_of).sum::<f64>();
    let mut sum = 0.0;
    for (at, outputs) in output.rows().into_iter().enumerate() {
        let target = match targets {
            TargetsView::Classes(classes) => {
                let class = classes[at] as usize;
                assert!(
                    class < output.ncols(),
                    "row {at} is of class {class}, but the output has {} columns; call Loss::check first",
                    output.ncols()
                );
                RowTarget::Class(class)
            }
            TargetsView::Values(values) => {
                RowTarget::Values(values.index_axis_move(ndarray::Axis(0), at))
            }
        };
        let share = if weight == 0.0 {
            0.0
        } else {
            weight_of(at) / weight
        };
        let grads = grad.as_mut().map(|grad| grad.row_mut(at));
        let loss = row(outputs, target, T::from_f64(share), grads);
        // A row of weight 0 says nothing, not even "infinite".
        if weight_of(at) != 0.0 {
            sum += weight_of(at) * loss;
        }
    }
    WeightedSum { sum, weight }
}

/// Checks that every class has an output.
pub(crate) fn check_classes(outputs: usize, classes: &[u32]) -> Result<(), LossError> {
    match classes.iter().position(|&class| class as usize >= outputs) {
        None => Ok(()),
        Some(row) => Err(LossError::Class {
            row,
            class: classes[row],
            outputs,
        }),
    }
}

/// Checks the width of the targets, and every value by `fits`, whose range has a name.
pub(crate) fn check_values<T: Scalar>(
    loss: &'static str,
    outputs: usize,
    values: ArrayView2<'_, T>,
    range: &'static str,
    fits: impl Fn(f64) -> bool,
) -> Result<(), LossError> {
    if values.ncols() != outputs {
        return Err(LossError::Width {
            expected: outputs,
            found: values.ncols(),
        });
    }
    for ((row, column), value) in values.indexed_iter() {
        let value = value.as_f64();
        if !fits(value) {
            return Err(LossError::Range {
                loss,
                row,
                column,
                value,
                range,
            });
        }
    }
    Ok(())
}
