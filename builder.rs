use backprop_tensor::{Key, Scalar};

use crate::parameter::is_rate_factor;
use crate::{BuildError, Init, Layer, LayerSpec};

/// One entry of the list given to [`Sequential::new`](crate::Sequential::new): a layer's kind and
/// settings before its width is known, or a finished layer.
///
/// [`linear`](crate::linear), [`relu`](crate::relu) and their siblings make one, and
/// [`custom`](crate::custom) makes one of any layer.
///
/// ```
/// use backprop_layers::{Init, Sequential, linear, tanh};
///
/// let layers = [linear(8).bias(false).init(Init::Glorot).frozen(), tanh(), linear(1)];
/// let network = Sequential::<f32>::new(3, layers, 0)?;
/// assert_eq!(network.parameter_count(), 3 * 8 + 8 + 1);
/// let frozen: Vec<bool> = network.parameters().map(|(_, p)| p.is_frozen()).collect();
/// assert_eq!(frozen, [true, false, false]);
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LayerBuilder<T: Scalar> {
    source: Source<T>,
    init: Option<Init>,
    learning_rate_factor: Option<f64>,
    /// The first setting that the layer does not have.
    misused: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Source<T: Scalar> {
    Spec(LayerSpec),
    Layer(Box<dyn Layer<T>>),
}

impl<T: Scalar> LayerBuilder<T> {
    /// Sets whether a Linear layer adds a bias; it does unless told otherwise.
    #[must_use]
    pub fn bias(mut self, has_bias: bool) -> Self {
        match &mut self.source {
            Source::Spec(LayerSpec::Linear { bias, .. }) => *bias = has_bias,
            _ => self.misused = self.misused.or(Some("bias")),
        }
        self
    }

    /// Sets how the weights of a Linear layer are drawn; by default the activation that follows
    /// decides.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        match &self.source {
            Source::Spec(LayerSpec::Linear { .. }) => self.init = Some(init),
            _ => self.misused = self.misused.or(Some("initialisation")),
        }
        self
    }

    /// Multiplies the learning rate of this layer's parameters by `factor`, at least 0.
    #[must_use]
    pub fn learning_rate_factor(mut self, factor: f64) -> Self {
        self.learning_rate_factor = Some(factor);
        self
    }

    /// Keeps this layer's parameters as they are: a learning rate factor of 0.
    #[must_use]
    pub fn frozen(self) -> Self {
        self.learning_rate_factor(0.0)
    }

    /// The kind and the settings of the layer as plain data.
    pub fn spec(&self) -> LayerSpec {
        match &self.source {
            Source::Spec(spec) => spec.clone(),
            Source::Layer(layer) => layer.spec(),
        }
    }

    /// The layer for inputs of this width; `init` is the initialisation where none was set.
    pub(crate) fn build(
        self,
        input_width: usize,
        init: Init,
        key: Key,
    ) -> Result<Box<dyn Layer<T>>, BuildError> {
        if let Some(setting) = self.misused {
            let layer = format!("{:?}", self.spec());
            return Err(BuildError::NoSuchSetting { layer, setting });
        }
        let mut layer = match self.source {
            Source::Spec(spec) => spec.build(input_width, self.init.unwrap_or(init), key)?,
            Source::Layer(layer) => layer,
        };
        if let Some(factor) = self.learning_rate_factor {
            if !is_rate_factor(factor) {
                return Err(BuildError::LearningRateFactor(factor));
            }
            for parameter in layer.parameters_mut() {
                parameter.set_learning_rate_factor(factor);
            }
        }
        Ok(layer)
    }

    fn from_source(source: Source<T>) -> Self {
        LayerBuilder {
            source,
            init: None,
            learning_rate_factor: None,
            misused: None,
        }
    }
}

/// A conversion into an entry of a list of layers: from a [`LayerBuilder`] itself, from a
/// [`LayerSpec`], or from a finished layer in a box.
pub trait IntoLayer<T: Scalar> {
    /// The entry.
    fn into_builder(self) -> LayerBuilder<T>;
}

impl<T: Scalar> IntoLayer<T> for LayerBuilder<T> {
    fn into_builder(self) -> LayerBuilder<T> {
        self
    }
}

impl<T: Scalar> IntoLayer<T> for LayerSpec {
    fn into_builder(self) -> LayerBuilder<T> {
        LayerBuilder::from_source(Source::Spec(self))
    }
}

impl<T: Scalar> IntoLayer<T> for Box<dyn Layer<T>> {
    fn into_builder(self) -> LayerBuilder<T> {
        LayerBuilder::from_source(Source::Layer(self))
    }
}
