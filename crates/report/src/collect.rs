//! The data of a run's page, collected from a trainer.

use backprop_metrics::{
    ClassPredictions, Predictions, ValuePredictions, WorstPrediction, worst_predictions,
};
use backprop_trainer::data::{Batch, BatchSampler, Dataset};
use backprop_trainer::layers::{LayerSpec, Sequential};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{Evaluation, TrainError, Trainer};

use crate::run::LayerWeights;

/// Rows whose targets are gathered at a time.
const BATCH: usize = 512;
/// The number of worst predictions that are kept.
const WORST: usize = 12;

/// The evaluation of the trainer's network on `test`, and its predictions; the data goes through the
/// network once.
///
/// With `images`, the worst predictions keep their inputs.
///
/// ```
/// use backprop_report::collect_predictions;
/// use backprop_report::metrics::Predictions;
/// use backprop_trainer::Trainer;
/// use backprop_datasets::mnist;
/// use backprop_trainer::layers::{Sequential, linear};
/// use backprop_trainer::losses::SoftmaxCrossEntropy;
/// use backprop_trainer::optimizers::Adam;
///
/// let (_, test) = mnist::sample::<f32>();
/// let network = Sequential::new(784, [linear(10)], 0)?;
/// let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default())?;
/// let (evaluation, predictions) = collect_predictions(&trainer, &test, true)?;
/// let Predictions::Classes(digits) = predictions else {
///     panic!("digits are classes");
/// };
/// assert_eq!(digits.rows(), test.len());
/// assert_eq!(Some(digits.accuracy()), evaluation.accuracy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the data does not fit the network.
pub fn collect_predictions<T: Scalar>(
    trainer: &Trainer<T>,
    test: &Dataset<T>,
    images: bool,
) -> Result<(Evaluation, Predictions), TrainError> {
    let width = trainer.network().output_width();
    let (evaluation, outputs) = trainer.evaluate_and_predict(test)?;
    let outputs: Vec<f64> = outputs.iter().map(|value| value.as_f64()).collect();
    let (mut labels, mut targets) = (Vec::new(), Vec::new());
    let mut batch = Batch::new();
    let mut batches = BatchSampler::new(test.len(), BATCH, None);
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
        let predictions = Predictions::Values(ValuePredictions {
            names: output_names(width),
            targets,
            predictions: outputs,
            training_means: Vec::new(),
        });
        return Ok((evaluation, predictions));
    }
    let worst = worst_predictions(&labels, &outputs, width, WORST);
    let worst = worst.into_iter().map(|row| WorstPrediction {
        row,
        pixels: if images {
            inputs_of(test, row, &mut batch)
        } else {
            Vec::new()
        },
    });
    let predictions = Predictions::Classes(ClassPredictions {
        worst: worst.collect(),
        names: class_names(test, width),
        labels,
        probabilities: outputs,
    });
    Ok((evaluation, predictions))
}

/// The inputs of one row.
fn inputs_of<T: Scalar>(data: &Dataset<T>, row: usize, batch: &mut Batch<T>) -> Vec<f64> {
    let row = u32::try_from(row).expect("a data set numbers its rows in u32");
    data.gather(&[row], batch);
    batch.inputs().iter().map(|value| value.as_f64()).collect()
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

/// The weights of the Linear layers of `after`, beside those of `before`, the same network before
/// training, where it is known.
pub fn layer_weights<T: Scalar>(
    before: Option<&Sequential<T>>,
    after: &Sequential<T>,
) -> Vec<LayerWeights> {
    let mut start = before.map(linear_weights).unwrap_or_default().into_iter();
    let layer = |(number, (shape, after)): (usize, (Vec<usize>, Vec<f64>))| {
        let (outputs, inputs) = match shape[..] {
            [outputs, inputs] => (outputs, inputs),
            _ => (0, 0),
        };
        let before = start.next().filter(|(other, _)| *other == shape);
        LayerWeights {
            name: format!("layer {number}, {inputs} to {outputs}"),
            inputs,
            before: before.map(|(_, values)| values).unwrap_or_default(),
            after,
        }
    };
    (1..).zip(linear_weights(after)).map(layer).collect()
}

/// The shape (outputs, inputs) and the weights of each Linear layer.
fn linear_weights<T: Scalar>(network: &Sequential<T>) -> Vec<(Vec<usize>, Vec<f64>)> {
    let layers = network.layers().iter();
    let linear = layers.filter(|layer| matches!(layer.spec(), LayerSpec::Linear { .. }));
    let weights = linear.filter_map(|layer| layer.parameters().first());
    weights
        .map(|weight| {
            let array = weight.to_array();
            let values = array.iter().map(|value| value.as_f64());
            (weight.shape().to_vec(), values.collect())
        })
        .collect()
}
