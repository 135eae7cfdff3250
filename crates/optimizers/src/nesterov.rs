use backprop_tensor::{Scalar, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::slots;
use crate::{Optimizer, OptimizerError, Step};

/// SGD with Nesterov's momentum (Nesterov, 1983; Sutskever, Martens, Dahl and Hinton, 2013), in
/// PyTorch's form: `b <- mu b + g; p <- p - lr (g + mu b)`. `mu = 0` is plain SGD.
///
/// ```
/// use backprop_optimizers::{Nesterov, Optimizer};
///
/// let nesterov = Nesterov::new(0.05).momentum(0.95);
/// assert_eq!(Optimizer::<f32>::settings(&nesterov), [("momentum", 0.95)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nesterov {
    learning_rate: f64,
    momentum: f64,
}

impl Nesterov {
    /// With this learning rate, above 0, and momentum 0.9.
    pub const fn new(learning_rate: f64) -> Self {
        Nesterov {
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

impl Default for Nesterov {
    /// Learning rate 0.05, for one cycle, and momentum 0.9.
    fn default() -> Self {
        Nesterov::new(0.05)
    }
}

impl<T: Scalar> Optimizer<T> for Nesterov {
    fn name(&self) -> &'static str {
        "nesterov"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let mu = T::from_f64(self.momentum);
        let [b] = slots("Nesterov", value, grad, state);
        with_best_simd(|| {
            for ((p, &grad), b) in value.iter_mut().zip(grad).zip(b.iter_mut()) {
                let g = step.gradient(*p, grad);
                *b = mu * *b + g;
                *p = step.decayed(*p) - step.learning_rate * (g + mu * *b);
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
