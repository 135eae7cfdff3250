//! Evaluation and prediction, by `&self`.

use std::fmt;

use backprop_data::{Batch, BatchSampler, Dataset};
use backprop_losses::{TargetsView, WeightedSum};
use backprop_tensor::{Scalar, argmax};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Slice};

use crate::trainer::targets;
use crate::{TrainError, Trainer};

/// Rows that are evaluated or predicted at a time. One row gives the same bits in any batch.
const PREDICT_BLOCK: usize = 512;

/// The loss and the accuracy on some data; it prints as one line.
///
/// ```
/// use backprop_trainer::Evaluation;
///
/// let evaluation = Evaluation { loss: 0.0612, accuracy: Some(0.9831), rows: 10_000 };
/// assert_eq!(evaluation.to_string(), "loss 0.0612, accuracy 98.31 % (10000 rows)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Evaluation {
    /// The mean loss in prediction mode, `sum w l / sum w`.
    pub loss: f64,
    /// The fraction of rows whose largest output is that of the class; `None` without classes.
    pub accuracy: Option<f64>,
    /// The number of rows.
    pub rows: usize,
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loss {:.4}", self.loss)?;
        if let Some(accuracy) = self.accuracy {
            write!(f, ", accuracy {:.2} %", 100.0 * accuracy)?;
        }
        write!(f, " ({} rows)", self.rows)
    }
}

impl<T: Scalar> Trainer<T> {
    /// The loss and the accuracy of the network on some data, in prediction mode.
    ///
    /// The loss is `sum_r w_r l_r / sum_r w_r` over the rows; the accuracy is the fraction of rows whose largest
    /// output is that of their class, the first of equals.
    ///
    /// ```
    /// use backprop_data::{Dataset, Targets};
    /// use backprop_layers::{Sequential, linear};
    /// use backprop_losses::MeanSquaredError;
    /// use backprop_optimizers::Sgd;
    /// use backprop_trainer::Trainer;
    ///
    /// let mut network = Sequential::<f64>::new(1, [linear(1)], 0)?;
    /// network.parameters_mut().for_each(|(_, parameter)| parameter.packed_mut().fill(0.0));
    /// let trainer = Trainer::new(network, MeanSquaredError, Sgd::new(0.1))?.threads(1);
    /// let targets = Targets::Values { width: 1, values: vec![1.0, 3.0] };
    /// let data = Dataset::from_values(1, vec![0.5, -0.5], targets)?;
    /// let evaluation = trainer.evaluate(&data)?;
    /// assert_eq!((evaluation.loss, evaluation.accuracy), ((1.0 + 9.0) / 2.0, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the data does not fit the network or the loss, or its weights sum to 0.
    #[inline(never)]
    pub fn evaluate(&self, data: &Dataset<T>) -> Result<Evaluation, TrainError> {
        self.evaluate_blocks(data, |_, _| {})
    }

    /// The evaluation of the network as it is now, and its predictions (rows, outputs), as
    /// [`predict_proba`](Self::predict_proba) gives them: the data goes through the network once.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    #[inline(never)]
    pub fn evaluate_and_predict(
        &self,
        data: &Dataset<T>,
    ) -> Result<(Evaluation, Array2<T>), TrainError> {
        let mut outputs = Array2::zeros((data.len(), self.network.output_width()));
        let mut done = 0;
        let evaluation = self.evaluate_blocks(data, |block, _| {
            let rows = Slice::from(done..done + block.nrows());
            outputs.slice_axis_mut(Axis(0), rows).assign(&block);
            done += block.nrows();
        })?;
        self.loss.activate(outputs.view_mut());
        Ok((evaluation, outputs))
    }

    /// The evaluation of the validation rows, and the stop metric where it is neither the loss nor the
    /// accuracy.
    pub(crate) fn validate(
        &self,
        data: &Dataset<T>,
    ) -> Result<(Evaluation, Option<f64>), TrainError> {
        let metric = self.config.stop_metric;
        if !metric.needs_confusion() {
            return Ok((self.evaluate(data)?, None));
        }
        let outputs = self.network.output_width();
        let mut confusion = vec![vec![0; outputs]; outputs];
        let evaluation = self.evaluate_blocks(data, |block, targets| {
            let TargetsView::Classes(labels) = targets else {
                return;
            };
            let guesses = block.rows().into_iter().map(argmax);
            for (guess, &label) in guesses.zip(labels) {
                if let Some(guess) = guess {
                    confusion[label as usize][guess] += 1;
                }
            }
        })?;
        Ok((evaluation, Some(metric.of_confusion(&confusion))))
    }

    /// Evaluates block after block of rows, and hands the outputs and the targets of each to `keep`.
    fn evaluate_blocks(
        &self,
        data: &Dataset<T>,
        mut keep: impl FnMut(ArrayView2<'_, T>, TargetsView<'_, T>),
    ) -> Result<Evaluation, TrainError> {
        self.check_data(data)?;
        let (mut total, mut right, mut has_classes) = (WeightedSum::default(), 0, false);
        let mut batch = Batch::new();
        let mut batches = BatchSampler::new(data.len(), PREDICT_BLOCK, None);
        let mut output = Array2::zeros((PREDICT_BLOCK, self.network.output_width()));
        while let Some(rows) = batches.next_batch() {
            data.par_gather(self.predictor.pool(), rows, &mut batch);
            let targets = targets(&batch);
            self.loss.check(self.network.output_width(), targets)?;
            let mut output = output.slice_axis_mut(Axis(0), Slice::from(..batch.rows()));
            let network = &self.network;
            self.predictor
                .predict_into(network, batch.inputs(), output.view_mut());
            let output = output.view();
            total += self
                .loss
                .value_and_grad(output, targets, batch.weights(), None);
            if let TargetsView::Classes(labels) = targets {
                has_classes = true;
                let guesses = output.rows().into_iter().map(argmax);
                right += guesses
                    .zip(labels)
                    .filter(|(guess, label)| *guess == Some(**label as usize))
                    .count();
            }
            keep(output, targets);
        }
        if total.weight <= 0.0 {
            return Err(TrainError::NoWeight {
                rows: data.len(),
                sum: total.weight,
            });
        }
        Ok(Evaluation {
            loss: total.mean(),
            accuracy: has_classes.then(|| right as f64 / data.len() as f64),
            rows: data.len(),
        })
    }

    /// The network's outputs (B, O) for inputs (B, I), in prediction mode: logits, probabilities or values.
    ///
    /// Inputs are scaled as [`Dataset::input_scale`] says.
    ///
    /// # Errors
    /// If the inputs have another width than the network.
    pub fn predict(&self, inputs: ArrayView2<'_, T>) -> Result<Array2<T>, TrainError> {
        self.check_width(inputs.ncols())?;
        Ok(self.predictor.predict(&self.network, inputs))
    }

    /// The predictions (B, O) for inputs (B, I): logits as probabilities, `p_j = e^z_j / sum_k e^z_k`, or the
    /// logistic function of each where the loss is binary; probabilities and values as they are.
    ///
    /// A loaded [`Model`](crate::formats::Model) gives the same bits.
    ///
    /// # Errors
    /// If the inputs have another width than the network.
    pub fn predict_proba(&self, inputs: ArrayView2<'_, T>) -> Result<Array2<T>, TrainError> {
        let mut output = self.predict(inputs)?;
        self.loss.activate(output.view_mut());
        Ok(output)
    }

    /// The class of each of B rows of inputs (B, I): the index of the largest output, the first of equals.
    ///
    /// # Errors
    /// If the inputs have another width than the network, or an output is not a number.
    pub fn classify(&self, inputs: ArrayView2<'_, T>) -> Result<Vec<usize>, TrainError> {
        let output = self.predict(inputs)?;
        let class = |(row, outputs): (usize, ArrayView1<'_, T>)| {
            argmax(outputs).ok_or(TrainError::NotANumber { row })
        };
        output.rows().into_iter().enumerate().map(class).collect()
    }
}
