//! The names that most programs use, for `use backprop::prelude::*`.
//!
//! Traits for layers, losses and optimizers of your own are not among them, nor is anything that a
//! training loop of your own needs: those names are in the modules of this crate.
//!
//! ```
//! use backprop::prelude::*;
//!
//! // y = 2 x, from four points.
//! let targets = Targets::Values { width: 1, values: vec![0.0, 2.0, 4.0, 6.0] };
//! let data = Dataset::from_values(1, vec![0.0, 1.0, 2.0, 3.0], targets)?;
//! let network = Sequential::<f64>::new(1, [linear(1)], 0)?;
//! let mut trainer = Trainer::new(network, MeanSquaredError, Sgd::new(0.1))?
//!     .schedule(Schedule::Constant)
//!     .epochs(500);
//! trainer.fit(&data, &data)?;
//! assert!(trainer.evaluate(&data)?.loss < 1e-6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use backprop_data::{Dataset, Targets};
pub use backprop_datasets::mnist;
pub use backprop_formats::Model;
pub use backprop_layers::{
    Sequential, custom, dropout, leaky_relu, linear, relu, sigmoid, softmax, tanh,
};
pub use backprop_losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Focal, Huber, LabelSmoothing, MeanAbsoluteError,
    MeanSquaredError, Poisson, Quantile, SoftmaxCrossEntropy,
};
pub use backprop_optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, RmsProp, Schedule, Sgd,
};
pub use backprop_trainer::{Evaluation, TrainConfig, Trainer, on_epoch};
