/// What a layer is, as plain data: the entries of the list that describes a network.
///
/// With the feature `serde` an entry is written as `{"kind":"leaky_relu","slope":0.01}`; an unknown
/// kind is an error.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum LayerSpec {
    /// [`Linear`](crate::Linear) with a bias.
    Linear {
        /// The number of outputs.
        outputs: usize,
    },
    /// [`Relu`](crate::Relu).
    Relu,
    /// [`LeakyRelu`](crate::LeakyRelu).
    LeakyRelu {
        /// The slope below zero.
        slope: f64,
    },
    /// [`Sigmoid`](crate::Sigmoid).
    Sigmoid,
    /// [`Tanh`](crate::Tanh).
    Tanh,
    /// [`Softmax`](crate::Softmax).
    Softmax,
    /// [`Dropout`](crate::Dropout).
    Dropout {
        /// The share of values that are dropped, `0 <= p < 1`.
        probability: f64,
    },
    /// A layer of a user's own.
    Custom {
        /// Its name.
        name: String,
        /// Its settings, in whatever form it reads them.
        settings: String,
    },
}

/// A linear map with bias to `outputs` values.
pub fn linear(outputs: usize) -> LayerSpec {
    LayerSpec::Linear { outputs }
}

/// `max(x, 0)`.
pub fn relu() -> LayerSpec {
    LayerSpec::Relu
}

/// `x` where positive, `slope x` elsewhere; 0.01 is customary.
pub fn leaky_relu(slope: f64) -> LayerSpec {
    LayerSpec::LeakyRelu { slope }
}

/// `1 / (1 + e^-x)`.
pub fn sigmoid() -> LayerSpec {
    LayerSpec::Sigmoid
}

/// The hyperbolic tangent.
pub fn tanh() -> LayerSpec {
    LayerSpec::Tanh
}

/// Probabilities from each row; not needed before a loss on logits.
pub fn softmax() -> LayerSpec {
    LayerSpec::Softmax
}

/// Drops this share of the values in training.
pub fn dropout(probability: f64) -> LayerSpec {
    LayerSpec::Dropout { probability }
}
