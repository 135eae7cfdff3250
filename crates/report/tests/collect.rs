//! The figures that are collected from a trainer are those that the trainer gives itself.

use approx::assert_abs_diff_eq;
use backprop_datasets::mnist;
use backprop_report::metrics::{
    ClassPredictions, Predictions, RegressionMetrics, ValuePredictions,
};
use backprop_report::{HistoryColumns, Run, collect_predictions, layer_weights, run_page};
use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::layers::{Sequential, leaky_relu, linear};
use backprop_trainer::losses::{MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::optimizers::Adam;
use backprop_trainer::{TrainConfig, Trainer};

fn settings() -> TrainConfig {
    TrainConfig {
        epochs: 2,
        ..TrainConfig::default()
    }
}

#[test]
fn a_classifiers_predictions_agree_with_its_evaluation() {
    let (digits, test) = mnist::sample::<f32>();
    let (digits, test) = (digits.limit(600), test.limit(300));
    let build = || Sequential::new(784, [linear(16), leaky_relu(0.01), linear(10)], 0);
    let rule = Adam::default();
    let mut trainer = Trainer::new(build().unwrap(), SoftmaxCrossEntropy, rule)
        .unwrap()
        .with_config(settings());
    trainer.fit(&digits, &test).unwrap();
    let evaluation = trainer.evaluate(&test).unwrap();
    let (evaluated, predictions) = collect_predictions(&trainer, &test, true).unwrap();
    assert_eq!(evaluated, evaluation);
    let Predictions::Classes(classes) = &predictions else {
        panic!("{predictions:?}");
    };
    let ClassPredictions {
        names,
        labels,
        probabilities,
        worst,
    } = classes;
    assert_eq!(
        (names.len(), labels.len(), probabilities.len()),
        (10, 300, 3000)
    );
    let loss = |row: usize| -probabilities[10 * row + labels[row]].ln();
    let mean = (0..300).map(loss).sum::<f64>() / 300.0;
    assert_abs_diff_eq!(mean, evaluation.loss, epsilon = 1e-5);
    assert_eq!(Some(classes.accuracy()), evaluation.accuracy);
    let most = (0..300).map(loss).fold(0.0, f64::max);
    assert_eq!(loss(worst[0].row), most);
    assert!(worst.is_sorted_by(|a, b| loss(a.row) >= loss(b.row)));
    assert_eq!((worst.len(), worst[0].pixels.len()), (12, 784));

    let layers = layer_weights(Some(&build().unwrap()), trainer.network());
    assert_eq!(layers[0].name, "layer 1, 784 to 16");
    assert_eq!(layers[1].before.len(), 160);
    assert_ne!(layers[1].before, layers[1].after);
    let untouched = layer_weights(Some(&build().unwrap()), &build().unwrap());
    assert_eq!(untouched[0].before, untouched[0].after);
    assert!(layer_weights(None, trainer.network())[0].before.is_empty());

    let run = Run {
        history: HistoryColumns::new(trainer.history().epochs()),
        predictions: Some(predictions),
        layers,
        image_size: Some((28, 28)),
        ..Run::default()
    };
    let shown = format!("{:.2} %", 100.0 * evaluation.accuracy.unwrap());
    let document = run_page(&run);
    assert!(document.html.contains(&shown), "{shown}");
    assert_eq!(document.html.matches("<img ").count(), 12);
}

#[test]
fn a_regressions_predictions_agree_with_its_evaluation() {
    let x: Vec<f64> = (0..64).map(|k| f64::from(k) / 32.0 - 1.0).collect();
    let values = x.iter().flat_map(|x| [x.sin(), x * x]).collect();
    let data = Dataset::from_values(1, x, Targets::Values { width: 2, values }).unwrap();
    let network = Sequential::new(1, [linear(2)], 0).unwrap();
    let mut trainer = Trainer::new(network, MeanSquaredError, Adam::new(1e-3))
        .unwrap()
        .with_config(settings());
    trainer.fit_with(&data, None, &mut ()).unwrap();
    let (evaluated, predictions) = collect_predictions(&trainer, &data, false).unwrap();
    let Predictions::Values(values) = predictions else {
        panic!("{predictions:?}");
    };
    let ValuePredictions {
        names,
        targets,
        predictions,
        ..
    } = values;
    assert_eq!(names, ["output 1", "output 2"]);
    let found = RegressionMetrics::new(&targets, &predictions).mean_squared_error;
    let loss = evaluated.loss;
    assert_eq!(evaluated, trainer.evaluate(&data).unwrap());
    assert_abs_diff_eq!(found, loss, epsilon = 1e-12);
}
