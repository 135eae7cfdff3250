//! Rules, clipping and schedules against the figures that `reference/make.py` got from PyTorch.

use approx::{assert_relative_eq, relative_eq};
use backprop_optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, OptimizerState, ParamInfo,
    Progress, RmsProp, Schedule, Sgd, WeightDecay, clip_scale, global_norm,
};
use backprop_tensor::{Pool, Scalar};
use serde::Deserialize;

#[derive(Deserialize)]
struct Trajectories {
    start: Vec<f64>,
    cases: Vec<Case>,
    clip: Vec<Clip>,
}

/// `gradients[k]` at `learning_rates[k]` led to `parameters[k]`.
#[derive(Deserialize)]
struct Case {
    name: String,
    optimizer: String,
    hyper: Hyper,
    learning_rates: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    parameters: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Hyper {
    l2: f64,
    decoupled: f64,
    momentum: Option<f64>,
    decay_rate: Option<f64>,
    beta1: Option<f64>,
    beta2: Option<f64>,
    epsilon: Option<f64>,
    momentum_decay: Option<f64>,
    weight_decay: Option<f64>,
}

#[derive(Deserialize)]
struct Clip {
    max_norm: f64,
    gradients: Vec<Vec<f64>>,
    norm: f64,
    clipped: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Schedules {
    schedules: Vec<Rates>,
}

#[derive(Deserialize)]
struct Rates {
    name: String,
    peak: f64,
    epochs: u64,
    steps_per_epoch: u64,
    every_epochs: Option<u64>,
    gamma: Option<f64>,
    learning_rates: Vec<f64>,
}

fn trajectories() -> Trajectories {
    serde_json::from_str(include_str!("reference/trajectories.json")).unwrap()
}

fn rule<T: Scalar>(case: &Case) -> Box<dyn Optimizer<T>> {
    let hyper = &case.hyper;
    let epsilon = || hyper.epsilon.unwrap();
    let (beta1, beta2) = (|| hyper.beta1.unwrap(), || hyper.beta2.unwrap());
    match case.optimizer.as_str() {
        "sgd" => Box::new(Sgd::default()),
        "nesterov" => Box::new(Nesterov::default().momentum(hyper.momentum.unwrap())),
        "momentum" => Box::new(Momentum::default().momentum(hyper.momentum.unwrap())),
        "adagrad" => Box::new(AdaGrad::default().epsilon(epsilon())),
        "rmsprop" => {
            let rmsprop = RmsProp::default().decay_rate(hyper.decay_rate.unwrap());
            Box::new(rmsprop.epsilon(epsilon()))
        }
        "adam" => Box::new(Adam::default().betas(beta1(), beta2()).epsilon(epsilon())),
        "adamw" => {
            let adamw = AdamW::default().betas(beta1(), beta2()).epsilon(epsilon());
            Box::new(hyper.weight_decay.map_or(adamw, |decay| adamw.decay(decay)))
        }
        "nadam" => {
            let nadam = NAdam::default().betas(beta1(), beta2()).epsilon(epsilon());
            Box::new(nadam.momentum_decay(hyper.momentum_decay.unwrap()))
        }
        "lion" => Box::new(Lion::default().betas(beta1(), beta2())),
        other => panic!("{other} is not an optimizer of ours"),
    }
}

/// `|found - expected| / |expected|`.
fn deviation(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let mut differences = found.iter().zip(expected).map(|(a, b)| a - b);
    norm(&mut differences) / norm(&mut expected.iter().copied())
}

/// Every step of every case may be this far from PyTorch's.
///
/// The five values are two parameters, so that a rule that counts a step for each of them differs.
fn check_trajectories<T: Scalar>(allowed: f64) {
    let Trajectories { start, cases, .. } = trajectories();
    assert_eq!(cases.len(), 25);
    let rounded = |numbers: &[f64]| numbers.iter().map(|&x| T::from_f64(x)).collect::<Vec<T>>();
    let pool = Pool::new(1);
    let mut worst = 0.0_f64;
    for case in &cases {
        let (rule, mut state) = (rule::<T>(case), OptimizerState::new());
        let decay = WeightDecay {
            l2: case.hyper.l2,
            decoupled: case.hyper.decoupled,
        };
        let mut values = rounded(&start);
        assert_eq!(case.gradients.len(), 20, "{}", case.name);
        let steps = case.gradients.iter().zip(&case.parameters);
        for ((step, &rate), (grad, expected)) in (1..).zip(&case.learning_rates).zip(steps) {
            let grad = rounded(grad);
            let (first, second) = values.split_at_mut(2);
            let info = ParamInfo {
                decay,
                ..ParamInfo::new(1)
            };
            let items = [(first, &grad[..2], info), (second, &grad[2..], info)];
            state.step(
                &pool,
                &*rule,
                T::from_f64(rate),
                T::one(),
                items.into_iter(),
            );
            let found: Vec<f64> = values.iter().map(|value| value.as_f64()).collect();
            let off = deviation(&found, expected);
            worst = worst.max(off);
            let (name, what) = (&case.name, T::NAME);
            assert!(
                off <= allowed,
                "{name} in {what}, step {step}: off by {off:e}"
            );
        }
    }
    println!("{}: worst deviation {worst:e}", T::NAME);
}

#[test]
fn trajectories_in_f64_are_pytorchs() {
    check_trajectories::<f64>(1e-12);
}

#[test]
fn trajectories_in_f32_are_pytorchs() {
    check_trajectories::<f32>(1e-4);
}

#[test]
fn clipping_is_pytorchs() {
    let Trajectories { clip, .. } = trajectories();
    assert_eq!(clip.len(), 6);
    for case in clip {
        let grads = || case.gradients.iter().map(Vec::as_slice);
        let norm = global_norm(grads());
        assert_relative_eq!(norm, case.norm, max_relative = 1e-12);
        let scale = clip_scale(grads(), case.max_norm);
        let found: Vec<f64> = grads().flatten().map(|g| scale * g).collect();
        let off = deviation(&found, &case.clipped.concat());
        assert!(off <= 1e-12, "at most {}: off by {off:e}", case.max_norm);
    }
}

#[test]
fn schedules_are_pytorchs() {
    let text = include_str!("reference/schedules.json");
    let Schedules { schedules } = serde_json::from_str(text).unwrap();
    assert_eq!(schedules.len(), 3);
    let mut worst = 0.0_f64;
    for rates in schedules {
        let schedule = match rates.name.as_str() {
            "step" => Schedule::Step {
                every_epochs: rates.every_epochs.unwrap(),
                factor: rates.gamma.unwrap(),
            },
            "cosine" => Schedule::Cosine,
            "one-cycle" => Schedule::OneCycle,
            other => panic!("{other} is not a schedule of ours"),
        };
        let steps = rates.epochs * rates.steps_per_epoch;
        assert_eq!(rates.learning_rates.len() as u64, steps);
        for (step, &expected) in (0..).zip(&rates.learning_rates) {
            let at = Progress {
                step,
                steps_per_epoch: rates.steps_per_epoch,
                epochs: rates.epochs,
            };
            let found = schedule.learning_rate(rates.peak, at);
            worst = worst.max((found - expected).abs() / expected);
            // Rounding at the end of a cosine, where the rate is nearly 0.
            let rounding = 1e-18;
            let is_near = relative_eq!(found, expected, epsilon = rounding, max_relative = 1e-12);
            let name = schedule.name();
            assert!(is_near, "{name}, step {step}: {found}, not {expected}");
        }
    }
    println!("worst deviation {worst:e}");
}
