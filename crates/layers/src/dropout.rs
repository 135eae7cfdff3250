use backprop_tensor::Scalar;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2};

use crate::elementwise::{ElementOp, par_rows, par_zip};
use crate::layer::{check_grad_shapes, check_shape};
use crate::{BackwardArgs, BuildError, Layer, LayerSpec, Mode, PassContext, Saved};

/// Blocks of four draws that are made at a time.
const BLOCKS: usize = 16;

/// Inverted dropout (Srivastava et al., 2014): in training each element is zero with probability `p`
/// and otherwise divided by `1 - p`; in prediction nothing changes.
///
/// The draw of an element is a function of the key and of the element's index in the batch, so the
/// same key gives the same mask. The backward pass multiplies by the same mask. Shapes: (B, width).
///
/// ```
/// use backprop_layers::ndarray::array;
/// use backprop_layers::{Sequential, dropout};
///
/// let network = Sequential::<f64>::new(2, [dropout(0.5)], 0)?;
/// assert_eq!(network.predict(array![[1.0, 2.0]].view()), array![[1.0, 2.0]]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
}

impl Dropout {
    /// A dropout with this probability.
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
    fn forward(
        &self,
        context: &PassContext<'_>,
        input: ArrayView2<'_, T>,
        mut output: ArrayViewMut2<'_, T>,
        saved: Saved<'_, T>,
    ) {
        check_shape("Dropout", input.dim(), output.dim());
        let Mode::Train(key) = context.mode else {
            output.assign(&input);
            return;
        };
        let scale = T::from_f64(1.0 / (1.0 - self.probability));
        // A uniform 32-bit draw is below this with the probability to drop, to 2^-32.
        let threshold = (self.probability * 2.0_f64.powi(32)) as u32;
        // Four draws share one counter, so chunks begin at a multiple of four.
        par_rows(
            context.pool,
            4 * input.ncols(),
            saved.values,
            move |chunk, masks| {
                let mut draws = [[0; 4]; BLOCKS];
                for (block, masks) in masks.chunks_mut(4 * BLOCKS).enumerate() {
                    key.random_blocks((chunk.start / 4 + block * BLOCKS) as u64, &mut draws);
                    for (mask, &draw) in masks.iter_mut().zip(draws.as_flattened()) {
                        *mask = if draw < threshold { T::zero() } else { scale };
                    }
                }
            },
        );
        let mask = ArrayView2::from_shape(input.dim(), saved.values).expect("one mask an element");
        par_zip(context.pool, output, input, mask, Product);
    }

    fn backward(
        &self,
        context: &PassContext<'_>,
        args: BackwardArgs<'_, T>,
        input_grad: Option<ArrayViewMut2<'_, T>>,
        _grads: &mut [Box<[T]>],
    ) {
        let Some(mut input_grad) = input_grad else {
            return;
        };
        check_grad_shapes("Dropout", &args, &input_grad);
        if context.mode == Mode::Predict {
            input_grad.assign(&args.output_grad);
            return;
        }
        let shape = args.output_grad.dim();
        let mask = ArrayView2::from_shape(shape, args.saved).expect("one mask an element");
        par_zip(context.pool, input_grad, args.output_grad, mask, Product);
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::Dropout {
            probability: self.probability,
        }
    }

    /// The mask: 0 or `1 / (1 - p)` for each element.
    fn saved_per_row(&self, input_width: usize) -> usize {
        input_width
    }
}

/// The product of an element and its mask.
#[derive(Clone, Copy)]
struct Product;

impl<T: Scalar> ElementOp<T> for Product {
    #[inline(always)]
    fn apply(self, element: T, mask: T) -> T {
        element * mask
    }
}
