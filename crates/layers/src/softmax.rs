use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{Scalar, softmax_rows};

use crate::layer::{check_grad_shapes, check_shape};
use crate::{BackwardArgs, Layer, LayerSpec, PassContext, Saved};

/// Probabilities from each row: `y_j = e^(x_j - max x) / sum_k e^(x_k - max x)`.
///
/// The shift by the row's maximum changes nothing but keeps the exponentials finite. Gradient, the
/// whole Jacobian: `dx = y (dy - sum_k dy_k y_k)`. A loss on logits does not need this layer.
/// Shapes: (B, width).
///
/// ```
/// use backprop_layers::ndarray::array;
/// use backprop_layers::{Sequential, softmax};
///
/// let network = Sequential::<f64>::new(2, [softmax()], 0)?;
/// assert_eq!(network.predict(array![[7.0, 7.0]].view()), array![[0.5, 0.5]]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax;

impl<T: Scalar> Layer<T> for Softmax {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        check_shape("Softmax", input.dim(), output.dim());
        output.assign(&input);
        softmax_rows(output);
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let Some(mut input_grad) = input_grad else {
            return;
        };
        check_grad_shapes("Softmax", &args, &input_grad);
        let rows = args.output.rows().into_iter().zip(args.output_grad.rows());
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
}
