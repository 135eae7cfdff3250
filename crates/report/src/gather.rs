//! What a run's page needs, collected from a trainer.

use backprop_trainer::data::{Batch, BatchSampler, Dataset};
use backprop_trainer::layers::{LayerSpec, Sequential};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Epoch, Evaluation, TrainError, Trainer};

use crate::{Curves, LinearLayer, Outcome, Worst};

/// Rows that are predicted at a time.
const ROWS: usize = 512;
/// How many of the worst predictions are shown.
const WORST: usize = 12;

impl Outcome {
    /// The evaluation of the trainer's network on `test`, and its predictions; the data goes through
    /// the network once.
    ///
    /// With `pictures`, the worst predictions keep their inputs.
    ///
    /// # Errors
    /// If the data does not fit the network.
    pub fn of<T: Scalar>(
        trainer: &Trainer<T>,
        test: &Dataset<T>,
        pictures: bool,
    ) -> Result<(Evaluation, Self), TrainError> {
        let width = trainer.network().output_width();
        let (evaluation, outputs) = trainer.evaluate_and_predict(test)?;
        let outputs: Vec<f64> = outputs.iter().map(|value| value.as_f64()).collect();
        let (mut labels, mut targets) = (Vec::new(), Vec::new());
        let mut batch = Batch::new();
        let mut batches = BatchSampler::new(test.len(), ROWS, None);
        while let Some(rows) = batches.next_batch() {
            test.gather(rows, &mut batch);
            if let Some(classes) = batch.class_labels() {
                labels.extend(classes.iter().map(|&class| class as usize));
            }
            if let Some(values) = batch.values() {
                targets.extend(values.iter().map(|value| value.as_f64()));
            }
        }
        if test.num_classes().is_none() {
            let outcome = Outcome::Values {
                names: output_names(width),
                targets,
                predictions: outputs,
            };
            return Ok((evaluation, outcome));
        }
        let worst = worst(&labels, &outputs, width).into_iter().map(|row| {
            let mut pixels = Vec::new();
            // `row` counts rows of a u32-numbered data set.
            if let (true, Ok(row)) = (pictures, u32::try_from(row)) {
                test.gather(&[row], &mut batch);
                pixels.extend(batch.inputs().iter().map(|value| value.as_f64()));
            }
            Worst { row, pixels }
        });
        let outcome = Outcome::Classes {
            worst: worst.collect(),
            names: class_names(test, width),
            labels,
            probabilities: outputs,
        };
        Ok((evaluation, outcome))
    }
}

/// The rows whose true class got the least probability.
fn worst(labels: &[usize], probabilities: &[f64], width: usize) -> Vec<usize> {
    let of_truth = |row: usize| {
        probabilities
            .get(row * width + labels[row])
            .copied()
            .unwrap_or(0.0)
    };
    let mut rows: Vec<usize> = (0..labels.len()).collect();
    let order = |a: &usize, b: &usize| of_truth(*a).total_cmp(&of_truth(*b)).then(a.cmp(b));
    if rows.len() > WORST {
        rows.select_nth_unstable_by(WORST, order);
        rows.truncate(WORST);
    }
    rows.sort_by(order);
    rows
}

fn class_names<T: Scalar>(test: &Dataset<T>, width: usize) -> Vec<String> {
    let mut names = test.class_names().unwrap_or_default().to_vec();
    // A network may have outputs that the data has no class for.
    names.extend((names.len()..width).map(|class| class.to_string()));
    names.truncate(width);
    names
}

fn output_names(width: usize) -> Vec<String> {
    match width {
        1 => vec!["the output".to_string()],
        _ => (1..=width).map(|k| format!("output {k}")).collect(),
    }
}

impl Curves {
    /// The losses, accuracies and times of these epochs, and the learning rate of the last step of
    /// each. The best epoch and the unit are left to be set.
    pub fn of(epochs: &[Epoch]) -> Self {
        let list = |of: fn(&Epoch) -> f64| epochs.iter().map(of).collect();
        Curves {
            train_loss: list(|epoch| epoch.train_loss),
            validation_loss: list(|epoch| epoch.validation_loss.unwrap_or(f64::NAN)),
            validation_accuracy: list(|epoch| epoch.validation_accuracy.unwrap_or(f64::NAN)),
            learning_rate: epochs
                .iter()
                .map(|epoch| (epoch.epoch as f64, epoch.learning_rate))
                .collect(),
            seconds: list(|epoch| epoch.seconds),
            best_epoch: None,
            loss_unit: String::new(),
        }
    }
}

/// The weights of the Linear layers of `after`, with those of `before`, the same network before
/// training, where it can be had.
pub fn linear_layers<T: Scalar>(
    before: Option<&Sequential<T>>,
    after: &Sequential<T>,
) -> Vec<LinearLayer> {
    let weights = |network: &Sequential<T>| -> Vec<(Vec<usize>, Vec<f64>)> {
        let layers = network.layers().iter();
        let linear = layers.filter(|layer| matches!(layer.spec(), LayerSpec::Linear { .. }));
        let weights = linear.filter_map(|layer| layer.parameters().first());
        weights
            .map(|weight| {
                let rows = weight.to_array();
                let values = rows.iter().map(|value| value.as_f64());
                (weight.shape().to_vec(), values.collect())
            })
            .collect()
    };
    let mut start = before.map(weights).unwrap_or_default().into_iter();
    let layer = |(number, (shape, after)): (usize, (Vec<usize>, Vec<f64>))| {
        let (outputs, inputs) = match shape[..] {
            [outputs, inputs] => (outputs, inputs),
            _ => (0, 0),
        };
        let before = start.next().filter(|(other, _)| *other == shape);
        LinearLayer {
            name: format!("layer {number}, {inputs} to {outputs}"),
            inputs,
            before: before.map(|(_, values)| values).unwrap_or_default(),
            after,
        }
    };
    (1..).zip(weights(after)).map(layer).collect()
}
