//! The notebook's Adam, whose bias correction counts epochs.

use backprop_trainer::optimizers::{Optimizer, Step};
use backprop_trainer::tensor::Scalar;

/// Adam with betas 0.9 and 0.999 whose `t`, in `1 - beta^t`, is the number of the epoch, not of the
/// step.
#[derive(Debug)]
pub(super) struct EpochAdam {
    pub(super) learning_rate: f64,
    pub(super) steps_per_epoch: u64,
}

impl<T: Scalar> Optimizer<T> for EpochAdam {
    fn name(&self) -> &'static str {
        "epoch-adam"
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn state_slots(&self) -> usize {
        2
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else {
            panic!("Adam has 2 buffers, not {}", state.len())
        };
        let epoch = (step.t - 1) / self.steps_per_epoch + 1;
        let t = i32::try_from(epoch).unwrap_or(i32::MAX);
        let of = |x: f64| T::from_f64(x);
        let (first, second) = (of(1.0 - 0.9_f64.powi(t)), of(1.0 - 0.999_f64.powi(t)));
        for (((p, &grad), m), v) in value
            .iter_mut()
            .zip(grad)
            .zip(m.iter_mut())
            .zip(v.iter_mut())
        {
            let g = step.gradient(*p, grad);
            *m = of(0.9) * *m + of(1.0 - 0.9) * g;
            *v = of(0.999) * *v + of(1.0 - 0.999) * g * g;
            *p -= step.learning_rate * (*m / first) / ((*v / second).sqrt() + of(1e-8));
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;
    use backprop_trainer::optimizers::{Adam, OptimizerState, ParamInfo};
    use backprop_trainer::tensor::Pool;

    /// The length of each step under a gradient of 1, which right code keeps at the learning rate.
    fn lengths(rule: &dyn Optimizer<f64>) -> Vec<f64> {
        let (mut state, mut value) = (OptimizerState::new(), [0.0]);
        let mut step = || {
            let before = value[0];
            let item = (&mut value[..], &[1.0][..], ParamInfo::new(1));
            state.step(&Pool::new(1), rule, 0.1, 1.0, [item].into_iter());
            before - value[0]
        };
        (0..16).map(|_| step()).collect()
    }

    #[test]
    fn one_step_an_epoch_is_right_and_more_steps_are_too_long_or_too_short() {
        let epoch_adam = |steps_per_epoch| EpochAdam {
            learning_rate: 0.1,
            steps_per_epoch,
        };
        let right = lengths(&Adam::default());
        assert_abs_diff_eq!(right[..], [0.1; 16][..], epsilon = 1e-6);
        let one = lengths(&epoch_adam(1));
        assert_abs_diff_eq!(one[..], [0.1; 16][..], epsilon = 1e-6);
        let sixteen = lengths(&epoch_adam(16));
        assert!(sixteen[15] > 0.19, "{sixteen:?}");
    }
}
