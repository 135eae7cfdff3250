use std::fmt::Debug;

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{Gradient, Key, Pool, Scalar, SparseIndex};

use crate::{BuildError, LayerSpec, Parameter};

/// The purpose of a pass through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Prediction: dropout lets everything through.
    Predict,
    /// Training: random layers draw from streams of this key.
    Train(Key),
}

/// The threads and the mode of one pass.
#[derive(Clone, Copy, Debug)]
pub struct PassContext<'a> {
    /// The threads to work on.
    pub pool: &'a Pool,
    /// The mode of the pass; its key belongs to this layer alone.
    pub mode: Mode,
}

/// The buffers that a layer fills in its forward pass for its backward pass.
#[derive(Debug)]
pub struct Saved<'a, T> {
    /// [`Layer::saved_per_row`] values for each row of the batch.
    pub values: &'a mut [T],
    /// The index of a sparse input, for layers that multiply their input by a weight.
    pub sparse: &'a mut SparseIndex<T>,
}

/// The arguments of a layer's backward pass, apart from the gradients that it writes.
#[derive(Debug)]
pub struct BackwardArgs<'a, T> {
    /// The layer's input, (B, inputs).
    pub input: ArrayView2<'a, T>,
    /// The layer's output, (B, outputs).
    pub output: ArrayView2<'a, T>,
    /// The values that `forward` saved.
    pub saved: &'a [T],
    /// The index of the input that `forward` made.
    pub sparse: &'a SparseIndex<T>,
    /// The gradient of the loss by the output, (B, outputs).
    pub output_grad: ArrayView2<'a, T>,
}

/// A function that takes the index of a parameter in its layer, the parameter and its gradient, and
/// may change the values.
pub type GradientSink<'a, T> = dyn FnMut(usize, &mut Parameter<T>, Gradient<'_, T>) + 'a;

/// One step of a network: a function with parameters, and its gradient.
///
/// A layer owns the values of its parameters and nothing else: what a pass computes is written to
/// buffers of the [`Workspace`](crate::Workspace), so `&self` is enough to run it, on any thread.
///
/// A new layer derives `Clone` and `Debug` and has three methods; a layer without parameters that
/// treats every element alone is an [`Activation`](crate::Activation) instead, which is shorter
/// still.
///
/// ```
/// use backprop_layers::ndarray::{ArrayView2, ArrayViewMut2, array};
/// use backprop_layers::{
///     BackwardArgs, Layer, LayerSpec, PassContext, Saved, Scalar, Sequential, custom, linear,
/// };
///
/// /// Takes the mean of its row from each element: `y_j = x_j - mean(x)`.
/// #[derive(Clone, Debug)]
/// struct Center;
///
/// fn center<T: Scalar>(from: ArrayView2<'_, T>, mut to: ArrayViewMut2<'_, T>) {
///     for (from, mut to) in from.rows().into_iter().zip(to.rows_mut()) {
///         let mean = from.sum() / T::from_f64(from.len() as f64);
///         to.zip_mut_with(&from, |to, &from| *to = from - mean);
///     }
/// }
///
/// impl<T: Scalar> Layer<T> for Center {
///     fn forward(
///         &self,
///         _context: &PassContext<'_>,
///         input: ArrayView2<'_, T>,
///         output: ArrayViewMut2<'_, T>,
///         _saved: Saved<'_, T>,
///     ) {
///         center(input, output);
///     }
///
///     // The map is its own transpose.
///     fn backward(
///         &self,
///         _context: &PassContext<'_>,
///         args: BackwardArgs<'_, T>,
///         input_grad: Option<ArrayViewMut2<'_, T>>,
///         _grads: &mut [Box<[T]>],
///     ) {
///         if let Some(input_grad) = input_grad {
///             center(args.output_grad, input_grad);
///         }
///     }
///
///     fn spec(&self) -> LayerSpec {
///         LayerSpec::custom("center", "")
///     }
/// }
///
/// let network = Sequential::<f32>::new(2, [custom(Center), linear(1)], 0)?;
/// assert_eq!(network.predict(array![[5.0, 5.0]].view()), array![[0.0]]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
pub trait Layer<T: Scalar>: CloneLayer<T> + Debug + Send + Sync {
    /// Computes `output` (B, outputs) from `input` (B, inputs), overwriting it, and fills `saved`.
    fn forward(
        &self,
        context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        saved: Saved<'_, T>,
    );

    /// Overwrites `input_grad` with the gradient of the loss by the input, and `grads`, one slice
    /// for each parameter in its storage order, with the gradients by the parameters.
    ///
    /// `input_grad` is `None` where no layer below needs it: at the first layer.
    fn backward(
        &self,
        context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
    );

    /// The layer as plain data.
    fn spec(&self) -> LayerSpec;

    /// The number of outputs for inputs of this width; the same width unless a layer says otherwise.
    ///
    /// # Errors
    /// If the layer cannot take that width.
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    /// Values per row that `forward` saves for `backward`; none by default.
    fn saved_per_row(&self, _input_width: usize) -> usize {
        0
    }

    /// The parameters, in a fixed order; none by default.
    fn parameters(&self) -> &[Parameter<T>] {
        &[]
    }

    /// The parameters for changes, in the order of [`parameters`](Self::parameters).
    fn parameters_mut(&mut self) -> &mut [Parameter<T>] {
        &mut []
    }

    /// Runs [`backward`](Self::backward) and hands each parameter, with its index in this layer and
    /// its gradient, to `sink`, which may change the values.
    ///
    /// A layer whose gradient is a product of matrices hands over the product, so that each piece
    /// of it is used as soon as it is computed and the whole is never written; `grads` may then keep
    /// older values.
    fn backward_streamed(
        &mut self,
        context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        grads: &mut [Box<[T]>],
        sink: &mut GradientSink<'_, T>,
    ) {
        self.backward(context, args, input_grad, grads);
        let parameters = self.parameters_mut().iter_mut();
        for (index, (parameter, grad)) in parameters.zip(grads).enumerate() {
            sink(index, parameter, Gradient::Values(grad));
        }
    }
}

/// The copy of a layer into a new box, provided for every layer that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "a layer must be `Clone`, but `{Self}` is not",
    note = "add `#[derive(Clone, Debug)]` to the layer"
)]
pub trait CloneLayer<T: Scalar> {
    /// A copy of the layer in a new box.
    fn clone_layer(&self) -> Box<dyn Layer<T>>;
}

impl<T: Scalar, L: Layer<T> + Clone + 'static> CloneLayer<T> for L {
    fn clone_layer(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}

impl<T: Scalar> Clone for Box<dyn Layer<T>> {
    fn clone(&self) -> Self {
        (**self).clone_layer()
    }
}

/// Checks that the output of a layer that keeps the shape of a batch has the shape of its input.
#[track_caller]
pub(crate) fn check_shape(layer: &str, input: (usize, usize), output: (usize, usize)) {
    assert!(
        input == output,
        "a {layer} layer keeps the shape of a batch, but the input is {input:?} and the output \
         {output:?}"
    );
}

/// Checks the shapes of the gradients of such a layer.
#[track_caller]
pub(crate) fn check_grad_shapes<T>(
    layer: &str,
    args: &BackwardArgs<'_, T>,
    input_grad: &ArrayViewMut2<'_, T>,
) {
    check_shape(layer, args.input.dim(), args.output.dim());
    check_shape(layer, args.output.dim(), args.output_grad.dim());
    check_shape(layer, input_grad.dim(), args.output_grad.dim());
}
