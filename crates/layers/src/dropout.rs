use backprop_tensor::Scalar;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};

use crate::elementwise::{by_rows, zip_rows};
use crate::layer::{check_grad_shapes, check_shape};
use crate::{BackwardArgs, BuildError, Layer, LayerSpec, Mode, PassContext, Saved};

/// Numbers of draws that are made at a time.
const DRAWS: usize = 16;

/// Inverted dropout (Srivastava et al., 2014): in training each value is zero with probability `p`
/// and otherwise divided by `1 - p`; in prediction nothing changes.
///
/// The draw of an element is a function of the key and of the element's place in the batch, so the
/// same key gives the same mask. The backward pass multiplies by the same mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
}

impl Dropout {
    /// Drops this share of the values.
    ///
    /// # Errors
    /// If not `0 <= probability < 1`.
    pub fn new(probability: f64) -> Result<Self, BuildError> {
        if (0.0..1.0).contains(&probability) {
            Ok(Dropout { probability })
        } else {
            Err(BuildError::Dropout(probability))
        }
    }
}

impl<T: Scalar> Layer<T> for Dropout {
    fn output_width(&self, input_width: usize) -> Result<usize, BuildError> {
        Ok(input_width)
    }

    /// The mask: 0 or `1 / (1 - p)` for each element.
    fn saved_per_row(&self, input_width: usize) -> usize {
        input_width
    }

    fn forward(
        &self,
        run: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        saved: Saved<'_, T>,
    ) {
        check_shape("Dropout", input.dim(), output.dim());
        let Mode::Train(key) = run.mode else {
            output.assign(&input);
            return;
        };
        let kept = T::from_f64(1.0 / (1.0 - self.probability));
        // A uniform 32-bit draw is below this with the probability to drop, to 2^-32.
        let threshold = (self.probability * 2.0_f64.powi(32)) as u32;
        // Four draws have one number; so parts begin with a multiple of four.
        by_rows(
            run.pool,
            4 * input.ncols(),
            saved.values,
            move |part, masks| {
                let mut draws = [[0; 4]; DRAWS];
                for (block, masks) in masks.chunks_mut(4 * DRAWS).enumerate() {
                    key.random_blocks((part.start / 4 + block * DRAWS) as u64, &mut draws);
                    for (mask, &draw) in masks.iter_mut().zip(draws.as_flattened()) {
                        *mask = if draw < threshold { T::zero() } else { kept };
                    }
                }
            },
        );
        let mask = ArrayView2::from_shape(input.dim(), saved.values).expect("one mask an element");
        zip_rows(run.pool, output, input, mask, |x, mask| x * mask);
    }

    fn backward(
        &self,
        run: &PassContext<'_>,
        seen: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let Some(mut input_grad) = input_grad else {
            return;
        };
        check_grad_shapes("Dropout", &seen, &input_grad);
        if run.mode == Mode::Predict {
            input_grad.assign(&seen.output_grad);
            return;
        }
        let shape = seen.output_grad.dim();
        let mask = ArrayView2::from_shape(shape, seen.saved).expect("one mask an element");
        zip_rows(run.pool, input_grad, seen.output_grad, mask, |dy, mask| {
            dy * mask
        });
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Dropout {
            probability: self.probability,
        }
    }

    fn boxed_clone(&self) -> Box<dyn Layer<T>> {
        Box::new(self.clone())
    }
}
