use std::fmt::Debug;

use backprop_tensor::Scalar;

/// The most state buffers that a rule may ask for.
pub const MAX_STATE_SLOTS: usize = 4;

/// The circumstances of one step, the same for all elements of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<T> {
    /// The number of the step, from 1.
    pub t: u64,
    /// The learning rate of this step.
    pub learning_rate: T,
    /// `lambda` of the L2 penalty: `lambda w` is added to the gradient.
    pub l2: T,
    /// Decoupled weight decay: the value shrinks by `learning_rate * decoupled` of itself.
    pub decoupled: T,
    /// What every gradient is multiplied by before anything else: the factor of clipping.
    pub grad_scale: T,
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

/// A rule that improves values from their gradients, element by element.
///
/// A rule of your own:
///
/// ```
/// use backprop_optimizers::{WeightDecay, Optimizer, OptimizerState, Step};
/// use backprop_tensor::{Pool, Scalar};
///
/// /// Steps of one size, by the sign of the gradient (Bernstein et al., 2018).
/// #[derive(Debug)]
/// struct SignSgd;
///
/// impl<T: Scalar> Optimizer<T> for SignSgd {
///     fn name(&self) -> &'static str {
///         "sign-sgd"
///     }
///     fn state_slots(&self) -> usize {
///         0
///     }
///     fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], _state: &mut [&mut [T]]) {
///         for (value, &grad) in value.iter_mut().zip(grad) {
///             *value -= step.learning_rate * step.gradient(*value, grad).signum();
///         }
///     }
/// }
///
/// let mut values = [1.0_f64, -1.0];
/// let item = (&mut values[..], &[0.3, -0.2][..], 1, WeightDecay::NONE);
/// OptimizerState::new().step(&Pool::new(1), &SignSgd, 0.5, 1.0, [item].into_iter());
/// assert_eq!(values, [0.5, -0.5]);
/// ```
pub trait Optimizer<T: Scalar>: Debug + Send + Sync {
    /// The name, as on a command line.
    fn name(&self) -> &'static str;

    /// State buffers of one number an element; at most [`MAX_STATE_SLOTS`]. They start at zero.
    fn state_slots(&self) -> usize;

    /// Whether the rule has no buffers and is `value - learning_rate * gradient` and nothing else: it
    /// is then applied while a gradient is computed, and [`update`](Self::update) is not called where
    /// nothing decays or is clipped.
    fn is_vanilla_sgd(&self) -> bool {
        false
    }

    /// Improves `value`. All slices, those of `state` too, have one length and go together.
    ///
    /// Every element is treated by itself: the slices may be any part of a parameter.
    ///
    /// # Panics
    /// If the lengths differ, or there are other than [`buffers`](Self::buffers) of `state`.
    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]);
}

impl<T: Scalar, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn state_slots(&self) -> usize {
        (**self).state_slots()
    }

    fn is_vanilla_sgd(&self) -> bool {
        (**self).is_vanilla_sgd()
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        (**self).update(step, value, grad, state);
    }
}

/// How much a parameter is drawn to zero; usually only weights are, not biases.
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

/// The buffers of a rule's state, all as long as values and gradients.
#[track_caller]
pub(crate) fn checked<'s, 'a, T, const N: usize>(
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
