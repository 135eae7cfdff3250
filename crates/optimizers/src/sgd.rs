use backprop_tensor::{Scalar, with_best_simd};

use crate::optimizer::slots;
use crate::{Optimizer, Step};

/// Stochastic gradient descent (Robbins and Monro, 1951): `p <- p - lr g`.
///
/// ```
/// use backprop_optimizers::{Optimizer, Sgd};
///
/// assert_eq!(Optimizer::<f32>::learning_rate(&Sgd::new(0.1)), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// Gradient descent with this learning rate, above 0.
    pub const fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate }
    }
}

impl Default for Sgd {
    /// Learning rate 0.5, for one cycle.
    fn default() -> Self {
        Sgd::new(0.5)
    }
}

impl<T: Scalar> Optimizer<T> for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [] = slots("Sgd", value, grad, state);
        with_best_simd(|| {
            for (p, &grad) in value.iter_mut().zip(grad) {
                let g = step.gradient(*p, grad);
                *p = step.decayed(*p) - step.learning_rate * g;
            }
        });
    }

    fn is_vanilla_sgd(&self) -> bool {
        true
    }
}
