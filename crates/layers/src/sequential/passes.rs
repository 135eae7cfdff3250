//! The forward and the backward pass through all layers.

use std::sync::Arc;

use backprop_tensor::ndarray::ArrayView2;
use backprop_tensor::{Gradient, Pool, Scalar};

use super::Sequential;
use crate::{Mode, Parameter, PassContext, Workspace};

impl<T: Scalar> Sequential<T> {
    /// Runs the network on `input` (B, inputs) and leaves the result in [`Workspace::output`].
    ///
    /// # Panics
    /// If the input has another width than the network.
    #[track_caller]
    #[inline(never)]
    pub fn forward(&self, workspace: &mut Workspace<T>, mode: Mode, input: ArrayView2<'_, T>) {
        let rows = self.check_input(input);
        workspace.prepare(&self.layers, &self.layer_dims, rows, mode);
        let pool = Arc::clone(workspace.pool());
        for (index, layer) in self.layers.iter().enumerate() {
            let (input, output, saved) = workspace.forward_args(input, index);
            layer.forward(&self.context(index, &pool, mode), input, output, saved);
        }
    }

    /// Carries the gradient in [`Workspace::output_and_grad`] back to all parameters.
    ///
    /// `input` is that of the forward pass before.
    ///
    /// # Panics
    /// If the last forward pass was not in training mode, or `input` has another shape than its.
    #[track_caller]
    #[inline(never)]
    pub fn backward(&self, workspace: &mut Workspace<T>, input: ArrayView2<'_, T>) {
        self.check_backward(workspace, input);
        let (pool, mode) = (Arc::clone(workspace.pool()), workspace.mode);
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (args, input_grad, grads) = workspace.backward_args(input, index);
            let context = self.context(index, &pool, mode);
            layer.backward(&context, args, input_grad, grads);
        }
    }

    /// Runs [`backward`](Self::backward) and hands each parameter to `sink` as soon as its gradient is
    /// known, with its index in the order of [`parameters`](Self::parameters).
    ///
    /// The gradients of large weights are handed over as products that are not computed yet, and
    /// the gradients in the workspace are not to be used afterwards: see
    /// [`Layer::backward_streamed`](crate::Layer::backward_streamed).
    ///
    /// # Panics
    /// As [`backward`](Self::backward).
    #[track_caller]
    pub fn backward_streamed(
        &mut self,
        workspace: &mut Workspace<T>,
        input: ArrayView2<'_, T>,
        mut sink: impl FnMut(usize, &mut Parameter<T>, Gradient<'_, T>),
    ) {
        self.check_backward(workspace, input);
        let (pool, mode) = (Arc::clone(workspace.pool()), workspace.mode);
        let mut before: usize = self.layers.iter().map(|l| l.parameters().len()).sum();
        for index in (0..self.layers.len()).rev() {
            let context = self.context(index, &pool, mode);
            let (args, input_grad, grads) = workspace.backward_args(input, index);
            let layer = &mut self.layers[index];
            before -= layer.parameters().len();
            let mut sink = |index: usize, parameter: &mut Parameter<T>, grad: Gradient<'_, T>| {
                sink(before + index, parameter, grad);
            };
            layer.backward_streamed(&context, args, input_grad, grads, &mut sink);
        }
    }

    fn context<'a>(&self, index: usize, pool: &'a Pool, mode: Mode) -> PassContext<'a> {
        // Only where a layer draws: deriving a key takes as long as a small product.
        let mode = match (mode, self.rng_streams[index]) {
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
        workspace.check_network(&self.layer_dims);
    }
}
