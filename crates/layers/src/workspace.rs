use std::sync::{Arc, Mutex};

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{AlignedVec, Pool, Scalar, SparseIndex};

use crate::{BackwardArgs, Layer, Mode, Parameter, Saved};

/// The buffers that passes through a network write: activations, saved values, sparse indices and
/// gradients.
///
/// It grows to the largest batch it has seen and then allocates nothing; a smaller batch uses a
/// part of it. Each thread that predicts has its own, and shares the network.
#[derive(Debug)]
pub struct Workspace<T> {
    pool: Arc<Pool>,
    pub(crate) mode: Mode,
    pub(crate) rows: usize,
    layers: Vec<LayerBuffers<T>>,
    /// One workspace for each thread, for predictions that are split by rows.
    per_thread: Vec<Mutex<Workspace<T>>>,
}

/// Outputs, and saved values per row, of a layer.
pub(crate) type LayerDims = (usize, usize);

/// A layer's input, and the buffers that its forward pass fills.
type ForwardBuffers<'a, T> = (ArrayView2<'a, T>, ArrayViewMut2<'a, T>, Saved<'a, T>);

/// The arguments of a layer's backward pass, and the buffers of its gradients: by its input, if a
/// layer below needs it, and by its parameters.
type BackwardBuffers<'a, T> = (
    BackwardArgs<'a, T>,
    Option<ArrayViewMut2<'a, T>>,
    &'a mut [Box<[T]>],
);

/// The buffers of one layer.
#[derive(Debug)]
struct LayerBuffers<T> {
    width: usize,
    saved_width: usize,
    output: AlignedVec<T>,
    saved: AlignedVec<T>,
    sparse: SparseIndex<T>,
    output_grad: AlignedVec<T>,
    /// One for each parameter, in its storage order; empty until a training pass.
    grads: Vec<Box<[T]>>,
}

impl<T: Scalar> Workspace<T> {
    /// An empty workspace whose passes run on `pool`.
    pub fn new(pool: Arc<Pool>) -> Self {
        Workspace {
            pool,
            mode: Mode::Predict,
            rows: 0,
            layers: Vec::new(),
            per_thread: Vec::new(),
        }
    }

    /// The threads that its passes run on.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The output of the last forward pass, (B, outputs).
    ///
    /// # Panics
    /// If there was none.
    #[track_caller]
    pub fn output(&self) -> ArrayView2<'_, T> {
        let last = self.layers.last().expect("run Sequential::forward first");
        last.output(self.rows)
    }

    /// The output of the last training pass, and the buffer for the gradient of the loss by that
    /// output; both (B, outputs).
    ///
    /// # Panics
    /// If the last forward pass was not in training mode.
    #[track_caller]
    pub fn output_and_grad(&mut self) -> (ArrayView2<'_, T>, ArrayViewMut2<'_, T>) {
        self.check_training();
        let rows = self.rows;
        let last = self
            .layers
            .last_mut()
            .expect("a network has at least one layer");
        let shape = (rows, last.width);
        (
            view(&last.output, shape),
            view_mut(&mut last.output_grad, shape),
        )
    }

    /// The gradients of the last backward pass, in storage order, one for each parameter.
    pub fn gradients(&self) -> impl Iterator<Item = &[T]> {
        self.layers
            .iter()
            .flat_map(|layer| layer.grads.iter().map(|grad| &**grad))
    }

    #[track_caller]
    pub(crate) fn check_training(&self) {
        let trained = matches!(self.mode, Mode::Train(_)) && !self.layers.is_empty();
        assert!(trained, "run Sequential::forward with Mode::Train first");
    }

    /// Checks that the last pass was one of a network with these [`LayerDims`].
    #[track_caller]
    pub(crate) fn check_network(&self, layer_dims: &[LayerDims]) {
        assert!(
            self.has_dims(layer_dims),
            "the workspace last ran another network; run Sequential::forward of this one first"
        );
    }

    fn has_dims(&self, layer_dims: &[LayerDims]) -> bool {
        let found = self.layers.iter().map(LayerBuffers::dims);
        found.eq(layer_dims.iter().copied())
    }

    /// A workspace for each thread of the pool, whose passes run on that thread alone.
    pub(crate) fn per_thread(&mut self) -> &[Mutex<Workspace<T>>] {
        if self.per_thread.is_empty() {
            let pools = self.pool.single_thread_pools().iter();
            self.per_thread = pools
                .map(|pool| Mutex::new(Workspace::new(Arc::clone(pool))))
                .collect();
        }
        &self.per_thread
    }

    /// The input of a layer and the buffers that its forward pass fills; `input` is the network's.
    pub(crate) fn forward_args<'a>(
        &'a mut self,
        input: ArrayView2<'a, T>,
        index: usize,
    ) -> ForwardBuffers<'a, T> {
        let rows = self.rows;
        let (before, rest) = self.layers.split_at_mut(index);
        let buffers = &mut rest[0];
        let input = before.last().map_or(input, |below| below.output(rows));
        let saved = Saved {
            values: &mut buffers.saved[..rows * buffers.saved_width],
            sparse: &mut buffers.sparse,
        };
        let output = view_mut(&mut buffers.output, (rows, buffers.width));
        (input, output, saved)
    }

    /// The arguments and the gradients of a layer's backward pass; `input` is the network's.
    pub(crate) fn backward_args<'a>(
        &'a mut self,
        input: ArrayView2<'a, T>,
        index: usize,
    ) -> BackwardBuffers<'a, T> {
        let rows = self.rows;
        let (before, rest) = self.layers.split_at_mut(index);
        let buffers = &mut rest[0];
        let (input, input_grad) = match before.last_mut() {
            None => (input, None),
            Some(below) => {
                let shape = (rows, below.width);
                let input_grad = view_mut(&mut below.output_grad, shape);
                (view(&below.output, shape), Some(input_grad))
            }
        };
        let shape = (rows, buffers.width);
        let args = BackwardArgs {
            input,
            output: view(&buffers.output, shape),
            saved: &buffers.saved[..rows * buffers.saved_width],
            sparse: &buffers.sparse,
            output_grad: view(&buffers.output_grad, shape),
        };
        (args, input_grad, &mut buffers.grads)
    }

    /// Grows the buffers to a pass of `rows` rows through these layers.
    pub(crate) fn prepare(
        &mut self,
        layers: &[Box<dyn Layer<T>>],
        layer_dims: &[LayerDims],
        rows: usize,
        mode: Mode,
    ) {
        if !self.has_dims(layer_dims) {
            self.layers = layer_dims.iter().copied().map(LayerBuffers::new).collect();
        }
        let is_training = matches!(mode, Mode::Train(_));
        for (buffers, layer) in self.layers.iter_mut().zip(layers) {
            buffers.output.grow_to(rows * buffers.width);
            buffers.saved.grow_to(rows * buffers.saved_width);
            if is_training {
                buffers.output_grad.grow_to(rows * buffers.width);
                buffers.grow_grads(layer.parameters());
            }
        }
        self.rows = rows;
        self.mode = mode;
    }
}

impl<T: Scalar> LayerBuffers<T> {
    fn new((width, saved_width): LayerDims) -> Self {
        LayerBuffers {
            width,
            saved_width,
            output: AlignedVec::default(),
            saved: AlignedVec::default(),
            sparse: SparseIndex::default(),
            output_grad: AlignedVec::default(),
            grads: Vec::new(),
        }
    }

    fn dims(&self) -> LayerDims {
        (self.width, self.saved_width)
    }

    /// One gradient for each parameter, in its storage order.
    fn grow_grads(&mut self, parameters: &[Parameter<T>]) {
        let lengths = parameters.iter().map(|parameter| parameter.packed().len());
        let found = self.grads.iter().map(|grad| grad.len());
        if !found.eq(lengths.clone()) {
            let zeros = |length| vec![T::zero(); length].into_boxed_slice();
            self.grads = lengths.map(zeros).collect();
        }
    }

    fn output(&self, rows: usize) -> ArrayView2<'_, T> {
        view(&self.output, (rows, self.width))
    }
}

fn view<T>(buffer: &[T], shape: (usize, usize)) -> ArrayView2<'_, T> {
    ArrayView2::from_shape(shape, &buffer[..shape.0 * shape.1]).expect("the slice has this size")
}

fn view_mut<T>(buffer: &mut [T], shape: (usize, usize)) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape(shape, &mut buffer[..shape.0 * shape.1])
        .expect("the slice has this size")
}
