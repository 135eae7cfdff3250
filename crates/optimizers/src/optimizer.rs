use std::fmt::Debug;

use backprop_tensor::Scalar;

use crate::OptimizerError;
use crate::error::positive;

/// The most state slots that a rule may have.
pub const MAX_STATE_SLOTS: usize = 4;

/// The constants of one step, the same for all elements of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<T> {
    /// The step, counted from 1.
    pub t: u64,
    /// The learning rate of this step, for this parameter.
    pub learning_rate: T,
    /// `lambda` of the L2 penalty: `lambda w` is added to the gradient.
    pub l2: T,
    /// Decoupled weight decay: the value shrinks by `learning_rate * decoupled` of itself.
    pub decoupled: T,
    /// The factor of every gradient, before anything else: that of clipping.
    pub grad_scale: T,
    /// The rule's numbers for this step, from [`step_constants`](Optimizer::step_constants).
    pub constants: [f64; 4],
}

impl<T: Scalar> Step<T> {
    /// The gradient that a rule works with: scaled, then with the L2 term.
    #[inline]
    pub fn gradient(&self, value: T, grad: T) -> T {
        self.grad_scale * grad + self.l2 * value
    }

    /// The value after decoupled decay (Loshchilov and Hutter, 2019).
    #[inline]
    pub fn decayed(&self, value: T) -> T {
        value - self.learning_rate * self.decoupled * value
    }
}

/// A rule that changes values by their gradients, element by element.
///
/// A rule carries its learning rate and its constants; the moments and the number of steps are in an
/// [`OptimizerState`](crate::OptimizerState). A rule of your own:
///
/// ```
/// use backprop_optimizers::{Optimizer, OptimizerState, ParamInfo, Step};
/// use backprop_tensor::{Pool, Scalar};
///
/// /// Steps of one size, by the sign of the gradient (Bernstein et al., 2018).
/// #[derive(Debug)]
/// struct SignSgd {
///     learning_rate: f64,
/// }
///
/// impl<T: Scalar> Optimizer<T> for SignSgd {
///     fn name(&self) -> &'static str {
///         "sign-sgd"
///     }
///     fn learning_rate(&self) -> f64 {
///         self.learning_rate
///     }
///     fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], _state: &mut [&mut [T]]) {
///         for (value, &grad) in value.iter_mut().zip(grad) {
///             *value -= step.learning_rate * step.gradient(*value, grad).signum();
///         }
///     }
/// }
///
/// let mut values = [1.0_f64, -1.0];
/// let item = (&mut values[..], &[0.3, -0.2][..], ParamInfo::new(1));
/// let sign_sgd = SignSgd { learning_rate: 0.5 };
/// OptimizerState::new().step(&Pool::new(1), &sign_sgd, 0.5, 1.0, [item].into_iter());
/// assert_eq!(values, [0.5, -0.5]);
/// ```
pub trait Optimizer<T: Scalar>: Debug + Send + Sync {
    /// The name, as on a command line.
    fn name(&self) -> &'static str;

    /// The highest learning rate of a run; a [`Schedule`](crate::Schedule) makes the rate of each step
    /// of it.
    fn learning_rate(&self) -> f64;

    /// Changes `value`. All slices, those of `state` too, have one length and go together.
    ///
    /// Every element is treated by itself: the slices may be any part of a parameter.
    ///
    /// # Panics
    /// If the lengths differ, or there are other than [`state_slots`](Self::state_slots) of `state`.
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]);

    /// Slices of state, one element for each element of a parameter; none by default, at most
    /// [`MAX_STATE_SLOTS`]. They start at zero.
    fn state_slots(&self) -> usize {
        0
    }

    /// Whether the rule has no state and is `value - learning_rate * gradient` and nothing else;
    /// false by default.
    ///
    /// Such a step is taken while the gradient is still in registers, and [`update`](Self::update) is
    /// not called where nothing decays or is clipped.
    fn is_vanilla_sgd(&self) -> bool {
        false
    }

    /// Numbers that depend on the step `t`, from 1, and on the rule alone, such as a bias correction; all 0
    /// by default.
    ///
    /// They are computed once a step, while [`update`](Self::update), which finds them in
    /// [`Step::constants`], is called for each piece of each parameter.
    fn step_constants(&self, t: u64) -> [f64; 4] {
        let _ = t;
        [0.0; 4]
    }

    /// Decoupled decay that the rule has of its own, for each parameter that
    /// [decays](ParamInfo::decays), on top of [`ParamInfo::decay`]; 0 by default.
    fn weight_decay(&self) -> f64 {
        0.0
    }

    /// Checks that the learning rate and the constants make sense; by default the learning rate alone.
    ///
    /// # Errors
    /// Names the first that does not, and its range.
    fn check(&self) -> Result<(), OptimizerError> {
        positive("the learning rate", self.learning_rate())
    }

    /// Names and values of the constants, apart from the learning rate; none by default. A checkpoint
    /// keeps them, so that a run is resumed with the same rule.
    fn settings(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
}

impl<T: Scalar, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        (**self).update(step, value, grad, state);
    }

    fn state_slots(&self) -> usize {
        (**self).state_slots()
    }

    fn is_vanilla_sgd(&self) -> bool {
        (**self).is_vanilla_sgd()
    }

    fn step_constants(&self, t: u64) -> [f64; 4] {
        (**self).step_constants(t)
    }

    fn weight_decay(&self) -> f64 {
        (**self).weight_decay()
    }

    fn check(&self) -> Result<(), OptimizerError> {
        (**self).check()
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        (**self).settings()
    }
}

/// The decay of a parameter towards zero; usually weights decay and biases do not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WeightDecay {
    /// `lambda` of the L2 penalty, added to the gradient as `lambda w`.
    pub l2: f64,
    /// Decoupled decay, applied to the value as `learning_rate * decoupled * w`.
    pub decoupled: f64,
}

impl WeightDecay {
    /// No decay.
    pub const NONE: WeightDecay = WeightDecay {
        l2: 0.0,
        decoupled: 0.0,
    };
}

/// Properties of one parameter in a step.
///
/// ```
/// use backprop_optimizers::{ParamInfo, WeightDecay};
///
/// let bias = ParamInfo::new(16);
/// let weight = ParamInfo { padding: 6, decay: WeightDecay { l2: 1e-4, decoupled: 0.0 }, ..bias };
/// assert_eq!((weight.chunk_len, weight.learning_rate_factor), (16, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamInfo {
    /// Elements that stay together on one thread, at least 1.
    pub chunk_len: usize,
    /// Columns of the last chunk that hold no element: the storage of a weight is padded to whole
    /// [panels](backprop_tensor::PanelLayout), and the padding is kept at zero.
    pub padding: usize,
    /// The decay towards zero.
    pub decay: WeightDecay,
    /// Whether the decay that a rule has of its own applies; a bias usually does not decay.
    pub decays: bool,
    /// The factor of the learning rate; with 0 the parameter is frozen, and nothing of it changes.
    pub learning_rate_factor: f64,
}

impl ParamInfo {
    /// A parameter without padding and with no decay but the rule's own, at the learning rate of the step.
    pub const fn new(chunk_len: usize) -> Self {
        ParamInfo {
            chunk_len,
            padding: 0,
            decay: WeightDecay::NONE,
            decays: true,
            learning_rate_factor: 1.0,
        }
    }
}

/// The state of a rule with `N` slots, each as long as values and gradients.
#[track_caller]
pub(crate) fn slots<'s, 'a, T, const N: usize>(
    name: &str,
    value: &[T],
    grad: &[T],
    state: &'s mut [&'a mut [T]],
) -> &'s mut [&'a mut [T]; N] {
    let count = value.len();
    assert_eq!(
        grad.len(),
        count,
        "gradients and values of a step of {name}"
    );
    let found = state.len();
    let Ok(state) = <&mut [&mut [T]; N]>::try_from(state) else {
        panic!("{name} has {N} state buffers, not {found}")
    };
    for buffer in state.iter() {
        assert_eq!(
            buffer.len(),
            count,
            "a state buffer and values of a step of {name}"
        );
    }
    state
}
