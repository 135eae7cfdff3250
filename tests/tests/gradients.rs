//! The gradients of random networks against differences of their losses, in f64.
//!
//! Depth, widths, activations, dropout (with a fixed mask), loss, sample weights and the batch are
//! drawn anew for each network. Every element of every parameter's gradient is compared with a
//! difference quotient of seven points, whose own error is of the sixth order in its step. The step
//! becomes smaller where an activation has a kink within it; where one is too near for that, the
//! network is drawn again.

use std::sync::{Arc, Mutex};

use backprop_trainer::Trainer;
use backprop_trainer::layers::{
    BackwardArgs, Key, Layer, LayerSpec, Mode, ParameterKind, PassContext, Pool, Saved, Sequential,
    Workspace, dropout, elu, gelu, gelu_tanh, leaky_relu, linear, mish, relu, selu, sigmoid, silu,
    softmax, softplus, tanh,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Focal, LabelSmoothing, Loss, MeanSquaredError,
    Poisson, SoftmaxCrossEntropy, TargetsView, by_name, notation,
};
use backprop_trainer::ndarray::{Array2, ArrayView2, ArrayViewMut2};
use backprop_trainer::optimizers::Sgd;
use backprop_trainer::tensor::rand::{Rng, RngExt};

/// The bound on the norm of the error, in norms of the parameter's gradient.
const OF_NORM: f64 = 1e-7;
/// The bound on the error of an element, in `max(|element|, largest / 1000)`.
const OF_ELEMENT: f64 = 1e-6;
/// Half the distance of neighbouring points, the larger the more precise.
const STEPS: [f64; 4] = [2e-3, 8e-4, 2e-4, 1e-4];
/// The rounding errors of a difference quotient, times its step, for a loss around 1: some ten units
/// in the last place. Measured: at most two fifths of this.
const ROUNDING: f64 = 1e-15;

/// The signs that the last pass found before the activations with a kink.
type Signs = Arc<Mutex<Vec<bool>>>;

/// Lets everything through and remembers the signs.
#[derive(Clone, Debug)]
struct Spy(Signs);

impl Layer<f64> for Spy {
    fn forward(
        &self,
        _context: &PassContext<'_>,
        input: ArrayView2<'_, f64>,
        mut output: ArrayViewMut2<'_, f64>,
        _saved: Saved<'_, f64>,
    ) {
        output.assign(&input);
        self.0
            .lock()
            .unwrap()
            .extend(input.iter().map(|x| *x > 0.0));
    }

    fn backward(
        &self,
        _context: &PassContext<'_>,
        args: BackwardArgs<'_, f64>,
        input_grad: Option<ArrayViewMut2<'_, f64>>,
        _grads: &mut [Box<[f64]>],
    ) {
        if let Some(mut input_grad) = input_grad {
            input_grad.assign(&args.output_grad);
        }
    }

    fn spec(&self) -> LayerSpec {
        LayerSpec::custom("spy", "")
    }
}

/// The targets of a batch, owned.
#[derive(Debug)]
enum Wanted {
    Classes(Vec<u32>),
    Values(Array2<f64>),
}

/// A network, a loss and a batch.
struct Case {
    specs: Vec<LayerSpec>,
    network: Sequential<f64>,
    signs: Signs,
    loss: Box<dyn Loss<f64>>,
    inputs: Array2<f64>,
    wanted: Wanted,
    weights: Option<Vec<f64>>,
    l2: f64,
    seed: u64,
}

fn numbers(rng: &mut impl Rng, rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |_| rng.random_range(-1.0..1.0))
}

impl Case {
    fn draw(seed: u64) -> Self {
        let key = Key::new(seed);
        let rng = &mut key.derive("case", 0).generator();
        let mut specs = Vec::new();
        let hidden = rng.random_range(0..4);
        for _ in 0..hidden {
            specs.push(linear(rng.random_range(1..=18)));
            let activations = [
                relu(),
                leaky_relu(0.01),
                leaky_relu(-0.5),
                sigmoid(),
                tanh(),
                softmax(),
                gelu(),
                gelu_tanh(),
                silu(),
                elu(0.5),
                selu(),
                softplus(),
                mish(),
            ];
            // One of them, or none.
            specs.extend(activations.get(rng.random_range(0..14)).cloned());
            if rng.random_bool(0.3) {
                specs.push(dropout(rng.random_range(0.05..0.6)));
            }
        }
        let outputs = rng.random_range(2..=10);
        specs.push(linear(outputs));
        let loss: Box<dyn Loss<f64>> = match rng.random_range(0..8) {
            0 | 1 => Box::new(SoftmaxCrossEntropy),
            2 => {
                specs.push(softmax());
                Box::new(CrossEntropy)
            }
            3 => {
                let tails = [sigmoid(), tanh(), softmax()];
                specs.extend(tails.get(rng.random_range(0..6)).cloned());
                Box::new(MeanSquaredError)
            }
            4 => Box::new(Poisson),
            5 => Box::new(LabelSmoothing::new(rng.random_range(0.0..0.5)).unwrap()),
            6 => Box::new(Focal::new(rng.random_range(0.0..3.0)).unwrap()),
            _ => Box::new(BinaryCrossEntropyWithLogits),
        };
        let rows = rng.random_range(1..=6);
        let inputs = rng.random_range(1..=12);
        let of_classes = [
            "SoftmaxCrossEntropy",
            "CrossEntropy",
            "LabelSmoothing",
            "Focal",
        ];
        let takes_classes = of_classes.contains(&loss.name());
        let wanted = if takes_classes && rng.random_bool(0.5) {
            let class = |_| rng.random_range(0..outputs as u32);
            Wanted::Classes((0..rows).map(class).collect())
        } else {
            Wanted::Values(numbers(rng, rows, outputs).mapv(f64::abs))
        };
        let weights = rng.random_bool(0.5).then(|| {
            let mut weights: Vec<f64> = (0..rows).map(|_| rng.random_range(0.1..2.0)).collect();
            // One that does not count, beside others that do.
            if rows > 1 && rng.random_bool(0.5) {
                weights[0] = 0.0;
            }
            weights
        });
        let inputs = numbers(rng, rows, inputs);
        Self::build(specs, loss, inputs, wanted, weights, seed)
    }

    fn build(
        specs: Vec<LayerSpec>,
        loss: Box<dyn Loss<f64>>,
        inputs: Array2<f64>,
        wanted: Wanted,
        weights: Option<Vec<f64>>,
        seed: u64,
    ) -> Self {
        let drawn = Sequential::<f64>::new(inputs.ncols(), specs.clone(), seed).unwrap();
        let signs = Signs::default();
        let mut layers: Vec<Box<dyn Layer<f64>>> = Vec::new();
        for layer in drawn.layers() {
            let spec = layer.spec();
            let has_two_slopes = matches!(spec, LayerSpec::Selu | LayerSpec::Elu { .. });
            if has_two_slopes || matches!(spec, LayerSpec::Relu | LayerSpec::LeakyRelu { .. }) {
                layers.push(Box::new(Spy(Arc::clone(&signs))));
            }
            layers.push(layer.clone());
        }
        let mut network = Sequential::from_layers(inputs.ncols(), layers).unwrap();
        // Biases begin at zero, where a wrong factor would not show.
        let rng = &mut Key::new(seed).derive("bias", 0).generator();
        for (_, parameter) in network.parameters_mut() {
            if parameter.kind() == ParameterKind::Bias {
                parameter
                    .packed_mut()
                    .fill_with(|| rng.random_range(-0.5..0.5));
            }
        }
        Case {
            specs,
            network,
            signs,
            loss,
            inputs,
            wanted,
            weights,
            l2: 0.0,
            seed,
        }
    }

    fn targets(&self) -> TargetsView<'_, f64> {
        match &self.wanted {
            Wanted::Classes(classes) => TargetsView::Classes(classes),
            Wanted::Values(values) => TargetsView::Values(values.view()),
        }
    }

    /// The mode of a trainer's first step.
    fn mode(&self) -> Mode {
        Mode::Train(Key::new(self.seed).derive("step", 1))
    }

    /// The mean loss with the L2 penalty on weights, and the signs before the kinks.
    fn evaluate(&self, workspace: &mut Workspace<f64>) -> (f64, Vec<bool>) {
        self.signs.lock().unwrap().clear();
        self.network
            .forward(workspace, self.mode(), self.inputs.view());
        let signs = self.signs.lock().unwrap().clone();
        let weights = self.weights.as_deref();
        let total = self
            .loss
            .value_and_grad(workspace.output(), self.targets(), weights, None);
        let mut loss = total.mean();
        if self.l2 != 0.0 {
            let parameters = self.network.parameters();
            let weights = parameters.filter(|(_, p)| p.kind() == ParameterKind::Weight);
            let squares = weights.flat_map(|(_, p)| p.to_array()).map(|w| w * w);
            loss += self.l2 / 2.0 * squares.sum::<f64>();
        }
        (loss, signs)
    }

    /// The gradients of all parameters by the backward pass, in logical order.
    fn gradients(&self, workspace: &mut Workspace<f64>) -> Vec<Vec<f64>> {
        self.network
            .forward(workspace, self.mode(), self.inputs.view());
        let (output, grad) = workspace.output_and_grad();
        let weights = self.weights.as_deref();
        self.loss
            .value_and_grad(output, self.targets(), weights, Some(grad));
        self.network.backward(workspace, self.inputs.view());
        let parameters = self.network.parameters();
        parameters
            .zip(workspace.gradients())
            .map(|((_, parameter), grad)| parameter.unpack(grad))
            .collect()
    }

    fn set(&mut self, which: usize, rows: &[f64]) {
        let (_, parameter) = self.network.parameters_mut().nth(which).unwrap();
        parameter.assign(rows);
    }

    /// The difference quotient by one element of a parameter, and its step; `None` where a kink is
    /// too near.
    fn difference(
        &mut self,
        workspace: &mut Workspace<f64>,
        which: usize,
        rows: &[f64],
        at: usize,
        signs: &[bool],
    ) -> Option<(f64, f64)> {
        let mut moved = rows.to_vec();
        let quotient = STEPS.iter().find_map(|&step| {
            let mut sum = 0.0;
            for (distance, factor) in [(1.0, 45.0), (2.0, -9.0), (3.0, 1.0)] {
                for side in [1.0, -1.0] {
                    moved[at] = rows[at] + side * distance * step;
                    self.set(which, &moved);
                    let (loss, found) = self.evaluate(workspace);
                    if found != signs {
                        return None;
                    }
                    sum += side * factor * loss;
                }
            }
            Some((sum / (60.0 * step), step))
        });
        self.set(which, rows);
        quotient
    }
}

/// The number of comparisons, and how near the bounds they came.
#[derive(Debug, Default)]
struct Figures {
    networks: usize,
    drawn_again: usize,
    parameters: usize,
    elements: usize,
    /// Elements whose bound is below the rounding errors of the quotient.
    too_small: usize,
    /// The largest errors, in bounds.
    worst_norm: f64,
    worst_element: f64,
    /// The largest errors, in rounding errors, of what is too small for its bound.
    worst_small: f64,
}

impl Figures {
    /// Compares all gradients of a network; whether no kink was in the way.
    fn compare(&mut self, case: &mut Case, found: &[Vec<f64>]) -> bool {
        let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
        let (loss, signs) = case.evaluate(&mut workspace);
        let all: Vec<(String, Vec<f64>)> = case
            .network
            .parameters()
            .map(|(name, parameter)| (name, parameter.to_array()))
            .collect();
        assert_eq!(all.len(), found.len());
        let mut expected = Vec::new();
        for (which, (_, rows)) in all.iter().enumerate() {
            let quotients: Option<Vec<_>> = (0..rows.len())
                .map(|at| case.difference(&mut workspace, which, rows, at, &signs))
                .collect();
            let Some(quotients) = quotients else {
                self.drawn_again += 1;
                return false;
            };
            expected.push(quotients);
        }
        self.networks += 1;
        for (((name, _), found), expected) in all.iter().zip(found).zip(&expected) {
            let what = || {
                let (specs, loss) = (&case.specs, case.loss.name());
                format!("seed {}, {specs:?} with {loss}, {name}", case.seed)
            };
            self.parameters += 1;
            let largest = expected
                .iter()
                .fold(0.0_f64, |top, (d, _)| top.max(d.abs()));
            let (mut error_squared, mut norm_squared, mut noise_squared) = (0.0, 0.0, 0.0);
            for (at, (found, (expected, step))) in found.iter().zip(expected).enumerate() {
                let error = (found - expected).abs();
                let noise = ROUNDING * loss.abs().max(1.0) / step;
                let bound = OF_ELEMENT * expected.abs().max(1e-3 * largest);
                assert!(
                    error <= bound.max(noise),
                    "{} {at}: {found}, but the difference is {expected}: {:.1} bounds away",
                    what(),
                    error / bound
                );
                self.elements += 1;
                if noise > bound {
                    self.too_small += 1;
                    self.worst_small = self.worst_small.max(error / noise);
                } else {
                    self.worst_element = self.worst_element.max(error / bound);
                }
                error_squared += error * error;
                norm_squared += expected * expected;
                noise_squared += noise * noise;
            }
            let (error, noise) = (f64::sqrt(error_squared), f64::sqrt(noise_squared));
            let bound = OF_NORM * f64::sqrt(norm_squared);
            assert!(
                error <= bound.max(noise),
                "{}: the error is {:.1} bounds",
                what(),
                error / bound
            );
            if bound > noise {
                self.worst_norm = self.worst_norm.max(error / bound);
            }
        }
        true
    }

    /// That what was compared is what was meant to be.
    fn check(&self, networks: usize) {
        println!("{self:#.3?}");
        assert_eq!(self.networks, networks);
        // Too few kinks within reach of the smallest step to change what is drawn.
        assert!(self.drawn_again * 4 < networks, "{self:?}");
        // A gradient that is too small for its bound still has to be as small.
        assert!(self.too_small * 10 < self.elements, "{self:?}");
    }
}

/// Compares the gradients of this number of random networks.
fn random_networks(networks: usize, first_seed: u64) {
    let mut figures = Figures::default();
    let mut seed = first_seed;
    while figures.networks < networks {
        let mut case = Case::draw(seed);
        seed += 1;
        let found = case.gradients(&mut Workspace::new(Arc::new(Pool::new(1))));
        figures.compare(&mut case, &found);
    }
    figures.check(networks);
}

#[test]
fn two_hundred_random_networks_agree_with_differences() {
    random_networks(200, 0);
}

#[test]
#[ignore = "takes a minute"]
fn three_thousand_random_networks_agree_with_differences() {
    random_networks(3000, 1_000_000);
}

/// The step of plain gradient descent is the gradient of the loss with the penalty, on weights and
/// not on biases: `p - lr (g + l2 w)`. With a learning rate of 1 the step is that gradient.
#[test]
fn the_l2_term_is_the_gradient_of_the_penalty() {
    let mut figures = Figures::default();
    let mut seed = 500_000;
    while figures.networks < 30 {
        let mut case = Case::draw(seed);
        seed += 1;
        case.l2 = 0.3;
        let squashed = case.loss.name() != "CrossEntropy" && case.specs.last() == Some(&softmax());
        let loss = by_name::<f64>(&notation(&*case.loss)).unwrap();
        if squashed && case.loss.name() != "MeanSquaredError" {
            continue;
        }
        let trainer = Trainer::new(case.network.clone(), loss, Sgd::new(1.0)).unwrap();
        let mut trainer = trainer.l2(case.l2).seed(case.seed);
        let weights = case.weights.as_deref();
        let total = trainer
            .train_batch(case.inputs.view(), case.targets(), weights)
            .unwrap();
        // The penalty is not part of the reported loss.
        let l2 = std::mem::take(&mut case.l2);
        let (loss, _) = case.evaluate(&mut Workspace::new(Arc::new(Pool::new(1))));
        assert_eq!(total.mean(), loss);
        case.l2 = l2;
        let after = trainer.network().parameters();
        let found: Vec<Vec<f64>> = case
            .network
            .parameters()
            .zip(after)
            .map(|((_, before), (_, after))| {
                let pairs = before.to_array().into_iter().zip(after.to_array());
                pairs.map(|(before, after)| before - after).collect()
            })
            .collect();
        figures.compare(&mut case, &found);
    }
    figures.check(30);
}
