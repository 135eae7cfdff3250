use backprop_tensor::{Pool, Scalar};

use crate::{Decay, MAX_BUFFERS, Optimizer, Step};

/// The moments of all parameters and the number of steps taken: all that an optimizer remembers.
///
/// The parameters are told apart by their order alone, which must be the same at every step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState<T> {
    steps: u64,
    /// For each parameter, the buffers that its rule asked for.
    moments: Vec<Vec<Box<[T]>>>,
}

impl<T: Scalar> OptimizerState<T> {
    /// No steps yet.
    pub fn new() -> Self {
        OptimizerState {
            steps: 0,
            moments: Vec::new(),
        }
    }

    /// The state that [`steps`](Self::steps) and [`moments`](Self::moments) came from.
    pub fn from_parts(steps: u64, moments: Vec<Vec<Box<[T]>>>) -> Self {
        OptimizerState { steps, moments }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// For each parameter the buffers of its rule, in the parameter's storage order.
    pub fn moments(&self) -> &[Vec<Box<[T]>>] {
        &self.moments
    }

    /// Takes one step with all parameters, on the threads that own them.
    ///
    /// An item is (values, gradient, unit, decay), where `unit` is the number of elements that
    /// stay together on one thread. Every gradient is multiplied by `grad_scale` (1, or the result
    /// of [`clip_scale`](crate::clip_scale)) before L2 is added. The first step makes the moments;
    /// the ones after it allocate nothing.
    ///
    /// # Panics
    /// If the items are not those of the steps before, in number, length or order; or if the rule
    /// wants another number of buffers.
    #[track_caller]
    pub fn step<'a>(
        &mut self,
        pool: &Pool,
        rule: &dyn Optimizer<T>,
        learning_rate: T,
        grad_scale: T,
        items: impl Iterator<Item = (&'a mut [T], &'a [T], usize, Decay)>,
    ) where
        T: 'a,
    {
        let buffers = rule.buffers();
        assert!(
            buffers <= MAX_BUFFERS,
            "{buffers} buffers; at most {MAX_BUFFERS} are possible"
        );
        let first = self.steps == 0 && self.moments.is_empty();
        self.steps += 1;
        let mut count = 0;
        for (value, grad, unit, decay) in items {
            assert_eq!(
                value.len(),
                grad.len(),
                "values and gradients of parameter {count}"
            );
            if first {
                let zeros = || vec![T::zero(); value.len()].into_boxed_slice();
                self.moments.push((0..buffers).map(|_| zeros()).collect());
            }
            let known = self.moments.len();
            assert!(
                count < known,
                "more parameters than the {known} of the first step"
            );
            for moments in &self.moments[count] {
                let (found, expected) = (moments.len(), value.len());
                assert_eq!(found, expected, "moments and values of parameter {count}");
            }
            let step = Step {
                number: self.steps,
                learning_rate,
                l2: T::of(decay.l2),
                decoupled: T::of(decay.decoupled),
                grad_scale,
            };
            update(
                pool,
                rule,
                step,
                unit,
                value,
                grad,
                &mut self.moments[count],
            );
            count += 1;
        }
        assert_eq!(
            count,
            self.moments.len(),
            "parameters in this step and in the first"
        );
    }
}

/// Runs the rule on the parts of one parameter. The pool wants the number of slices at compile
/// time, hence one line for each.
#[track_caller]
fn update<T: Scalar>(
    pool: &Pool,
    rule: &dyn Optimizer<T>,
    step: Step<T>,
    unit: usize,
    value: &mut [T],
    grad: &[T],
    moments: &mut [Box<[T]>],
) {
    let found = moments.len();
    assert_eq!(
        found,
        rule.buffers(),
        "buffers of the state and of the rule \"{}\"",
        rule.name()
    );
    match moments {
        [] => pool.split(unit, [value], |at, [v]| {
            rule.update(step, v, &grad[at], &mut [])
        }),
        [a] => pool.split(unit, [value, a], |at, [v, a]| {
            rule.update(step, v, &grad[at], &mut [a]);
        }),
        [a, b] => pool.split(unit, [value, a, b], |at, [v, a, b]| {
            rule.update(step, v, &grad[at], &mut [a, b]);
        }),
        [a, b, c] => pool.split(unit, [value, a, b, c], |at, [v, a, b, c]| {
            rule.update(step, v, &grad[at], &mut [a, b, c]);
        }),
        [a, b, c, d] => pool.split(unit, [value, a, b, c, d], |at, [v, a, b, c, d]| {
            rule.update(step, v, &grad[at], &mut [a, b, c, d]);
        }),
        _ => unreachable!("at most {MAX_BUFFERS} buffers"),
    }
}
