use std::fmt::Debug;

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{Gradient, Key, Pool, Scalar, SparseIndex};

use crate::{BuildError, LayerSpec, Parameter};

/// What a pass through the network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Prediction: dropout lets everything through.
    Predict,
    /// Training: random layers draw from streams of this key.
    Train(Key),
}

/// The circumstances of one pass.
#[derive(Clone, Copy, Debug)]
pub struct PassContext<'a> {
    /// The threads to work on.
    pub pool: &'a Pool,
    /// What the pass is for; the key is the layer's own.
    pub mode: Mode,
}

/// The buffers that `forward` fills for `backward`.
#[derive(Debug)]
pub struct Saved<'a, T> {
    /// [`Layer::saved_per_row`] elements for each row of the batch.
    pub values: &'a mut [T],
    /// The index of the nonzero elements of the layer's input.
    pub sparse: &'a mut SparseIndex<T>,
}

/// What the forward pass of a layer saw, and the gradient that comes back to it.
#[derive(Debug)]
pub struct BackwardArgs<'a, T> {
    /// The layer's input, (batch, inputs).
    pub input: ArrayView2<'a, T>,
    /// The layer's output, (batch, outputs).
    pub output: ArrayView2<'a, T>,
    /// The values that `forward` saved.
    pub saved: &'a [T],
    /// The index of the nonzero elements of `input` that `forward` filled.
    pub sparse: &'a SparseIndex<T>,
    /// The gradient of the loss by the output, (batch, outputs).
    pub output_grad: ArrayView2<'a, T>,
}

/// What is told the number of a parameter in its layer, and its gradient, and improves it.
pub type GradientSink<'a, T> = dyn FnMut(usize, &mut Parameter<T>, Gradient<'_, T>) + 'a;

/// One step of a network: a function with parameters, and its gradient.
///
/// A layer owns the values of its parameters and nothing else: what a pass computes is written to
/// buffers of the [`Workspace`](crate::Workspace), so `&self` is enough to run it, on any thread.
pub trait Layer<T: Scalar>: Debug + Send + Sync {
    /// The number of outputs for inputs of this width.
    ///
    /// # Errors
    /// If the layer cannot take that width.
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError>;

    /// Numbers per row that `forward` keeps for `backward`.
    fn saved_per_row(&self, _input_width: usize) -> usize {
        0
    }

    /// Computes `output` (batch, outputs) from `input` (batch, inputs), overwriting it, and fills
    /// `saved`.
    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        saved: Saved<'_, T>,
    );

    /// Overwrites `input_grad` with the gradient of the loss by the input, and `grads`, one slice
    /// for each parameter in its storage order, with those by the parameters.
    ///
    /// `input_grad` is `None` where nobody needs it: at the first layer.
    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
    );

    /// As [`backward`](Self::backward), and hands each parameter, with its number in this layer and
    /// its gradient, to `learn`, which may change the values.
    ///
    /// A layer whose gradient is a product of matrices hands over the product, so that each piece
    /// of it is used as soon as it is computed and the whole is never written; `grads` may then keep
    /// what it was.
    fn backward_streamed(
        &mut self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
        learn: &mut GradientSink<'_, T>,
    ) {
        self.backward(run, seen, input_grad, grads);
        let parameters = self.parameters_mut().iter_mut();
        for (number, (parameter, grad)) in parameters.zip(grads).enumerate() {
            learn(number, parameter, Gradient::Values(grad));
        }
    }

    /// The parameters, in a fixed order.
    fn parameters(&self) -> &[Parameter<T>] {
        &[]
    }

    /// The parameters, to be changed.
    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut []
    }

    /// What this layer is, as plain data.
    fn spec(&self) -> LayerSpec;

    /// A copy in a box of its own.
    fn boxed_clone(&self) -> Box<dyn Layer<T>>;
}

impl<T: Scalar> Clone for Box<dyn Layer<T>> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// That a layer which keeps the shape of a batch has room of that shape.
#[track_caller]
pub(crate) fn check_shape(layer: &str, input: (usize, usize), output: (usize, usize)) {
    assert!(
        input == output,
        "a {layer} layer keeps the shape of a batch, but the input is {input:?} and the output \
         {output:?}"
    );
}

/// The same for the gradients.
#[track_caller]
pub(crate) fn check_grad_shapes<T>(
    layer: &str,
    seen: &BackwardArgs<'_, T>,
    input_grad: &ArrayViewMut2<'_, T>,
) {
    check_shape(layer, seen.input.dim(), seen.output.dim());
    check_shape(layer, seen.output.dim(), seen.output_grad.dim());
    check_shape(layer, input_grad.dim(), seen.output_grad.dim());
}
