//! The construction of all layers from their descriptions, for new networks and for saved ones.

use backprop_tensor::{Key, Scalar};

use crate::{
    BuildError, Dropout, Elu, Gelu, GeluTanh, HardSwish, Init, Layer, LayerSpec, LeakyRelu, Linear,
    Mish, Relu, Selu, Sigmoid, Silu, Softmax, Softplus, Tanh,
};

/// The weights that a new layer begins with.
#[derive(Clone, Copy, Debug)]
pub enum Weights {
    /// Drawn from this stream; from the distribution here where the description names none.
    Drawn(Init, Key),
    /// Zeros, to be assigned.
    Zeros,
}

impl LayerSpec {
    /// Makes the layer for inputs of this width.
    ///
    /// ```
    /// use backprop_layers::{Layer, Weights, linear};
    ///
    /// let layer = linear(3).build::<f32>(2, Weights::Zeros)?;
    /// assert_eq!(layer.output_width(2)?, 3);
    /// # Ok::<(), backprop_layers::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// If the settings make no sense, there is no memory for a weight, or the layer is of another crate
    /// and its description was read from a file.
    #[inline(never)]
    pub fn build<T: Scalar>(
        &self,
        inputs: usize,
        weights: Weights,
    ) -> Result<Box<dyn Layer<T>>, BuildError> {
        Ok(match self {
            LayerSpec::Linear {
                outputs,
                bias,
                init,
            } => {
                let layer = match weights {
                    Weights::Drawn(default, key) => {
                        Linear::new(inputs, *outputs, init.unwrap_or(default), key)?
                    }
                    Weights::Zeros => Linear::zeros(inputs, *outputs)?,
                };
                Box::new(if *bias { layer } else { layer.without_bias() })
            }
            LayerSpec::Relu => Box::new(Relu),
            LayerSpec::LeakyRelu { slope } => Box::new(LeakyRelu::new(*slope)?),
            LayerSpec::Sigmoid => Box::new(Sigmoid),
            LayerSpec::Tanh => Box::new(Tanh),
            LayerSpec::Gelu => Box::new(Gelu),
            LayerSpec::GeluTanh => Box::new(GeluTanh),
            LayerSpec::Silu => Box::new(Silu),
            LayerSpec::Elu { alpha } => Box::new(Elu::new(*alpha)?),
            LayerSpec::Selu => Box::new(Selu),
            LayerSpec::Softplus => Box::new(Softplus),
            LayerSpec::Mish => Box::new(Mish),
            LayerSpec::HardSwish => Box::new(HardSwish),
            LayerSpec::Softmax => Box::new(Softmax),
            LayerSpec::Dropout { probability } => Box::new(Dropout::new(*probability)?),
            LayerSpec::Custom(custom) => {
                let unknown = || BuildError::Custom(custom.name.clone());
                custom.layer().ok_or_else(unknown)?
            }
        })
    }

    /// Names and logical shapes of the parameters for inputs of this width, without building the
    /// layer; none for a layer of another crate, whose description does not tell them.
    pub fn parameter_shapes(&self, inputs: usize) -> Vec<(&'static str, Vec<usize>)> {
        match *self {
            LayerSpec::Linear { outputs, bias, .. } => {
                let mut shapes = vec![("weight", vec![outputs, inputs])];
                if bias {
                    shapes.push(("bias", vec![outputs]));
                }
                shapes
            }
            _ => Vec::new(),
        }
    }

    /// Whether the layer draws random numbers in training.
    pub(crate) fn is_random(&self) -> bool {
        matches!(self, LayerSpec::Dropout { .. } | LayerSpec::Custom(_))
    }
}

/// The distribution of the weights before these layers; a dropout in between is skipped.
pub(crate) fn init_for(following: &[LayerSpec]) -> Init {
    let next = following
        .iter()
        .find(|spec| !matches!(spec, LayerSpec::Dropout { .. }));
    match next {
        Some(LayerSpec::Sigmoid | LayerSpec::Tanh) => Init::Glorot,
        Some(
            LayerSpec::Relu
            | LayerSpec::Gelu
            | LayerSpec::GeluTanh
            | LayerSpec::Silu
            | LayerSpec::Elu { .. }
            | LayerSpec::Softplus
            | LayerSpec::Mish
            | LayerSpec::HardSwish,
        ) => Init::He { slope: 0.0 },
        Some(LayerSpec::LeakyRelu { slope }) => Init::He { slope: *slope },
        _ => Init::He { slope: 1.0 },
    }
}
