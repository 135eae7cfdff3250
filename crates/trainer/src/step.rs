//! One training step: forward, loss, backward, update.

use std::sync::Arc;

use backprop_layers::{Mode, ParameterKind};
use backprop_losses::{TargetsView, WeightedSum};
use backprop_optimizers::{ParamInfo, WeightDecay, clip_scale};
use backprop_tensor::{Key, Scalar};
use ndarray::ArrayView2;

use crate::{TrainError, Trainer};

impl<T: Scalar> Trainer<T> {
    /// One step on one batch: forward, loss, backward, update; the loss before the update.
    ///
    /// `inputs` is (B, inputs). [`fit`](Self::fit) calls this method with the learning rate of its
    /// schedule; a direct call takes the learning rate of the optimizer, or that of
    /// [`set_learning_rate`](Self::set_learning_rate).
    ///
    /// # Errors
    /// If a setting makes no sense, shapes, targets, weights or the learning rate do not fit, or the loss is not finite. The
    /// parameters are then as they were before.
    #[inline(never)]
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
                    decays: parameter.kind() == ParameterKind::Weight,
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
                decays: item.kind == ParameterKind::Weight,
                learning_rate_factor: item.learning_rate_factor,
            };
            (item.values, item.grad, info)
        });
        self.state.step(&pool, optimizer, rate, scale, items);
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
