use serde::{Deserialize, Serialize};

/// What the last layer of a network gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OutputKind {
    /// One number per class; a softmax makes them probabilities.
    #[default]
    Logits,
    /// One probability per class.
    Probabilities,
    /// Numbers that are the answer themselves (regression).
    Values,
}

/// What somebody needs to know to use a saved network.
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
    /// What the last layer gives; logits by default.
    pub output: OutputKind,
    /// The name of the loss it was trained with, if known.
    pub loss: Option<String>,
    /// What raw inputs are multiplied by before the first layer: 1 by default, 1/255 for images
    /// of bytes. Finite and not 0.
    pub input_scale: f64,
    /// The classes, one name per output, or none.
    pub class_names: Vec<String>,
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
        }
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

    /// What is wrong with this description of a network of `outputs` outputs.
    pub(crate) fn problem(&self, outputs: usize) -> Option<String> {
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
