use backprop_metrics::Predictions;
use backprop_trainer::Epoch;

/// A finished training run, for [`run_page`](crate::run_page).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The heading of the page.
    pub title: String,
    /// The sentence below the heading: data, network, parameters.
    pub lead: String,
    /// The losses and rates from epoch to epoch.
    pub history: HistoryColumns,
    /// The weights of the Linear layers, first to last.
    pub layers: Vec<LayerWeights>,
    /// The width and height of a row of inputs that is an image, the channels of each pixel side by side.
    pub image_size: Option<(usize, usize)>,
    /// The loss on the test set; NaN where there is none.
    pub test_loss: f64,
    /// The predictions for the test set; `None` where there is none.
    pub predictions: Option<Predictions>,
    /// The names and values of all settings of the run.
    pub settings: Vec<(String, String)>,
    /// The names and values of seed, versions and machine.
    pub versions: Vec<(String, String)>,
    /// The names and values of durations.
    pub timings: Vec<(String, String)>,
}

/// The history of a run in columns. All columns may be empty; NaN stands for a value that is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryColumns {
    /// The training loss of each epoch.
    pub train_loss: Vec<f64>,
    /// The validation loss of each epoch.
    pub validation_loss: Vec<f64>,
    /// The accuracy on the validation set after each epoch; empty for regression.
    pub validation_accuracy: Vec<f64>,
    /// The learning rate over the run: (epochs done, rate), as fine as it is known.
    pub learning_rate: Vec<(f64, f64)>,
    /// The duration of each epoch in seconds.
    pub seconds: Vec<f64>,
    /// The best epoch, counted from 1.
    pub best_epoch: Option<u64>,
    /// The unit of losses, such as `nats`; empty for none.
    pub loss_unit: String,
}

impl HistoryColumns {
    /// The losses, accuracies and durations of these epochs, and the learning rate of the last step of
    /// each. The best epoch and the unit are left to be set.
    pub fn new(epochs: &[Epoch]) -> Self {
        let column = |value: fn(&Epoch) -> f64| epochs.iter().map(value).collect();
        let rate = |epoch: &Epoch| (epoch.epoch as f64, epoch.learning_rate);
        HistoryColumns {
            train_loss: column(|epoch| epoch.train_loss),
            validation_loss: column(|epoch| epoch.validation_loss.unwrap_or(f64::NAN)),
            validation_accuracy: column(|epoch| epoch.validation_accuracy.unwrap_or(f64::NAN)),
            learning_rate: epochs.iter().map(rate).collect(),
            seconds: column(|epoch| epoch.seconds),
            best_epoch: None,
            loss_unit: String::new(),
        }
    }

    /// The index of the best epoch in the columns.
    pub(crate) fn best_index(&self) -> Option<usize> {
        usize::try_from(self.best_epoch?).ok()?.checked_sub(1)
    }
}

/// The weights of one Linear layer, before and after training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerWeights {
    /// The name, such as `layer 1, 784 to 128`.
    pub name: String,
    /// The number of inputs, the length of a row of weights.
    pub inputs: usize,
    /// The weights before training, (outputs, inputs) row after row; empty where they are not known.
    pub before: Vec<f64>,
    /// The weights after training, (outputs, inputs) row after row.
    pub after: Vec<f64>,
}
