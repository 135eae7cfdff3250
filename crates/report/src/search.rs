use backprop_plot::text::significant;

/// A hyperparameter search, for [`search_page`](crate::search_page).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// The heading of the page.
    pub title: String,
    /// The sentence below the heading: data, network, number of trials.
    pub lead: String,
    /// The names and values of the settings that all trials share.
    pub settings: Vec<(String, String)>,
    /// The settings that are searched, in the order of [`Trial::values`].
    pub searched: Vec<SearchedSetting>,
    /// The trials, in any order.
    pub trials: Vec<Trial>,
    /// The command that trains with the best settings, to be pasted.
    pub command: Option<String>,
}

/// A setting that a search varies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchedSetting {
    /// The name, such as `learning rate`.
    pub name: String,
    /// Whether the setting belongs on a logarithmic axis.
    pub log: bool,
}

/// One trial of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// The number of the trial, from 1.
    pub number: usize,
    /// The value of each searched setting.
    pub values: Vec<Value>,
    /// The validation loss; NaN where there is none.
    pub validation_loss: f64,
    /// The accuracy on the validation set; NaN where there is none.
    pub validation_accuracy: f64,
    /// Whether training diverged.
    pub diverged: bool,
    /// A remark, such as `stopped after epoch 2`; empty for none.
    pub note: String,
    /// The duration in seconds; NaN if unknown.
    pub seconds: f64,
}

/// The value of a searched setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Another value, such as `128,64` or `adam`.
    Text(String),
}

impl Value {
    /// The value as it is shown.
    pub(crate) fn label(&self) -> String {
        match self {
            Value::Number(number) => significant(*number),
            Value::Text(text) => text.clone(),
        }
    }
}

impl Trial {
    /// Whether the trial has a validation loss that counts.
    pub(crate) fn is_ranked(&self) -> bool {
        !self.diverged && self.validation_loss.is_finite()
    }
}
