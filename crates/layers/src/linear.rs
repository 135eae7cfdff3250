use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{
    Gradient, Key, PanelLayout, Scalar, affine, affine_bias_grad, affine_input_grad,
    affine_weight_grad,
};
use rand_distr::{Distribution, StandardNormal};

use crate::{
    BackwardArgs, BuildError, GradientSink, Layer, LayerSpec, Parameter, PassContext, Saved,
};

/// How the weights of a [`Linear`] layer are drawn: normal, with mean zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Standard deviation `sqrt(2 / ((1 + slope^2) inputs))` (He, Zhang, Ren and Sun, 2015), where
    /// `slope` is that of the activation that follows below zero; 1 where none follows.
    He {
        /// The slope below zero of the activation that follows.
        slope: f64,
    },
    /// Standard deviation `sqrt(2 / (inputs + outputs))` (Glorot and Bengio, 2010), for the sigmoid
    /// and tanh.
    Glorot,
}

/// The affine map `y = x W^T + b`.
///
/// Shapes: input (batch, inputs), `W` (outputs, inputs), `b` (outputs), output (batch, outputs).
/// Gradients: `dW = dy^T x`, `db =` column sums of `dy`, `dx = dy W`.
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
    parameters: [Parameter<T>; 2],
}

impl<T: Scalar> Linear<T> {
    /// Weights drawn from the stream of `key`, bias zero.
    ///
    /// # Errors
    /// If a width is 0, the weight is more than there is memory for, or a slope is not finite.
    pub fn new(inputs: usize, outputs: usize, init: Init, key: Key) -> Result<Self, BuildError> {
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
        // Room for the rows and, as the same memory is needed again, for the storage order.
        let mut rows: Vec<T> = Vec::new();
        let count = stored.and_then(|stored| stored.checked_mul(2));
        if count.is_none_or(|count| rows.try_reserve_exact(count).is_err()) {
            return Err(BuildError::TooLarge { inputs, outputs });
        }
        let deviation = match init {
            Init::He { slope } if !slope.is_finite() => return Err(BuildError::Slope(slope)),
            Init::He { slope } => (2.0 / ((1.0 + slope * slope) * inputs as f64)).sqrt(),
            Init::Glorot => (2.0 / (inputs + outputs) as f64).sqrt(),
        };
        let mut generator = key.generator();
        rows.extend((0..inputs * outputs).map(|_| {
            let normal: f64 = StandardNormal.sample(&mut generator);
            T::from_f64(deviation * normal)
        }));
        Ok(Self::from_rows(
            outputs,
            inputs,
            &rows,
            &vec![T::zero(); outputs],
        ))
    }

    /// The layer with these row-major (outputs, inputs) weights and this bias.
    ///
    /// # Panics
    /// If the lengths do not fit.
    #[track_caller]
    pub fn from_rows(outputs: usize, inputs: usize, weight: &[T], bias: &[T]) -> Self {
        let mut parameters = [
            Parameter::weight(outputs, inputs, weight),
            Parameter::bias(outputs),
        ];
        parameters[1].assign(bias);
        Linear {
            layout: PanelLayout::new(inputs, outputs),
            parameters,
        }
    }
}

impl<T: Scalar> Layer<T> for Linear<T> {
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

    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        saved: Saved<'_, T>,
    ) {
        let [weight, bias] = &self.parameters;
        affine(
            run.pool,
            self.layout,
            input,
            weight.packed(),
            bias.packed(),
            output,
            saved.sparse,
        );
    }

    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
    ) {
        let [weight_grad, bias_grad] = grads else {
            panic!("a Linear layer has 2 gradients, not {}", grads.len())
        };
        let (layout, dy) = (self.layout, seen.output_grad);
        let index = Some(seen.sparse);
        affine_weight_grad(
            run.pool,
            layout,
            seen.input,
            dy,
            index,
            weight_grad,
            bias_grad,
        );
        if let Some(input_grad) = input_grad {
            let weights = self.parameters[0].packed();
            affine_input_grad(run.pool, layout, dy, weights, input_grad);
        }
    }

    fn backward_streamed(
        &mut self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
        learn: &mut GradientSink<'_, T>,
    ) {
        let [_, bias_grad] = grads else {
            panic!("a Linear layer has 2 gradients, not {}", grads.len())
        };
        let (layout, input, output_grad) = (self.layout, seen.input, seen.output_grad);
        let [weight, bias] = &mut self.parameters;
        // By the weights as they were in the forward pass: before they learn.
        if let Some(input_grad) = input_grad {
            affine_input_grad(run.pool, layout, output_grad, weight.packed(), input_grad);
        }
        let product = Gradient::OuterProduct {
            layout,
            input,
            output_grad,
            index: Some(seen.sparse),
        };
        learn(0, weight, product);
        affine_bias_grad(output_grad, bias_grad);
        learn(1, bias, Gradient::Values(bias_grad));
    }

    fn parameters(&self) -> &[Parameter<T>] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut self.parameters
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Linear {
            outputs: self.layout.outputs(),
        }
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(init: Init) -> f64 {
        let layer = Linear::<f64>::new(300, 200, init, Key::new(3)).unwrap();
        let rows = layer.parameters[0].to_array();
        let mean = rows.iter().sum::<f64>() / rows.len() as f64;
        assert!(mean.abs() < 1e-3, "mean {mean}");
        (rows.iter().map(|x| x * x).sum::<f64>() / rows.len() as f64).sqrt()
    }

    // 60,000 draws give a standard deviation to about 0.3 %.
    #[test]
    fn weights_have_the_deviation_that_he_and_glorot_ask_for() {
        let he = deviation(Init::He { slope: 0.0 });
        assert!((he / (2.0_f64 / 300.0).sqrt() - 1.0).abs() < 0.01, "{he}");
        let identity = deviation(Init::He { slope: 1.0 });
        assert!(
            (identity / (1.0_f64 / 300.0).sqrt() - 1.0).abs() < 0.01,
            "{identity}"
        );
        let glorot = deviation(Init::Glorot);
        assert!(
            (glorot / (2.0_f64 / 500.0).sqrt() - 1.0).abs() < 0.01,
            "{glorot}"
        );
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
