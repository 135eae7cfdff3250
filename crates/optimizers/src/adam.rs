use backprop_tensor::{Scalar, with_best_simd};

use crate::error::{below_one, positive};
use crate::optimizer::slots;
use crate::{Optimizer, OptimizerError, Step};

/// Adam (Kingma and Ba, 2015): `m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
/// p <- p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)`, with `t` counting steps from 1.
///
/// With decoupled decay it is AdamW (Loshchilov and Hutter, 2019).
///
/// ```
/// use backprop_optimizers::{Adam, Optimizer};
///
/// let adam = Adam::new(1e-3).betas(0.9, 0.99);
/// let settings = Optimizer::<f32>::settings(&adam);
/// assert_eq!(settings, [("beta1", 0.9), ("beta2", 0.99), ("epsilon", 1e-8)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    learning_rate: f64,
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
}

impl Adam {
    /// With this learning rate, above 0, betas 0.9 and 0.999 and epsilon 1e-8, as in PyTorch.
    pub const fn new(learning_rate: f64) -> Self {
        Adam {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }

    /// With the decay rates of the mean and of the mean square, `0 <= beta < 1` for both.
    #[must_use]
    pub const fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.beta1 = beta1;
        self.beta2 = beta2;
        self
    }

    /// With epsilon, added outside the root, above 0.
    #[must_use]
    pub const fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// `1 / sqrt(1 - b2^t)`, the bias correction of the mean square's root.
    pub(crate) fn root_correction(&self, t: u64) -> f64 {
        (1.0 - self.beta2.powi(exponent(t))).sqrt().recip()
    }
}

/// A step as an exponent; powers of a beta below 1 no longer change at the largest one.
fn exponent(t: u64) -> i32 {
    i32::try_from(t).unwrap_or(i32::MAX)
}

impl Default for Adam {
    /// Learning rate 0.004, for one cycle, and PyTorch's constants.
    fn default() -> Self {
        Adam::new(0.004)
    }
}

impl<T: Scalar> Optimizer<T> for Adam {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [m, v] = slots("Adam", value, grad, state);
        let (b1, b2) = (T::from_f64(self.beta1), T::from_f64(self.beta2));
        let (rest1, rest2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        let [correction, root, ..] = step.constants;
        let rate = T::from_f64(step.learning_rate.as_f64() / correction);
        let root = T::from_f64(root);
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

    fn state_slots(&self) -> usize {
        2
    }

    /// `1 - b1^t` and `1 / sqrt(1 - b2^t)`.
    fn step_constants(&self, t: u64) -> [f64; 4] {
        assert!(t > 0, "Adam counts steps from 1, not 0");
        let correction = 1.0 - self.beta1.powi(exponent(t));
        [correction, self.root_correction(t), 0.0, 0.0]
    }

    fn check(&self) -> Result<(), OptimizerError> {
        positive("the learning rate", self.learning_rate)?;
        below_one("beta1", self.beta1)?;
        below_one("beta2", self.beta2)?;
        positive("epsilon", self.epsilon)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("epsilon", self.epsilon),
        ]
    }
}
