use backprop_tensor::{Scalar, with_best_simd};

use crate::error::positive;
use crate::optimizer::slots;
use crate::{Optimizer, OptimizerError, Step};

/// AdaGrad (Duchi, Hazan and Singer, 2011): `s <- s + g^2; p <- p - lr g / (sqrt(s) + e)`.
///
/// ```
/// use backprop_optimizers::{AdaGrad, Optimizer};
///
/// let adagrad = AdaGrad::new(0.02).epsilon(1e-8);
/// assert_eq!(Optimizer::<f32>::settings(&adagrad), [("epsilon", 1e-8)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaGrad {
    learning_rate: f64,
    epsilon: f64,
}

impl AdaGrad {
    /// With this learning rate, above 0, and epsilon 1e-10, as in PyTorch.
    pub const fn new(learning_rate: f64) -> Self {
        AdaGrad {
            learning_rate,
            epsilon: 1e-10,
        }
    }

    /// With epsilon, added outside the root, above 0.
    #[must_use]
    pub const fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Default for AdaGrad {
    /// Learning rate 0.1, for one cycle, and PyTorch's epsilon.
    fn default() -> Self {
        AdaGrad::new(0.1)
    }
}

impl<T: Scalar> Optimizer<T> for AdaGrad {
    fn name(&self) -> &'static str {
        "adagrad"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let epsilon = T::from_f64(self.epsilon);
        let [s] = slots("AdaGrad", value, grad, state);
        with_best_simd(|| {
            for ((p, &grad), s) in value.iter_mut().zip(grad).zip(s.iter_mut()) {
                let g = step.gradient(*p, grad);
                *s += g * g;
                *p = step.decayed(*p) - step.learning_rate * g / (s.sqrt() + epsilon);
            }
        });
    }

    fn state_slots(&self) -> usize {
        1
    }

    fn check(&self) -> Result<(), OptimizerError> {
        positive("the learning rate", self.learning_rate)?;
        positive("epsilon", self.epsilon)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("epsilon", self.epsilon)]
    }
}
