//! Losses that compute a batch together give each row the bits that it has alone, whatever the shape
//! and the layout.

use backprop_losses::{
    BinaryCrossEntropyWithLogits, Loss, RowTarget, SoftmaxCrossEntropy, TargetsView,
};
use backprop_tensor::{Key, Scalar, logistic, softmax};
use ndarray::{Array2, ArrayView2, ShapeBuilder};

/// Rows and columns around the lengths of the buffers.
const SHAPES: [(usize, usize); 9] = [
    (1, 1),
    (50, 10),
    (64, 2),
    (300, 1),
    (130, 2),
    (3, 256),
    (2, 257),
    (2, 600),
    (5, 130),
];

fn numbers<T: Scalar>(name: &str, shape: (usize, usize), scale: f64) -> Array2<T> {
    let key = Key::new(3).derive(name, 0);
    Array2::from_shape_fn(shape, |(row, column)| {
        let [draw, ..] = key.random_block((row * shape.1 + column) as u64);
        T::from_f64(scale * (f64::from(draw) / 2.0_f64.powi(31) - 1.0))
    })
}

/// A copy with one column after the other in memory.
fn column_major<T: Scalar>(matrix: &Array2<T>) -> Array2<T> {
    let mut columns = Array2::zeros(matrix.dim().f());
    columns.assign(matrix);
    columns
}

/// The loss and the gradient of a batch, in memory by rows or by columns.
fn of_batch<T: Scalar>(
    loss: &dyn Loss<T>,
    output: ArrayView2<'_, T>,
    targets: TargetsView<'_, T>,
    weights: &[T],
    mut grad: Array2<T>,
) -> (u64, Array2<T>) {
    grad.fill(T::nan());
    let sum = loss.value_and_grad(output, targets, Some(weights), Some(grad.view_mut()));
    let without = loss.value_and_grad(output, targets, Some(weights), None);
    assert_eq!(sum, without, "{} with and without a gradient", loss.name());
    (sum.sum.to_bits(), grad)
}

fn check<T: Scalar>(loss: &dyn Loss<T>, output: &Array2<T>, targets: TargetsView<'_, T>) {
    let (rows, _) = output.dim();
    let weights: Vec<T> = (0..rows).map(|row| T::from_f64((row % 4) as f64)).collect();
    let total: f64 = weights.iter().map(|w| w.as_f64()).sum();
    let mut expected = Array2::zeros(output.dim());
    let mut sum = 0.0;
    for (row, &weight) in weights.iter().enumerate() {
        let target = match targets {
            TargetsView::Classes(classes) => RowTarget::Class(classes[row] as usize),
            TargetsView::Values(values) => {
                RowTarget::Values(values.index_axis_move(ndarray::Axis(0), row))
            }
        };
        let row_weight = if total == 0.0 {
            0.0
        } else {
            weight.as_f64() / total
        };
        let (z, grad) = (output.row(row), expected.row_mut(row));
        let with_grad = loss.row(z, target, T::from_f64(row_weight), Some(grad));
        let alone = loss.row(z, target, T::one(), None);
        assert_eq!(with_grad.to_bits(), alone.to_bits());
        if weight != T::zero() {
            sum += weight.as_f64() * alone;
        }
    }
    let columns = column_major(output);
    for output in [output, &columns] {
        for memory in [expected.clone(), column_major(&expected)] {
            let (found, grad) = of_batch(loss, output.view(), targets, &weights, memory);
            assert_eq!(
                f64::from_bits(found),
                sum,
                "{} of {:?}",
                loss.name(),
                output.dim()
            );
            assert_eq!(grad, expected, "{} of {:?}", loss.name(), output.dim());
        }
    }
}

fn check_losses<T: Scalar>() {
    for shape in SHAPES {
        let logits = numbers::<T>("logits", shape, 12.0);
        let classes: Vec<u32> = (0..shape.0).map(|row| (row * 7 % shape.1) as u32).collect();
        check(
            &SoftmaxCrossEntropy,
            &logits,
            TargetsView::Classes(&classes),
        );
        let labels = numbers::<T>("labels", shape, 0.5).mapv(|t| t + T::from_f64(0.5));
        check(
            &SoftmaxCrossEntropy,
            &logits,
            TargetsView::Values(labels.view()),
        );
        let column_major = column_major(&labels);
        for labels in [&labels, &column_major] {
            let labels = TargetsView::Values(labels.view());
            check(&BinaryCrossEntropyWithLogits, &logits, labels);
        }
    }
}

#[test]
fn a_batch_has_the_bits_of_its_rows() {
    check_losses::<f32>();
    check_losses::<f64>();
}

fn check_predictions<T: Scalar>() {
    for shape in SHAPES {
        let logits = numbers::<T>("logits", shape, 12.0);
        let mut rows = logits.clone();
        rows.rows_mut().into_iter().for_each(softmax);
        let labels = logits.mapv(logistic);
        for mut output in [logits.clone(), column_major(&logits)] {
            Loss::<T>::activate(&SoftmaxCrossEntropy, output.view_mut());
            assert_eq!(output, rows);
        }
        for mut output in [logits.clone(), column_major(&logits)] {
            Loss::<T>::activate(&BinaryCrossEntropyWithLogits, output.view_mut());
            assert_eq!(output, labels);
        }
    }
}

#[test]
fn predictions_of_a_batch_have_the_bits_of_its_rows() {
    check_predictions::<f32>();
    check_predictions::<f64>();
}

#[test]
fn a_nan_stays_in_its_row() {
    let mut logits = numbers::<f64>("logits", (40, 3), 2.0);
    logits[[5, 1]] = f64::NAN;
    for columns in [false, true] {
        let logits = if columns {
            column_major(&logits)
        } else {
            logits.clone()
        };
        let mut grad = Array2::zeros(logits.dim());
        let classes = TargetsView::Classes(&[2; 40]);
        let sum =
            SoftmaxCrossEntropy.value_and_grad(logits.view(), classes, None, Some(grad.view_mut()));
        assert!(sum.sum.is_nan());
        let nan_rows = grad
            .rows()
            .into_iter()
            .map(|row| row.iter().all(|g| g.is_nan()));
        assert!(
            nan_rows
                .enumerate()
                .all(|(row, is_nan)| is_nan == (row == 5))
        );
        let labels = Array2::zeros((40, 3));
        let labels = TargetsView::Values(labels.view());
        let loss = &BinaryCrossEntropyWithLogits;
        let sum = loss.value_and_grad(logits.view(), labels, None, Some(grad.view_mut()));
        assert!(sum.sum.is_nan());
        let is_right =
            |((row, column), g): ((usize, usize), &f64)| g.is_nan() == (row == 5 && column == 1);
        assert!(grad.indexed_iter().all(is_right));
    }
}
