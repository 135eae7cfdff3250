//! The notebook's experiments: settings, and the figures that it printed.

use backprop_trainer::search::Range;

use crate::config::{Activation, Rule, ScheduleName, TrainArgs};

/// Learning rates at which right code learns the first 1,000 images, by optimizer.
pub(crate) struct SensibleRates {
    pub(crate) nesterov: f64,
    pub(crate) rmsprop: f64,
    pub(crate) adam: f64,
}

/// Of the trials whose training loss ends below 0.006, those with the lowest validation
/// loss, found by
///
/// ```text
/// cargo xtask search --dataset mnist --limit 1000 --activation relu --dropout 0 --batch-size 50 \
///     --epochs 50 --trials 16 --search learning-rate=1e-5..1 --optimizer nesterov
/// ```
///
/// and the same with `rmsprop` and `adam`. `docs/notebook.md` tells what else was looked at.
pub(crate) const SENSIBLE_RATES: SensibleRates = SensibleRates {
    nesterov: 0.02643,
    rmsprop: 0.001424,
    adam: 0.001424,
};

/// An experiment that trains one network from start to end.
pub(super) struct Experiment {
    pub(super) name: String,
    pub(super) about: String,
    /// The first so many of the 70,000 images; `None` for all.
    pub(super) limit: Option<usize>,
    pub(super) flags: TrainArgs,
    pub(super) notebook: Notebook,
    pub(super) goals: Vec<Goal>,
    /// Why the figures differ, if they do.
    pub(super) note: &'static str,
}

/// What the notebook printed.
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

/// The settings of the random search, apart from its learning rates.
pub(super) fn search_flags() -> TrainArgs {
    flags(Rule::Sgd, 2, Activation::LeakyRelu, None)
}

/// The learning rates of the random search: the notebook wrote `10*uniform(-6,1)`, and surely
/// meant `10**`.
pub(super) fn search_range() -> Range {
    Range::logarithmic(1e-6, 10.0).expect("a range")
}

/// Trials of the random search.
pub(super) const TRIALS: usize = 10;

fn flags(rule: Rule, epochs: u64, activation: Activation, rate: Option<f64>) -> TrainArgs {
    TrainArgs {
        hidden: Some(vec![128, 64]),
        activation: Some(activation),
        dropout: Some(0.0),
        optimizer: Some(rule),
        learning_rate: rate,
        schedule: Some(ScheduleName::Constant),
        epochs: Some(epochs),
        batch_size: Some(50),
        validation_fraction: Some(0.2),
        ..TrainArgs::default()
    }
}

/// All experiments that train one network, in the notebook's order.
pub(super) fn all() -> Vec<Experiment> {
    // 10 % above what the notebook printed is as good as the same.
    let near = |loss: f64| 1.1 * loss;
    let train = |epoch, loss| Goal::TrainLoss {
        epoch,
        at_most: near(loss),
    };
    let validation = |loss| Goal::ValidationLoss {
        at_most: near(loss),
    };
    let sgd = |epochs, rate| flags(Rule::Sgd, epochs, Activation::LeakyRelu, Some(rate));
    let mut all = vec![
        Experiment {
            name: "SGD, one epoch".to_string(),
            about: "LeakyReLU, learning rate 0.1, all images".to_string(),
            limit: None,
            flags: sgd(1, 0.1),
            notebook: Notebook {
                train_losses: vec![(1, 0.3187)],
                validation_loss: Some(0.1808),
                seconds: None,
            },
            goals: vec![train(1, 0.3187), validation(0.1808)],
            note: "",
        },
        Experiment {
            name: TEN_EPOCHS.to_string(),
            about: "LeakyReLU, learning rate 0.5, the first 56,000 images".to_string(),
            limit: Some(56_000),
            flags: sgd(10, 0.5),
            notebook: Notebook {
                train_losses: vec![(5, 0.0543), (10, 0.0296)],
                validation_loss: Some(0.1313),
                seconds: Some(300.0),
            },
            goals: vec![train(5, 0.0543), train(10, 0.0296), validation(0.1313)],
            note: "",
        },
    ];
    let printed = [
        (
            Rule::Nesterov,
            "Nesterov",
            "momentum 0.9",
            0.2,
            [1.1517, 1.0331],
        ),
        (
            Rule::Rmsprop,
            "RMSProp",
            "decay 0.99",
            0.1,
            [2.1821, 2.1619],
        ),
        (
            Rule::Adam,
            "Adam",
            "betas 0.9 and 0.999",
            0.1,
            [1.6021, 1.5982],
        ),
    ];
    for (rule, name, constants, rate, [fifth, last]) in printed {
        let notebook = Notebook {
            train_losses: vec![(5, fifth), (50, last)],
            ..Notebook::default()
        };
        let own = flags(rule, 50, Activation::Relu, Some(rate));
        let sensible = match rule {
            Rule::Rmsprop => SENSIBLE_RATES.rmsprop,
            Rule::Adam => SENSIBLE_RATES.adam,
            Rule::Nesterov | Rule::Sgd => SENSIBLE_RATES.nesterov,
        };
        all.push(Experiment {
            name: format!("{name}, the notebook's settings"),
            about: format!("ReLU, {constants}, learning rate {rate}, the first 1,000 images"),
            limit: Some(1000),
            flags: own.clone(),
            notebook: notebook.clone(),
            goals: vec![],
            note: "The notebook stalled because of its mistakes: reproduce --as-written repeats \
                   them. This is what its settings come to in right code.",
        });
        all.push(Experiment {
            name: format!("{name}, settings of our search"),
            about: format!(
                "ReLU, {constants}, one cycle up to learning rate {sensible}, the first 1,000 images"
            ),
            limit: Some(1000),
            flags: TrainArgs {
                learning_rate: Some(sensible),
                schedule: Some(ScheduleName::OneCycle),
                ..own
            },
            notebook,
            goals: vec![
                Goal::TrainLoss {
                    epoch: 50,
                    at_most: 0.01,
                },
                Goal::ValidationLoss { at_most: 0.7 },
            ],
            note: "",
        });
    }
    all
}
