use backprop_tensor::{Scalar, with_best_simd};

use crate::error::not_negative;
use crate::optimizer::slots;
use crate::{Adam, Optimizer, OptimizerError, Step};

/// NAdam (Dozat, 2016), Adam with Nesterov's momentum, in PyTorch's form. With
/// `mu_t = b1 (1 - 0.96^(t psi) / 2)` and `M_t = mu_1 mu_2 ... mu_t`:
/// `m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
/// p <- p - lr ((1 - mu_t) g / (1 - M_t) + mu_(t+1) m / (1 - M_(t+1))) / (sqrt(v / (1 - b2^t)) + e)`.
///
/// ```
/// use backprop_optimizers::{NAdam, Optimizer};
///
/// let nadam = NAdam::new(1e-3).betas(0.9, 0.99);
/// let settings = Optimizer::<f32>::settings(&nadam);
/// assert_eq!(settings[..2], [("beta1", 0.9), ("beta2", 0.99)]);
/// assert_eq!(settings[2..], [("epsilon", 1e-8), ("momentum decay", 0.004)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NAdam {
    adam: Adam,
    momentum_decay: f64,
}

impl NAdam {
    /// With this learning rate, above 0, betas 0.9 and 0.999, epsilon 1e-8 and momentum decay 0.004,
    /// as in PyTorch.
    pub const fn new(learning_rate: f64) -> Self {
        NAdam {
            adam: Adam::new(learning_rate),
            momentum_decay: 0.004,
        }
    }

    /// With the decay rates of the mean and of the mean square, `0 <= beta < 1` for both.
    #[must_use]
    pub const fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.adam = self.adam.betas(beta1, beta2);
        self
    }

    /// With epsilon, added outside the root, above 0.
    #[must_use]
    pub const fn epsilon(mut self, epsilon: f64) -> Self {
        self.adam = self.adam.epsilon(epsilon);
        self
    }

    /// With `psi`, at least 0: how fast the momentum grows from `b1 / 2` to `b1`.
    #[must_use]
    pub const fn momentum_decay(mut self, momentum_decay: f64) -> Self {
        self.momentum_decay = momentum_decay;
        self
    }

    /// `mu_t`.
    fn momentum_at(&self, t: f64) -> f64 {
        self.adam.beta1 * (1.0 - 0.5 * 0.96_f64.powf(t * self.momentum_decay))
    }

    /// `M_t`, to the last bit that `1 - M_t` shows.
    ///
    /// The rule has no memory, so each step makes the product anew. Its factors are near `b1 / 2` for the
    /// first thousand steps: with PyTorch's constants it ends after 50 factors.
    fn momentum_product(&self, t: u64) -> f64 {
        let mut product = 1.0;
        for k in 1..=t {
            product *= self.momentum_at(k as f64);
            if product < f64::EPSILON / 8.0 {
                break;
            }
        }
        product
    }
}

impl Default for NAdam {
    /// Learning rate 0.004, for one cycle, and PyTorch's constants.
    fn default() -> Self {
        NAdam::new(0.004)
    }
}

impl<T: Scalar> Optimizer<T> for NAdam {
    fn name(&self) -> &'static str {
        "nadam"
    }

    fn learning_rate(&self) -> f64 {
        Optimizer::<T>::learning_rate(&self.adam)
    }

    #[inline(never)]
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [m, v] = slots("NAdam", value, grad, state);
        let Adam {
            beta1,
            beta2,
            epsilon,
            ..
        } = self.adam;
        let (b1, b2) = (T::from_f64(beta1), T::from_f64(beta2));
        let (rest1, rest2) = (T::from_f64(1.0 - beta1), T::from_f64(1.0 - beta2));
        let [now, next, product, root] = step.constants;
        let rate = step.learning_rate.as_f64();
        let of_grad = T::from_f64(rate * (1.0 - now) / (1.0 - product));
        let of_mean = T::from_f64(rate * next / (1.0 - product * next));
        let root = T::from_f64(root);
        let epsilon = T::from_f64(epsilon);
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
                let size = v.sqrt() * root + epsilon;
                *p = step.decayed(*p) - (of_grad * g + of_mean * *m) / size;
            }
        });
    }

    fn state_slots(&self) -> usize {
        Optimizer::<T>::state_slots(&self.adam)
    }

    /// `mu_t`, `mu_(t+1)`, `M_t` and `1 / sqrt(1 - b2^t)`.
    fn step_constants(&self, t: u64) -> [f64; 4] {
        assert!(t > 0, "NAdam counts steps from 1, not 0");
        let (now, next) = (self.momentum_at(t as f64), self.momentum_at(t as f64 + 1.0));
        [
            now,
            next,
            self.momentum_product(t),
            self.adam.root_correction(t),
        ]
    }

    fn check(&self) -> Result<(), OptimizerError> {
        Optimizer::<T>::check(&self.adam)?;
        not_negative("the momentum decay", self.momentum_decay)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        let mut settings = Optimizer::<T>::settings(&self.adam);
        settings.push(("momentum decay", self.momentum_decay));
        settings
    }
}
