//! Prediction: rows in blocks that stay in the cache, split between threads by rows.

use std::sync::{Arc, PoisonError};

use backprop_tensor::cutoffs::prediction_ns;
use backprop_tensor::ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};
use backprop_tensor::{Pool, Scalar, argmax};

use super::Sequential;
use crate::{Mode, Workspace};

/// Rows that go through all layers before the next: the rows and their activations stay in the cache.
const PREDICT_BLOCK: usize = 64;

impl<T: Scalar> Sequential<T> {
    /// The network's output for `input` (B, inputs), as (B, outputs), on the thread of the caller.
    ///
    /// The call allocates a workspace. A program that predicts often keeps one and calls
    /// [`predict_into`](Self::predict_into), or shares a [`Predictor`](crate::Predictor) between
    /// threads.
    ///
    /// # Panics
    /// If the input has another width than the network.
    #[track_caller]
    pub fn predict(&self, input: ArrayView2<'_, T>) -> Array2<T> {
        let mut output = Array2::zeros((input.nrows(), self.output_width()));
        let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
        self.predict_into(&mut workspace, input, output.view_mut());
        output
    }

    /// The index of the largest output of each row, the first of equals; `None` for a row with an
    /// output that is not a number.
    ///
    /// # Panics
    /// If the input has another width than the network.
    #[track_caller]
    pub fn classify(&self, input: ArrayView2<'_, T>) -> Vec<Option<usize>> {
        self.predict(input).rows().into_iter().map(argmax).collect()
    }

    /// Writes the network's output for `input` (B, inputs) into `output` (B, outputs).
    ///
    /// One row gives the same bits as within a batch.
    ///
    /// # Panics
    /// If a shape does not fit.
    #[track_caller]
    #[inline(never)]
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
        let work_ns = prediction_ns(rows * self.parameter_count(), T::SIZE);
        let pool = Arc::clone(workspace.pool());
        let Some(slice) = output.as_slice_mut() else {
            return self.predict_blocks(workspace, input, output);
        };
        match workspace.per_thread() {
            [] => self.predict_blocks(workspace, input, output),
            workspaces => {
                let width = self.output_width();
                // Without a split, with the workspace of the first thread as well: it is large
                // enough after a larger batch.
                pool.par_split_work(work_ns, width, [slice], |thread, chunk, [slice]| {
                    let rows = chunk.start / width..chunk.end / width;
                    let shape = (rows.len(), width);
                    let output = ArrayViewMut2::from_shape(shape, slice).expect("whole rows");
                    let input = input.slice_axis(Axis(0), Slice::from(rows));
                    let own = workspaces[thread].lock();
                    let mut own = own.unwrap_or_else(PoisonError::into_inner);
                    self.predict_blocks(&mut own, input, output);
                });
            }
        }
    }

    fn predict_blocks(
        &self,
        workspace: &mut Workspace<T>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
    ) {
        workspace.prepare(&self.layers, &self.layer_dims, PREDICT_BLOCK, Mode::Predict);
        let inputs = input.axis_chunks_iter(Axis(0), PREDICT_BLOCK);
        let outputs = output.axis_chunks_iter_mut(Axis(0), PREDICT_BLOCK);
        for (input, mut output) in inputs.zip(outputs) {
            self.forward(workspace, Mode::Predict, input);
            output.assign(&workspace.output());
        }
    }
}
