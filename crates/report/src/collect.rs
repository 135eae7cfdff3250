//! The data of a run's page, collected from a trainer.

use backprop_metrics::{
    ClassPredictions, Predictions, ValuePredictions, WorstPrediction, worst_predictions,
};
use backprop_trainer::data::{Batch, BatchSampler, Dataset};
use backprop_trainer::layers::{LayerSpec, Sequential};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{TrainError, Trainer};

use crate::run::LayerWeights;

/// The rows of a prediction.
const BATCH: usize = 512;
/// The number of worst predictions that are kept.
const WORST: usize = 12;

/// The predictions of the trainer's network for `test`.
///
/// With `images`, the worst predictions keep their inputs.
///
/// ```
/// use backprop_report::collect_predictions;
/// use backprop_report::metrics::Predictions;
/// use backprop_trainer::data::mnist;
/// use backprop_trainer::layers::{Sequential, linear};
/// use backprop_trainer::losses::SoftmaxCrossEntropy;
/// use backprop_trainer::optimizers::Adam;
/// use backprop_trainer::tensor::Key;
/// use backprop_trainer::{TrainConfig, Trainer};
///
/// let (_, test) = mnist::sample::<f32>();
/// let network = Sequential::new(784, [linear(10)], Key::new(0))?;
/// let config = TrainConfig::default();
/// let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default(), config)?;
/// let Predictions::Classes(digits) = collect_predictions(&mut trainer, &test, true)? else {
///     panic!("digits are classes");
/// };
/// assert_eq!(digits.rows(), test.len());
/// // Untrained, about one digit of ten is right.
/// assert!(digits.accuracy() < 0.3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the data does not fit the network.
pub fn collect_predictions<T: Scalar>(
    trainer: &mut Trainer<T>,
    test: &Dataset<T>,
    images: bool,
) -> Result<Predictions, TrainError> {
    let width = trainer.network().output_width();
    let mut labels: Vec<usize> = Vec::new();
    let mut targets: Vec<f64> = Vec::new();
    let mut outputs: Vec<f64> = Vec::with_capacity(test.len() * width);
    let mut batch = Batch::new();
    let mut batches = BatchSampler::new(test.len(), BATCH, None);
    while let Some(rows) = batches.next_batch() {
        test.gather(rows, &mut batch);
        let output = trainer.predict_proba(batch.inputs())?;
        outputs.extend(output.iter().map(|value| value.as_f64()));
        if let Some(classes) = batch.class_labels() {
            labels.extend(classes.iter().map(|&class| class as usize));
        }
        if let Some(values) = batch.values() {
            targets.extend(values.iter().map(|value| value.as_f64()));
        }
    }
    if test.num_classes().is_none() {
        return Ok(Predictions::Values(ValuePredictions {
            names: output_names(width),
            targets,
            predictions: outputs,
        }));
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
    Ok(Predictions::Classes(ClassPredictions {
        worst: worst.collect(),
        names: class_names(test, width),
        labels,
        probabilities: outputs,
    }))
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
