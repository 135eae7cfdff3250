use backprop_tensor::{Scalar, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::slots;
use crate::{Optimizer, OptimizerError, Step};

/// SGD with heavy-ball momentum (Polyak, 1964), in PyTorch's form without dampening:
/// `b <- mu b + g; p <- p - lr b`. `mu = 0` is plain SGD.
///
/// ```
/// use backprop_optimizers::{Momentum, Optimizer};
///
/// let momentum = Momentum::new(0.05).momentum(0.95);
/// assert_eq!(Optimizer::<f32>::settings(&momentum), [("momentum", 0.95)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    learning_rate: f64,
    momentum: f64,
}

impl Momentum {
    /// With this learning rate, above 0, and momentum 0.9.
    pub const fn new(learning_rate: f64) -> Self {
        Momentum {
            learning_rate,
            momentum: 0.9,
        }
    }

    /// With momentum `mu`, `0 <= mu < 1`.
    #[must_use]
    pub const fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }
}

impl Default for Momentum {
    /// Learning rate 0.05, for one cycle, and momentum 0.9.
    fn default() -> Self {
        Momentum::new(0.05)
    }
}

impl<T: Scalar> Optimizer<T> for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let mu = T::from_f64(self.momentum);
        let [b] = slots("Momentum", value, grad, state);
        with_best_simd(|| {
            for ((p, &grad), b) in value.iter_mut().zip(grad).zip(b.iter_mut()) {
                let g = step.gradient(*p, grad);
                *b = mu * *b + g;
                *p = step.decayed(*p) - step.learning_rate * *b;
            }
        });
    }

    fn state_slots(&self) -> usize {
        1
    }

    fn check(&self) -> Result<(), OptimizerError> {
        positive("the learning rate", self.learning_rate)?;
        below_one("the momentum", self.momentum)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("momentum", self.momentum)]
    }
}
