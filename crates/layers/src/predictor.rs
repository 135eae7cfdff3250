use std::sync::{Arc, Mutex, PoisonError};

use backprop_tensor::ndarray::{Array2, ArrayView2, ArrayViewMut2};
use backprop_tensor::{Pool, Scalar};

use crate::{Sequential, Workspace};

/// Workspaces for predictions by `&self`, from any number of threads at once.
///
/// A call takes a workspace that is free, or makes one, and gives it back when it is done; no lock
/// is held while it computes. There are never more workspaces than calls at the same time.
///
/// ```
/// use std::sync::Arc;
/// use backprop_layers::{Pool, Predictor, Sequential, linear};
/// use backprop_layers::ndarray::Array2;
///
/// let network = Sequential::<f32>::new(3, [linear(2)], 0)?;
/// let predictor = Predictor::new(Arc::new(Pool::new(1)));
/// let rows = Array2::ones((5, 3));
/// let outputs = std::thread::scope(|scope| {
///     let predict = || predictor.predict(&network, rows.view());
///     [scope.spawn(predict), scope.spawn(predict)].map(|thread| thread.join().unwrap())
/// });
/// assert_eq!(outputs[0], outputs[1]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Predictor<T> {
    pool: Arc<Pool>,
    free: Mutex<Vec<Workspace<T>>>,
}

impl<T: Scalar> Predictor<T> {
    /// A predictor whose calls run on `pool`; a call that finds the pool in use runs on its own
    /// thread.
    pub fn new(pool: Arc<Pool>) -> Self {
        Predictor {
            pool,
            free: Mutex::default(),
        }
    }

    /// The threads that calls run on.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The network's output for `input` (B, inputs), as (B, outputs).
    ///
    /// # Panics
    /// If the input has another width than the network.
    #[track_caller]
    pub fn predict(&self, network: &Sequential<T>, input: ArrayView2<'_, T>) -> Array2<T> {
        let mut output = Array2::zeros((input.nrows(), network.output_width()));
        self.predict_into(network, input, output.view_mut());
        output
    }

    /// Writes the network's output for `input` (B, inputs) into `output` (B, outputs).
    ///
    /// # Panics
    /// If a shape does not fit.
    #[track_caller]
    pub fn predict_into(
        &self,
        network: &Sequential<T>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
    ) {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = free().pop();
        let mut workspace = taken.unwrap_or_else(|| Workspace::new(Arc::clone(&self.pool)));
        network.predict_into(&mut workspace, input, output);
        free().push(workspace);
    }
}

impl<T: Scalar> Default for Predictor<T> {
    /// A predictor on the thread of the caller.
    fn default() -> Self {
        Predictor::new(Arc::default())
    }
}
