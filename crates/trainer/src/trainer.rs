use std::path::{Path, PathBuf};
use std::sync::Arc;

use backprop_data::{Batch, Dataset};
use backprop_formats::{Model, ModelInfo, WriteBudget};
use backprop_layers::{LayerSpec, Predictor, Sequential, Workspace};
use backprop_losses::{Loss, OutputKind, TargetsView, notation};
use backprop_optimizers::{Optimizer, OptimizerState};
use backprop_tensor::{Pool, Scalar};

use crate::{History, TrainConfig, TrainError};

/// A network in training, with its loss, its optimizer, the optimizer's state and the history.
///
/// The methods that train take `&mut self`; evaluation and prediction take `&self`, from any number
/// of threads. See the [crate's page](crate) for a whole program.
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
    /// Where not every epoch has to have a checkpoint.
    pub(crate) checkpoint_budget: Option<WriteBudget>,
}

impl<T: Scalar> Trainer<T> {
    /// A trainer before its first step, with the default [`TrainConfig`], on all cores.
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
            info: ModelInfo::new(loss.output_kind()).with_loss(notation(&loss)),
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
            checkpoint_budget: None,
        })
    }

    /// The network, with the parameters after the last step.
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

    /// Clears the history and the optimizer's moments and keeps the parameters, for another run.
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
        Ok(self.model()?.save(path)?)
    }

    /// The network with its description, as [`save`](Self::save) writes it.
    pub(crate) fn model(&self) -> Result<Model<T>, TrainError> {
        Ok(Model::new(self.network.clone(), self.info.clone())?)
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
