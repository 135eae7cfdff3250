use std::fmt::Debug;
use std::ops::AddAssign;

use backprop_tensor::{Scalar, softmax_rows};
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};

use crate::LossError;

/// The targets of a batch.
#[derive(Clone, Copy, Debug)]
pub enum TargetsView<'a, T> {
    /// One class for each row, counted from 0.
    Classes(&'a [u32]),
    /// One row of values for each row of the output, (B, outputs).
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

/// The kind of a network's outputs, as a loss requires it and a saved model states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OutputKind {
    /// One logit for each class, or for each yes-or-no label, which the softmax or the logistic
    /// function turns into probabilities.
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

/// The target of one row.
#[derive(Clone, Copy, Debug)]
pub enum RowTarget<'a, T> {
    /// The class, below the number of outputs.
    Class(usize),
    /// A value for each output.
    Values(ArrayView1<'a, T>),
}

/// A loss function: a number for a batch, and its gradient by the network's output.
///
/// A new loss has a name, a kind of output, and the loss of one row with its gradient; weights, the
/// mean over rows and the checks are provided.
///
/// ```
/// use backprop_losses::{Loss, OutputKind, RowTarget, TargetsView};
/// use backprop_tensor::Scalar;
/// use ndarray::{ArrayView1, ArrayViewMut1, array};
///
/// /// `l = (1 / outputs) sum_j ln cosh(y_j - t_j)`.
/// #[derive(Debug)]
/// struct LogCosh;
///
/// impl<T: Scalar> Loss<T> for LogCosh {
///     fn name(&self) -> &'static str {
///         "LogCosh"
///     }
///     fn output_kind(&self) -> OutputKind {
///         OutputKind::Values
///     }
///     fn row(
///         &self,
///         output: ArrayView1<'_, T>,
///         target: RowTarget<'_, T>,
///         row_weight: T,
///         grad: Option<ArrayViewMut1<'_, T>>,
///     ) -> f64 {
///         let RowTarget::Values(target) = target else {
///             panic!("LogCosh takes values as targets, not classes");
///         };
///         let errors = &output - &target;
///         let outputs = output.len() as f64;
///         if let Some(mut grad) = grad {
///             let factor = row_weight * T::from_f64(1.0 / outputs);
///             grad.zip_mut_with(&errors, |g, error| *g = factor * error.tanh());
///         }
///         errors.iter().map(|error| error.as_f64().cosh().ln()).sum::<f64>() / outputs
///     }
/// }
///
/// let (output, target) = (array![[1.0_f64, 3.0]], array![[0.0, 4.0]]);
/// let targets = TargetsView::Values(target.view());
/// let loss = LogCosh.value_and_grad(output.view(), targets, None, None);
/// assert_eq!(loss.mean(), 1.0_f64.cosh().ln());
/// ```
pub trait Loss<T: Scalar>: Debug + Send + Sync {
    /// The name, as in this crate's types. It is kept with a trained model.
    fn name(&self) -> &'static str;

    /// The constant of the loss, such as Huber's delta; none by default. It is kept with a trained model, too,
    /// as [`notation`](crate::notation) writes it.
    fn constant(&self) -> Option<f64> {
        None
    }

    /// The kind of output that the loss takes.
    fn output_kind(&self) -> OutputKind;

    /// The loss `l` of one row; `grad`, if there is one, is overwritten with `row_weight dl/dy`.
    ///
    /// `output`, `target` and `grad` are of one length, and a class is below it.
    ///
    /// # Panics
    /// If the loss takes no targets of this kind, which [`check`](Self::check) says as an error.
    fn row(
        &self,
        output: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64;

    /// Checks that the loss is defined for these targets and a network with this number of outputs.
    ///
    /// By default classes must be below `outputs`, and values finite and one for each output; a loss
    /// on [`OutputKind::Values`] takes no classes.
    ///
    /// # Errors
    /// Names the first row that does not fit.
    fn check(&self, outputs: usize, targets: TargetsView<'_, T>) -> Result<(), LossError> {
        match targets {
            TargetsView::Classes(_) if self.output_kind() == OutputKind::Values => {
                Err(LossError::NeedsValues { loss: self.name() })
            }
            TargetsView::Classes(classes) => check_classes(outputs, classes),
            TargetsView::Values(values) => {
                let range = "finite numbers";
                check_values(self.name(), outputs, values, range, f64::is_finite)
            }
        }
    }

    /// The loss of a batch, and in `grad` the gradient of its mean `sum w l / sum w`.
    ///
    /// Shapes: `output` and `grad` (B, outputs); `weights` one for each row, all 1 where `None`.
    /// Where the weights sum to 0 the gradient is 0.
    ///
    /// # Panics
    /// If the shapes do not fit, or a class is out of range.
    #[track_caller]
    #[inline(never)]
    fn value_and_grad(
        &self,
        output: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
        grad: Option<ArrayViewMut2<'_, T>>,
    ) -> WeightedSum {
        reduce_rows(
            output,
            targets,
            weights,
            grad,
            |_, output, target, weight, grad| self.row(output, target, weight, grad),
        )
    }

    /// Turns outputs into predictions: by default logits into probabilities by the softmax, while
    /// probabilities and values stay.
    #[inline(never)]
    fn activate(&self, output: ArrayViewMut2<'_, T>) {
        if self.output_kind() == OutputKind::Logits {
            softmax_rows(output);
        }
    }
}

impl<T: Scalar, L: Loss<T> + ?Sized> Loss<T> for Box<L> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn constant(&self) -> Option<f64> {
        (**self).constant()
    }

    fn output_kind(&self) -> OutputKind {
        (**self).output_kind()
    }

    fn row(
        &self,
        output: ArrayView1<'_, T>,
        target: RowTarget<'_, T>,
        row_weight: T,
        grad: Option<ArrayViewMut1<'_, T>>,
    ) -> f64 {
        (**self).row(output, target, row_weight, grad)
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

/// Checks that output, targets, weights and gradient have the same rows and columns.
#[track_caller]
pub(crate) fn check_shapes<T>(
    output: ArrayView2<'_, T>,
    targets: TargetsView<'_, T>,
    weights: Option<&[T]>,
    grad: Option<&ArrayViewMut2<'_, T>>,
) {
    let rows = output.nrows();
    assert_eq!(
        targets.rows(),
        rows,
        "rows of the targets and of the output"
    );
    if let TargetsView::Values(values) = targets {
        let (found, expected) = (values.dim(), output.dim());
        assert_eq!(found, expected, "shape of the targets and of the output");
    }
    if let Some(weights) = weights {
        assert_eq!(weights.len(), rows, "weights and rows of the output");
    }
    if let Some(grad) = grad {
        let (found, expected) = (grad.dim(), output.dim());
        assert_eq!(found, expected, "shape of the gradient and of the output");
    }
}

/// Walks the rows of a batch, from the first to the last. `row` gets the index, the output, the
/// target, the row's weight `w / sum w` in the gradient, and the gradient to fill; it returns the
/// row's loss.
#[track_caller]
pub(crate) fn reduce_rows<T: Scalar>(
    output: ArrayView2<'_, T>,
    targets: TargetsView<'_, T>,
    weights: Option<&[T]>,
    mut grad: Option<ArrayViewMut2<'_, T>>,
    mut row: impl FnMut(
        usize,
        ArrayView1<'_, T>,
        RowTarget<'_, T>,
        T,
        Option<ArrayViewMut1<'_, T>>,
    ) -> f64,
) -> WeightedSum {
    check_shapes(output, targets, weights, grad.as_ref());
    let (rows, columns) = output.dim();
    let weight_of = |row: usize| weights.map_or(1.0, |weights| weights[row].as_f64());
    // As many ones as there are rows sum to their number, exactly.
    let weight = match weights {
        None => rows as f64,
        Some(_) => (0..rows).map(weight_of).sum::<f64>(),
    };
    let mut sum = 0.0;
    for (index, outputs) in output.rows().into_iter().enumerate() {
        let target = match targets {
            TargetsView::Classes(classes) => {
                let class = classes[index] as usize;
                assert!(
                    class < columns,
                    "row {index} is of class {class}, but the output has {columns} columns; call Loss::check first"
                );
                RowTarget::Class(class)
            }
            TargetsView::Values(values) => {
                RowTarget::Values(values.index_axis_move(Axis(0), index))
            }
        };
        let row_weight = if weight == 0.0 {
            0.0
        } else {
            weight_of(index) / weight
        };
        let grads = grad.as_mut().map(|grad| grad.row_mut(index));
        let loss = row(index, outputs, target, T::from_f64(row_weight), grads);
        // A row of weight 0 adds nothing, not even an infinite loss.
        if weight_of(index) != 0.0 {
            sum += weight_of(index) * loss;
        }
    }
    WeightedSum { sum, weight }
}

/// Checks targets that may be values alone, as [`check_values`] does.
pub(crate) fn check_values_only<T: Scalar>(
    loss: &'static str,
    outputs: usize,
    targets: TargetsView<'_, T>,
    range: &'static str,
    fits: impl Fn(f64) -> bool,
) -> Result<(), LossError> {
    match targets {
        TargetsView::Classes(_) => Err(LossError::NeedsValues { loss }),
        TargetsView::Values(values) => check_values(loss, outputs, values, range, fits),
    }
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

/// Checks the width of the targets, and every value by `fits`, whose range is in words.
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
    let misfits = |some: &[T]| some.iter().filter(|value| !fits(value.as_f64())).count();
    // A count is a loop without branches; the place is only looked for where there is one.
    if values.as_slice().is_some_and(|values| misfits(values) == 0) {
        return Ok(());
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
