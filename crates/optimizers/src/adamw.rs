use backprop_tensor::Scalar;

use crate::error::not_negative;
use crate::{Adam, Optimizer, OptimizerError, Step};

/// AdamW (Loshchilov and Hutter, 2019): [`Adam`] with decoupled decay of its own,
/// `p <- p - lr decay p` before Adam's step.
///
/// The decay applies to every parameter that [decays](crate::ParamInfo::decays): a trainer leaves
/// biases out, where PyTorch has them decay too.
///
/// ```
/// use backprop_optimizers::{AdamW, Optimizer};
///
/// let adamw = AdamW::new(1e-3).betas(0.9, 0.95);
/// assert_eq!(Optimizer::<f32>::weight_decay(&adamw), 0.01);
/// assert_eq!(Optimizer::<f32>::weight_decay(&adamw.decay(0.1)), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    adam: Adam,
    weight_decay: f64,
}

impl AdamW {
    /// With this learning rate, above 0, betas 0.9 and 0.999, epsilon 1e-8 and decay 0.01, as in
    /// PyTorch.
    pub const fn new(learning_rate: f64) -> Self {
        AdamW {
            adam: Adam::new(learning_rate),
            weight_decay: 0.01,
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

    /// With this decoupled decay, at least 0: each step takes learning rate times decay off a value.
    #[must_use]
    pub const fn decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }
}

impl Default for AdamW {
    /// Learning rate 0.004, for one cycle, and PyTorch's constants.
    fn default() -> Self {
        AdamW::new(0.004)
    }
}

impl<T: Scalar> Optimizer<T> for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn learning_rate(&self) -> f64 {
        Optimizer::<T>::learning_rate(&self.adam)
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        self.adam.update(step, value, grad, state);
    }

    fn state_slots(&self) -> usize {
        Optimizer::<T>::state_slots(&self.adam)
    }

    fn step_constants(&self, t: u64) -> [f64; 4] {
        Optimizer::<T>::step_constants(&self.adam, t)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn check(&self) -> Result<(), OptimizerError> {
        Optimizer::<T>::check(&self.adam)?;
        not_negative("the weight decay", self.weight_decay)
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        let mut settings = Optimizer::<T>::settings(&self.adam);
        settings.push(("weight decay", self.weight_decay));
        settings
    }
}
