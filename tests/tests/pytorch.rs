//! Twenty training steps of a whole network against those of PyTorch, which `reference/make.py` took.

use std::sync::Arc;

use approx::{assert_relative_eq, relative_eq};
use backprop_trainer::layers::{
    Key, Layer, LeakyRelu, Linear, Mode, Pool, Sequential, Workspace, ndarray::Array2,
};
use backprop_trainer::losses::{Loss, SoftmaxCrossEntropy, TargetsView};
use backprop_trainer::optimizers::{
    Adam, Nesterov, Optimizer, Progress, RmsProp, Schedule, Sgd, global_norm,
};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{TrainConfig, Trainer};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    slope: f64,
    steps: usize,
    steps_per_epoch: u64,
    epochs: u64,
    inputs: Vec<Vec<f64>>,
    labels: Vec<u32>,
    initial: Vec<LinearValues>,
    first_gradients: Vec<LinearValues>,
    cases: Vec<Case>,
}

/// The weight (outputs, inputs) and the bias of a layer, or their gradients.
#[derive(Deserialize)]
struct LinearValues {
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    optimizer: String,
    learning_rate: f64,
    schedule: String,
    rates: Vec<f64>,
    hyper: Hyper,
    l2: f64,
    decoupled: f64,
    clip: Option<f64>,
    losses: Vec<f64>,
    norms: Vec<f64>,
    r#final: Vec<LinearValues>,
}

#[derive(Deserialize)]
struct Hyper {
    momentum: Option<f64>,
    decay_rate: Option<f64>,
    beta1: Option<f64>,
    beta2: Option<f64>,
    epsilon: Option<f64>,
}

fn reference() -> Reference {
    let text = include_str!("../reference/network.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert_eq!((reference.cases.len(), reference.steps), (32, 20));
    reference
}

impl Reference {
    fn network<T: Scalar>(&self) -> Sequential<T> {
        let mut layers: Vec<Box<dyn Layer<T>>> = Vec::new();
        for LinearValues { weight, bias } in &self.initial {
            if !layers.is_empty() {
                layers.push(Box::new(LeakyRelu::new(self.slope).unwrap()));
            }
            let (rows, bias) = (rounded(&weight.concat()), rounded(bias));
            let layer = Linear::from_rows(weight.len(), weight[0].len(), &rows, &bias);
            layers.push(Box::new(layer));
        }
        Sequential::from_layers(self.inputs[0].len(), layers).unwrap()
    }

    fn inputs<T: Scalar>(&self) -> Array2<T> {
        let shape = (self.inputs.len(), self.inputs[0].len());
        Array2::from_shape_vec(shape, rounded(&self.inputs.concat())).unwrap()
    }
}

impl Case {
    fn rule<T: Scalar>(&self) -> Box<dyn Optimizer<T>> {
        let (hyper, rate) = (&self.hyper, self.learning_rate);
        let epsilon = || hyper.epsilon.unwrap();
        match self.optimizer.as_str() {
            "sgd" => Box::new(Sgd::new(rate)),
            "nesterov" => Box::new(Nesterov::new(rate).momentum(hyper.momentum.unwrap())),
            "rmsprop" => {
                let decay_rate = hyper.decay_rate.unwrap();
                Box::new(RmsProp::new(rate).decay_rate(decay_rate).epsilon(epsilon()))
            }
            "adam" => {
                let betas = (hyper.beta1.unwrap(), hyper.beta2.unwrap());
                Box::new(Adam::new(rate).betas(betas.0, betas.1).epsilon(epsilon()))
            }
            other => panic!("{other} is not an optimizer of ours"),
        }
    }
}

impl Case {
    fn schedule(&self) -> Schedule {
        match self.schedule.as_str() {
            "constant" => Schedule::Constant,
            "step" => Schedule::Step {
                every_epochs: 2,
                factor: 0.5,
            },
            "cosine" => Schedule::Cosine,
            "one-cycle" => Schedule::OneCycle,
            other => panic!("{other} is not a schedule of ours"),
        }
    }
}

fn rounded<T: Scalar>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|&x| T::from_f64(x)).collect()
}

/// `|found - expected| / |expected|` for each weight and bias; the largest of them.
fn deviation<T: Scalar>(found: &[Vec<T>], expected: &[LinearValues]) -> f64 {
    let expected = expected
        .iter()
        .flat_map(|layer| [layer.weight.concat(), layer.bias.clone()]);
    let expected: Vec<Vec<f64>> = expected.collect();
    assert_eq!(found.len(), expected.len());
    let mut worst = 0.0_f64;
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.len(), expected.len());
        let differences = found.iter().zip(expected).map(|(a, b)| a.as_f64() - b);
        let off = differences.map(|d| d * d).sum::<f64>();
        let off = (off / expected.iter().map(|x| x * x).sum::<f64>()).sqrt();
        assert!(!off.is_nan());
        worst = worst.max(off);
    }
    worst
}

fn rows<T: Scalar>(network: &Sequential<T>) -> Vec<Vec<T>> {
    network.parameters().map(|(_, p)| p.to_array()).collect()
}

fn check_twenty_steps<T: Scalar>(allowed: f64) {
    let reference = reference();
    let (inputs, labels) = (reference.inputs::<T>(), &reference.labels);
    let (mut worst_loss, mut worst_final) = (0.0_f64, 0.0_f64);
    for case in &reference.cases {
        let config = TrainConfig {
            l2: case.l2,
            weight_decay: case.decoupled,
            clip: case.clip,
            ..TrainConfig::default()
        };
        let network = reference.network::<T>();
        let trainer = Trainer::new(network, SoftmaxCrossEntropy, case.rule::<T>());
        let mut trainer = trainer.unwrap().with_config(config);
        assert_eq!(case.losses.len(), reference.steps);
        let schedule = case.schedule();
        for (step, (expected, rate)) in (1..).zip(case.losses.iter().zip(&case.rates)) {
            let progress = Progress {
                step: step - 1,
                steps_per_epoch: reference.steps_per_epoch,
                epochs: reference.epochs,
            };
            let found = schedule.learning_rate(case.learning_rate, progress);
            assert!(
                relative_eq!(found, *rate, epsilon = 0.0, max_relative = 1e-12),
                "{}, step {step}: {found}",
                case.name
            );
            trainer.set_learning_rate(found);
            let targets = TargetsView::Classes(labels);
            let total = trainer.train_batch(inputs.view(), targets, None).unwrap();
            let off = (total.mean() / expected - 1.0).abs();
            let name = &case.name;
            assert!(off <= allowed, "{name}, step {step}: loss off by {off:e}");
            worst_loss = worst_loss.max(off);
        }
        let off = deviation(&rows(trainer.network()), &case.r#final);
        assert!(off <= allowed, "{}: parameters off by {off:e}", case.name);
        worst_final = worst_final.max(off);
    }
    let name = T::NAME;
    println!("{name}: worst deviation of a loss {worst_loss:e}, of parameters {worst_final:e}");
}

#[test]
fn twenty_steps_in_f64_are_pytorchs() {
    check_twenty_steps::<f64>(1e-10);
}

#[test]
fn twenty_steps_in_f32_are_pytorchs() {
    check_twenty_steps::<f32>(1e-4);
}

#[test]
fn the_first_gradients_are_pytorchs() {
    let reference = reference();
    let (network, inputs) = (reference.network::<f64>(), reference.inputs());
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    network.forward(&mut workspace, Mode::Train(Key::new(0)), inputs.view());
    let (output, grad) = workspace.output_and_grad();
    let targets = TargetsView::Classes(&reference.labels);
    SoftmaxCrossEntropy.value_and_grad(output, targets, None, Some(grad));
    network.backward(&mut workspace, inputs.view());

    let norm = global_norm(workspace.gradients());
    let gradients: Vec<Vec<f64>> = network
        .parameters()
        .zip(workspace.gradients())
        .map(|((_, parameter), grad)| parameter.unpack(grad))
        .collect();
    let off = deviation(&gradients, &reference.first_gradients);
    assert!(off <= 1e-12, "off by {off:e}");
    for case in &reference.cases {
        assert_relative_eq!(norm, case.norms[0], epsilon = 0.0, max_relative = 1e-12);
    }
}
