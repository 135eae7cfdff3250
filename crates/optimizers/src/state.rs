use backprop_tensor::{AlignedVec, Gradient, Pool, Scalar};

use crate::{MAX_STATE_SLOTS, Optimizer, Step, WeightDecay};

/// The moments of all parameters and the number of steps taken: all that an optimizer remembers.
///
/// The parameters are told apart by their order alone, which must be the same at every step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState<T> {
    steps: u64,
    /// For each parameter, the buffers that its rule asked for.
    moments: Vec<Vec<AlignedVec<T>>>,
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
    pub fn from_parts(steps: u64, moments: Vec<Vec<AlignedVec<T>>>) -> Self {
        OptimizerState { steps, moments }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// For each parameter the buffers of its rule, in the parameter's storage order.
    pub fn moments(&self) -> &[Vec<AlignedVec<T>>] {
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
        items: impl Iterator<Item = (&'a mut [T], &'a [T], usize, WeightDecay)>,
    ) where
        T: 'a,
    {
        let mut update = self.begin_step(pool, rule, learning_rate, grad_scale);
        for (number, (value, grad, unit, decay)) in items.enumerate() {
            update.parameter(number, value, Gradient::Values(grad), unit, decay);
        }
        update.end();
    }

    /// Begins a step whose parameters come one by one, in any order, while their gradients are
    /// computed: see [`StepGuard::parameter`]. [`step`](Self::step) takes them all at once.
    ///
    /// ```
    /// use backprop_optimizers::{WeightDecay, OptimizerState, Sgd};
    /// use backprop_tensor::{Gradient, Pool};
    ///
    /// let (mut weight, mut bias) = ([1.0_f64], [2.0]);
    /// let (pool, mut state) = (Pool::new(1), OptimizerState::new());
    /// let mut update = state.begin_step(&pool, &Sgd, 0.1, 1.0);
    /// update.parameter(1, &mut bias, Gradient::Values(&[10.0]), 1, WeightDecay::NONE);
    /// update.parameter(0, &mut weight, Gradient::Values(&[5.0]), 1, WeightDecay::NONE);
    /// update.end();
    /// assert_eq!((weight, bias, state.steps()), ([0.5], [1.0], 1));
    /// ```
    ///
    /// # Panics
    /// If the rule wants more than [`MAX_STATE_SLOTS`] buffers.
    #[track_caller]
    pub fn begin_step<'s>(
        &'s mut self,
        pool: &'s Pool,
        rule: &'s dyn Optimizer<T>,
        learning_rate: T,
        grad_scale: T,
    ) -> StepGuard<'s, T> {
        let buffers = rule.state_slots();
        assert!(
            buffers <= MAX_STATE_SLOTS,
            "{buffers} buffers; at most {MAX_STATE_SLOTS} are possible"
        );
        let first = self.steps == 0 && self.moments.is_empty();
        self.steps += 1;
        StepGuard {
            state: self,
            pool,
            rule,
            learning_rate,
            grad_scale,
            first,
            count: 0,
        }
    }
}

/// A step under way: what [`OptimizerState::begin_step`] began.
#[derive(Debug)]
#[must_use = "a step has to be finished"]
pub struct StepGuard<'s, T> {
    state: &'s mut OptimizerState<T>,
    pool: &'s Pool,
    rule: &'s dyn Optimizer<T>,
    learning_rate: T,
    grad_scale: T,
    /// Whether it is the step that makes the moments.
    first: bool,
    /// Parameters that came.
    count: usize,
}

impl<T: Scalar> StepGuard<'_, T> {
    /// Improves the parameter with this number, on the threads that own it; `unit` is the number of
    /// elements that stay together on one.
    ///
    /// # Panics
    /// If the parameter is not that of the steps before, by number or length, the lengths differ,
    /// or the rule wants another number of buffers.
    #[track_caller]
    pub fn parameter(
        &mut self,
        number: usize,
        value: &mut [T],
        grad: Gradient<'_, T>,
        unit: usize,
        decay: WeightDecay,
    ) {
        if let Gradient::Values(grad) = grad {
            assert_eq!(
                value.len(),
                grad.len(),
                "values and gradients of parameter {number}"
            );
        }
        let moments = &mut self.state.moments;
        if self.first {
            if moments.len() <= number {
                moments.resize_with(number + 1, Vec::new);
            }
            let zeros = || AlignedVec::zeros(value.len());
            moments[number] = (0..self.rule.state_slots()).map(|_| zeros()).collect();
        }
        let known = moments.len();
        assert!(
            number < known,
            "more parameters than the {known} of the first step"
        );
        for moments in &moments[number] {
            let (found, expected) = (moments.len(), value.len());
            assert_eq!(found, expected, "moments and values of parameter {number}");
        }
        let step = Step {
            t: self.state.steps,
            learning_rate: self.learning_rate,
            l2: T::from_f64(decay.l2),
            decoupled: T::from_f64(decay.decoupled),
            grad_scale: self.grad_scale,
        };
        let moments = &mut self.state.moments[number];
        update(self.pool, self.rule, step, unit, value, grad, moments);
        self.count += 1;
    }

    /// Ends the step.
    ///
    /// # Panics
    /// If fewer parameters came than in the first step.
    #[track_caller]
    pub fn end(self) {
        assert_eq!(
            self.count,
            self.state.moments.len(),
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
    grad: Gradient<'_, T>,
    moments: &mut [AlignedVec<T>],
) {
    let found = moments.len();
    assert_eq!(
        found,
        rule.state_slots(),
        "buffers of the state and of the rule \"{}\"",
        rule.name()
    );
    let decays = step.l2 != T::zero() || step.decoupled != T::zero();
    let plain = rule.is_vanilla_sgd() && !decays && step.grad_scale == T::one();
    match moments {
        [] if plain => grad.sgd_step(pool, unit, value, step.learning_rate),
        [] => grad.for_each_panel(pool, unit, [value], |g, [v]| {
            rule.update(step, v, g, &mut [])
        }),
        [a] => grad.for_each_panel(pool, unit, [value, a], |g, [v, a]| {
            rule.update(step, v, g, &mut [a]);
        }),
        [a, b] => grad.for_each_panel(pool, unit, [value, a, b], |g, [v, a, b]| {
            rule.update(step, v, g, &mut [a, b]);
        }),
        [a, b, c] => grad.for_each_panel(pool, unit, [value, a, b, c], |g, [v, a, b, c]| {
            rule.update(step, v, g, &mut [a, b, c]);
        }),
        [a, b, c, d] => {
            grad.for_each_panel(pool, unit, [value, a, b, c, d], |g, [v, a, b, c, d]| {
                rule.update(step, v, g, &mut [a, b, c, d]);
            })
        }
        _ => unreachable!("at most {MAX_STATE_SLOTS} buffers"),
    }
}
