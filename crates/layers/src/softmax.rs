use backprop_tensor::Scalar;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};

use crate::layer::{check_grad_shapes, check_shape};
use crate::{BuildError, Layer, LayerSpec, Run, Seen};

/// Probabilities from each row: `y_j = e^(x_j - max x) / sum_k e^(x_k - max x)`.
///
/// The shift by the row's maximum changes nothing but keeps the exponentials finite. Gradient, the
/// whole Jacobian: `dx = y (dy - sum_k dy_k y_k)`. A loss on logits does not need this layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax;

impl<T: Scalar> Layer<T> for Softmax {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    fn forward(
        &self,
        _run: &Run<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _cache: &mut [T],
    ) {
        check_shape("Softmax", input.dim(), output.dim());
        let mut output = output;
        for (x, mut y) in input.rows().into_iter().zip(output.rows_mut()) {
            let top = x.iter().fold(T::neg_infinity(), |top, &x| top.max(x));
            let mut sum = T::zero();
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - top).exp();
                sum += *y;
            }
            y.iter_mut().for_each(|y| *y /= sum);
        }
    }

    fn backward(
        &self,
        _run: &Run<'_>,
        seen: Seen<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let Some(mut input_grad) = input_grad else {
            return;
        };
        check_grad_shapes("Softmax", &seen, &input_grad);
        let rows = seen.output.rows().into_iter().zip(seen.output_grad.rows());
        for ((y, dy), mut dx) in rows.zip(input_grad.rows_mut()) {
            let mean: T = y.iter().zip(dy).map(|(&y, &dy)| y * dy).sum();
            for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                *dx = y * (dy - mean);
            }
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Softmax
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}
