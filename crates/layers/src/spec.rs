use std::fmt;
use std::str::FromStr;

use crate::custom::CustomSpec;
use crate::{BuildError, Init, Layer};

/// A layer as plain data: an entry of the list that describes a network.
///
/// With the feature `serde` an entry is written as `{"kind":"leaky_relu","slope":0.01}`; an unknown
/// kind is an error. A bias is written only where it is left out, and an initialisation never: it is
/// how weights were drawn once, not part of the network.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum LayerSpec {
    /// [`Linear`](crate::Linear).
    Linear {
        /// The number of outputs.
        outputs: usize,
        /// Whether there is a bias; true unless it is left out.
        #[cfg_attr(
            feature = "serde",
            serde(default = "yes", skip_serializing_if = "is_yes")
        )]
        bias: bool,
        /// The distribution of the initial weights; `None` for the one that fits the next layer.
        #[cfg_attr(feature = "serde", serde(skip))]
        init: Option<Init>,
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
    /// [`Gelu`](crate::Gelu).
    Gelu,
    /// [`GeluTanh`](crate::GeluTanh).
    GeluTanh,
    /// [`Silu`](crate::Silu).
    Silu,
    /// [`Elu`](crate::Elu).
    Elu {
        /// The outputs are above minus this.
        alpha: f64,
    },
    /// [`Selu`](crate::Selu).
    Selu,
    /// [`Softplus`](crate::Softplus).
    Softplus,
    /// [`Mish`](crate::Mish).
    Mish,
    /// [`HardSwish`](crate::HardSwish).
    HardSwish,
    /// [`Softmax`](crate::Softmax).
    Softmax,
    /// [`Dropout`](crate::Dropout).
    Dropout {
        /// The probability that an element is dropped, `0 <= p < 1`.
        probability: f64,
    },
    /// A layer of another crate.
    Custom(CustomSpec),
}

#[cfg(feature = "serde")]
fn yes() -> bool {
    true
}

#[cfg(feature = "serde")]
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_yes(bias: &bool) -> bool {
    *bias
}

impl LayerSpec {
    /// The description of a layer of another crate, for its [`spec`](Layer::spec): a name, and its settings
    /// in whatever form your program reads them.
    pub fn custom(name: impl Into<String>, settings: impl Into<String>) -> Self {
        LayerSpec::Custom(CustomSpec::new(name.into(), settings.into()))
    }

    /// A Linear layer with or without a bias.
    ///
    /// ```
    /// use backprop_layers::{Sequential, linear, relu};
    ///
    /// let layers = [linear(8).bias(false), relu(), linear(1)];
    /// let network = Sequential::<f32>::new(4, layers, 0)?;
    /// assert_eq!(network.parameter_count(), 4 * 8 + 8 + 1);
    /// # Ok::<(), backprop_layers::BuildError>(())
    /// ```
    ///
    /// # Panics
    /// If the layer is not Linear.
    #[must_use]
    #[track_caller]
    pub fn bias(mut self, has_bias: bool) -> Self {
        match &mut self {
            LayerSpec::Linear { bias, .. } => *bias = has_bias,
            other => panic!("only a Linear layer has a bias; this one is {other:?}"),
        }
        self
    }

    /// A Linear layer whose weights are drawn from this distribution, whatever layer follows.
    ///
    /// # Panics
    /// If the layer is not Linear.
    #[must_use]
    #[track_caller]
    pub fn init(mut self, distribution: Init) -> Self {
        match &mut self {
            LayerSpec::Linear { init, .. } => *init = Some(distribution),
            other => panic!("only a Linear layer draws weights; this one is {other:?}"),
        }
        self
    }
}

/// The layer as [`parse_layers`](crate::parse_layers) reads it; that of another crate, which it does not read, by its name.
///
/// An initialisation is left out: it is how weights were drawn once, not part of the network.
impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayerSpec::Linear { outputs, bias, .. } => {
                let no_bias = if *bias { "" } else { " no-bias" };
                write!(f, "linear {outputs}{no_bias}")
            }
            LayerSpec::LeakyRelu { slope } => write!(f, "leaky-relu {slope}"),
            LayerSpec::Elu { alpha } => write!(f, "elu {alpha}"),
            LayerSpec::Softmax => f.write_str("softmax"),
            LayerSpec::Dropout { probability } => write!(f, "dropout {probability}"),
            LayerSpec::Custom(custom) => f.write_str(&custom.name),
            // An activation without a setting.
            other => {
                let mut all = activations().into_iter();
                let known = all.find(|(_, spec)| spec == other);
                f.write_str(known.map_or("", |(name, _)| name))
            }
        }
    }
}

/// One layer: `linear 128`, `linear 128 no-bias`, `relu`, `leaky-relu` or `leaky-relu 0.2`, `sigmoid`,
/// `tanh`, `gelu`, `gelu-tanh`, `silu`, `elu` or `elu 0.5`, `selu`, `softplus`, `mish`, `hard-swish`, `softmax`,
/// `dropout 0.1`.
///
/// # Errors
/// If the text is none of these.
impl FromStr for LayerSpec {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let spec = match words[..] {
            ["linear", outputs] => outputs.parse().ok().map(linear),
            ["linear", outputs, "no-bias"] => outputs.parse().ok().map(|n| linear(n).bias(false)),
            ["leaky-relu", slope] => slope.parse().ok().map(leaky_relu),
            ["elu", alpha] => alpha.parse().ok().map(elu),
            ["softmax"] => Some(softmax()),
            ["dropout", probability] => probability.parse().ok().map(dropout),
            [word] => {
                let mut all = activations().into_iter();
                all.find_map(|(name, spec)| (name == word).then_some(spec))
            }
            _ => None,
        };
        spec.ok_or_else(|| BuildError::Notation(text.trim().to_owned()))
    }
}

/// The activations with their usual settings, by their names in a list of layers; a new activation joins
/// them. The first is the default of the program.
///
/// ```
/// use backprop_layers::{activations, leaky_relu};
///
/// assert_eq!(activations()[0], ("leaky-relu", leaky_relu(0.01)));
/// assert!(activations().into_iter().all(|(name, spec)| name.parse() == Ok(spec)));
/// ```
pub fn activations() -> Vec<(&'static str, LayerSpec)> {
    vec![
        ("leaky-relu", leaky_relu(0.01)),
        ("relu", relu()),
        ("sigmoid", sigmoid()),
        ("tanh", tanh()),
        ("gelu", gelu()),
        ("gelu-tanh", gelu_tanh()),
        ("silu", silu()),
        ("elu", elu(1.0)),
        ("selu", selu()),
        ("softplus", softplus()),
        ("mish", mish()),
        ("hard-swish", hard_swish()),
    ]
}

/// A linear map with bias to `outputs` values.
pub fn linear(outputs: usize) -> LayerSpec {
    LayerSpec::Linear {
        outputs,
        bias: true,
        init: None,
    }
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

/// `x` times the normal distribution function at `x`.
pub fn gelu() -> LayerSpec {
    LayerSpec::Gelu
}

/// The GELU with tanh in place of the error function.
pub fn gelu_tanh() -> LayerSpec {
    LayerSpec::GeluTanh
}

/// `x / (1 + e^-x)`.
pub fn silu() -> LayerSpec {
    LayerSpec::Silu
}

/// `x` where positive, `alpha (e^x - 1)` elsewhere; 1 is customary.
pub fn elu(alpha: f64) -> LayerSpec {
    LayerSpec::Elu { alpha }
}

/// The ELU that keeps mean 0 and variance 1.
pub fn selu() -> LayerSpec {
    LayerSpec::Selu
}

/// `ln(1 + e^x)`.
pub fn softplus() -> LayerSpec {
    LayerSpec::Softplus
}

/// `x tanh(ln(1 + e^x))`.
pub fn mish() -> LayerSpec {
    LayerSpec::Mish
}

/// `x max(0, min(6, x + 3)) / 6`.
pub fn hard_swish() -> LayerSpec {
    LayerSpec::HardSwish
}

/// Probabilities from each row; not needed before a loss on logits.
pub fn softmax() -> LayerSpec {
    LayerSpec::Softmax
}

/// Drops each element with this probability in training.
pub fn dropout(probability: f64) -> LayerSpec {
    LayerSpec::Dropout { probability }
}

/// A layer of any crate in the list of layers; an [`Activation`](crate::Activation) is one too.
///
/// The layer is written for every [`Scalar`](crate::Scalar), since the list does not say of which type the network
/// will be. A layer of one type alone goes into [`Sequential::from_layers`](crate::Sequential::from_layers).
///
/// See [`Layer`] for an example.
pub fn custom<L>(layer: L) -> LayerSpec
where
    L: Layer<f32> + Layer<f64> + Clone + 'static,
{
    LayerSpec::Custom(CustomSpec::with_layer(layer))
}
