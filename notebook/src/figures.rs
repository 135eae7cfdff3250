//! The figures of an experiment: means over the seeds, beside the notebook's.

use backprop_trainer::Epoch;
use serde::Serialize;

use super::experiments::{Experiment, Goal};
use super::weights::LayerWeights;
use super::work::{Run, Trial};
use crate::setup::Divergence;

/// All figures: `--report` and `reproduce.json`.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(super) dataset: String,
    pub(super) images: usize,
    pub(super) seed: u64,
    pub(super) threads: usize,
    pub(super) seconds: f64,
    pub(super) peak_rss_bytes: Option<u64>,
    pub(super) experiments: Vec<Figures>,
}

#[derive(Serialize)]
pub(super) struct Figures {
    pub(super) name: String,
    pub(super) settings: String,
    pub(super) notebook: Theirs,
    pub(super) ours: Ours,
    /// The mean of a run.
    pub(super) seconds: f64,
    #[serde(skip)]
    pub(super) note: String,
}

#[derive(Default, Serialize)]
pub(super) struct Theirs {
    pub(super) train_loss: Option<f64>,
    pub(super) validation_loss: Option<f64>,
    /// The training losses that it printed.
    pub(super) epochs: Vec<Printed>,
    pub(super) seconds: Option<f64>,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Printed {
    pub(super) epoch: u64,
    pub(super) train_loss: f64,
}

/// Means over the runs that did not diverge.
#[derive(Default, Serialize)]
pub(super) struct Ours {
    pub(super) train_loss: Option<f64>,
    pub(super) validation_loss: Option<f64>,
    pub(super) validation_accuracy: Option<f64>,
    pub(super) epochs: Vec<Mean>,
    pub(super) runs: Vec<RunFigures>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) goals: Vec<Checked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) weights: Vec<LayerWeights>,
}

#[derive(Clone, Serialize)]
pub(super) struct Mean {
    pub(super) epoch: u64,
    pub(super) train_loss: f64,
    pub(super) validation_loss: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct RunFigures {
    pub(super) seed: u64,
    pub(super) learning_rate: f64,
    pub(super) train_loss: Option<f64>,
    pub(super) validation_loss: Option<f64>,
    pub(super) validation_accuracy: Option<f64>,
    pub(super) diverged: Option<Divergence>,
    pub(super) seconds: f64,
}

/// A goal, and whether it is met.
#[derive(Serialize)]
pub(super) struct Checked {
    pub(super) what: String,
    pub(super) at_most: f64,
    pub(super) found: Option<f64>,
    pub(super) met: bool,
}

impl RunFigures {
    fn new(run: &Run, learning_rate: f64) -> Self {
        let last = run.epochs.last().filter(|_| run.divergence.is_none());
        RunFigures {
            seed: run.seed,
            learning_rate,
            train_loss: last.map(|epoch| epoch.train_loss),
            validation_loss: last.and_then(|epoch| epoch.validation_loss),
            validation_accuracy: last.and_then(|epoch| epoch.validation_accuracy),
            diverged: run.divergence,
            seconds: run.seconds,
        }
    }
}

impl Figures {
    /// Of an experiment that trains the same with several seeds.
    pub(super) fn new(experiment: &Experiment, runs: &[Run]) -> Self {
        let whole: Vec<&[Epoch]> = runs
            .iter()
            .filter(|run| run.divergence.is_none())
            .map(|run| &run.epochs[..])
            .collect();
        let count = whole.iter().map(|epochs| epochs.len()).min().unwrap_or(0);
        let at = |index: usize, figure: &dyn Fn(&Epoch) -> Option<f64>| {
            mean(whole.iter().map(|epochs| figure(&epochs[index])))
        };
        let epochs: Vec<Mean> = (0..count)
            .map(|index| Mean {
                epoch: index as u64 + 1,
                train_loss: at(index, &|epoch| Some(epoch.train_loss)).unwrap_or(f64::NAN),
                validation_loss: at(index, &|epoch| epoch.validation_loss),
            })
            .collect();
        let accuracy = |index: usize| at(index, &|epoch| epoch.validation_accuracy);
        let last = epochs.last();
        let goals = experiment.goals.iter().map(|goal| goal.check(&epochs));
        let rate = experiment.setup.learning_rate;
        let printed = &experiment.notebook.train_losses;
        Figures {
            name: experiment.name.clone(),
            settings: experiment.about.clone(),
            notebook: Theirs {
                train_loss: printed.last().map(|(_, loss)| *loss),
                validation_loss: experiment.notebook.validation_loss,
                epochs: printed
                    .iter()
                    .map(|&(epoch, train_loss)| Printed { epoch, train_loss })
                    .collect(),
                seconds: experiment.notebook.seconds,
            },
            ours: Ours {
                train_loss: last.map(|mean| mean.train_loss),
                validation_loss: last.and_then(|mean| mean.validation_loss),
                validation_accuracy: count.checked_sub(1).and_then(accuracy),
                goals: goals.collect(),
                runs: runs.iter().map(|run| RunFigures::new(run, rate)).collect(),
                weights: Vec::new(),
                epochs,
            },
            seconds: mean(runs.iter().map(|run| Some(run.seconds))).unwrap_or(0.0),
            note: experiment.note.to_string(),
        }
    }

    /// Of the random search; its figures are those of the best trial.
    pub(super) fn of_search(trials: &[Trial]) -> Self {
        let runs: Vec<RunFigures> = trials
            .iter()
            .map(|trial| RunFigures::new(&trial.run, trial.learning_rate))
            .collect();
        let finite = runs.iter().filter(|run| run.validation_loss.is_some());
        let best = finite.min_by(|a, b| {
            let loss = |run: &RunFigures| run.validation_loss.unwrap_or(f64::INFINITY);
            loss(a).total_cmp(&loss(b))
        });
        Figures {
            name: "random search".to_string(),
            settings: format!(
                "{} trials of 2 epochs, SGD, LeakyReLU, learning rate log-uniform in 1e-6..10, all \
                 images",
                trials.len()
            ),
            notebook: Theirs::default(),
            ours: Ours {
                train_loss: best.and_then(|run| run.train_loss),
                validation_loss: best.and_then(|run| run.validation_loss),
                validation_accuracy: best.and_then(|run| run.validation_accuracy),
                ..Ours::default()
            },
            seconds: runs.iter().map(|run| run.seconds).sum(),
            note: "The notebook drew a scatter plot. Its rates were 10 * uniform(-6, 1), most of \
                   them negative; here they are 10 ** uniform(-6, 1)."
                .to_string(),
        }
        .with_runs(runs)
    }

    fn with_runs(mut self, runs: Vec<RunFigures>) -> Self {
        self.ours.runs = runs;
        self
    }

    /// Of the weights after training.
    pub(super) fn of_weights(weights: Vec<LayerWeights>, seed: u64) -> Self {
        Figures {
            name: "weights".to_string(),
            settings: format!("of SGD, ten epochs, after training; seed {seed}"),
            notebook: Theirs::default(),
            ours: Ours {
                weights,
                ..Ours::default()
            },
            seconds: 0.0,
            note: String::new(),
        }
    }

    /// How many of the runs diverged.
    pub(super) fn diverged(&self) -> usize {
        let runs = self.ours.runs.iter();
        runs.filter(|run| run.diverged.is_some()).count()
    }
}

impl Goal {
    fn check(&self, epochs: &[Mean]) -> Checked {
        let (what, at_most, found) = match *self {
            Goal::TrainLoss { epoch, at_most } => {
                let mean = epochs.iter().find(|mean| mean.epoch == epoch);
                let what = format!("training loss, epoch {epoch}");
                (what, at_most, mean.map(|mean| mean.train_loss))
            }
            Goal::ValidationLoss { at_most } => {
                let found = epochs.last().and_then(|mean| mean.validation_loss);
                ("validation loss".to_string(), at_most, found)
            }
        };
        Checked {
            what,
            at_most,
            found,
            met: found.is_some_and(|found| found <= at_most),
        }
    }
}

/// The mean of the values; `None` where there are none, or one is missing.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
