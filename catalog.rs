//! The kinds of layers of this crate: the one file in which each kind is named with its function, its
//! parameters and its construction.

use backprop_tensor::{Key, Scalar};

use crate::linear::check_widths;
use crate::{
    BuildError, Dropout, Init, IntoLayer, Layer, LayerBuilder, LayerSpec, LeakyRelu, Linear, Relu,
    Sigmoid, Softmax, Tanh,
};

/// A linear map to `outputs` outputs, with a bias: [`Linear`].
pub fn linear<T: Scalar>(outputs: usize) -> LayerBuilder<T> {
    let bias = true;
    LayerSpec::Linear { outputs, bias }.into_builder()
}

/// `max(x, 0)`: [`Relu`].
pub fn relu<T: Scalar>() -> LayerBuilder<T> {
    LayerSpec::Relu.into_builder()
}

/// `x` where positive, `slope x` elsewhere: [`LeakyRelu`]. A slope of 0.01 is customary.
pub fn leaky_relu<T: Scalar>(slope: f64) -> LayerBuilder<T> {
    LayerSpec::LeakyRelu { slope }.into_builder()
}

/// `1 / (1 + e^-x)`: [`Sigmoid`].
pub fn sigmoid<T: Scalar>() -> LayerBuilder<T> {
    LayerSpec::Sigmoid.into_builder()
}

/// The hyperbolic tangent: [`Tanh`].
pub fn tanh<T: Scalar>() -> LayerBuilder<T> {
    LayerSpec::Tanh.into_builder()
}

/// Probabilities from each row: [`Softmax`]. A loss on logits does not need it.
pub fn softmax<T: Scalar>() -> LayerBuilder<T> {
    LayerSpec::Softmax.into_builder()
}

/// Zeros in the place of this fraction of the elements, in training only: [`Dropout`].
pub fn dropout<T: Scalar>(probability: f64) -> LayerBuilder<T> {
    LayerSpec::Dropout { probability }.into_builder()
}

/// A layer of any crate, as an entry of the list given to
/// [`Sequential::new`](crate::Sequential::new).
pub fn custom<T: Scalar>(layer: impl Layer<T> + 'static) -> LayerBuilder<T> {
    let layer: Box<dyn Layer<T>> = Box::new(layer);
    layer.into_builder()
}

impl LayerSpec {
    /// The layer of this kind for inputs of this width: the only construction from plain data, for
    /// new networks and for saved ones.
    ///
    /// A weight is drawn by `init` from the stream of `key`; other layers use neither.
    ///
    /// ```
    /// use backprop_layers::{Init, Key, LayerSpec};
    ///
    /// let spec = LayerSpec::Linear { outputs: 2, bias: false };
    /// let layer = spec.build::<f32>(3, Init::Zeros, Key::new(0))?;
    /// assert_eq!(layer.parameters()[0].to_array(), [0.0; 6]);
    /// # Ok::<(), backprop_layers::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// If a setting is out of its range, or the layer is of another crate.
    pub fn build<T: Scalar>(
        &self,
        input_width: usize,
        init: Init,
        key: Key,
    ) -> Result<Box<dyn Layer<T>>, BuildError> {
        Ok(match self {
            &LayerSpec::Linear { outputs, bias } => {
                let layer = Linear::new(input_width, outputs, init, key)?;
                Box::new(if bias { layer } else { layer.without_bias() })
            }
            LayerSpec::Relu => Box::new(Relu),
            LayerSpec::LeakyRelu { slope } => Box::new(LeakyRelu::new(*slope)?),
            LayerSpec::Sigmoid => Box::new(Sigmoid),
            LayerSpec::Tanh => Box::new(Tanh),
            LayerSpec::Softmax => Box::new(Softmax),
            LayerSpec::Dropout { probability } => Box::new(Dropout::new(*probability)?),
            LayerSpec::Custom { name, .. } => return Err(BuildError::Custom(name.clone())),
        })
    }

    /// The names and shapes of the parameters that the layer will have, in order, without building
    /// the layer: a reader of files compares them with a file before it allocates anything.
    ///
    /// ```
    /// use backprop_layers::LayerSpec;
    ///
    /// let spec = LayerSpec::Linear { outputs: 2, bias: true };
    /// assert_eq!(spec.parameter_shapes(3)?, [("weight", vec![2, 3]), ("bias", vec![2])]);
    /// # Ok::<(), backprop_layers::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// If a width is 0, or the layer is of another crate.
    pub fn parameter_shapes(
        &self,
        input_width: usize,
    ) -> Result<Vec<(&'static str, Vec<usize>)>, BuildError> {
        match self {
            &LayerSpec::Linear { outputs, bias } => {
                check_widths(input_width, outputs)?;
                let mut shapes = vec![("weight", vec![outputs, input_width])];
                if bias {
                    shapes.push(("bias", vec![outputs]));
                }
                Ok(shapes)
            }
            LayerSpec::Custom { name, .. } => Err(BuildError::Custom(name.clone())),
            _ => Ok(Vec::new()),
        }
    }
}

/// The initialisation of a weight before these layers, of which a dropout is skipped.
pub(crate) fn init_for(following: &[LayerSpec]) -> Init {
    let next = following
        .iter()
        .find(|spec| !matches!(spec, LayerSpec::Dropout { .. }));
    match next {
        Some(LayerSpec::Sigmoid | LayerSpec::Tanh) => Init::Glorot,
        Some(LayerSpec::Relu) => Init::He { slope: 0.0 },
        Some(LayerSpec::LeakyRelu { slope }) => Init::He { slope: *slope },
        _ => Init::He { slope: 1.0 },
    }
}
