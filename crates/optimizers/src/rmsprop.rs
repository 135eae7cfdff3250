use backprop_tensor::{Scalar, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::slots;
use crate::{Optimizer, OptimizerError, Step};

/// RMSProp (Tieleman and Hinton, 2012): `v <- d v + (1 - d) g^2; p <- p - lr g / (sqrt(v) + e)`.
///
/// ```
/// use backprop_optimizers::{Optimizer, RmsProp};
///
/// let rmsprop = RmsProp::new(0.002).decay_rate(0.9);
/// assert_eq!(Optimizer::<f32>::settings(&rmsprop), [("decay rate", 0.9), ("epsilon", 1e-8)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    learning_rate: f64,
    decay_rate: f64,
    epsilon: f64,
}

impl RmsProp {
    /// With this learning rate, above 0, decay rate 0.99 and epsilon 1e-8, as in PyTorch.
    pub const fn new(learning_rate: f64) -> Self {
        RmsProp {
            learning_rate,
            decay_rate: 0.99,
            epsilon: 1e-8,
        }
    }

    /// With the decay rate `d` of the mean square, `0 <= d < 1`.
    #[must_use]
    pub const fn decay_rate(mut self, decay_rate: f64) -> Self {
        self.decay_rate = decay_rate;
        self
    }

    /// With epsilon, added outside the root, above 0.
    #[must_use]
    pub const fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Default for RmsProp {
    /// Learning rate 0.002, for one cycle, and PyTorch's constants.
    fn default() -> Self {
        RmsProp::new(0.002)
    }
}

impl<T: Scalar> Optimizer<T> for RmsProp {
    fn name(&self) -> &'static str {
        "rmsprop"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let (d, rest) = (
            T::from_f64(self.decay_rate),
            T::from_f64(1.0 - self.decay_rate),
        );
        let epsilon = T::from_f64(self.epsilon);
        let [v] = slots("RmsProp", value, grad, state);
        with_best_simd(|| {
            for ((p, &grad), v) in value.iter_mut().zip(grad).zip(v.iter_mut()) {
                let g = step.gradient(*p, grad);
                *v = d * *v + rest * g * g;
                *p = step.decayed(*p) - step.learning_rate * g / (v.sqrt() + epsilon);
            }
        });
    }

    fn state_slots(&self) -> usize {
        1
    }

    fn check(&self) -> Result<(), OptimizerError> {
        positive("the learning rate", self.learning_rate)?;
        below_one("the decay rate", self.decay_rate)?;
        positive("epsilon", self.epsilon)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("decay rate", self.decay_rate), ("epsilon", self.epsilon)]
    }
}
