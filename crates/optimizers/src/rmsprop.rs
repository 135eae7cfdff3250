use backprop_tensor::{Scalar, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::checked;
use crate::{Optimizer, OptimizerError, Step};

/// RMSProp (Tieleman and Hinton, 2012): `v <- d v + (1 - d) g^2; p <- p - lr g / (sqrt(v) + e)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    decay_rate: f64,
    epsilon: f64,
}

impl RmsProp {
    /// With the decay rate `d` of the mean square and `e` added outside the root.
    ///
    /// # Errors
    /// If not `0 <= decay_rate < 1`, or epsilon is not positive and finite.
    pub fn new(decay_rate: f64, epsilon: f64) -> Result<Self, OptimizerError> {
        Ok(RmsProp {
            decay_rate: below_one("the decay rate", decay_rate)?,
            epsilon: positive("epsilon", epsilon)?,
        })
    }
}

impl Default for RmsProp {
    /// Decay rate 0.99, epsilon 1e-8, as in PyTorch.
    fn default() -> Self {
        RmsProp {
            decay_rate: 0.99,
            epsilon: 1e-8,
        }
    }
}

impl<T: Scalar> Optimizer<T> for RmsProp {
    fn name(&self) -> &'static str {
        "rmsprop"
    }

    fn state_slots(&self) -> usize {
        1
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let (d, rest) = (
            T::from_f64(self.decay_rate),
            T::from_f64(1.0 - self.decay_rate),
        );
        let epsilon = T::from_f64(self.epsilon);
        let [v] = checked("RmsProp", value, grad, state);
        with_best_simd(|| {
            for ((p, &grad), v) in value.iter_mut().zip(grad).zip(v.iter_mut()) {
                let g = step.gradient(*p, grad);
                *v = d * *v + rest * g * g;
                *p = step.decayed(*p) - step.learning_rate * g / (v.sqrt() + epsilon);
            }
        });
    }
}
