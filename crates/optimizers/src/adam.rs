use backprop_tensor::{Scalar, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::checked;
use crate::{Optimizer, OptimizerError, Step};

/// Adam (Kingma and Ba, 2015): `m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
/// p <- p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)`, with `t` counting steps from 1.
///
/// With decoupled decay it is AdamW (Loshchilov and Hutter, 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl Adam {
    /// With the decay rates of the two means, and epsilon, added outside the root.
    ///
    /// # Errors
    /// If not `0 <= beta < 1` for both, or epsilon is not positive and finite.
    pub fn new(beta1: f64, beta2: f64, epsilon: f64) -> Result<Self, OptimizerError> {
        Ok(Adam {
            beta1: below_one("beta1", beta1)?,
            beta2: below_one("beta2", beta2)?,
            epsilon: positive("epsilon", epsilon)?,
        })
    }
}

impl Default for Adam {
    /// Betas 0.9 and 0.999, epsilon 1e-8, as in PyTorch.
    fn default() -> Self {
        Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl<T: Scalar> Optimizer<T> for Adam {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn state_slots(&self) -> usize {
        2
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [m, v] = checked("Adam", value, grad, state);
        assert!(step.t > 0, "Adam counts steps from 1, not 0");
        let (b1, b2) = (T::from_f64(self.beta1), T::from_f64(self.beta2));
        let (rest1, rest2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        // The corrections are the same for all elements: taken out of the loop, and in f64.
        let t = i32::try_from(step.t).unwrap_or(i32::MAX);
        let rate = T::from_f64(step.learning_rate.as_f64() / (1.0 - self.beta1.powi(t)));
        let root = T::from_f64((1.0 - self.beta2.powi(t)).sqrt().recip());
        let epsilon = T::from_f64(self.epsilon);
        with_best_simd(|| {
            for (((p, &grad), m), v) in value
                .iter_mut()
                .zip(grad)
                .zip(m.iter_mut())
                .zip(v.iter_mut())
            {
                let g = step.gradient(*p, grad);
                *m = b1 * *m + rest1 * g;
                *v = b2 * *v + rest2 * g * g;
                *p = step.decayed(*p) - rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }
}
