use backprop_losses::OutputKind;
use backprop_tensor::ndarray::ArrayViewMut2;
use backprop_tensor::{Scalar, exp, logistic_all, softmax_rows};
use serde::{Deserialize, Serialize};

use crate::FormatError;
use crate::safetensors_file::SafetensorsFile;

/// The loss whose logits are each on their own.
const BINARY: &str = "BinaryCrossEntropyWithLogits";

/// The loss whose outputs are logarithms of rates.
const POISSON: &str = "Poisson";

/// The function that makes predictions of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputActivation {
    Identity,
    Softmax,
    Sigmoid,
    Exp,
}

/// The file of rows that a network was trained on, and its rows that were kept for testing.
///
/// A program that is given the file again recognises it by its bytes, and can test with the rows that
/// training never saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingFile {
    /// The SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
    /// The fraction of the rows that is the test set.
    pub test_fraction: f64,
    /// The seed that the rows of the test set are drawn with.
    pub seed: u64,
}

/// The description of a saved network: everything that a program needs to use it.
///
/// ```
/// use backprop_formats::{ModelInfo, OutputKind};
///
/// let info = ModelInfo::new(OutputKind::Logits).with_input_scale(1.0 / 255.0);
/// assert_eq!(info.input_scale, 1.0 / 255.0);
/// assert!(info.class_names.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The kind of the last layer's outputs; logits by default.
    pub output: OutputKind,
    /// The name of the loss it was trained with, with its constant as in `Huber:1`, if known.
    pub loss: Option<String>,
    /// The factor of raw inputs before the first layer: 1 by default, 1/255 for images
    /// of bytes. Finite and not 0.
    pub input_scale: f64,
    /// The classes, one name per output, or none.
    pub class_names: Vec<String>,
    /// The encoding that makes inputs and targets of the rows of a table:
    /// `backprop_data::csv::Encoding` as JSON. A network without it has other inputs than tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<serde_json::Value>,
    /// The pictures that it was trained on: `backprop_data::images::ImageEncoding` as JSON. A network
    /// without it has other inputs than pictures, or is older than this entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<serde_json::Value>,
    /// The file that it was trained on, if it was one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training_file: Option<TrainingFile>,
}

impl Default for ModelInfo {
    fn default() -> Self {
        Self::new(OutputKind::default())
    }
}

impl ModelInfo {
    /// For a network with this kind of output, everything else at its default.
    pub fn new(output: OutputKind) -> Self {
        ModelInfo {
            output,
            loss: None,
            input_scale: 1.0,
            class_names: Vec::new(),
            table: None,
            images: None,
            training_file: None,
        }
    }

    /// The description in the bytes of a model's file; `name` is the name of the file in errors.
    ///
    /// # Errors
    /// If the bytes are damaged or hold no network of this crate.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        let file = SafetensorsFile::parse_network(name, bytes)?;
        file.require_backprop()?;
        file.json("info")
    }

    /// With the name of the loss it was trained with.
    #[must_use]
    pub fn with_loss(mut self, loss: impl Into<String>) -> Self {
        self.loss = Some(loss.into());
        self
    }

    /// With this factor for raw inputs.
    #[must_use]
    pub fn with_input_scale(mut self, scale: f64) -> Self {
        self.input_scale = scale;
        self
    }

    /// With the names of the classes, one per output.
    #[must_use]
    pub fn with_class_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.class_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Turns outputs of the network into what they say, row by row and in place: logits into
    /// probabilities, logarithms of rates into rates, everything else stays.
    ///
    /// `p_j = e^z_j / sum_k e^z_k`, shifted by the largest logit, so none is too large. For a
    /// network trained with `BinaryCrossEntropyWithLogits`, whose outputs are yes-or-no answers of
    /// their own, `p_j = 1 / (1 + e^-z_j)`; with `Poisson`, the rates are `e^y_j`.
    ///
    /// ```
    /// use backprop_formats::{ModelInfo, OutputKind};
    ///
    /// let mut row = [1000.0_f32, 1000.0];
    /// ModelInfo::new(OutputKind::Logits).activate(2, &mut row);
    /// assert_eq!(row, [0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If `outputs`, the width of a row, is 0 or does not divide the number of values.
    #[track_caller]
    pub fn activate<T: Scalar>(&self, outputs: usize, values: &mut [T]) {
        assert!(
            outputs > 0 && values.len().is_multiple_of(outputs),
            "{} values are not rows of {outputs}",
            values.len()
        );
        match self.output_activation() {
            OutputActivation::Identity => {}
            OutputActivation::Softmax => {
                let shape = (values.len() / outputs, outputs);
                let rows = ArrayViewMut2::from_shape(shape, values);
                softmax_rows(rows.expect("the length that was checked"));
            }
            OutputActivation::Sigmoid => logistic_all(values),
            OutputActivation::Exp => values.iter_mut().for_each(|y| *y = exp(*y)),
        }
    }

    /// Whether the predictions are the probabilities of classes, of which one is right; not those
    /// of yes-or-no answers, and not values.
    pub fn is_classifier(&self) -> bool {
        self.output_activation() == OutputActivation::Softmax
            || self.output == OutputKind::Probabilities
    }

    /// The name of a class, or its number where the classes have no names.
    pub fn class_name(&self, index: usize) -> String {
        let name = self.class_names.get(index).cloned();
        name.unwrap_or_else(|| index.to_string())
    }

    pub(crate) fn output_activation(&self) -> OutputActivation {
        match self.output {
            OutputKind::Logits if self.loss.as_deref() == Some(BINARY) => OutputActivation::Sigmoid,
            OutputKind::Logits => OutputActivation::Softmax,
            OutputKind::Values if self.loss.as_deref() == Some(POISSON) => OutputActivation::Exp,
            OutputKind::Probabilities | OutputKind::Values => OutputActivation::Identity,
        }
    }

    /// With the encoding of the table that it was trained on.
    #[must_use]
    pub fn with_table(mut self, table: serde_json::Value) -> Self {
        self.table = Some(table);
        self
    }

    /// With the description of the pictures that it was trained on.
    #[must_use]
    pub fn with_images(mut self, images: serde_json::Value) -> Self {
        self.images = Some(images);
        self
    }

    /// With the file that it was trained on.
    #[must_use]
    pub fn with_training_file(mut self, file: TrainingFile) -> Self {
        self.training_file = Some(file);
        self
    }

    /// The fault of this description for a network of `outputs` outputs, if there is one.
    pub(crate) fn invalid_reason(&self, outputs: usize) -> Option<String> {
        let (scale, names) = (self.input_scale, self.class_names.len());
        if !scale.is_finite() || scale == 0.0 {
            Some(format!(
                "has the input scale {scale}, which must be finite and not 0"
            ))
        } else if names != 0 && names != outputs {
            Some(format!(
                "names {names} classes but the network has {outputs} outputs"
            ))
        } else {
            None
        }
    }
}
