/// The reason why a network cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A layer was made for another number of inputs than it would get.
    #[error("{layer} takes {expected} inputs but would get {found}; make the widths agree")]
    Width {
        /// The layer's name.
        layer: &'static str,
        /// The inputs it was made for.
        expected: usize,
        /// The inputs it would get.
        found: usize,
    },
    /// A number of inputs or outputs is zero.
    #[error("{what} is 0; it must be at least 1")]
    Zero {
        /// The number's name.
        what: &'static str,
    },
    /// A weight of more elements than there is memory for.
    #[error(
        "a weight of {outputs} x {inputs} numbers is more than there is memory for; \
         make the layer narrower"
    )]
    TooLarge {
        /// The inputs of the layer.
        inputs: usize,
        /// The outputs of the layer.
        outputs: usize,
    },
    /// A dropout probability outside `0 <= p < 1`.
    #[error("the dropout probability is {0}; it must be at least 0 and below 1")]
    Dropout(f64),
    /// A slope that is not a finite number.
    #[error("the slope of a LeakyReLU is {0}; it must be a finite number")]
    Slope(f64),
    /// An ELU whose `alpha` is not above 0.
    #[error("alpha of an ELU is {0}; it must be above 0 and finite")]
    Alpha(f64),
    /// The list of layers is empty.
    #[error("the network has no layers; give it at least one")]
    Empty,
    /// The description of a layer of another crate, without the layer itself.
    #[error(
        "the layer \"{0}\" is not one of this crate's; build it and use Sequential::from_layers"
    )]
    Custom(String),
    /// A text that is no layer.
    #[error(
        "\"{0}\" is no layer; write linear N, linear N no-bias, relu, leaky-relu, leaky-relu SLOPE, \
         sigmoid, tanh, gelu, gelu-tanh, silu, elu, elu ALPHA, selu, softplus, mish, hard-swish, softmax or \
         dropout P"
    )]
    Notation(String),
    /// An error at one layer of a network.
    #[error("layer {index}: {source}")]
    At {
        /// The layer's index in the list, from 0.
        index: usize,
        /// The layer's error.
        source: Box<BuildError>,
    },
}

impl BuildError {
    pub(crate) fn at(self, index: usize) -> Self {
        BuildError::At {
            index,
            source: Box::new(self),
        }
    }
}
