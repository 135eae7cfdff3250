use std::ops::Range;

use backprop_tensor::{AlignedVec, Gradient, Pool, Scalar};

use crate::{MAX_STATE_SLOTS, Optimizer, ParamInfo, Step};

/// The moments of all parameters and the number of steps taken: everything that changes in an
/// optimizer.
///
/// The parameters are told apart by their order alone, which must be the same at every step.
#[derive(Debug, Default, PartialEq)]
pub struct OptimizerState<T> {
    steps: u64,
    /// For each parameter, the state slots of its rule.
    moments: Vec<Vec<AlignedVec<T>>>,
}

impl<T: Clone> Clone for OptimizerState<T> {
    fn clone(&self) -> Self {
        OptimizerState {
            steps: self.steps,
            moments: self.moments.clone(),
        }
    }

    /// Allocates nothing where the parameters are the same.
    fn clone_from(&mut self, source: &Self) {
        self.steps = source.steps;
        self.moments.clone_from(&source.moments);
    }
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

    /// The state slots of each parameter, in the parameter's storage order.
    pub fn moments(&self) -> &[Vec<AlignedVec<T>>] {
        &self.moments
    }

    /// Takes one step with all parameters, on the threads that own them.
    ///
    /// An item is a parameter's values, its gradient and its properties. Every gradient is multiplied
    /// by `grad_scale` (1, or the result of [`clip_scale`](crate::clip_scale)) before L2 is added. The
    /// first step makes the moments; the steps after it allocate nothing.
    ///
    /// # Panics
    /// If the items are not those of the steps before, in number, length or order; or if the rule
    /// has another number of state slots.
    #[track_caller]
    pub fn step<'a>(
        &mut self,
        pool: &Pool,
        optimizer: &dyn Optimizer<T>,
        learning_rate: T,
        grad_scale: T,
        items: impl Iterator<Item = (&'a mut [T], &'a [T], ParamInfo)>,
    ) where
        T: 'a,
    {
        let mut step = self.begin_step(pool, optimizer, learning_rate, grad_scale);
        for (index, (values, grad, info)) in items.enumerate() {
            step.parameter(index, values, Gradient::Values(grad), info);
        }
        step.end();
    }

    /// Begins a step whose parameters come one by one, in any order, while their gradients are
    /// computed: see [`StepGuard::parameter`]. [`step`](Self::step) takes them all at once.
    ///
    /// ```
    /// use backprop_optimizers::{OptimizerState, ParamInfo, Sgd};
    /// use backprop_tensor::{Gradient, Pool};
    ///
    /// let (mut weight, mut bias) = ([1.0_f64], [2.0]);
    /// let (pool, sgd, mut state) = (Pool::new(1), Sgd::new(0.1), OptimizerState::new());
    /// let mut step = state.begin_step(&pool, &sgd, 0.1, 1.0);
    /// step.parameter(1, &mut bias, Gradient::Values(&[10.0]), ParamInfo::new(1));
    /// step.parameter(0, &mut weight, Gradient::Values(&[5.0]), ParamInfo::new(1));
    /// step.end();
    /// assert_eq!((weight, bias, state.steps()), ([0.5], [1.0], 1));
    /// ```
    ///
    /// # Panics
    /// If the rule has more than [`MAX_STATE_SLOTS`] slots.
    #[track_caller]
    pub fn begin_step<'s>(
        &'s mut self,
        pool: &'s Pool,
        optimizer: &'s dyn Optimizer<T>,
        learning_rate: T,
        grad_scale: T,
    ) -> StepGuard<'s, T> {
        let slots = optimizer.state_slots();
        assert!(
            slots <= MAX_STATE_SLOTS,
            "{slots} buffers; at most {MAX_STATE_SLOTS} are possible"
        );
        let is_first = self.steps == 0 && self.moments.is_empty();
        self.steps += 1;
        let constants = optimizer.step_constants(self.steps);
        StepGuard {
            state: self,
            pool,
            optimizer,
            learning_rate,
            grad_scale,
            constants,
            is_first,
            count: 0,
        }
    }
}

/// A step under way, between [`OptimizerState::begin_step`] and [`end`](Self::end).
#[derive(Debug)]
#[must_use = "a step has to be ended"]
pub struct StepGuard<'s, T> {
    state: &'s mut OptimizerState<T>,
    pool: &'s Pool,
    optimizer: &'s dyn Optimizer<T>,
    learning_rate: T,
    grad_scale: T,
    constants: [f64; 4],
    /// Whether this step makes the moments.
    is_first: bool,
    /// Parameters so far.
    count: usize,
}

impl<T: Scalar> StepGuard<'_, T> {
    /// Changes the parameter with this index, on the threads that own it; a frozen parameter stays,
    /// and its gradient is not computed.
    ///
    /// # Panics
    /// If the parameter is not that of the steps before, by index or length, the lengths differ,
    /// or the rule has another number of state slots.
    #[track_caller]
    #[inline(never)]
    pub fn parameter(
        &mut self,
        index: usize,
        values: &mut [T],
        grad: Gradient<'_, T>,
        info: ParamInfo,
    ) {
        if let Gradient::Values(grad) = grad {
            let (found, expected) = (values.len(), grad.len());
            assert_eq!(found, expected, "values and gradients of parameter {index}");
        }
        self.make_moments(index, values.len());
        self.count += 1;
        if info.learning_rate_factor == 0.0 {
            return;
        }
        let own_decay = if info.decays {
            self.optimizer.weight_decay()
        } else {
            0.0
        };
        let step = Step {
            t: self.state.steps,
            learning_rate: self.learning_rate * T::from_f64(info.learning_rate_factor),
            l2: T::from_f64(info.decay.l2),
            decoupled: T::from_f64(info.decay.decoupled + own_decay),
            grad_scale: self.grad_scale,
            constants: self.constants,
        };
        let moments = &mut self.state.moments[index];
        update(self.pool, self.optimizer, step, info, values, grad, moments);
    }

    /// Makes the moments of a parameter in the first step, and checks them in the others.
    #[track_caller]
    fn make_moments(&mut self, index: usize, length: usize) {
        let moments = &mut self.state.moments;
        if self.is_first {
            if moments.len() <= index {
                moments.resize_with(index + 1, Vec::new);
            }
            let slots = 0..self.optimizer.state_slots();
            moments[index] = slots.map(|_| AlignedVec::zeros(length)).collect();
        }
        let known = moments.len();
        assert!(
            index < known,
            "more parameters than the {known} of the first step"
        );
        for moments in &moments[index] {
            let (found, expected) = (moments.len(), length);
            assert_eq!(found, expected, "moments and values of parameter {index}");
        }
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

/// Runs the rule on the chunks of one parameter and clears the padding. The pool takes the number of
/// slices at compile time, hence one arm for each.
#[track_caller]
fn update<T: Scalar>(
    pool: &Pool,
    optimizer: &dyn Optimizer<T>,
    step: Step<T>,
    info: ParamInfo,
    values: &mut [T],
    grad: Gradient<'_, T>,
    moments: &mut [AlignedVec<T>],
) {
    let found = moments.len();
    assert_eq!(
        found,
        optimizer.state_slots(),
        "buffers of the state and of the rule \"{}\"",
        optimizer.name()
    );
    let decays = step.l2 != T::zero() || step.decoupled != T::zero();
    let is_vanilla = optimizer.is_vanilla_sgd() && !decays && step.grad_scale == T::one();
    let unit = info.chunk_len;
    // The last panel, which alone has padding.
    let padded = if info.padding == 0 {
        values.len()
    } else {
        values.len().saturating_sub(unit)
    };
    let run = |at: Range<usize>, grad: &[T], values: &mut [T], state: &mut [&mut [T]]| {
        optimizer.update(step, values, grad, state);
        if at.end > padded {
            let from = padded.saturating_sub(at.start);
            clear_padding(info.padding, &mut values[from..]);
            for slot in state {
                clear_padding(info.padding, &mut slot[from..]);
            }
        }
    };
    match moments {
        // The gradient of the padding is 0, and so it stays.
        [] if is_vanilla => grad.sgd_step(pool, unit, values, step.learning_rate),
        [] => grad.for_each_panel(pool, unit, [values], |at, g, [v]| run(at, g, v, &mut [])),
        [a] => grad.for_each_panel(pool, unit, [values, a], |at, g, [v, a]| {
            run(at, g, v, &mut [a]);
        }),
        [a, b] => grad.for_each_panel(pool, unit, [values, a, b], |at, g, [v, a, b]| {
            run(at, g, v, &mut [a, b]);
        }),
        [a, b, c] => grad.for_each_panel(pool, unit, [values, a, b, c], |at, g, [v, a, b, c]| {
            run(at, g, v, &mut [a, b, c]);
        }),
        [a, b, c, d] => {
            let slices = [values, a, b, c, d];
            grad.for_each_panel(pool, unit, slices, |at, g, [v, a, b, c, d]| {
                run(at, g, v, &mut [a, b, c, d]);
            });
        }
        _ => unreachable!("at most {MAX_STATE_SLOTS} slots"),
    }
}

/// Zeros the last `padding` columns of rows of a panel, whatever a rule made of them.
fn clear_padding<T: Scalar>(padding: usize, rows: &mut [T]) {
    for row in rows.chunks_exact_mut(T::PANEL_WIDTH) {
        row[T::PANEL_WIDTH - padding..].fill(T::zero());
    }
}
