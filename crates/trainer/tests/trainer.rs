//! Evaluating, describing and saving; frozen layers; padding under a rule of a user's own.

use std::ops::ControlFlow;

use approx::assert_abs_diff_eq;
use backprop_data::{Dataset, Targets};
use backprop_formats::{Model, OutputKind};
use backprop_layers::{Parameter, Sequential, linear, relu};
use backprop_losses::{MeanSquaredError, SoftmaxCrossEntropy};
use backprop_optimizers::{Adam, Nesterov, Optimizer, Schedule, Sgd, Step};
use backprop_tensor::Scalar;
use backprop_trainer::{Epoch, Evaluation, StopMetric, TrainConfig, TrainError, Trainer, on_epoch};
use ndarray::Array2;

const CLASSES: usize = 10;

/// Rows of six bytes in ten classes.
fn bytes(rows: usize) -> Dataset<f32> {
    let values = (0..6 * rows).map(|i| (i * i % 251) as u8).collect();
    let labels = Targets::Classes {
        labels: (0..rows).map(|row| (row * 7 % CLASSES) as u32).collect(),
        num_classes: CLASSES,
    };
    Dataset::from_bytes(6, values, labels).unwrap()
}

fn named(rows: usize) -> Dataset<f32> {
    let names = (0..CLASSES).map(|class| format!("class {class}")).collect();
    bytes(rows).with_class_names(names).unwrap()
}

fn network(outputs: usize) -> Sequential<f32> {
    Sequential::new(6, [linear(12), relu(), linear(outputs)], 0).unwrap()
}

fn trainer(optimizer: impl Optimizer<f32> + 'static) -> Trainer<f32> {
    let trainer = Trainer::new(network(CLASSES), SoftmaxCrossEntropy, optimizer).unwrap();
    trainer.epochs(2).batch_size(8).threads(1)
}

#[test]
fn an_evaluation_prints_as_one_line() {
    let mut evaluation = Evaluation {
        loss: 0.25,
        accuracy: Some(0.5),
        rows: 4,
    };
    let line = "loss 0.2500, accuracy 50.00 % (4 rows)";
    assert_eq!(evaluation.to_string(), line);
    evaluation.accuracy = None;
    assert_eq!(evaluation.to_string(), "loss 0.2500 (4 rows)");
}

#[test]
fn one_pass_gives_the_evaluation_and_the_predictions() {
    // More rows than go through the network at a time.
    let data = bytes(600);
    let mut trainer = trainer(Adam::default());
    trainer.fit(&data, &data).unwrap();
    let (evaluation, predictions) = trainer.evaluate_and_predict(&data).unwrap();
    assert_eq!(evaluation, trainer.evaluate(&data).unwrap());

    let mut batch = backprop_data::Batch::new();
    data.gather(&(0..600).collect::<Vec<u32>>(), &mut batch);
    let expected = trainer.predict_proba(batch.inputs()).unwrap();
    assert_eq!(predictions, expected);
    for row in predictions.rows() {
        assert_abs_diff_eq!(row.sum(), 1.0, epsilon = 1e-6);
    }
}

#[test]
fn a_trained_model_is_saved_with_its_description() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let data = named(40);
    let mut trainer = trainer(Adam::default());
    assert_eq!(trainer.model_info().input_scale, 1.0, "before the data");
    trainer.fit(&data, &data).unwrap();
    trainer.save(&path).unwrap();

    let (network, info) = Model::<f32>::load(&path).unwrap().into_parts();
    assert_eq!(info, *trainer.model_info());
    assert_eq!(info.output, OutputKind::Logits);
    assert_eq!(info.loss.as_deref(), Some("SoftmaxCrossEntropy"));
    assert_eq!(info.input_scale, 1.0 / 255.0);
    assert_eq!(info.class_names[3], "class 3");
    let inputs = Array2::ones((5, 6));
    let expected = trainer.predict(inputs.view()).unwrap();
    assert_eq!(network.predict(inputs.view()), expected);
}

#[test]
fn a_network_with_more_outputs_than_classes_is_saved_without_names() {
    let folder = tempfile::tempdir().unwrap();
    let data = named(40);
    let trainer = Trainer::new(network(CLASSES + 1), SoftmaxCrossEntropy, Sgd::new(0.1));
    let trainer = trainer.unwrap().epochs(1).threads(1);
    let mut trainer = trainer.with_checkpoint(folder.path().join("checkpoint"));
    trainer.fit(&data, &data).unwrap();
    assert!(trainer.model_info().class_names.is_empty());
    trainer.save(folder.path().join("model")).unwrap();
}

#[test]
fn a_restored_trainer_knows_the_description() {
    let data = named(40);
    let mut whole = trainer(Adam::default());
    whole.fit(&data, &data).unwrap();
    let mut restored = trainer(Adam::default());
    restored.restore(&whole.checkpoint().unwrap()).unwrap();
    assert_eq!(restored.model_info(), whole.model_info());
    assert_eq!(restored.model_info().class_names.len(), CLASSES);
}

#[cfg(feature = "csv")]
#[test]
fn the_encoding_of_a_table_is_part_of_the_description() {
    use backprop_data::Limits;
    use backprop_data::csv::{Header, Options, Table, TableEncoding};

    let text = "size,price\n1,2.5\n2,4.25\n3,6.125\n";
    let table = Table::parse("table", text, Header::Present, Limits::default()).unwrap();
    let encoding = table.fit(&Options::new("price"), &[0, 1, 2]).unwrap();
    let data = table.dataset::<f32>(&encoding).unwrap();
    let network = Sequential::new(1, [linear(1)], 0).unwrap();
    let trainer = Trainer::new(network, MeanSquaredError, Sgd::new(0.1));
    let mut trainer = trainer.unwrap().epochs(1).threads(1);
    trainer.fit(&data, &data).unwrap();
    let kept = trainer.model_info().table.clone().unwrap();
    assert_eq!(
        serde_json::from_value::<TableEncoding>(kept).unwrap(),
        encoding
    );
}

/// The stored values of all parameters, padding among them.
fn packed(trainer: &Trainer<f32>) -> Vec<Vec<f32>> {
    let parameters = trainer.network().parameters();
    parameters.map(|(_, p)| p.packed().to_vec()).collect()
}

#[test]
fn a_frozen_layer_stays_and_a_resume_with_other_factors_is_refused() {
    let data = bytes(40);
    for clip in [None, Some(0.5)] {
        let config = TrainConfig {
            epochs: 2,
            batch_size: 8,
            clip,
            ..TrainConfig::default()
        };
        let mut frozen = trainer(Adam::default()).with_config(config.clone());
        frozen.network_mut().freeze(0);
        let before = packed(&frozen);
        frozen.fit(&data, &data).unwrap();
        let after = packed(&frozen);
        assert_eq!(before[..2], after[..2], "clip {clip:?}");
        assert_ne!(before[2], after[2]);
        assert_ne!(before[3], after[3]);

        let mut thawed = trainer(Adam::default()).with_config(config);
        let error = thawed.restore(&frozen.checkpoint().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the checkpoint was made with the learning rate factors [0.0,0.0,1.0,1.0], but now it is \
             [1.0,1.0,1.0,1.0]; resume with the same"
        );
    }
}

/// `p <- p - lr sign(g)`, with `sign(0) = 1` as `signum` has it.
#[derive(Debug)]
struct SignSgd;

impl<T: Scalar> Optimizer<T> for SignSgd {
    fn name(&self) -> &'static str {
        "sign-sgd"
    }

    fn learning_rate(&self) -> f64 {
        1e-3
    }

    fn update(&self, step: Step<T>, value: &mut [T], grad: &[T], _state: &mut [&mut [T]]) {
        for (value, &grad) in value.iter_mut().zip(grad) {
            *value -= step.learning_rate * step.gradient(*value, grad).signum();
        }
    }
}

#[test]
fn the_padding_of_ten_outputs_stays_zero_under_a_rule_that_moves_every_element() {
    let data = bytes(40);
    for clip in [None, Some(0.5)] {
        let config = TrainConfig {
            epochs: 2,
            clip,
            ..TrainConfig::default()
        };
        let mut trainer = trainer(SignSgd).with_config(config);
        trainer.fit(&data, &data).unwrap();
        for (name, parameter) in trainer.network().parameters() {
            assert!(is_padded_with_zeros(parameter), "{name}, clip {clip:?}");
        }
    }
}

/// Whether the storage is that of the logical values packed into zeros.
fn is_padded_with_zeros(parameter: &Parameter<f32>) -> bool {
    let mut packed = parameter.clone();
    packed.packed_mut().fill(f32::NAN);
    packed.assign(&parameter.to_array());
    packed.packed() == parameter.packed()
}

#[test]
fn the_methods_and_the_config_set_the_same() {
    let by_methods = trainer(Sgd::new(0.1))
        .epochs(3)
        .batch_size(4)
        .schedule(Schedule::Cosine)
        .l2(1e-4)
        .weight_decay(1e-3)
        .clip(1.0)
        .patience(2)
        .stop_metric(StopMetric::MacroF1)
        .seed(7);
    let config = TrainConfig {
        epochs: 3,
        batch_size: 4,
        schedule: Schedule::Cosine,
        l2: 1e-4,
        weight_decay: 1e-3,
        clip: Some(1.0),
        patience: Some(2),
        stop_metric: StopMetric::MacroF1,
        seed: 7,
    };
    assert_eq!(*by_methods.config(), config);
    let by_config = trainer(Sgd::new(0.1)).with_config(config);
    assert_eq!(by_config.config(), by_methods.config());
}

/// Rows of which nine in ten are of class 0, whose first byte tells them apart with some noise.
fn uneven(rows: usize) -> Dataset<f32> {
    let label = |row: usize| u32::from(row.is_multiple_of(10));
    let byte = |i: usize| match i % 6 {
        0 => 60 * label(i / 6) as usize + i * i % 83,
        _ => i * i % 251,
    };
    let values = (0..6 * rows).map(|i| byte(i) as u8).collect();
    let labels = Targets::Classes {
        labels: (0..rows).map(label).collect(),
        num_classes: 2,
    };
    Dataset::from_bytes(6, values, labels).unwrap()
}

#[test]
fn the_best_epoch_goes_by_the_stop_metric_and_so_does_a_resumed_run() {
    let (train, validation) = uneven(300).split(0.3, 0).unwrap();
    let trainer = |metric| {
        let trainer = Trainer::new(network(2), SoftmaxCrossEntropy, Adam::new(0.01)).unwrap();
        let trainer = trainer.epochs(12).batch_size(16).threads(1);
        trainer.patience(12).stop_metric(metric)
    };
    for metric in [
        StopMetric::Accuracy,
        StopMetric::BalancedAccuracy,
        StopMetric::MacroF1,
    ] {
        let mut whole = trainer(metric);
        whole.fit(&train, &validation).unwrap();
        let history = whole.history();
        let score = |epoch: &Epoch| match metric {
            StopMetric::Accuracy => epoch.validation_accuracy.unwrap(),
            _ => epoch.validation_score.unwrap(),
        };
        let scores: Vec<f64> = history.epochs().iter().map(score).collect();
        let highest = scores.iter().copied().fold(0.0, f64::max);
        let first = scores.iter().position(|score| *score == highest).unwrap();
        assert_eq!(
            history.best().unwrap().epoch,
            first as u64 + 1,
            "{metric:?}"
        );
        // The parameters are those of the best epoch: they have its accuracy.
        let accuracy = whole.evaluate(&validation).unwrap().accuracy;
        assert_eq!(accuracy, history.epochs()[first].validation_accuracy);

        let mut part = trainer(metric);
        let mut stop = on_epoch(|epoch| match epoch.epoch {
            5 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        part.fit_with(&train, Some(&validation), &mut stop).unwrap();
        let mut resumed = trainer(metric);
        resumed.restore(&part.checkpoint().unwrap()).unwrap();
        let another = trainer(StopMetric::Loss).restore(&part.checkpoint().unwrap());
        assert!(another.is_err(), "{metric:?}");
        resumed.fit(&train, &validation).unwrap();
        let without_seconds = |trainer: &Trainer<f32>| -> Vec<Epoch> {
            let epochs = trainer.history().epochs().iter();
            epochs
                .map(|epoch| Epoch {
                    seconds: 0.0,
                    ..*epoch
                })
                .collect()
        };
        assert_eq!(without_seconds(&resumed), without_seconds(&whole));
        let bytes = |trainer: &Trainer<f32>| {
            let values = trainer.network().parameters();
            values
                .flat_map(|(_, p)| p.packed().to_vec())
                .collect::<Vec<f32>>()
        };
        assert_eq!(bytes(&resumed), bytes(&whole), "{metric:?}");
    }
}

#[test]
fn a_stop_metric_of_classes_refuses_values() {
    let values = Targets::Values {
        width: 1,
        values: vec![0.5_f32; 8],
    };
    let data = Dataset::from_bytes(6, vec![1; 48], values).unwrap();
    let trainer = Trainer::new(network(1), MeanSquaredError, Adam::default()).unwrap();
    let mut trainer = trainer.patience(1).stop_metric(StopMetric::MacroF1);
    assert_eq!(
        trainer.fit(&data, &data).unwrap_err().to_string(),
        "the stop metric macro-f1 needs classes, but the data has values; use the loss"
    );
}

#[test]
fn settings_are_checked_before_anything_runs() {
    let data = bytes(40);
    let mut bad = trainer(Adam::default()).batch_size(0);
    let error = bad.fit(&data, &data).unwrap_err();
    let sentence = "the batch size is 0; it must be at least 1";
    assert_eq!(error.to_string(), sentence);
    let inputs = Array2::zeros((1, 6));
    let targets = backprop_losses::TargetsView::Classes(&[0]);
    let error = bad.train_batch(inputs.view(), targets, None).unwrap_err();
    assert_eq!(error.to_string(), sentence);
    let refused = Trainer::new(
        network(CLASSES),
        SoftmaxCrossEntropy,
        Adam::default().betas(1.0, 0.9),
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "beta1 is 1; it must be at least 0 and below 1"
    );
}

#[test]
fn a_checkpoint_of_other_constants_names_both() {
    let data = bytes(40);
    let mut first = trainer(Nesterov::new(0.1));
    let mut stop = on_epoch(|_| ControlFlow::Break(()));
    first.fit_with(&data, None, &mut stop).unwrap();
    let mut other = trainer(Nesterov::new(0.1).momentum(0.8));
    let error = other.restore(&first.checkpoint().unwrap()).unwrap_err();
    let TrainError::Mismatch { what, saved, now } = error else {
        panic!("{error}")
    };
    assert_eq!(what, "the optimizer");
    assert_eq!(
        (&*saved, &*now),
        ("nesterov, momentum 0.9", "nesterov, momentum 0.8")
    );
}

#[test]
fn a_trainer_predicts_from_several_threads_at_once() {
    let data = bytes(300);
    let mut trainer = trainer(Adam::default()).threads(2);
    trainer.fit(&data, &data).unwrap();
    let expected = trainer.evaluate(&data).unwrap();
    std::thread::scope(|scope| {
        let evaluate = || trainer.evaluate(&data).unwrap();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(evaluate)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}
