mod passes;
mod predict;

use backprop_tensor::ndarray::ArrayView2;
use backprop_tensor::{Key, Scalar};

use crate::build::init_for;
use crate::workspace::LayerDims;
use crate::{BuildError, Layer, LayerSpec, Parameter, ParameterKind, Weights, Workspace};

/// A network: layers, each of which takes the output of the one before.
///
/// ```
/// use backprop_layers::{Sequential, linear, relu};
/// use backprop_layers::ndarray::Array2;
///
/// let network = Sequential::<f32>::new(784, [linear(128), relu(), linear(10)], 0)?;
/// assert_eq!(network.parameter_count(), 784 * 128 + 128 + 128 * 10 + 10);
/// let logits = network.predict(Array2::zeros((5, 784)).view());
/// assert_eq!(logits.dim(), (5, 10));
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sequential<T: Scalar> {
    input_width: usize,
    layers: Vec<Box<dyn Layer<T>>>,
    layer_dims: Vec<LayerDims>,
    /// The name of the random stream of each layer that draws: the Linear layers before it, and
    /// the random layers since the last of them.
    rng_streams: Vec<Option<(u64, u64)>>,
}

/// One parameter with its gradient, as an optimizer takes them.
#[derive(Debug)]
pub struct ParamWithGrad<'a, T> {
    /// The values, in storage order.
    pub values: &'a mut [T],
    /// The gradient, in the same order.
    pub grad: &'a [T],
    /// Elements that stay together on one thread.
    pub chunk_len: usize,
    /// Columns of the last chunk that hold no element, see [`Parameter::padding`].
    pub padding: usize,
    /// Weight or bias.
    pub kind: ParameterKind,
    /// The factor of the learning rate; 0 for a frozen parameter.
    pub learning_rate_factor: f64,
}

impl<T: Scalar> Sequential<T> {
    /// Builds the network that the list describes and draws its weights.
    ///
    /// The Linear layer with index `k` among the Linear layers, from 0, draws from the stream
    /// `Key::new(seed).derive("init/linear", k)`: Glorot before a sigmoid or tanh, He elsewhere, with
    /// the slope of the activation that follows. A dropout in between is skipped.
    ///
    /// # Errors
    /// If the list is empty, or a layer's settings make no sense; the message names the layer.
    pub fn new(
        input_width: usize,
        layers: impl IntoIterator<Item = LayerSpec>,
        seed: u64,
    ) -> Result<Self, BuildError> {
        let specs: Vec<LayerSpec> = layers.into_iter().collect();
        let mut layers: Vec<Box<dyn Layer<T>>> = Vec::with_capacity(specs.len());
        let (mut width, mut linears) = (input_width, 0);
        for (index, spec) in specs.iter().enumerate() {
            let stream = Key::new(seed).derive("init/linear", linears);
            linears += u64::from(matches!(spec, LayerSpec::Linear { .. }));
            let weights = Weights::Drawn(init_for(&specs[index + 1..]), stream);
            let at = |error: BuildError| error.at(index);
            let layer = spec.build(width, weights).map_err(at)?;
            width = layer.output_width(width).map_err(at)?;
            layers.push(layer);
        }
        Self::from_layers(input_width, layers)
    }

    /// The network of these layers, from this crate or another.
    ///
    /// # Errors
    /// If there are none, the widths of two neighbours do not fit or one is 0; the message names the
    /// layer.
    pub fn from_layers(
        input_width: usize,
        layers: Vec<Box<dyn Layer<T>>>,
    ) -> Result<Self, BuildError> {
        if input_width == 0 {
            return Err(BuildError::Zero {
                what: "the number of inputs of the network",
            });
        }
        if layers.is_empty() {
            return Err(BuildError::Empty);
        }
        let (mut layer_dims, mut rng_streams) = (Vec::new(), Vec::new());
        let (mut width, mut linears, mut random) = (input_width, 0, 0);
        for (index, layer) in layers.iter().enumerate() {
            let output = layer.output_width(width).map_err(|error| error.at(index))?;
            if output == 0 {
                let what = "the number of outputs of the layer";
                return Err(BuildError::Zero { what }.at(index));
            }
            layer_dims.push((output, layer.saved_per_row(width)));
            let spec = layer.spec();
            rng_streams.push(spec.is_random().then_some((linears, random)));
            random += u64::from(spec.is_random());
            if matches!(spec, LayerSpec::Linear { .. }) {
                (linears, random) = (linears + 1, 0);
            }
            width = output;
        }
        Ok(Sequential {
            input_width,
            layers,
            layer_dims,
            rng_streams,
        })
    }

    /// The number of inputs.
    pub fn input_width(&self) -> usize {
        self.input_width
    }

    /// The number of outputs.
    pub fn output_width(&self) -> usize {
        self.layer_dims
            .last()
            .map_or(self.input_width, |&(width, _)| width)
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Box<dyn Layer<T>>] {
        &self.layers
    }

    /// The list that describes the network.
    pub fn specs(&self) -> Vec<LayerSpec> {
        self.layers.iter().map(|layer| layer.spec()).collect()
    }

    /// The number of learned values.
    pub fn parameter_count(&self) -> usize {
        let parameters = self.layers.iter().flat_map(|layer| layer.parameters());
        parameters.map(Parameter::len).sum()
    }

    /// The parameters with names such as `0.weight`: the layer's index and the name within it.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &Parameter<T>)> {
        self.layers.iter().enumerate().flat_map(|(index, layer)| {
            let parameters = layer.parameters().iter();
            parameters.map(move |p| (format!("{index}.{}", p.name()), p))
        })
    }

    /// The parameters with their names, for changes.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = (String, &mut Parameter<T>)> {
        let layers = self.layers.iter_mut().enumerate();
        layers.flat_map(|(index, layer)| {
            let parameters = layer.parameters_mut().iter_mut();
            parameters.map(move |p| (format!("{index}.{}", p.name()), p))
        })
    }

    /// The parameters with the gradients that [`Sequential::backward`] left in `workspace`.
    ///
    /// # Panics
    /// If the workspace has not run a training pass of this network.
    #[track_caller]
    pub fn params_with_grads<'a>(
        &'a mut self,
        workspace: &'a Workspace<T>,
    ) -> impl Iterator<Item = ParamWithGrad<'a, T>> {
        workspace.check_training();
        workspace.check_network(&self.layer_dims);
        let parameters = self
            .layers
            .iter_mut()
            .flat_map(|layer| layer.parameters_mut());
        parameters
            .zip(workspace.gradients())
            .map(|(parameter, grad)| ParamWithGrad {
                chunk_len: parameter.chunk_len(),
                padding: parameter.padding(),
                kind: parameter.kind(),
                learning_rate_factor: parameter.learning_rate_factor(),
                values: parameter.packed_mut(),
                grad,
            })
    }

    /// Leaves the parameters of a layer as they are while the others are trained.
    ///
    /// [`backward_streamed`](Self::backward_streamed) hands the gradient of a large weight to the
    /// optimizer before it is computed, so that a frozen weight costs no gradient there. Model files
    /// do not keep which layers are frozen.
    ///
    /// # Panics
    /// If there is no layer with this index, from 0.
    #[track_caller]
    pub fn freeze(&mut self, layer: usize) {
        self.set_learning_rate_factor(layer, 0.0);
    }

    /// Trains a layer with this factor times the learning rate: 1 to begin with, 0 freezes the layer.
    ///
    /// ```
    /// use backprop_layers::{Sequential, linear, relu};
    ///
    /// let mut network = Sequential::<f32>::new(4, [linear(8), relu(), linear(2)], 0)?;
    /// network.freeze(0);
    /// network.set_learning_rate_factor(2, 0.1);
    /// let factors: Vec<f64> = network.parameters().map(|(_, p)| p.learning_rate_factor()).collect();
    /// assert_eq!(factors, [0.0, 0.0, 0.1, 0.1]);
    /// # Ok::<(), backprop_layers::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// If there is no layer with this index, from 0, or the factor is negative or not finite.
    #[track_caller]
    pub fn set_learning_rate_factor(&mut self, layer: usize, factor: f64) {
        let count = self.layers.len();
        assert!(
            layer < count,
            "layer {layer} of a network of {count} layers; they count from 0"
        );
        assert!(
            factor >= 0.0 && factor.is_finite(),
            "the factor of a learning rate is {factor}; it must be at least 0 and finite"
        );
        for parameter in self.layers[layer].parameters_mut() {
            parameter.set_learning_rate_factor(factor);
        }
    }

    /// The rows of an input whose width fits.
    #[track_caller]
    fn check_input(&self, input: ArrayView2<'_, T>) -> usize {
        let (rows, width) = input.dim();
        assert_eq!(
            width, self.input_width,
            "the network takes {} inputs but the batch has the shape ({rows}, {width})",
            self.input_width
        );
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Init, Linear, dropout, leaky_relu, linear, softmax, tanh};

    #[test]
    fn widths_that_do_not_fit_are_named_by_layer_and_numbers() {
        let layer = |inputs, outputs| -> Box<dyn Layer<f32>> {
            Box::new(Linear::new(inputs, outputs, Init::Glorot, Key::new(0)).unwrap())
        };
        let error = Sequential::from_layers(784, vec![layer(784, 128), layer(64, 10)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 1: Linear takes 64 inputs but would get 128; make the widths agree"
        );
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let build =
            |specs: Vec<LayerSpec>| Sequential::<f32>::new(4, specs, 0).unwrap_err().to_string();
        assert!(build(vec![]).contains("no layers"));
        assert!(build(vec![linear(3), linear(0)]).starts_with("layer 1: "));
        for p in [1.0, -0.1, f64::NAN, 2.0] {
            assert!(
                build(vec![linear(3), dropout(p)]).contains("below 1"),
                "{p}"
            );
        }
        assert!(build(vec![leaky_relu(f64::NAN)]).contains("slope"));
    }

    #[test]
    fn a_dropout_shifts_nobody_elses_draws() {
        let plain = [linear(7), tanh(), linear(3), softmax()];
        let with = [linear(7), dropout(0.5), tanh(), linear(3), softmax()];
        let one = Sequential::<f64>::new(4, plain, 5).unwrap();
        let two = Sequential::<f64>::new(4, with, 5).unwrap();
        for ((_, one), (_, two)) in one.parameters().zip(two.parameters()) {
            assert_eq!(one.to_array(), two.to_array());
        }
    }
}
