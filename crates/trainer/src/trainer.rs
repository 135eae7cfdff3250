use std::path::{Path, PathBuf};
use std::sync::Arc;

use backprop_data::{Batch, Dataset};
use backprop_formats::{ModelInfo, save_model};
use backprop_layers::{LayerSpec, Mode, ParameterKind, Predictor, Sequential, Workspace};
use backprop_losses::{Loss, OutputKind, TargetsView, WeightedSum};
use backprop_optimizers::{
    Optimizer, OptimizerState, ParamInfo, Schedule, WeightDecay, clip_scale,
};
use backprop_tensor::{Key, Pool, Scalar};
use ndarray::ArrayView2;

use crate::{History, TrainConfig, TrainError};

/// A network in training, with its loss, its optimizer, the optimizer's state and the history.
///
/// See the [crate's page](crate) for a whole program.
#[derive(Debug)]
pub struct Trainer<T: Scalar> {
    pub(crate) network: Sequential<T>,
    pub(crate) loss: Box<dyn Loss<T>>,
    pub(crate) optimizer: Box<dyn Optimizer<T>>,
    pub(crate) config: TrainConfig,
    pub(crate) workspace: Workspace<T>,
    pub(crate) predictor: Predictor<T>,
    pub(crate) state: OptimizerState<T>,
    pub(crate) learning_rate: f64,
    pub(crate) history: History,
    /// The parameters after the best epoch, in order, where there is a patience.
    pub(crate) best: Option<Vec<Box<[T]>>>,
    /// Rows of the training data, once it is known.
    pub(crate) train_rows: Option<usize>,
    pub(crate) info: ModelInfo,
    pub(crate) checkpoint_path: Option<PathBuf>,
}

impl<T: Scalar> Trainer<T> {
    /// A trainer that has not begun yet, with the default [`TrainConfig`], on all cores.
    ///
    /// ```
    /// use backprop_layers::{Sequential, linear, relu};
    /// use backprop_losses::SoftmaxCrossEntropy;
    /// use backprop_optimizers::Adam;
    /// use backprop_trainer::Trainer;
    ///
    /// let network = Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], 0)?;
    /// let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(1e-3))?.epochs(5).threads(1);
    /// assert_eq!(trainer.config().epochs, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a constant of the optimizer makes no sense, or the end of the network does not fit the
    /// loss: a Softmax or Sigmoid before a loss on logits, or no Softmax before one on probabilities.
    pub fn new(
        network: Sequential<T>,
        loss: impl Loss<T> + 'static,
        optimizer: impl Optimizer<T> + 'static,
    ) -> Result<Self, TrainError> {
        optimizer.check()?;
        check_output_layer(&network, &loss)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Arc::new(Pool::new(threads));
        Ok(Trainer {
            info: ModelInfo::new(loss.output_kind()).with_loss(loss.name()),
            network,
            loss: Box::new(loss),
            learning_rate: optimizer.learning_rate(),
            optimizer: Box::new(optimizer),
            config: TrainConfig::default(),
            workspace: Workspace::new(Arc::clone(&pool)),
            predictor: Predictor::new(pool),
            state: OptimizerState::new(),
            history: History::default(),
            best: None,
            train_rows: None,
            checkpoint_path: None,
        })
    }

    /// With all settings at once. A setting that makes no sense is an error of the first call that
    /// trains; so it is with the settings below.
    #[must_use]
    pub fn with_config(mut self, config: TrainConfig) -> Self {
        self.config = config;
        self
    }

    /// With this number of passes over the data, at least 1; 15 by default.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.config.epochs = epochs;
        self
    }

    /// With this number of rows in one step, at least 1; 64 by default.
    #[must_use]
    pub fn batch_size(mut self, rows: usize) -> Self {
        self.config.batch_size = rows;
        self
    }

    /// With this change of the learning rate over the run; one cycle by default.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.config.schedule = schedule;
        self
    }

    /// With this L2 penalty on weights, at least 0; 0 by default.
    #[must_use]
    pub fn l2(mut self, lambda: f64) -> Self {
        self.config.l2 = lambda;
        self
    }

    /// With this decoupled decay of weights, at least 0; 0 by default.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.config.weight_decay = decay;
        self
    }

    /// With all gradients scaled down so that their common norm is at most this, above 0.
    #[must_use]
    pub fn clip(mut self, norm: f64) -> Self {
        self.config.clip = Some(norm);
        self
    }

    /// With an end after this number of epochs without a better validation loss, at least 1, and
    /// with the parameters of the best epoch.
    #[must_use]
    pub fn patience(mut self, epochs: u64) -> Self {
        self.config.patience = Some(epochs);
        self
    }

    /// With this seed of all random streams; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// On this number of threads; all cores by default. No result depends on it.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        self.with_pool(Arc::new(Pool::new(threads)))
    }

    /// On the threads of this pool.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<Pool>) -> Self {
        self.workspace = Workspace::new(Arc::clone(&pool));
        self.predictor = Predictor::new(pool);
        self
    }

    /// With a checkpoint in this file after each epoch of `fit`.
    #[must_use]
    pub fn with_checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint_path = Some(path.into());
        self
    }

    /// The network as it is now.
    pub fn network(&self) -> &Sequential<T> {
        &self.network
    }

    /// The network, to be changed: to freeze a layer, or to set its learning rate's factor.
    pub fn network_mut(&mut self) -> &mut Sequential<T> {
        &mut self.network
    }

    /// The network, without the rest of the trainer.
    pub fn into_network(self) -> Sequential<T> {
        self.network
    }

    /// The loss that is minimised.
    pub fn loss(&self) -> &dyn Loss<T> {
        &*self.loss
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &dyn Optimizer<T> {
        &*self.optimizer
    }

    /// The settings of the run.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The history of the run so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Sets the learning rate of the next [`train_batch`](Self::train_batch).
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Drops the history and the optimizer's moments, and keeps the parameters: another run can begin.
    pub fn reset(&mut self) {
        self.state = OptimizerState::new();
        self.learning_rate = self.optimizer.learning_rate();
        self.history = History::default();
        self.best = None;
        self.train_rows = None;
    }

    /// The description that [`save`](Self::save) keeps with the network: the loss, and from the
    /// training data of [`fit`](Self::fit) the names of the classes, the scale of the inputs and the
    /// encoding of a table.
    pub fn model_info(&self) -> &ModelInfo {
        &self.info
    }

    /// Writes the network and its [description](Self::model_info) to a safetensors file, whole or
    /// not at all.
    ///
    /// # Errors
    /// If a parameter is not finite or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), TrainError> {
        Ok(save_model(path, &self.network, &self.info)?)
    }

    /// One step on one batch: forward, loss, backward, update; the loss before the update.
    ///
    /// `inputs` is (batch, inputs). This is what [`fit`](Self::fit) calls; here the learning rate
    /// is that of the optimizer, or of [`set_learning_rate`](Self::set_learning_rate).
    ///
    /// # Errors
    /// If shapes, targets, weights or the learning rate do not fit, or the loss is not finite. The
    /// parameters are then as they were before.
    pub fn train_batch(
        &mut self,
        inputs: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<WeightedSum, TrainError> {
        self.config.check()?;
        self.check_batch(inputs, targets, weights)?;
        let (what, value) = ("the learning rate", self.learning_rate);
        if !(value >= 0.0 && value.is_finite()) {
            let range = "at least 0 and finite";
            return Err(TrainError::Setting { what, value, range });
        }
        let step = self.state.steps() + 1;
        let key = Key::new(self.config.seed).derive("step", step);
        self.network
            .forward(&mut self.workspace, Mode::Train(key), inputs);
        let (output, grad) = self.workspace.output_and_grad();
        let total = self
            .loss
            .value_and_grad(output, targets, weights, Some(grad));
        self.check_total(total, inputs)?;
        self.apply_gradients(inputs);
        Ok(total)
    }

    /// Runs the backward pass and changes the parameters.
    fn apply_gradients(&mut self, inputs: ArrayView2<'_, T>) {
        let weight = WeightDecay {
            l2: self.config.l2,
            decoupled: self.config.weight_decay,
        };
        let decay = |kind| match kind {
            ParameterKind::Weight => weight,
            ParameterKind::Bias => WeightDecay::NONE,
        };
        let (pool, optimizer) = (Arc::clone(self.workspace.pool()), &*self.optimizer);
        let (network, workspace) = (&mut self.network, &mut self.workspace);
        let rate = T::from_f64(self.learning_rate);
        let Some(norm) = self.config.clip else {
            // Each gradient is used while it is computed.
            let mut step = self.state.begin_step(&pool, optimizer, rate, T::one());
            network.backward_streamed(workspace, inputs, |index, parameter, grad| {
                let info = ParamInfo {
                    chunk_len: parameter.chunk_len(),
                    padding: parameter.padding(),
                    decay: decay(parameter.kind()),
                    learning_rate_factor: parameter.learning_rate_factor(),
                };
                step.parameter(index, parameter.packed_mut(), grad, info);
            });
            return step.end();
        };
        // The common norm has to be known before the first gradient is used.
        network.backward(workspace, inputs);
        let parameters = network.layers().iter().flat_map(|l| l.parameters());
        let trained = parameters
            .zip(workspace.gradients())
            .filter(|(parameter, _)| parameter.learning_rate_factor() != 0.0);
        let scale = T::from_f64(clip_scale(trained.map(|(_, grad)| grad), norm));
        let items = network.params_with_grads(workspace).map(|item| {
            let info = ParamInfo {
                chunk_len: item.chunk_len,
                padding: item.padding,
                decay: decay(item.kind),
                learning_rate_factor: item.learning_rate_factor,
            };
            (item.values, item.grad, info)
        });
        self.state.step(&pool, optimizer, rate, scale, items);
    }

    /// Checks that the data fits the network, before anything is computed.
    pub(crate) fn check_data(&self, data: &Dataset<T>) -> Result<(), TrainError> {
        self.check_width(data.width())?;
        let expected = self.network.output_width();
        match data.num_classes() {
            Some(found) if found > expected => Err(TrainError::Classes { expected, found }),
            _ if data.is_empty() => Err(TrainError::NoRows),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_width(&self, found: usize) -> Result<(), TrainError> {
        let expected = self.network.input_width();
        if found == expected {
            Ok(())
        } else {
            Err(TrainError::Width { expected, found })
        }
    }

    fn check_batch(
        &self,
        inputs: ArrayView2<'_, T>,
        targets: TargetsView<'_, T>,
        weights: Option<&[T]>,
    ) -> Result<(), TrainError> {
        self.check_width(inputs.ncols())?;
        let rows = inputs.nrows();
        let (found, given) = (targets.rows(), weights.map_or(rows, <[T]>::len));
        if found != rows || given != rows {
            return Err(TrainError::Rows {
                inputs: rows,
                targets: found,
                weights: given,
            });
        }
        if rows == 0 {
            return Err(TrainError::NoRows);
        }
        let fits = |weight: &T| weight.is_finite() && *weight >= T::zero();
        if let Some((row, weight)) = weights
            .into_iter()
            .flatten()
            .enumerate()
            .find(|(_, weight)| !fits(weight))
        {
            let value = weight.as_f64();
            return Err(TrainError::Weight { row, value });
        }
        Ok(self.loss.check(self.network.output_width(), targets)?)
    }

    fn check_total(&self, total: WeightedSum, inputs: ArrayView2<'_, T>) -> Result<(), TrainError> {
        if total.weight <= 0.0 {
            return Err(TrainError::NoWeight {
                rows: inputs.nrows(),
                sum: total.weight,
            });
        }
        if total.mean().is_finite() {
            return Ok(());
        }
        // Inputs that are not finite are the data's fault; otherwise the learning rate is too high.
        match inputs.indexed_iter().find(|(_, x)| !x.is_finite()) {
            Some(((row, column), value)) => Err(TrainError::Input {
                row,
                column,
                value: value.as_f64(),
            }),
            None => Err(self.diverged(self.state.steps() + 1, total.mean())),
        }
    }

    pub(crate) fn diverged(&self, step: u64, loss: f64) -> TrainError {
        TrainError::Diverged {
            epoch: self.history.epochs.len() as u64 + 1,
            step,
            learning_rate: self.learning_rate,
            loss,
        }
    }
}

/// The targets of a gathered batch.
pub(crate) fn targets<T: Scalar>(batch: &Batch<T>) -> TargetsView<'_, T> {
    match (batch.class_labels(), batch.values()) {
        (Some(classes), _) => TargetsView::Classes(classes),
        (None, Some(values)) => TargetsView::Values(values),
        (None, None) => unreachable!("a batch has classes or values"),
    }
}

fn check_output_layer<T: Scalar>(
    network: &Sequential<T>,
    loss: &dyn Loss<T>,
) -> Result<(), TrainError> {
    let tail = network.layers().last().map(|layer| layer.spec());
    let loss_name = loss.name();
    match (loss.output_kind(), tail) {
        (OutputKind::Logits, Some(LayerSpec::Softmax)) => Err(TrainError::OutputMismatch {
            loss: loss_name,
            tail: "a Softmax",
        }),
        (OutputKind::Logits, Some(LayerSpec::Sigmoid)) => Err(TrainError::OutputMismatch {
            loss: loss_name,
            tail: "a Sigmoid",
        }),
        (OutputKind::Probabilities, Some(LayerSpec::Softmax | LayerSpec::Custom(_))) => Ok(()),
        (OutputKind::Probabilities, _) => Err(TrainError::NotProbabilities { loss: loss_name }),
        _ => Ok(()),
    }
}
