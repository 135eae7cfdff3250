use crate::BuildError;

/// The distribution that the weights of a [`Linear`](crate::Linear) layer are drawn from: normal, with mean zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Standard deviation `sqrt(2 / ((1 + slope^2) I))` (He, Zhang, Ren and Sun, 2015), where
    /// `slope` is that of the activation that follows below zero. It is 1 where none follows and before
    /// SELU: `sqrt(1 / I)`, the normal initialisation of LeCun, Bottou, Orr and Müller (1998).
    He {
        /// The slope below zero of the activation that follows.
        slope: f64,
    },
    /// Standard deviation `sqrt(2 / (I + O))` (Glorot and Bengio, 2010), for the sigmoid and tanh.
    Glorot,
}

impl Init {
    pub(crate) fn deviation(self, inputs: usize, outputs: usize) -> Result<f64, BuildError> {
        match self {
            Init::He { slope } if !slope.is_finite() => Err(BuildError::Slope(slope)),
            Init::He { slope } => Ok((2.0 / ((1.0 + slope * slope) * inputs as f64)).sqrt()),
            Init::Glorot => Ok((2.0 / (inputs + outputs) as f64).sqrt()),
        }
    }
}
