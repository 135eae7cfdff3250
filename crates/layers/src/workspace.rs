use std::sync::{Arc, Mutex};

use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_tensor::{AlignedVec, Pool, Scalar, SparseIndex};

use crate::{BackwardArgs, Mode, Sequential};

/// Everything that a pass through a network writes: activations, caches and gradients.
///
/// It grows to the largest batch it has seen and then allocates nothing; a smaller batch uses a
/// part of it. Each thread that predicts has its own, and shares the network.
#[derive(Debug)]
pub struct Workspace<T> {
    pool: Arc<Pool>,
    pub(crate) mode: Mode,
    pub(crate) rows: usize,
    pub(crate) layers: Vec<LayerSpace<T>>,
    /// For each thread a workspace of its own, for predictions that are split by rows.
    parts: Vec<Mutex<Workspace<T>>>,
}

/// What the backward pass of a layer reads, and where its gradients go: by its input, if anybody
/// needs it, and by its parameters.
type Backward<'a, T> = (
    BackwardArgs<'a, T>,
    Option<ArrayViewMut2<'a, T>>,
    &'a mut [Box<[T]>],
);

/// The buffers of one layer.
#[derive(Debug)]
pub(crate) struct LayerSpace<T> {
    pub(crate) width: usize,
    pub(crate) cache_width: usize,
    pub(crate) output: AlignedVec<T>,
    pub(crate) cache: AlignedVec<T>,
    /// The nonzero elements of the layer's input.
    pub(crate) sparse: SparseIndex<T>,
    pub(crate) output_grad: AlignedVec<T>,
    /// One for each parameter, in its storage order; empty until a training pass.
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
            parts: Vec::new(),
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

    /// The output of the last training pass, and where a loss writes its gradient by that output.
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

    /// That the last pass was one of `network`, or of one with the same widths.
    #[track_caller]
    pub(crate) fn check_network(&self, network: &Sequential<T>) {
        let widths = |space: &LayerSpace<T>| (space.width, space.cache_width);
        assert!(
            self.layers.iter().map(widths).eq(network.widths()),
            "the workspace last ran another network; run Sequential::forward of this one first"
        );
    }

    /// A workspace for each thread of the pool, that runs on the thread alone.
    pub(crate) fn parts(&mut self) -> &[Mutex<Workspace<T>>] {
        if self.parts.is_empty() {
            let alone = self.pool.single_thread_pools().iter();
            self.parts = alone
                .map(|pool| Mutex::new(Workspace::new(Arc::clone(pool))))
                .collect();
        }
        &self.parts
    }

    /// What the backward pass of a layer reads and writes; `input` is the network's.
    pub(crate) fn backward<'a>(
        &'a mut self,
        input: ArrayView2<'a, T>,
        index: usize,
    ) -> Backward<'a, T> {
        let rows = self.rows;
        let (before, rest) = self.layers.split_at_mut(index);
        let space = &mut rest[0];
        let (input, input_grad) = match before.last_mut() {
            None => (input, None),
            Some(below) => {
                let shape = (rows, below.width);
                let input_grad = view_mut(&mut below.output_grad, shape);
                (view(&below.output, shape), Some(input_grad))
            }
        };
        let shape = (rows, space.width);
        let seen = BackwardArgs {
            input,
            output: view(&space.output, shape),
            saved: &space.cache[..rows * space.cache_width],
            sparse: &space.sparse,
            output_grad: view(&space.output_grad, shape),
        };
        (seen, input_grad, &mut space.grads)
    }

    /// Makes room for a pass of `rows` rows through `network`.
    pub(crate) fn prepare(&mut self, network: &Sequential<T>, rows: usize, mode: Mode) {
        let same = self.layers.len() == network.layers().len()
            && network
                .widths()
                .zip(&self.layers)
                .all(|((width, cache), space)| space.width == width && space.cache_width == cache);
        if !same {
            self.layers = network.widths().map(LayerSpace::new).collect();
        }
        let training = matches!(mode, Mode::Train(_));
        for (space, layer) in self.layers.iter_mut().zip(network.layers()) {
            space.output.grow_to(rows * space.width);
            space.cache.grow_to(rows * space.cache_width);
            if training {
                space.output_grad.grow_to(rows * space.width);
                let parameters = layer.parameters();
                let fits = space.grads.len() == parameters.len()
                    && space
                        .grads
                        .iter()
                        .zip(parameters)
                        .all(|(g, p)| g.len() == p.packed().len());
                if !fits {
                    let zeros = |n| vec![T::zero(); n].into_boxed_slice();
                    space.grads = parameters.iter().map(|p| zeros(p.packed().len())).collect();
                }
            }
        }
        self.rows = rows;
        self.mode = mode;
    }
}

impl<T: Scalar> LayerSpace<T> {
    fn new((width, cache_width): (usize, usize)) -> Self {
        LayerSpace {
            width,
            cache_width,
            output: AlignedVec::default(),
            cache: AlignedVec::default(),
            sparse: SparseIndex::default(),
            output_grad: AlignedVec::default(),
            grads: Vec::new(),
        }
    }

    pub(crate) fn output(&self, rows: usize) -> ArrayView2<'_, T> {
        view(&self.output, (rows, self.width))
    }
}

pub(crate) fn view<T>(buffer: &[T], shape: (usize, usize)) -> ArrayView2<'_, T> {
    ArrayView2::from_shape(shape, &buffer[..shape.0 * shape.1]).expect("the slice has this size")
}

pub(crate) fn view_mut<T>(buffer: &mut [T], shape: (usize, usize)) -> ArrayViewMut2<'_, T> {
    ArrayViewMut2::from_shape(shape, &mut buffer[..shape.0 * shape.1])
        .expect("the slice has this size")
}
