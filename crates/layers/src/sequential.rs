use std::sync::PoisonError;

use backprop_tensor::cutoffs::PAR_MIN_PREDICT_FMAS;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};
use backprop_tensor::{Gradient, Key, Scalar};

use crate::workspace::view_mut;
use crate::{
    BuildError, Dropout, Init, Layer, LayerSpec, LeakyRelu, Linear, Mode, Parameter, ParameterKind,
    PassContext, Relu, Saved, Sigmoid, Softmax, Tanh, Workspace,
};

/// Rows that are predicted at a time: they and what the layers make of them stay in the cache.
const ROWS_AT_A_TIME: usize = 64;

/// A network: layers, each of which takes the output of the one before.
///
/// ```
/// use std::sync::Arc;
/// use backprop_layers::{Key, Mode, Pool, Sequential, Workspace, linear, relu};
/// use backprop_layers::ndarray::Array2;
///
/// let network = Sequential::<f32>::new(784, [linear(128), relu(), linear(10)], Key::new(0))?;
/// assert_eq!(network.parameter_count(), 784 * 128 + 128 + 128 * 10 + 10);
/// let mut workspace = Workspace::new(Arc::new(Pool::default()));
/// let (images, mut logits) = (Array2::zeros((5, 784)), Array2::zeros((5, 10)));
/// network.predict_into(&mut workspace, images.view(), logits.view_mut());
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sequential<T: Scalar> {
    input_width: usize,
    layers: Vec<Box<dyn Layer<T>>>,
    /// The (output, cache) width of each layer.
    widths: Vec<(usize, usize)>,
    /// The name of the random stream of each layer that draws: the Linear layers before it, and
    /// which of the random layers since then it is.
    streams: Vec<Option<(u64, u64)>>,
}

/// One parameter with its gradient, as an optimizer takes them.
#[derive(Debug)]
pub struct ParamWithGrad<'a, T> {
    /// The values, in storage order.
    pub values: &'a mut [T],
    /// The gradient, in the same order.
    pub grad: &'a [T],
    /// The piece that one thread owns.
    pub unit: usize,
    /// Weight or bias.
    pub kind: ParameterKind,
}

impl<T: Scalar> Sequential<T> {
    /// Builds the network that the list describes and draws its weights.
    ///
    /// The Linear layer numbered `k` among the Linear layers, from 0, draws from the stream
    /// `key.derive("init/linear", k)`: Glorot before a sigmoid or tanh, He elsewhere, with the
    /// slope of the activation that follows. A dropout in between is looked through.
    ///
    /// # Errors
    /// If the list is empty, or a layer's settings make no sense; the message names the layer.
    pub fn new(
        input_width: usize,
        specs: impl IntoIterator<Item = LayerSpec>,
        key: Key,
    ) -> Result<Self, BuildError> {
        let specs: Vec<LayerSpec> = specs.into_iter().collect();
        let mut layers: Vec<Box<dyn Layer<T>>> = Vec::with_capacity(specs.len());
        let (mut width, mut linears) = (input_width, 0);
        for (index, spec) in specs.iter().enumerate() {
            let at = |error: BuildError| error.at(index);
            let layer: Box<dyn Layer<T>> = match spec {
                LayerSpec::Linear { outputs } => {
                    let stream = key.derive("init/linear", linears);
                    linears += 1;
                    let init = init_before(&specs[index + 1..]);
                    Box::new(Linear::new(width, *outputs, init, stream).map_err(at)?)
                }
                LayerSpec::Relu => Box::new(Relu),
                LayerSpec::LeakyRelu { slope } => Box::new(LeakyRelu::new(*slope).map_err(at)?),
                LayerSpec::Sigmoid => Box::new(Sigmoid),
                LayerSpec::Tanh => Box::new(Tanh),
                LayerSpec::Softmax => Box::new(Softmax),
                LayerSpec::Dropout { probability } => {
                    Box::new(Dropout::new(*probability).map_err(at)?)
                }
                LayerSpec::Custom { name, .. } => {
                    return Err(BuildError::Custom(name.clone()).at(index));
                }
            };
            width = layer.output_width(width).map_err(at)?;
            layers.push(layer);
        }
        Self::from_layers(input_width, layers)
    }

    /// The network of these layers, your own among them.
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
        let (mut widths, mut streams) = (Vec::new(), Vec::new());
        let (mut width, mut linears, mut random) = (input_width, 0, 0);
        for (index, layer) in layers.iter().enumerate() {
            let output = layer.output_width(width).map_err(|error| error.at(index))?;
            if output == 0 {
                let what = "the number of outputs of the layer";
                return Err(BuildError::Zero { what }.at(index));
            }
            widths.push((output, layer.saved_per_row(width)));
            let mut stream = None;
            match layer.spec() {
                LayerSpec::Linear { .. } => (linears, random) = (linears + 1, 0),
                LayerSpec::Dropout { .. } | LayerSpec::Custom { .. } => {
                    stream = Some((linears, random));
                    random += 1;
                }
                _ => {}
            }
            streams.push(stream);
            width = output;
        }
        Ok(Sequential {
            input_width,
            layers,
            widths,
            streams,
        })
    }

    /// Features in.
    pub fn input_width(&self) -> usize {
        self.input_width
    }

    /// Values out.
    pub fn output_width(&self) -> usize {
        self.widths
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
            layer
                .parameters()
                .iter()
                .map(move |p| (format!("{index}.{}", p.name()), p))
        })
    }

    /// The same, to be changed.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = (String, &mut Parameter<T>)> {
        self.layers
            .iter_mut()
            .enumerate()
            .flat_map(|(index, layer)| {
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
        workspace.check_network(self);
        self.layers
            .iter_mut()
            .zip(&workspace.layers)
            .flat_map(|(layer, space)| {
                layer
                    .parameters_mut()
                    .iter_mut()
                    .zip(&space.grads)
                    .map(|(parameter, grad)| ParamWithGrad {
                        unit: parameter.chunk_len(),
                        kind: parameter.kind(),
                        values: parameter.packed_mut(),
                        grad,
                    })
            })
    }

    /// Runs the network on `input` (batch, inputs); [`Workspace::output`] is what comes out.
    ///
    /// # Panics
    /// If the input has another width than the network.
    #[track_caller]
    pub fn forward(&self, workspace: &mut Workspace<T>, mode: Mode, input: ArrayView2<'_, T>) {
        let rows = self.check_input(input);
        workspace.prepare(self, rows, mode);
        let pool = std::sync::Arc::clone(workspace.pool());
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, rest) = workspace.layers.split_at_mut(index);
            let space = &mut rest[0];
            let input = before.last().map_or(input, |space| space.output(rows));
            let saved = Saved {
                values: &mut space.cache[..rows * space.cache_width],
                sparse: &mut space.sparse,
            };
            let output = view_mut(&mut space.output, (rows, space.width));
            layer.forward(&self.run(index, &pool, mode), input, output, saved);
        }
    }

    /// Carries the gradient in [`Workspace::output_and_grad`] back to all parameters.
    ///
    /// `input` is that of the forward pass before.
    ///
    /// # Panics
    /// If the last forward pass was not in training mode, or `input` has another shape than its.
    #[track_caller]
    pub fn backward(&self, workspace: &mut Workspace<T>, input: ArrayView2<'_, T>) {
        self.check_backward(workspace, input);
        let (pool, mode) = (std::sync::Arc::clone(workspace.pool()), workspace.mode);
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (seen, input_grad, grads) = workspace.backward(input, index);
            layer.backward(&self.run(index, &pool, mode), seen, input_grad, grads);
        }
    }

    /// As [`backward`](Self::backward), and hands each parameter to `learn` as soon as its gradient
    /// is known, with its number in the order of [`parameters`](Self::parameters).
    ///
    /// The gradients of large weights are handed over as products that are not computed yet, and
    /// those in the workspace are not to be used afterwards: see [`Layer::backward_streamed`].
    ///
    /// # Panics
    /// As [`backward`](Self::backward).
    #[track_caller]
    pub fn backward_streamed(
        &mut self,
        workspace: &mut Workspace<T>,
        input: ArrayView2<'_, T>,
        mut learn: impl FnMut(usize, &mut Parameter<T>, Gradient<'_, T>),
    ) {
        self.check_backward(workspace, input);
        let (pool, mode) = (std::sync::Arc::clone(workspace.pool()), workspace.mode);
        let mut before: usize = self.layers.iter().map(|l| l.parameters().len()).sum();
        for index in (0..self.layers.len()).rev() {
            let run = self.run(index, &pool, mode);
            let (seen, input_grad, grads) = workspace.backward(input, index);
            let layer = &mut self.layers[index];
            before -= layer.parameters().len();
            layer.backward_streamed(
                &run,
                seen,
                input_grad,
                grads,
                &mut |number, parameter, grad| {
                    learn(before + number, parameter, grad);
                },
            );
        }
    }

    /// Writes the network's output for `input` (batch, inputs) into `output` (batch, outputs).
    ///
    /// One row gives the same bits as within a batch.
    ///
    /// # Panics
    /// If a shape does not fit.
    #[track_caller]
    pub fn predict_into(
        &self,
        workspace: &mut Workspace<T>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
    ) {
        let expected = (input.nrows(), self.output_width());
        assert_eq!(
            output.dim(),
            expected,
            "shape of the output, (batch, outputs)"
        );
        let rows = self.check_input(input);
        let work = rows * self.parameter_count();
        let pool = std::sync::Arc::clone(workspace.pool());
        let threads = pool.threads().min(rows);
        match output.as_slice_mut() {
            Some(slice) if threads > 1 && work >= PAR_MIN_PREDICT_FMAS => {
                let (width, parts) = (self.output_width(), workspace.parts());
                pool.par_split_always(width, [slice], |thread, part, [slice]| {
                    let rows = part.start / width..part.end / width;
                    let shape = (rows.len(), width);
                    let output = ArrayViewMut2::from_shape(shape, slice).expect("whole rows");
                    let input = input.slice_axis(Axis(0), Slice::from(rows));
                    let mut part = parts[thread].lock().unwrap_or_else(PoisonError::into_inner);
                    self.predict_blocks(&mut part, input, output);
                });
            }
            // With the workspace that it would have within a larger batch: it is large enough.
            _ => match workspace.parts() {
                [] => self.predict_blocks(workspace, input, output),
                [first, ..] => {
                    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                    self.predict_blocks(&mut first, input, output);
                }
            },
        }
    }

    /// Predicts some rows at a time, all layers of them before the next.
    fn predict_blocks(
        &self,
        workspace: &mut Workspace<T>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
    ) {
        workspace.prepare(self, ROWS_AT_A_TIME, Mode::Predict);
        let inputs = input.axis_chunks_iter(Axis(0), ROWS_AT_A_TIME);
        let outputs = output.axis_chunks_iter_mut(Axis(0), ROWS_AT_A_TIME);
        for (input, mut output) in inputs.zip(outputs) {
            self.forward(workspace, Mode::Predict, input);
            output.assign(&workspace.output());
        }
    }

    pub(crate) fn widths(&self) -> impl Iterator<Item = (usize, usize)> {
        self.widths.iter().copied()
    }

    fn run<'a>(
        &self,
        index: usize,
        pool: &'a backprop_tensor::Pool,
        mode: Mode,
    ) -> PassContext<'a> {
        // A key takes as long to derive as a small product.
        let mode = match (mode, self.streams[index]) {
            (Mode::Train(key), Some((linears, random))) => Mode::Train(
                key.derive("random/linear", linears)
                    .derive("random/layer", random),
            ),
            _ => mode,
        };
        PassContext { pool, mode }
    }

    #[track_caller]
    fn check_backward(&self, workspace: &Workspace<T>, input: ArrayView2<'_, T>) {
        workspace.check_training();
        let rows = self.check_input(input);
        assert_eq!(
            rows, workspace.rows,
            "rows of the input and of the forward pass"
        );
        workspace.check_network(self);
    }

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

/// How the weights before these layers are drawn.
fn init_before(following: &[LayerSpec]) -> Init {
    let next = following
        .iter()
        .find(|spec| !matches!(spec, LayerSpec::Dropout { .. }));
    match next {
        Some(LayerSpec::Sigmoid | LayerSpec::Tanh) => Init::Glorot,
        Some(LayerSpec::Relu) => Init::He { slope: 0.0 },
        Some(LayerSpec::LeakyRelu { slope }) => Init::He { slope: *slope },
        _ => Init::He { slope: 1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dropout, leaky_relu, linear, softmax, tanh};

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
        let build = |specs: Vec<LayerSpec>| {
            Sequential::<f32>::new(4, specs, Key::new(0))
                .unwrap_err()
                .to_string()
        };
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
        let key = Key::new(5);
        let plain = [linear(7), tanh(), linear(3), softmax()];
        let with = [linear(7), dropout(0.5), tanh(), linear(3), softmax()];
        let one = Sequential::<f64>::new(4, plain, key).unwrap();
        let two = Sequential::<f64>::new(4, with, key).unwrap();
        for ((_, one), (_, two)) in one.parameters().zip(two.parameters()) {
            assert_eq!(one.to_array(), two.to_array());
        }
    }
}
