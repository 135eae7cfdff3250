use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{
    Gradient, Key, PanelLayout, Scalar, affine, affine_bias_grad, affine_input_grad,
};
use rand_distr::{Distribution, StandardNormal};

use crate::{
    BackwardArgs, BuildError, GradientSink, Init, Layer, LayerSpec, Parameter, PassContext, Saved,
};

/// The affine map `y = x W^T + b`.
///
/// Shapes: input (B, I), `W` (O, I), `b` (O), output (B, O). Gradients: `dW = dy^T x`, `db =` the
/// column sums of `dy`, `dx = dy W`. A layer without a bias has `b = 0` and one parameter.
///
/// ```
/// use backprop_layers::{Layer, Linear, Parameter};
///
/// let layer = Linear::from_rows(1, 2, &[0.5_f64, -0.5], &[1.0]);
/// assert_eq!(layer.parameters()[0].to_array(), [0.5, -0.5]);
/// assert_eq!(layer.output_width(2), Ok(1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Linear<T> {
    layout: PanelLayout,
    /// The weight, and the bias if there is one.
    parameters: Vec<Parameter<T>>,
    /// The zeros that a layer without a bias adds; empty otherwise.
    zero_bias: Box<[T]>,
}

impl<T: Scalar> Linear<T> {
    /// The layer with weights drawn from the stream of `key`, and a bias of zeros.
    ///
    /// # Errors
    /// If a width is 0, the weight is more than there is memory for, or a slope is not finite.
    pub fn new(inputs: usize, outputs: usize, init: Init, key: Key) -> Result<Self, BuildError> {
        // Memory for the rows, and the same again for the storage order.
        let mut rows = Self::reserve(inputs, outputs, 2)?;
        let deviation = init.deviation(inputs, outputs)?;
        let mut generator = key.generator();
        rows.extend((0..inputs * outputs).map(|_| {
            let normal: f64 = StandardNormal.sample(&mut generator);
            T::from_f64(deviation * normal)
        }));
        let mut layer = Self::with_weight(Parameter::zero_weight(outputs, inputs));
        layer.parameters[0].assign(&rows);
        Ok(layer)
    }

    /// The layer with all weights and biases zero, for values that are assigned afterwards.
    ///
    /// It allocates the storage of the weight and no second copy, so a reader of files needs no more
    /// memory than the layer itself.
    ///
    /// # Errors
    /// If a width is 0 or the weight is more than there is memory for.
    pub fn zeros(inputs: usize, outputs: usize) -> Result<Self, BuildError> {
        // Freed before the storage itself is allocated.
        drop(Self::reserve(inputs, outputs, 1)?);
        Ok(Self::with_weight(Parameter::zero_weight(outputs, inputs)))
    }

    /// An empty vector with memory for this number of copies of a weight in storage order.
    fn reserve(inputs: usize, outputs: usize, copies: usize) -> Result<Vec<T>, BuildError> {
        if inputs == 0 {
            return Err(BuildError::Zero {
                what: "the number of inputs of a Linear layer",
            });
        }
        if outputs == 0 {
            return Err(BuildError::Zero {
                what: "the number of outputs of a Linear layer",
            });
        }
        let stored = outputs
            .checked_next_multiple_of(T::PANEL_WIDTH)
            .and_then(|columns| columns.checked_mul(inputs));
        let mut rows: Vec<T> = Vec::new();
        let count = stored.and_then(|stored| stored.checked_mul(copies));
        if count.is_none_or(|count| rows.try_reserve_exact(count).is_err()) {
            return Err(BuildError::TooLarge { inputs, outputs });
        }
        Ok(rows)
    }

    /// The layer with these row-major (O, I) weights and this bias.
    ///
    /// # Panics
    /// If the lengths do not fit.
    #[track_caller]
    pub fn from_rows(outputs: usize, inputs: usize, weight: &[T], bias: &[T]) -> Self {
        let mut layer = Self::with_weight(Parameter::weight(outputs, inputs, weight));
        layer.parameters[1].assign(bias);
        layer
    }

    /// The layer with this weight, of shape (O, I), and a bias of zeros.
    fn with_weight(weight: Parameter<T>) -> Self {
        let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
        Linear {
            layout: PanelLayout::new(inputs, outputs),
            parameters: vec![weight, Parameter::bias(outputs)],
            zero_bias: Box::default(),
        }
    }

    /// The layer without its bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.parameters.truncate(1);
        self.zero_bias = vec![T::zero(); self.layout.outputs()].into();
        self
    }

    fn bias(&self) -> &[T] {
        self.parameters
            .get(1)
            .map_or(&self.zero_bias, Parameter::packed)
    }

    #[track_caller]
    fn check_grads(&self, grads: &[Box<[T]>]) {
        let (expected, found) = (self.parameters.len(), grads.len());
        assert!(
            found == expected,
            "a Linear layer has {expected} gradients, not {found}"
        );
    }
}

impl<T: Scalar> Layer<T> for Linear<T> {
    fn forward(
        &self,
        context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        saved: Saved<'_, T>,
    ) {
        let (pool, layout, index) = (context.pool, self.layout, saved.sparse);
        let (weights, bias) = (self.parameters[0].packed(), self.bias());
        affine(pool, layout, input, weights, bias, output, index);
    }

    fn backward(
        &self,
        context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
    ) {
        self.check_grads(grads);
        let (layout, dy) = (self.layout, args.output_grad);
        let (pool, index) = (context.pool, Some(args.sparse));
        let weight_grad = Gradient::OuterProduct {
            layout,
            input: args.input,
            output_grad: dy,
            index,
        };
        weight_grad.for_each_panel(pool, 1, [&mut grads[0]], |_, grad, [out]| {
            out.copy_from_slice(grad);
        });
        if let Some(bias_grad) = grads.get_mut(1) {
            affine_bias_grad(dy, bias_grad);
        }
        if let Some(input_grad) = input_grad {
            let weights = self.parameters[0].packed();
            affine_input_grad(pool, layout, dy, weights, input_grad);
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Linear {
            outputs: self.layout.outputs(),
            bias: self.parameters.len() > 1,
            init: None,
        }
    }

    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        let expected = self.layout.inputs();
        if input_width == expected {
            Ok(self.layout.outputs())
        } else {
            Err(BuildError::Width {
                layer: "Linear",
                expected,
                found: input_width,
            })
        }
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }

    fn backward_streamed(
        &mut self,
        context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
        sink: &mut GradientSink<'_, T>,
    ) {
        self.check_grads(grads);
        let (layout, input, output_grad) = (self.layout, args.input, args.output_grad);
        // The weights of the forward pass are read before the sink changes them.
        if let Some(input_grad) = input_grad {
            let weights = self.parameters[0].packed();
            affine_input_grad(context.pool, layout, output_grad, weights, input_grad);
        }
        let product = Gradient::OuterProduct {
            layout,
            input,
            output_grad,
            index: Some(args.sparse),
        };
        sink(0, &mut self.parameters[0], product);
        if let Some(bias) = self.parameters.get_mut(1) {
            affine_bias_grad(output_grad, &mut grads[1]);
            sink(1, bias, Gradient::Values(&grads[1]));
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::{assert_abs_diff_eq, assert_relative_eq};

    use super::*;

    fn deviation(init: Init) -> f64 {
        let layer = Linear::<f64>::new(300, 200, init, Key::new(3)).unwrap();
        let rows = layer.parameters[0].to_array();
        let mean = rows.iter().sum::<f64>() / rows.len() as f64;
        assert_abs_diff_eq!(mean, 0.0, epsilon = 1e-3);
        (rows.iter().map(|x| x * x).sum::<f64>() / rows.len() as f64).sqrt()
    }

    // 60,000 draws give a standard deviation to about 0.3 %.
    #[test]
    fn weights_have_the_deviation_of_he_and_glorot() {
        let he = deviation(Init::He { slope: 0.0 });
        assert_relative_eq!(he, (2.0_f64 / 300.0).sqrt(), max_relative = 0.01);
        let identity = deviation(Init::He { slope: 1.0 });
        assert_relative_eq!(identity, (1.0_f64 / 300.0).sqrt(), max_relative = 0.01);
        let glorot = deviation(Init::Glorot);
        assert_relative_eq!(glorot, (2.0_f64 / 500.0).sqrt(), max_relative = 0.01);
    }

    #[test]
    fn a_width_of_zero_is_refused() {
        let error = Linear::<f32>::new(0, 3, Init::Glorot, Key::new(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of inputs of a Linear layer is 0; it must be at least 1"
        );
    }
}
