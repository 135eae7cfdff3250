//! The notebook's layers, wrong in the ways that the notebook was. `docs/notebook.md` explains them.

use std::sync::atomic::{AtomicU64, Ordering};

use backprop_trainer::layers::{BackwardArgs, Layer, LayerSpec, PassContext, Saved};
use backprop_trainer::ndarray::{ArrayView2, ArrayViewMut2, Axis, Zip};
use backprop_trainer::tensor::{Key, Scalar};

/// A "ReLU" whose output is 1 where `x > 0`, instead of `x`; `dx = dy` where `x > 0`.
#[derive(Clone, Debug)]
pub(super) struct StepRelu;

impl<T: Scalar> Layer<T> for StepRelu {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        let step = |x: T| if x > T::zero() { T::one() } else { T::zero() };
        Zip::from(output).and(input).for_each(|y, &x| *y = step(x));
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        if let Some(input_grad) = input_grad {
            Zip::from(input_grad)
                .and(args.output)
                .and(args.output_grad)
                .for_each(|dx, &y, &dy| *dx = y * dy);
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("step-relu", "")
    }
}

/// A "dropout" with one draw for each neuron, the same for all rows of the batch, not scaled by
/// `1 / (1 - p)`, not in the backward pass, and active in evaluation.
#[derive(Debug)]
pub(super) struct SharedDropout {
    pub(super) probability: f64,
    pub(super) key: Key,
    /// Passes so far: the mode is not asked, so the draws have to be counted here.
    pub(super) passes: AtomicU64,
}

impl Clone for SharedDropout {
    fn clone(&self) -> Self {
        SharedDropout {
            probability: self.probability,
            key: self.key,
            passes: AtomicU64::new(self.passes.load(Ordering::Relaxed)),
        }
    }
}

impl<T: Scalar> Layer<T> for SharedDropout {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        let pass = self.passes.fetch_add(1, Ordering::Relaxed);
        let key = self.key.derive("pass", pass);
        output.assign(&input);
        for (neuron, mut column) in output.axis_iter_mut(Axis(1)).enumerate() {
            let draw = f64::from(key.random_block(neuron as u64)[0]) / 2.0_f64.powi(32);
            if draw < self.probability {
                column.fill(T::zero());
            }
        }
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        if let Some(mut input_grad) = input_grad {
            input_grad.assign(&args.output_grad);
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("shared-dropout", "")
    }
}

/// A softmax whose exponents are shifted by the largest logit of the whole batch, not of the row.
#[derive(Clone, Debug)]
pub(super) struct BatchSoftmax;

impl<T: Scalar> Layer<T> for BatchSoftmax {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        _saved: Saved<'_, T>,
    ) {
        let max = input.iter().copied().fold(T::neg_infinity(), T::max);
        for (input, mut output) in input.rows().into_iter().zip(output.rows_mut()) {
            output.assign(&input.mapv(|x| (x - max).exp()));
            let sum = output.sum();
            output.mapv_inplace(|e| e / sum);
        }
    }

    /// `dx_j = y_j (dy_j - sum_k dy_k y_k)`, which does not depend on the shift.
    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let Some(mut input_grad) = input_grad else {
            return;
        };
        let rows = args.output.rows().into_iter().zip(args.output_grad.rows());
        for ((y, dy), mut dx) in rows.zip(input_grad.rows_mut()) {
            let mean = y.dot(&dy);
            Zip::from(&mut dx)
                .and(y)
                .and(dy)
                .for_each(|dx, &y, &dy| *dx = y * (dy - mean));
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("batch-softmax", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_trainer::layers::{Mode, SparseIndex};
    use backprop_trainer::ndarray::{Array2, array};
    use backprop_trainer::tensor::Pool;

    fn forward(layer: &impl Layer<f64>, input: &Array2<f64>, mode: Mode) -> Array2<f64> {
        let pool = Pool::new(1);
        let mut output = Array2::zeros(input.dim());
        let context = PassContext { pool: &pool, mode };
        let saved = Saved {
            values: &mut [],
            sparse: &mut SparseIndex::default(),
        };
        layer.forward(&context, input.view(), output.view_mut(), saved);
        output
    }

    #[test]
    fn the_step_forgets_how_large_its_input_was() {
        let output = forward(&StepRelu, &array![[0.5, 7.0], [0.0, -1.0]], Mode::Predict);
        assert_eq!(output, array![[1.0, 1.0], [0.0, 0.0]]);
    }

    #[test]
    fn the_shared_mask_drops_whole_columns_unscaled_and_in_evaluation() {
        let layer = SharedDropout {
            probability: 0.5,
            key: Key::new(1),
            passes: AtomicU64::new(0),
        };
        let input = Array2::from_elem((3, 100), 2.0);
        for mode in [Mode::Predict, Mode::Train(Key::new(9))] {
            let output = forward(&layer, &input, mode);
            for column in output.columns() {
                assert!(column.iter().all(|y| *y == column[0]));
                assert!(column[0] == 0.0 || column[0] == 2.0);
            }
            let kept = output.row(0).iter().filter(|y| **y > 0.0).count();
            assert!((30..70).contains(&kept), "{kept}");
        }
        let one = forward(&layer, &input, Mode::Predict);
        assert_ne!(one, forward(&layer, &input, Mode::Predict));
    }

    /// One confident row takes the whole batch's range: the other row's sum underflows to zero.
    #[test]
    fn the_softmax_of_a_batch_loses_the_row_that_is_far_below_the_largest_logit() {
        let output = forward(
            &BatchSoftmax,
            &array![[1000.0, 0.0], [1.0, 0.0]],
            Mode::Predict,
        );
        assert_eq!(output.row(0).to_vec(), [1.0, 0.0]);
        assert!(output.row(1).iter().all(|y| y.is_nan()));
    }
}
