//! The notebook's experiments: settings, and the figures that it printed.

use backprop_trainer::layers::{LayerSpec, leaky_relu, relu};
use backprop_trainer::optimizers::{Adam, Nesterov, Optimizer, RmsProp, Schedule, Sgd};
use backprop_trainer::search::ParamRange;

use crate::rates::SENSIBLE_RATES;
use crate::setup::Setup;

/// An experiment that trains one network from start to end.
pub(super) struct Experiment {
    pub(super) name: String,
    pub(super) about: String,
    /// The settings, with the seed 0.
    pub(super) setup: Setup,
    pub(super) notebook: Notebook,
    pub(super) goals: Vec<Goal>,
    /// Why the figures differ, if they do.
    pub(super) note: &'static str,
}

/// The figures that the notebook printed.
#[derive(Clone, Default)]
pub(super) struct Notebook {
    /// Epochs and their training losses.
    pub(super) train_losses: Vec<(u64, f64)>,
    pub(super) validation_loss: Option<f64>,
    pub(super) seconds: Option<f64>,
}

/// The most that a mean over the seeds should be.
pub(super) enum Goal {
    TrainLoss { epoch: u64, at_most: f64 },
    ValidationLoss { at_most: f64 },
}

/// The name of the experiment whose network the histograms are of.
pub(super) const TEN_EPOCHS: &str = "SGD, ten epochs";

/// A trial of the random search, which trains on all images.
pub(super) fn trial(learning_rate: f64) -> Setup {
    setup(sgd, leaky_relu(0.01), learning_rate, 2)
}

/// The learning rates of the random search: the notebook wrote `10*uniform(-6,1)`, and surely
/// meant `10**`.
pub(super) fn search_range() -> ParamRange {
    ParamRange::logarithmic(1e-6, 10.0).expect("a range")
}

/// Trials of the random search.
pub(super) const TRIALS: usize = 10;

fn sgd(rate: f64) -> Box<dyn Optimizer<f32>> {
    Box::new(Sgd::new(rate))
}

fn setup(
    optimizer: fn(f64) -> Box<dyn Optimizer<f32>>,
    activation: LayerSpec,
    learning_rate: f64,
    epochs: u64,
) -> Setup {
    Setup {
        activation,
        optimizer,
        learning_rate,
        schedule: Schedule::Constant,
        epochs,
        limit: None,
        seed: 0,
    }
}

/// An optimizer on the first 1,000 images: its settings in the notebook, and the losses printed.
struct Printed {
    name: &'static str,
    optimizer: fn(f64) -> Box<dyn Optimizer<f32>>,
    constants: &'static str,
    rate: f64,
    /// The rate of the search.
    sensible: f64,
    /// The training losses of epochs 5 and 50.
    losses: [f64; 2],
}

const PRINTED: [Printed; 3] = [
    Printed {
        name: "Nesterov",
        optimizer: |rate| Box::new(Nesterov::new(rate)),
        constants: "momentum 0.9",
        rate: 0.2,
        sensible: SENSIBLE_RATES.nesterov,
        losses: [1.1517, 1.0331],
    },
    Printed {
        name: "RMSProp",
        optimizer: |rate| Box::new(RmsProp::new(rate)),
        constants: "decay 0.99",
        rate: 0.1,
        sensible: SENSIBLE_RATES.rmsprop,
        losses: [2.1821, 2.1619],
    },
    Printed {
        name: "Adam",
        optimizer: |rate| Box::new(Adam::new(rate)),
        constants: "betas 0.9 and 0.999",
        rate: 0.1,
        sensible: SENSIBLE_RATES.adam,
        losses: [1.6021, 1.5982],
    },
];

/// All experiments that train one network, in the notebook's order.
pub(super) fn all() -> Vec<Experiment> {
    let mut all = vec![one_epoch(), ten_epochs()];
    all.extend(PRINTED.iter().flat_map(on_1000_images));
    all
}

/// 10 % above the loss that the notebook printed is as good as the same.
fn near(loss: f64) -> f64 {
    1.1 * loss
}

fn train_goal(epoch: u64, loss: f64) -> Goal {
    let at_most = near(loss);
    Goal::TrainLoss { epoch, at_most }
}

fn validation_goal(loss: f64) -> Goal {
    let at_most = near(loss);
    Goal::ValidationLoss { at_most }
}

fn one_epoch() -> Experiment {
    Experiment {
        name: "SGD, one epoch".to_string(),
        about: "LeakyReLU, learning rate 0.1, all images".to_string(),
        setup: setup(sgd, leaky_relu(0.01), 0.1, 1),
        notebook: Notebook {
            train_losses: vec![(1, 0.3187)],
            validation_loss: Some(0.1808),
            seconds: None,
        },
        goals: vec![train_goal(1, 0.3187), validation_goal(0.1808)],
        note: "",
    }
}

fn ten_epochs() -> Experiment {
    Experiment {
        name: TEN_EPOCHS.to_string(),
        about: "LeakyReLU, learning rate 0.5, the first 56,000 images".to_string(),
        setup: Setup {
            limit: Some(56_000),
            ..setup(sgd, leaky_relu(0.01), 0.5, 10)
        },
        notebook: Notebook {
            train_losses: vec![(5, 0.0543), (10, 0.0296)],
            validation_loss: Some(0.1313),
            seconds: Some(300.0),
        },
        goals: vec![
            train_goal(5, 0.0543),
            train_goal(10, 0.0296),
            validation_goal(0.1313),
        ],
        note: "",
    }
}

/// An optimizer at the notebook's settings, and at the settings of the search.
fn on_1000_images(printed: &Printed) -> [Experiment; 2] {
    let Printed {
        name,
        optimizer,
        constants,
        rate,
        sensible,
        losses: [fifth, last],
    } = *printed;
    let notebook = Notebook {
        train_losses: vec![(5, fifth), (50, last)],
        ..Notebook::default()
    };
    let as_printed = Setup {
        limit: Some(1000),
        ..setup(optimizer, relu(), rate, 50)
    };
    let searched = Setup {
        learning_rate: sensible,
        schedule: Schedule::OneCycle,
        ..as_printed.clone()
    };
    [
        Experiment {
            name: format!("{name}, the notebook's settings"),
            about: format!("ReLU, {constants}, learning rate {rate}, the first 1,000 images"),
            setup: as_printed,
            notebook: notebook.clone(),
            goals: vec![],
            note: "The notebook stalled because of its mistakes: reproduce --as-written repeats \
                   them. This is what its settings come to in right code.",
        },
        Experiment {
            name: format!("{name}, settings of our search"),
            about: format!(
                "ReLU, {constants}, one cycle up to learning rate {sensible}, the first 1,000 images"
            ),
            setup: searched,
            notebook,
            goals: vec![
                Goal::TrainLoss {
                    epoch: 50,
                    at_most: 0.01,
                },
                Goal::ValidationLoss { at_most: 0.7 },
            ],
            note: "",
        },
    ]
}
