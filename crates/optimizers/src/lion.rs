use backprop_tensor::{Scalar, sign, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::slots;
use crate::{Optimizer, OptimizerError, Step};

/// Lion (Chen et al., 2023): `p <- p - lr sign(b1 m + (1 - b1) g); m <- b2 m + (1 - b2) g`, where the
/// sign of 0 is 0.
///
/// Every element moves by the learning rate, so the rate is some ten times smaller than Adam's. The
/// paper's decay is [decoupled](Step::decayed), and some ten times larger than AdamW's.
///
/// ```
/// use backprop_optimizers::{Lion, Optimizer};
///
/// let lion = Lion::new(1e-4).betas(0.95, 0.98);
/// let settings = Optimizer::<f32>::settings(&lion);
/// assert_eq!(settings, [("beta1", 0.95), ("beta2", 0.98)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion {
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
}

impl Lion {
    /// With this learning rate, above 0, and betas 0.9 and 0.99, as in the paper.
    pub const fn new(learning_rate: f64) -> Self {
        Lion {
            learning_rate,
            beta1: 0.9,
            beta2: 0.99,
        }
    }

    /// With the shares of the mean in the step and in the mean after it, `0 <= beta < 1` for both.
    #[must_use]
    pub const fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.beta1 = beta1;
        self.beta2 = beta2;
        self
    }
}

impl Default for Lion {
    /// Learning rate 0.0005, for one cycle, and the paper's constants.
    fn default() -> Self {
        Lion::new(0.0005)
    }
}

impl<T: Scalar> Optimizer<T> for Lion {
    fn name(&self) -> &'static str {
        "lion"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [m] = slots("Lion", value, grad, state);
        let (b1, b2) = (T::from_f64(self.beta1), T::from_f64(self.beta2));
        let (rest1, rest2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        with_best_simd(|| {
            for ((p, &grad), m) in value.iter_mut().zip(grad).zip(m.iter_mut()) {
                let g = step.gradient(*p, grad);
                let direction = sign(b1 * *m + rest1 * g);
                *p = step.decayed(*p) - step.learning_rate * direction;
                *m = b2 * *m + rest2 * g;
            }
        });
    }

    fn state_slots(&self) -> usize {
        1
    }

    fn check(&self) -> Result<(), OptimizerError> {
        positive("the learning rate", self.learning_rate)?;
        below_one("beta1", self.beta1)?;
        below_one("beta2", self.beta2)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.beta1), ("beta2", self.beta2)]
    }
}
