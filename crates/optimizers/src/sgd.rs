use backprop_tensor::{Scalar, with_best_simd};

use crate::error::below_one;
use crate::optimizer::checked;
use crate::{Optimizer, OptimizerError, Step};

/// Stochastic gradient descent (Robbins and Monro, 1951): `p <- p - lr g`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sgd;

impl<T: Scalar> Optimizer<T> for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn state_slots(&self) -> usize {
        0
    }

    fn is_vanilla_sgd(&self) -> bool {
        true
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [] = checked("Sgd", value, grad, state);
        with_best_simd(|| {
            for (p, &grad) in value.iter_mut().zip(grad) {
                let g = step.gradient(*p, grad);
                *p = step.decayed(*p) - step.learning_rate * g;
            }
        });
    }
}

/// SGD with Nesterov's momentum (Nesterov, 1983; Sutskever, Martens, Dahl and Hinton, 2013), in
/// PyTorch's form: `b <- mu b + g; p <- p - lr (g + mu b)`. `mu = 0` is plain SGD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nesterov {
    momentum: f64,
}

impl Nesterov {
    /// With momentum `mu`.
    ///
    /// # Errors
    /// If not `0 <= momentum < 1`.
    pub fn new(momentum: f64) -> Result<Self, OptimizerError> {
        Ok(Nesterov {
            momentum: below_one("the momentum", momentum)?,
        })
    }
}

impl Default for Nesterov {
    /// Momentum 0.9.
    fn default() -> Self {
        Nesterov { momentum: 0.9 }
    }
}

impl<T: Scalar> Optimizer<T> for Nesterov {
    fn name(&self) -> &'static str {
        "nesterov"
    }

    fn state_slots(&self) -> usize {
        1
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let mu = T::from_f64(self.momentum);
        let [b] = checked("Nesterov", value, grad, state);
        with_best_simd(|| {
            for ((p, &grad), b) in value.iter_mut().zip(grad).zip(b.iter_mut()) {
                let g = step.gradient(*p, grad);
                *b = mu * *b + g;
                *p = step.decayed(*p) - step.learning_rate * (g + mu * *b);
            }
        });
    }
}
