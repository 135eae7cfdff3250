use std::sync::{Arc, Mutex};

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{AlignedVec, Pool, Scalar, SparseIndex};

use crate::{BackwardArgs, Layer, Mode};

/// The buffers of all passes through a network: activations, saved elements, sparse indices and
/// gradients.
///
/// The buffers grow to the largest batch so far and then stay; a smaller batch uses a part of them.
/// Each thread that predicts has a workspace, and all of them share the network.
#[derive(Debug)]
pub struct Workspace<T> {
    pool: Arc<Pool>,
    pub(crate) mode: Mode,
    pub(crate) rows: usize,
    pub(crate) layers: Vec<LayerBuffers<T>>,
    /// A workspace for each thread, for predictions that are split by rows.
    per_thread: Vec<Mutex<Workspace<T>>>,
}

/// The widths of one layer, in elements per row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerDims {
    pub(crate) output: usize,
    pub(crate) saved: usize,
}

/// The arguments of a layer's backward pass: what it reads, the gradient by its input, where a layer
/// before it learns, and the gradients by its parameters.
type BackwardViews<'a, T> = (
    BackwardArgs<'a, T>,
    Option<ArrayViewMut2<'a, T>>,
    &'a mut [Box<[T]>],
);

/// The buffers of one layer.
#[derive(Debug)]
pub(crate) struct LayerBuffers<T> {
    pub(crate) dims: LayerDims,
    pub(crate) output: AlignedVec<T>,
    pub(crate) saved: AlignedVec<T>,
    pub(crate) sparse: SparseIndex<T>,
    output_grad: AlignedVec<T>,
    /// One slice for each parameter, in its storage order; empty until a training pass.
    pub(crate) grads: Vec<Box<[T]>>,
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

    /// The output of the last forward pass, (batch, outputs).
    ///
    /// # Panics
    /// If there was none.
    #[track_caller]
    pub fn output(&self) -> ArrayView2<'_, T> {
        let last = self.layers.last().expect("run Sequential::forward first");
        last.output(self.rows)
    }

    /// The output of the last training pass, and the buffer for the gradient of the loss by that
    /// output; both (batch, outputs).
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
        let shape = (rows, last.dims.output);
        (
            view(&last.output, shape),
            view_mut(&mut last.output_grad, shape),
        )
    }

    /// The gradients of the last backward pass, in storage order, one for each parameter; zeros for
    /// a frozen parameter.
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

    /// Panics unless the last pass was through a network of these widths.
    #[track_caller]
    pub(crate) fn check_network(&self, layer_dims: &[LayerDims]) {
        assert!(
            self.has_dims(layer_dims),
            "the workspace last ran another network; run Sequential::forward of this one first"
        );
    }

    fn has_dims(&self, layer_dims: &[LayerDims]) -> bool {
        self.layers
            .iter()
            .map(|buffers| &buffers.dims)
            .eq(layer_dims)
    }

    /// One workspace for each thread of the pool, whose passes run on that thread alone.
    pub(crate) fn per_thread(&mut self) -> &[Mutex<Workspace<T>>] {
        if self.per_thread.is_empty() {
            let pools = self.pool.single_thread_pools().iter();
            self.per_thread = pools
                .map(|pool| Mutex::new(Workspace::new(Arc::clone(pool))))
                .collect();
        }
        &self.per_thread
    }

    /// The arguments of the backward pass of layer `index`, where `input` is the network's and
    /// layer `first` is the last to be visited.
    pub(crate) fn backward_views<'a>(
        &'a mut self,
        input: ArrayView2<'a, T>,
        index: usize,
        first: usize,
    ) -> BackwardViews<'a, T> {
        let rows = self.rows;
        let (before, rest) = self.layers.split_at_mut(index);
        let buffers = &mut rest[0];
        let (input, input_grad) = match before.last_mut() {
            None => (input, None),
            Some(below) => {
                let shape = (rows, below.dims.output);
                let input_grad = view_mut(&mut below.output_grad, shape);
                let input_grad = (index > first).then_some(input_grad);
                (view(&below.output, shape), input_grad)
            }
        };
        let shape = (rows, buffers.dims.output);
        let args = BackwardArgs {
            input,
            output: view(&buffers.output, shape),
            saved: &buffers.saved[..rows * buffers.dims.saved],
            sparse: &buffers.sparse,
            output_grad: view(&buffers.output_grad, shape),
        };
        (args, input_grad, &mut buffers.grads)
    }

    /// Grows the buffers for a pass of `rows` rows through these layers.
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
        let training = matches!(mode, Mode::Train(_));
        for (buffers, layer) in self.layers.iter_mut().zip(layers) {
            buffers.output.grow(rows * buffers.dims.output);
            buffers.saved.grow(rows * buffers.dims.saved);
            if training {
                buffers.prepare_training(&**layer, rows);
            }
        }
        self.rows = rows;
        self.mode = mode;
    }
}

impl<T: Scalar> LayerBuffers<T> {
    fn new(dims: LayerDims) -> Self {
        LayerBuffers {
            dims,
            output: AlignedVec::default(),
            saved: AlignedVec::default(),
            sparse: SparseIndex::default(),
            output_grad: AlignedVec::default(),
            grads: Vec::new(),
        }
    }

    fn prepare_training(&mut self, layer: &dyn Layer<T>, rows: usize) {
        self.output_grad.grow(rows * self.dims.output);
        let lengths = || layer.parameters().iter().map(|p| p.packed().len());
        if !self.grads.iter().map(|grad| grad.len()).eq(lengths()) {
            let zeros = |len| vec![T::zero(); len].into_boxed_slice();
            self.grads = lengths().map(zeros).collect();
        }
    }

    pub(crate) fn output(&self, rows: usize) -> ArrayView2<'_, T> {
        view(&self.output, (rows, self.dims.output))
    }
}

fn view<T>(buffer: &[T], shape: (usize, usize)) -> ArrayView2<'_, T> {
    ArrayView2::from_shape(shape, &buffer[..shape.0 * shape.1]).expect("the slice has this size")
}

pub(crate) fn view_mut<T>(buffer: &mut [T], shape: (usize, usize)) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape(shape, &mut buffer[..shape.0 * shape.1])
        .expect("the slice has this size")
}
