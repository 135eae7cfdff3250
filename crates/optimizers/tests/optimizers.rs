//! All rules over three functions, the same bits for any number of threads, and what is refused.

use backprop_optimizers::{
    Adam, Nesterov, Optimizer, OptimizerState, Progress, RmsProp, Schedule, Sgd, WeightDecay,
};
use backprop_tensor::Pool;

type Gradient = fn(&[f64; 2]) -> [f64; 2];
/// Learning rate, steps, and how far from the minimum the run may end.
type Run = (f64, u32, f64);

/// `x^2 + 10 y^2`.
fn quadratic(p: &[f64; 2]) -> [f64; 2] {
    [2.0 * p[0], 20.0 * p[1]]
}

/// `(x^2 + 1000 y^2) / 2`: what is small enough for `y` hardly moves `x`.
fn ill_conditioned(p: &[f64; 2]) -> [f64; 2] {
    [p[0], 1000.0 * p[1]]
}

/// `(1 - x)^2 + 100 (y - x^2)^2` (Rosenbrock, 1960), shifted so that its minimum (1, 1) is at 0.
fn rosenbrock(p: &[f64; 2]) -> [f64; 2] {
    let (x, y) = (p[0] + 1.0, p[1] + 1.0);
    let valley = y - x * x;
    [-2.0 * (1.0 - x) - 400.0 * x * valley, 200.0 * valley]
}

/// Each row a function, with a run of each rule. RMSProp divides by the size of the gradient, so at
/// a constant rate it ends by going to and fro at about that rate.
#[rustfmt::skip]
const RUNS: [(&str, Gradient, [Run; 4]); 3] = [
    // function                     Sgd                    Nesterov                RmsProp                Adam
    ("quadratic", quadratic,       [(0.05, 300, 1e-9),     (0.02, 300, 1e-9),      (0.001, 5000, 0.002),  (0.05, 2000, 1e-9)]),
    ("ill-conditioned quadratic",
     ill_conditioned,              [(0.0019, 10_000, 1e-6), (0.001, 3000, 1e-9),   (0.001, 5000, 0.002),  (0.05, 3000, 1e-9)]),
    ("Rosenbrock", rosenbrock,     [(0.001, 40_000, 1e-5), (0.0005, 20_000, 1e-9), (0.001, 20_000, 0.002), (0.01, 20_000, 1e-5)]),
];

#[test]
fn every_rule_finds_the_minimum_of_every_function() {
    let (nesterov, rmsprop, adam) = (Nesterov::default(), RmsProp::default(), Adam::default());
    let rules: [&dyn Optimizer<f64>; 4] = [&Sgd, &nesterov, &rmsprop, &adam];
    let pool = Pool::new(1);
    for (name, gradient, runs) in RUNS {
        for (rule, (learning_rate, steps, allowed)) in rules.into_iter().zip(runs) {
            let (mut p, mut state) = ([-2.0, 1.0], OptimizerState::new());
            for _ in 0..steps {
                let grad = gradient(&p);
                let item = (&mut p[..], &grad[..], 1, WeightDecay::NONE);
                state.step(&pool, rule, learning_rate, 1.0, [item].into_iter());
            }
            let distance = p[0].hypot(p[1]);
            let rule = rule.name();
            assert!(distance < allowed, "{rule} on {name} ends {distance} away");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads| {
        let (pool, rule) = (Pool::new(threads), Adam::default());
        let mut state = OptimizerState::new();
        let mut values: Vec<f32> = (0..50_003).map(|i| (i as f32).sin()).collect();
        for step in 0..5 {
            let grad: Vec<f32> = values.iter().map(|v| v * v + step as f32).collect();
            let decay = WeightDecay {
                l2: 1e-3,
                decoupled: 1e-2,
            };
            let item = (&mut values[..], &grad[..], 48, decay);
            state.step(&pool, &rule, 1e-3, 0.5, [item].into_iter());
        }
        (values, state)
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_state_continues_from_its_parts() {
    let (pool, rule) = (Pool::new(1), Adam::default());
    let mut p = [1.0_f64, 2.0];
    let step = |state: &mut OptimizerState<f64>, p: &mut [f64; 2]| {
        let item = (&mut p[..], &[0.5, -0.25][..], 1, WeightDecay::NONE);
        state.step(&pool, &rule, 0.1, 1.0, [item].into_iter());
    };
    let mut state = OptimizerState::new();
    step(&mut state, &mut p);
    let mut copy = OptimizerState::from_parts(state.steps(), state.moments().to_vec());
    let mut q = p;
    step(&mut state, &mut p);
    step(&mut copy, &mut q);
    assert_eq!((p, state.steps()), (q, 2));
    assert_eq!(state, copy);
}

#[test]
fn constants_that_make_no_sense_are_refused() {
    for bad in [1.0, -0.1, f64::NAN, 2.0] {
        assert!(Nesterov::new(bad).is_err());
        assert!(RmsProp::new(bad, 1e-8).is_err());
        assert!(Adam::new(bad, 0.999, 1e-8).is_err());
        assert!(Adam::new(0.9, bad, 1e-8).is_err());
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(RmsProp::new(0.99, bad).is_err());
        assert!(Adam::new(0.9, 0.999, bad).is_err());
        assert!(
            Schedule::Step {
                every_epochs: 1,
                factor: bad
            }
            .check()
            .is_err()
        );
    }
    assert!(
        Schedule::Step {
            every_epochs: 0,
            factor: 0.5
        }
        .check()
        .is_err()
    );
    assert_eq!(
        Nesterov::new(1.0).unwrap_err().to_string(),
        "the momentum is 1; it must be at least 0 and below 1"
    );
}

#[test]
#[should_panic(expected = "buffers of the state and of the rule \"adam\"")]
fn a_state_of_another_rule_is_refused() {
    let pool = Pool::new(1);
    let mut state = OptimizerState::from_parts(1, vec![vec![]]);
    let item = (&mut [0.0_f64][..], &[0.0][..], 1, WeightDecay::NONE);
    state.step(&pool, &Adam::default(), 0.1, 1.0, [item].into_iter());
}

#[test]
fn every_schedule_gives_finite_rates_for_the_shortest_runs() {
    for schedule in [
        Schedule::Constant,
        Schedule::Step {
            every_epochs: 1,
            factor: 0.5,
        },
        Schedule::Cosine,
        Schedule::OneCycle,
    ] {
        for epochs in 1..=5 {
            for step in 0..epochs {
                let at = Progress {
                    step,
                    steps_per_epoch: 1,
                    epochs,
                };
                let rate = schedule.learning_rate(0.1, at);
                assert!(rate > 0.0 && rate <= 0.1, "{schedule:?} {at:?}: {rate}");
            }
        }
    }
}
