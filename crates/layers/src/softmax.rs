use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{Scalar, softmax};

use crate::layer::{check_grad_shapes, check_shape};
use crate::{BackwardArgs, BuildError, Layer, LayerSpec, PassContext, Saved};

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
        _run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        check_shape("Softmax", input.dim(), output.dim());
        output.assign(&input);
        output.rows_mut().into_iter().for_each(softmax);
    }

    fn backward(
        &self,
        _run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
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
