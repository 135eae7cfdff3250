use std::path::PathBuf;
use std::sync::Arc;

use backprop_data::{Batch, BatchSampler, Dataset};
use backprop_layers::{LayerSpec, Mode, ParameterKind, Sequential, Workspace};
use backprop_losses::{Loss, OutputKind, TargetsView, WeightedSum};
use backprop_optimizers::{Optimizer, OptimizerState, WeightDecay, clip_scale};
use backprop_tensor::{Key, Pool, Scalar, argmax};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Slice};

use crate::{History, TrainConfig, TrainError};

/// Rows that are evaluated or predicted at a time. One row gives the same bits in any batch.
const ROWS_AT_A_TIME: usize = 512;

/// The loss and the accuracy on some data.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Evaluation {
    /// The mean loss in prediction mode, `sum w l / sum w`.
    pub loss: f64,
    /// The share of rows whose largest output is that of the class; `None` without classes.
    pub accuracy: Option<f64>,
    /// The number of rows.
    pub rows: usize,
}

/// A network in training: with its loss, its optimizer and all that they remember.
///
/// See the [crate's page](crate) for a whole program.
#[derive(Debug)]
pub struct Trainer<T: Scalar> {
    pub(crate) network: Sequential<T>,
    pub(crate) loss: Box<dyn Loss<T>>,
    pub(crate) rule: Box<dyn Optimizer<T>>,
    pub(crate) settings: TrainConfig,
    pub(crate) workspace: Workspace<T>,
    pub(crate) state: OptimizerState<T>,
    pub(crate) learning_rate: f64,
    pub(crate) history: History,
    /// The parameters after the best epoch, in order, where the patience asks for them.
    pub(crate) best: Option<Vec<Box<[T]>>>,
    /// Rows of the training data, once it is known.
    pub(crate) train_rows: Option<usize>,
    pub(crate) checkpoint_path: Option<PathBuf>,
}

impl<T: Scalar> Trainer<T> {
    /// A trainer that has not begun yet, on all cores.
    ///
    /// # Errors
    /// If a setting makes no sense, or the end of the network does not fit the loss: a Softmax or
    /// Sigmoid before a loss on logits, or no Softmax before one on probabilities.
    pub fn new(
        network: Sequential<T>,
        loss: impl Loss<T> + 'static,
        rule: impl Optimizer<T> + 'static,
        settings: TrainConfig,
    ) -> Result<Self, TrainError> {
        settings.check()?;
        check_tail(&network, &loss)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Trainer {
            network,
            loss: Box::new(loss),
            rule: Box::new(rule),
            workspace: Workspace::new(Arc::new(Pool::new(threads))),
            state: OptimizerState::new(),
            learning_rate: settings.learning_rate,
            settings,
            history: History::default(),
            best: None,
            train_rows: None,
            checkpoint_path: None,
        })
    }

    /// Runs on these threads instead. The results do not depend on it.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<Pool>) -> Self {
        self.workspace = Workspace::new(pool);
        self
    }

    /// Writes a checkpoint to this file after each epoch of `fit`.
    #[must_use]
    pub fn with_checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint_path = Some(path.into());
        self
    }

    /// The network as it is now.
    pub fn network(&self) -> &Sequential<T> {
        &self.network
    }

    /// The network, the rest let go.
    pub fn into_network(self) -> Sequential<T> {
        self.network
    }

    /// The loss it trains with.
    pub fn loss(&self) -> &dyn Loss<T> {
        &*self.loss
    }

    /// The settings it trains with.
    pub fn settings(&self) -> &TrainConfig {
        &self.settings
    }

    /// What the run came to so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The learning rate of the next [`train_batch`](Self::train_batch).
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Forgets the run, its history and the optimizer's moments, and keeps the parameters.
    pub fn restart(&mut self) {
        self.state = OptimizerState::new();
        self.learning_rate = self.settings.learning_rate;
        self.history = History::default();
        self.best = None;
        self.train_rows = None;
    }

    /// One step on one batch: forward, loss, backward, update; the loss before the update.
    ///
    /// `inputs` is (batch, inputs). This is what [`fit`](Self::fit) calls; here the learning rate
    /// is that of the settings, or of [`set_learning_rate`](Self::set_learning_rate).
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
        self.check_batch(inputs, targets, weights)?;
        let (what, value) = ("the learning rate", self.learning_rate);
        if !(value >= 0.0 && value.is_finite()) {
            let range = "at least 0 and finite";
            return Err(TrainError::Setting { what, value, range });
        }
        let number = self.state.steps() + 1;
        let key = Key::new(self.settings.seed).derive("step", number);
        self.network
            .forward(&mut self.workspace, Mode::Train(key), inputs);
        let (output, grad) = self.workspace.output_and_grad();
        let total = self
            .loss
            .value_and_grad(output, targets, weights, Some(grad));
        self.check_total(total, inputs)?;
        self.learn(inputs);
        Ok(total)
    }

    /// Goes backward and improves the parameters.
    fn learn(&mut self, inputs: ArrayView2<'_, T>) {
        let weight = WeightDecay {
            l2: self.settings.l2,
            decoupled: self.settings.weight_decay,
        };
        let decay = |kind| match kind {
            ParameterKind::Weight => weight,
            ParameterKind::Bias => WeightDecay::NONE,
        };
        let (pool, rule) = (Arc::clone(self.workspace.pool()), &*self.rule);
        let (network, workspace) = (&mut self.network, &mut self.workspace);
        let rate = T::from_f64(self.learning_rate);
        let Some(norm) = self.settings.clip else {
            // Each gradient is used while it is computed.
            let mut update = self.state.begin_step(&pool, rule, rate, T::one());
            network.backward_streamed(workspace, inputs, |number, parameter, grad| {
                let (unit, decay) = (parameter.chunk_len(), decay(parameter.kind()));
                update.parameter(number, parameter.packed_mut(), grad, unit, decay);
            });
            return update.end();
        };
        // Their common norm has to be known before the first is used.
        network.backward(workspace, inputs);
        let scale = T::from_f64(clip_scale(workspace.gradients(), norm));
        let items = network
            .params_with_grads(workspace)
            .map(|item| (item.values, item.grad, item.unit, decay(item.kind)));
        self.state.step(&pool, rule, rate, scale, items);
    }

    /// The loss and the accuracy of the network as it is now.
    ///
    /// # Errors
    /// If the data does not fit the network or the loss, or its weights sum to 0.
    pub fn evaluate(&mut self, data: &Dataset<T>) -> Result<Evaluation, TrainError> {
        self.check_data(data)?;
        let (mut total, mut right, mut classes) = (WeightedSum::default(), 0, false);
        let mut batch = Batch::new();
        let mut batches = BatchSampler::new(data.len(), ROWS_AT_A_TIME, None);
        let mut output = Array2::zeros((ROWS_AT_A_TIME, self.network.output_width()));
        let pool = Arc::clone(self.workspace.pool());
        while let Some(rows) = batches.next_batch() {
            data.par_gather(&pool, rows, &mut batch);
            let targets = targets(&batch);
            self.loss.check(self.network.output_width(), targets)?;
            let mut output = output.slice_axis_mut(Axis(0), Slice::from(..batch.rows()));
            self.network
                .predict_into(&mut self.workspace, batch.inputs(), output.view_mut());
            let output = output.view();
            total += self
                .loss
                .value_and_grad(output, targets, batch.weights(), None);
            if let TargetsView::Classes(labels) = targets {
                classes = true;
                let guesses = output.rows().into_iter().map(argmax);
                right += guesses
                    .zip(labels)
                    .filter(|(guess, label)| *guess == Some(**label as usize))
                    .count();
            }
        }
        if total.weight <= 0.0 {
            return Err(TrainError::NoWeight {
                rows: data.len(),
                sum: total.weight,
            });
        }
        let accuracy = classes.then(|| right as f64 / data.len() as f64);
        Ok(Evaluation {
            loss: total.mean(),
            accuracy,
            rows: data.len(),
        })
    }

    /// The network's output for `inputs` (batch, inputs): logits, probabilities or values.
    ///
    /// # Errors
    /// If the width does not fit.
    pub fn predict(&mut self, inputs: ArrayView2<'_, T>) -> Result<Array2<T>, TrainError> {
        self.check_width(inputs.ncols())?;
        let mut output = Array2::zeros((inputs.nrows(), self.network.output_width()));
        let parts = inputs.axis_chunks_iter(Axis(0), ROWS_AT_A_TIME);
        for (input, output) in parts.zip(output.axis_chunks_iter_mut(Axis(0), ROWS_AT_A_TIME)) {
            self.network
                .predict_into(&mut self.workspace, input, output);
        }
        Ok(output)
    }

    /// As [`predict`](Self::predict), logits turned into probabilities.
    ///
    /// # Errors
    /// If the width does not fit.
    pub fn predict_proba(&mut self, inputs: ArrayView2<'_, T>) -> Result<Array2<T>, TrainError> {
        let mut output = self.predict(inputs)?;
        self.loss.activate(output.view_mut());
        Ok(output)
    }

    /// The class of each row: the largest output, the first of equals.
    ///
    /// # Errors
    /// If the width does not fit, or an output is not a number.
    pub fn predict_classes(&mut self, inputs: ArrayView2<'_, T>) -> Result<Vec<usize>, TrainError> {
        let output = self.predict(inputs)?;
        let class = |(row, outputs): (usize, ArrayView1<'_, T>)| {
            argmax(outputs).ok_or(TrainError::NotANumber { row })
        };
        output.rows().into_iter().enumerate().map(class).collect()
    }

    /// Whether the data fits the network, before anything is computed.
    pub(crate) fn check_data(&self, data: &Dataset<T>) -> Result<(), TrainError> {
        self.check_width(data.width())?;
        let expected = self.network.output_width();
        match data.num_classes() {
            Some(found) if found > expected => Err(TrainError::Classes { expected, found }),
            _ if data.is_empty() => Err(TrainError::NoRows),
            _ => Ok(()),
        }
    }

    fn check_width(&self, found: usize) -> Result<(), TrainError> {
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
        // It is the data's fault where the data is not finite, and the learning rate's elsewhere.
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

fn check_tail<T: Scalar>(network: &Sequential<T>, loss: &dyn Loss<T>) -> Result<(), TrainError> {
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
        (OutputKind::Probabilities, Some(LayerSpec::Softmax | LayerSpec::Custom { .. })) => Ok(()),
        (OutputKind::Probabilities, _) => Err(TrainError::NotProbabilities { loss: loss_name }),
        _ => Ok(()),
    }
}
