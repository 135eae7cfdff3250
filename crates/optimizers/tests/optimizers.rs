//! All rules over three functions, the same bits for any number of threads, and what is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use backprop_optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, OptimizerError,
    OptimizerState, ParamInfo, Progress, RmsProp, Schedule, Sgd, Step, WeightDecay, clip_scale,
    global_norm,
};
use backprop_tensor::ndarray::Array2;
use backprop_tensor::{AlignedVec, Gradient, PanelLayout, Pool};

type GradientOf = fn(&[f64; 2]) -> [f64; 2];
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
const RUNS: [(&str, GradientOf, [Run; 4]); 3] = [
    // function                     Sgd                    Nesterov                RmsProp                Adam
    ("quadratic", quadratic,       [(0.05, 300, 1e-9),     (0.02, 300, 1e-9),      (0.001, 5000, 0.002),  (0.05, 2000, 1e-9)]),
    ("ill-conditioned quadratic",
     ill_conditioned,              [(0.0019, 10_000, 1e-6), (0.001, 3000, 1e-9),   (0.001, 5000, 0.002),  (0.05, 3000, 1e-9)]),
    ("Rosenbrock", rosenbrock,     [(0.001, 40_000, 1e-5), (0.0005, 20_000, 1e-9), (0.001, 20_000, 0.002), (0.01, 20_000, 1e-5)]),
];

/// The rest of the rules, on the functions of `RUNS`. Lion's steps have one length, so that it ends
/// by going to and fro; The decay of AdamW moves no minimum at 0.
#[rustfmt::skip]
const MORE_RUNS: [[Run; 5]; 3] = [
    // Momentum               AdaGrad               AdamW                 NAdam                 Lion
    [(0.02, 500, 1e-9),      (1.0, 1000, 1e-9),    (0.05, 2000, 1e-9),   (0.05, 2000, 1e-9),   (0.001, 5000, 0.02)],
    [(0.001, 3000, 1e-9),    (1.0, 3000, 1e-9),    (0.05, 3000, 1e-9),   (0.05, 3000, 1e-9),   (0.001, 5000, 0.02)],
    [(0.0005, 20_000, 1e-9), (0.5, 40_000, 1e-5),  (0.01, 20_000, 1e-4), (0.01, 20_000, 0.002), (0.001, 20_000, 0.1)],
];

#[test]
fn every_rule_finds_the_minimum_of_every_function() {
    let (sgd, nesterov) = (Sgd::default(), Nesterov::default());
    let (rmsprop, adam) = (RmsProp::default(), Adam::default());
    let (momentum, adagrad, adamw) = (Momentum::default(), AdaGrad::default(), AdamW::default());
    let (nadam, lion) = (NAdam::default(), Lion::default());
    let rules: [&dyn Optimizer<f64>; 9] = [
        &sgd, &nesterov, &rmsprop, &adam, &momentum, &adagrad, &adamw, &nadam, &lion,
    ];
    let pool = Pool::new(1);
    for ((name, gradient, runs), more) in RUNS.into_iter().zip(MORE_RUNS) {
        let runs = runs.into_iter().chain(more);
        for (rule, (learning_rate, steps, allowed)) in rules.into_iter().zip(runs) {
            let (mut p, mut state) = ([-2.0, 1.0], OptimizerState::new());
            for _ in 0..steps {
                let grad = gradient(&p);
                let item = (&mut p[..], &grad[..], ParamInfo::new(1));
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
    threads_change_no_bit(&Adam::default());
    threads_change_no_bit(&Momentum::default());
    threads_change_no_bit(&AdaGrad::default());
    threads_change_no_bit(&AdamW::default());
    threads_change_no_bit(&NAdam::default());
    threads_change_no_bit(&Lion::default());
}

fn threads_change_no_bit(rule: &dyn Optimizer<f32>) {
    let run = |threads| {
        let pool = Pool::with_meeting_time(threads, Duration::ZERO);
        let mut state = OptimizerState::new();
        let mut values: Vec<f32> = (0..50_003).map(|i| (i as f32).sin()).collect();
        for step in 0..5 {
            let grad: Vec<f32> = values.iter().map(|v| v * v + step as f32).collect();
            let decay = WeightDecay {
                l2: 1e-3,
                decoupled: 1e-2,
            };
            let info = ParamInfo {
                decay,
                ..ParamInfo::new(48)
            };
            let item = (&mut values[..], &grad[..], info);
            state.step(&pool, rule, 1e-3, 0.5, [item].into_iter());
        }
        (values, state)
    };
    let (one, name) = (run(1), rule.name());
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{name}, {threads} threads");
    }
}

#[test]
fn a_state_continues_from_its_parts() {
    let (pool, rule) = (Pool::new(1), Adam::default());
    let mut p = [1.0_f64, 2.0];
    let step = |state: &mut OptimizerState<f64>, p: &mut [f64; 2]| {
        let item = (&mut p[..], &[0.5, -0.25][..], ParamInfo::new(1));
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
    let refused = |optimizer: &dyn Optimizer<f64>| optimizer.check().is_err();
    for bad in [1.0, -0.1, f64::NAN, 2.0] {
        assert!(refused(&Nesterov::new(0.1).momentum(bad)));
        assert!(refused(&RmsProp::new(0.1).decay_rate(bad)));
        assert!(refused(&Adam::new(0.1).betas(bad, 0.999)));
        assert!(refused(&Adam::new(0.1).betas(0.9, bad)));
        assert!(refused(&Momentum::new(0.1).momentum(bad)));
        assert!(refused(&AdamW::new(0.1).betas(bad, 0.999)));
        for betas in [(bad, 0.99), (0.9, bad)] {
            assert!(refused(&NAdam::new(0.1).betas(betas.0, betas.1)));
            assert!(refused(&Lion::new(0.1).betas(betas.0, betas.1)));
        }
    }
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(refused(&AdamW::new(0.1).decay(bad)));
        assert!(refused(&NAdam::new(0.1).momentum_decay(bad)));
    }
    assert!(!refused(&AdamW::new(0.1).decay(0.0)));
    assert!(!refused(&NAdam::new(0.1).momentum_decay(0.0)));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(&RmsProp::new(0.1).epsilon(bad)));
        assert!(refused(&Adam::new(0.1).epsilon(bad)));
        assert!(refused(&AdaGrad::new(0.1).epsilon(bad)));
        assert!(refused(&AdamW::new(0.1).epsilon(bad)));
        assert!(refused(&NAdam::new(0.1).epsilon(bad)));
        let (sgd, nesterov) = (Sgd::new(bad), Nesterov::new(bad));
        let (rmsprop, adam) = (RmsProp::new(bad), Adam::new(bad));
        let (momentum, adagrad) = (Momentum::new(bad), AdaGrad::new(bad));
        let (adamw, nadam, lion) = (AdamW::new(bad), NAdam::new(bad), Lion::new(bad));
        let rules: [&dyn Optimizer<f64>; 9] = [
            &sgd, &nesterov, &rmsprop, &adam, &momentum, &adagrad, &adamw, &nadam, &lion,
        ];
        assert!(rules.into_iter().all(refused), "a learning rate of {bad}");
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
    let nesterov = Nesterov::new(0.1).momentum(1.0);
    assert_eq!(
        Optimizer::<f32>::check(&nesterov).unwrap_err().to_string(),
        "the momentum is 1; it must be at least 0 and below 1"
    );
}

#[test]
#[should_panic(expected = "buffers of the state and of the rule \"adam\"")]
fn a_state_of_another_rule_is_refused() {
    let pool = Pool::new(1);
    let mut state = OptimizerState::from_parts(1, vec![vec![]]);
    let item = (&mut [0.0_f64][..], &[0.0][..], ParamInfo::new(1));
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

/// A rule that writes into every element that it is given, as one of a user's own may.
#[derive(Debug)]
struct Drift;

impl Optimizer<f64> for Drift {
    fn name(&self) -> &'static str {
        "drift"
    }

    fn learning_rate(&self) -> f64 {
        1.0
    }

    fn update(&self, _: Step<f64>, value: &mut [f64], _: &[f64], state: &mut [&mut [f64]]) {
        value.iter_mut().for_each(|value| *value += 1.0);
        state[0].iter_mut().for_each(|state| *state += 2.0);
    }

    fn state_slots(&self) -> usize {
        1
    }
}

#[test]
fn the_padding_of_a_weight_stays_zero_whatever_a_rule_does() {
    for threads in [1, 3] {
        let pool = Pool::with_meeting_time(threads, Duration::ZERO);
        // 11 outputs in panels of 8 columns: the second panel has 5 columns of padding.
        let layout = PanelLayout::new(3, 11);
        let info = ParamInfo {
            padding: 5,
            ..ParamInfo::new(3 * 8)
        };
        let (input, output_grad) = (Array2::ones((2, 3)), Array2::ones((2, 11)));
        let zeros = vec![0.0; layout.packed_len::<f64>()];
        let gradients = [
            Gradient::Values(&zeros),
            Gradient::OuterProduct {
                layout,
                input: input.view(),
                output_grad: output_grad.view(),
                index: None,
            },
        ];
        for gradient in gradients {
            let (mut values, mut state) = (zeros.clone(), OptimizerState::new());
            for _ in 0..2 {
                let mut step = state.begin_step(&pool, &Drift, 1.0, 1.0);
                step.parameter(0, &mut values, gradient, info);
                step.end();
            }
            let mut expected = zeros.clone();
            layout.pack(&[2.0; 33], &mut expected);
            assert_eq!(values, expected);
            layout.pack(&[4.0; 33], &mut expected);
            assert_eq!(*state.moments()[0][0], *expected);
        }
    }
}

#[test]
fn a_frozen_parameter_stays_and_a_factor_scales_the_rate() {
    let (pool, sgd, mut state) = (Pool::new(1), Sgd::new(0.5), OptimizerState::new());
    let (mut frozen, mut slow) = ([1.0_f64], [1.0]);
    let factor = |learning_rate_factor| ParamInfo {
        learning_rate_factor,
        ..ParamInfo::new(1)
    };
    let items = [
        (&mut frozen[..], &[1.0][..], factor(0.0)),
        (&mut slow[..], &[1.0][..], factor(0.5)),
    ];
    state.step(&pool, &sgd, 0.5, 1.0, items.into_iter());
    assert_eq!((frozen, slow), ([1.0], [0.75]));
}

#[test]
fn every_rule_states_its_name_rate_and_constants() {
    let (sgd, nesterov) = (Sgd::new(0.3), Nesterov::new(0.2));
    let (rmsprop, adam) = (RmsProp::new(0.02), Adam::new(0.01));
    let facts = |rule: &dyn Optimizer<f32>| {
        let constants: Vec<f64> = rule.settings().iter().map(|(_, value)| *value).collect();
        let (name, rate) = (rule.name(), rule.learning_rate());
        (
            name,
            rate,
            rule.state_slots(),
            rule.is_vanilla_sgd(),
            constants,
        )
    };
    assert_eq!(facts(&sgd), ("sgd", 0.3, 0, true, vec![]));
    assert_eq!(facts(&nesterov), ("nesterov", 0.2, 1, false, vec![0.9]));
    let constants = vec![0.99, 1e-8];
    assert_eq!(facts(&rmsprop), ("rmsprop", 0.02, 1, false, constants));
    let constants = vec![0.9, 0.999, 1e-8];
    assert_eq!(facts(&adam), ("adam", 0.01, 2, false, constants));
    let rule = Momentum::new(0.2);
    assert_eq!(facts(&rule), ("momentum", 0.2, 1, false, vec![0.9]));
    let rule = AdaGrad::new(0.2);
    assert_eq!(facts(&rule), ("adagrad", 0.2, 1, false, vec![1e-10]));
    let constants = vec![0.9, 0.999, 1e-8, 0.01];
    let rule = AdamW::new(0.2);
    assert_eq!(facts(&rule), ("adamw", 0.2, 2, false, constants));
    let constants = vec![0.9, 0.999, 1e-8, 0.004];
    let rule = NAdam::new(0.2);
    assert_eq!(facts(&rule), ("nadam", 0.2, 2, false, constants));
    let rule = Lion::new(0.2);
    assert_eq!(facts(&rule), ("lion", 0.2, 1, false, vec![0.9, 0.99]));
}

#[test]
fn the_decay_of_adamw_adds_to_the_parameters_own_and_spares_those_that_do_not_decay() {
    let boxed: Box<dyn Optimizer<f64>> = Box::new(AdamW::new(0.5).decay(0.25));
    let boxed = Box::new(boxed);
    assert_eq!(boxed.weight_decay(), 0.25);
    let (mut plain, mut both, mut spared) = ([2.0], [2.0], [2.0]);
    let decay = WeightDecay {
        l2: 0.0,
        decoupled: 0.5,
    };
    let info = ParamInfo::new(1);
    // Gradients of 0: nothing but the decay moves a value.
    let items = [
        (&mut plain[..], &[0.0][..], info),
        (&mut both[..], &[0.0][..], ParamInfo { decay, ..info }),
        (
            &mut spared[..],
            &[0.0][..],
            ParamInfo {
                decays: false,
                ..info
            },
        ),
    ];
    OptimizerState::new().step(&Pool::new(1), &boxed, 0.5, 1.0, items.into_iter());
    // 2 (1 - 0.5 * 0.25) and 2 (1 - 0.5 * 0.75).
    assert_eq!((plain, both, spared), ([1.75], [1.25], [2.0]));
    assert_eq!(Optimizer::<f64>::weight_decay(&Adam::default()), 0.0);
}

/// The sign of 0 is 0, and a gradient that is not a number is not hidden by it.
#[test]
fn lion_stays_where_nothing_pulls_and_shows_a_broken_gradient() {
    let (mut values, mut state) = ([1.0_f32, 1.0, 1.0, 1.0], OptimizerState::new());
    let grads = [0.0, f32::NAN, 1e-30, -1e30];
    let item = (&mut values[..], &grads[..], ParamInfo::new(1));
    state.step(
        &Pool::new(1),
        &Lion::new(0.25),
        0.25,
        1.0,
        [item].into_iter(),
    );
    assert_eq!((values[0], values[2], values[3]), (1.0, 0.75, 1.25));
    assert!(values[1].is_nan());
}

/// The products of the momenta are made anew in each step: late steps are as far from a loop over all
/// of them as rounding is.
#[test]
fn a_late_step_of_nadam_is_that_of_all_the_momenta_before_it() {
    for (psi, t) in [(0.0, 3), (0.004, 40), (0.004, 100_000), (0.5, 300)] {
        let momentum = |k: u64| 0.9 * (1.0 - 0.5 * 0.96_f64.powf(k as f64 * psi));
        let product: f64 = (1..=t).map(momentum).product();
        let (grad, m, v) = (0.5, 0.25, 4.0);
        let rule = NAdam::new(0.1).momentum_decay(psi);
        let step = Step {
            t,
            learning_rate: 0.1,
            l2: 0.0,
            decoupled: 0.0,
            grad_scale: 1.0,
            constants: Optimizer::<f64>::step_constants(&rule, t),
        };
        let (mut value, mut slots) = ([1.0], ([m], [v]));
        let state = &mut [&mut slots.0[..], &mut slots.1[..]];
        rule.update(step, &mut value, &[grad], state);
        let (m, v) = (0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad * grad);
        let size = (v / (1.0 - 0.999_f64.powi(t as i32))).sqrt() + 1e-8;
        let next = momentum(t + 1);
        let of_mean = next * m / (1.0 - product * next);
        let pull = (1.0 - momentum(t)) * grad / (1.0 - product) + of_mean;
        let expected = 1.0 - 0.1 * pull / size;
        assert!((value[0] - expected).abs() < 1e-15, "step {t}, psi {psi}");
    }
}

/// Nesterov overrides every method but `is_vanilla_sgd`, Sgd that one.
#[test]
fn a_boxed_rule_is_the_rule_in_the_box() {
    let nesterov: Box<dyn Optimizer<f64>> = Box::new(Nesterov::new(0.1).momentum(0.5));
    let nesterov = Box::new(nesterov);
    assert_eq!(
        (nesterov.name(), nesterov.learning_rate()),
        ("nesterov", 0.1)
    );
    assert_eq!(
        (nesterov.state_slots(), nesterov.is_vanilla_sgd()),
        (1, false)
    );
    assert_eq!(nesterov.settings(), [("momentum", 0.5)]);
    assert_eq!(nesterov.check(), Ok(()));
    let step = Step {
        t: 1,
        learning_rate: 0.25,
        l2: 0.0,
        decoupled: 0.0,
        grad_scale: 1.0,
        constants: nesterov.step_constants(1),
    };
    let (mut value, mut b) = ([1.0], [4.0]);
    nesterov.update(step, &mut value, &[2.0], &mut [&mut b]);
    // b = 0.5 * 4 + 2; p = 1 - 0.25 (2 + 0.5 b).
    assert_eq!((value, b), ([0.0], [4.0]));

    let sgd: Box<dyn Optimizer<f64>> = Box::new(Sgd::new(-1.0));
    let sgd = Box::new(sgd);
    assert_eq!((sgd.state_slots(), sgd.is_vanilla_sgd()), (0, true));
    let refused = OptimizerError::Range {
        what: "the learning rate",
        value: -1.0,
        range: "above 0 and finite",
    };
    assert_eq!(sgd.check(), Err(refused));
}

#[test]
fn a_rule_of_ones_own_has_no_constants_by_default() {
    assert_eq!(Drift.settings(), []);
    assert!(!Drift.is_vanilla_sgd());
    assert_eq!(Drift.check(), Ok(()));
}

#[test]
fn schedules_have_the_names_of_the_command_line() {
    let step = Schedule::Step {
        every_epochs: 1,
        factor: 0.5,
    };
    let schedules = [
        Schedule::Constant,
        step,
        Schedule::Cosine,
        Schedule::OneCycle,
    ];
    let names = schedules.map(|schedule| schedule.name());
    assert_eq!(names, ["constant", "step", "cosine", "one-cycle"]);
}

/// Slices of more than eight elements, whose length is not a multiple of eight.
#[test]
fn the_norm_is_that_of_all_elements_of_all_gradients() {
    let (long, short) = ([3.0_f32; 21], [-3.0; 4]);
    let grads = [&long[..], &short[..]];
    // The root of 25 * 9.
    assert_eq!(global_norm(grads.into_iter()), 15.0);
    let scale = clip_scale(grads.into_iter(), 3.0);
    assert_eq!(scale, 3.0 / (15.0 + 1e-6));
    assert_eq!(clip_scale(grads.into_iter(), 16.0), 1.0);
}

/// A rule with this many slots, which adds 1 to the first, 2 to the second, and so on.
#[derive(Debug)]
struct Slots(usize);

impl Optimizer<f64> for Slots {
    fn name(&self) -> &'static str {
        "slots"
    }

    fn learning_rate(&self) -> f64 {
        1.0
    }

    fn update(&self, _: Step<f64>, value: &mut [f64], grad: &[f64], state: &mut [&mut [f64]]) {
        value.copy_from_slice(grad);
        for (add, slot) in (1..).zip(state) {
            slot.iter_mut()
                .for_each(|element| *element += f64::from(add));
        }
    }

    fn state_slots(&self) -> usize {
        self.0
    }
}

#[test]
fn a_rule_has_none_to_four_slots_of_state() {
    let pool = Pool::new(1);
    for slots in 0..=4 {
        let (mut values, mut state) = ([0.0; 3], OptimizerState::new());
        for _ in 0..2 {
            let item = (&mut values[..], &[5.0; 3][..], ParamInfo::new(1));
            state.step(&pool, &Slots(slots), 1.0, 1.0, [item].into_iter());
        }
        assert_eq!(values, [5.0; 3]);
        let moments: Vec<&[f64]> = state.moments()[0].iter().map(|slot| &slot[..]).collect();
        let expected = [[2.0; 3], [4.0; 3], [6.0; 3], [8.0; 3]];
        assert_eq!(moments, expected[..slots]);
    }
    let refused = catch_unwind(|| {
        let mut state = OptimizerState::<f64>::new();
        let _ = state.begin_step(&Pool::new(1), &Slots(5), 1.0, 1.0);
    });
    assert!(refused.is_err());
}

/// A rule that says it is plain descent, and is never called as such.
#[derive(Debug)]
struct Vanilla;

impl Optimizer<f64> for Vanilla {
    fn name(&self) -> &'static str {
        "vanilla"
    }

    fn learning_rate(&self) -> f64 {
        0.5
    }

    fn update(&self, _: Step<f64>, value: &mut [f64], _: &[f64], _: &mut [&mut [f64]]) {
        value.fill(f64::NAN);
    }

    fn is_vanilla_sgd(&self) -> bool {
        true
    }
}

#[test]
fn plain_descent_is_taken_on_the_way_unless_something_decays_or_is_clipped() {
    let after = |decay: WeightDecay, grad_scale: f64| {
        let (pool, mut value, mut state) = (Pool::new(1), [1.0], OptimizerState::new());
        let info = ParamInfo {
            decay,
            ..ParamInfo::new(1)
        };
        let item = (&mut value[..], &[0.5][..], info);
        state.step(&pool, &Vanilla, 0.5, grad_scale, [item].into_iter());
        value[0]
    };
    let decay = |l2, decoupled| WeightDecay { l2, decoupled };
    assert_eq!(after(WeightDecay::NONE, 1.0), 0.75);
    for (decay, grad_scale) in [
        (decay(0.1, 0.0), 1.0),
        (decay(0.0, 0.1), 1.0),
        (decay(0.1, 0.1), 1.0),
        (WeightDecay::NONE, 0.5),
    ] {
        assert!(after(decay, grad_scale).is_nan(), "{decay:?} {grad_scale}");
    }
}

#[test]
fn a_state_of_no_steps_keeps_its_moments_and_one_of_some_steps_has_them() {
    let pool = Pool::new(1);
    let step = |state: &mut OptimizerState<f64>| {
        let item = (&mut [0.0][..], &[0.0][..], ParamInfo::new(1));
        state.step(&pool, &Slots(1), 1.0, 1.0, [item].into_iter());
    };
    let mut state = OptimizerState::from_parts(0, vec![vec![AlignedVec::from_slice(&[6.0])]]);
    step(&mut state);
    assert_eq!((&state.moments()[0][0][..], state.steps()), (&[7.0][..], 1));
    let mut state = OptimizerState::from_parts(1, vec![]);
    let call = AssertUnwindSafe(|| step(&mut state));
    let message = *catch_unwind(call)
        .unwrap_err()
        .downcast::<String>()
        .unwrap();
    assert_eq!(message, "more parameters than the 0 of the first step");
}

#[test]
#[should_panic(expected = "parameters in this step and in the first")]
fn a_step_with_fewer_parameters_is_refused() {
    let (pool, mut state) = (Pool::new(1), OptimizerState::<f64>::new());
    for count in [2, 1] {
        let mut values = [1.0, 2.0];
        let items = values[..count].chunks_mut(1);
        let items = items.map(|value| (value, &[0.0][..], ParamInfo::new(1)));
        state.step(&pool, &Sgd::new(0.1), 0.1, 1.0, items);
    }
}
