//! The behaviour of a trainer, and what it refuses, seen from outside.

use std::ops::ControlFlow;
use std::path::Path;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::formats::Checkpoint;
use backprop_trainer::layers::{
    LayerSpec, Sequential, dropout, leaky_relu, linear, sigmoid, softmax, tanh,
};
use backprop_trainer::losses::{
    BinaryCrossEntropyWithLogits, CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy,
    TargetsView,
};
use backprop_trainer::ndarray::{Array2, array};
use backprop_trainer::optimizers::{Adam, Optimizer, Progress, Schedule, Sgd};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{
    BatchReport, Observer, StopReason, TrainConfig, TrainError, Trainer, on_epoch,
};

const WIDTH: usize = 5;
const CLASSES: usize = 3;

fn inputs<T: Scalar>(rows: usize) -> Vec<T> {
    let value = |i: usize| T::from_f64((1.0 + 0.7 * i as f64 + 0.01 * (i * i) as f64).sin());
    (0..rows * WIDTH).map(value).collect()
}

/// Rows of numbers; the class is the largest of the first three, `shift` classes further.
fn data<T: Scalar>(rows: usize, shift: usize) -> Dataset<T> {
    let values = inputs::<T>(rows);
    let class = |row: &[T]| {
        let largest = (0..CLASSES).max_by(|&a, &b| row[a].as_f64().total_cmp(&row[b].as_f64()));
        ((largest.unwrap() + shift) % CLASSES) as u32
    };
    let labels = Targets::Classes {
        labels: values.chunks(WIDTH).map(class).collect(),
        num_classes: CLASSES,
    };
    Dataset::from_values(WIDTH, values, labels).unwrap()
}

fn network<T: Scalar>(tail: &[LayerSpec]) -> Sequential<T> {
    let layers = [linear(8), tanh(), linear(CLASSES)];
    let layers = layers.iter().chain(tail).cloned();
    Sequential::new(WIDTH, layers, 1).unwrap()
}

/// Plain gradient descent on logits.
fn trainer<T: Scalar>(learning_rate: f64, config: TrainConfig) -> Trainer<T> {
    build(&[], SoftmaxCrossEntropy, Sgd::new(learning_rate), config)
}

fn build<T: Scalar>(
    tail: &[LayerSpec],
    loss: impl Loss<T> + 'static,
    optimizer: impl Optimizer<T> + 'static,
    config: TrainConfig,
) -> Trainer<T> {
    let trainer = Trainer::new(network(tail), loss, optimizer);
    trainer.unwrap().with_config(config)
}

/// A constant learning rate.
fn config(epochs: u64, batch_size: usize) -> TrainConfig {
    TrainConfig {
        epochs,
        batch_size,
        schedule: Schedule::Constant,
        ..TrainConfig::default()
    }
}

fn parameters<T: Scalar>(trainer: &Trainer<T>) -> Vec<T> {
    let parameters = trainer.network().parameters();
    parameters.flat_map(|(_, p)| p.to_array()).collect()
}

/// `|a - b| / |b|` over all parameters.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    (differences.sum::<f64>() / b.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

// Ending

#[test]
fn a_patience_ends_with_the_best_parameters() {
    // What makes the training rows right makes these wrong, sooner or later.
    let (train, validation) = (data::<f64>(60, 0), data::<f64>(20, 1));
    let run = |epochs, patience| {
        let config = TrainConfig {
            patience,
            ..config(epochs, 8)
        };
        let mut trainer = trainer(0.05, config);
        trainer.fit(&train, &validation).unwrap();
        let now = trainer.evaluate(&validation).unwrap();
        let history = trainer.history().clone();
        (history, now)
    };

    let (history, now) = run(100, Some(3));
    let (best, last) = (history.best().unwrap(), history.epochs().last().unwrap());
    assert_eq!(history.end(), Some(StopReason::EarlyStopping));
    assert_eq!(last.epoch, best.epoch + 3);
    assert!(last.validation_loss > best.validation_loss);
    assert_eq!(Some(now.loss), best.validation_loss);
    assert_eq!(now.accuracy, best.validation_accuracy);

    // All epochs done before the patience ends: still the best, not the last.
    let best = *best;
    let (history, now) = run(best.epoch + 1, Some(3));
    assert_eq!(history.end(), Some(StopReason::Finished));
    assert_eq!(history.epochs().len() as u64, best.epoch + 1);
    assert_eq!(Some(now.loss), best.validation_loss);

    // Without a patience, the last.
    let (history, now) = run(best.epoch + 3, None);
    assert_eq!(history.end(), Some(StopReason::Finished));
    assert_eq!(Some(now.loss), last.validation_loss);
}

/// By LeakyReLU, which unlike tanh keeps nothing in bounds.
fn diverging_trainer(learning_rate: f64, config: TrainConfig) -> Trainer<f32> {
    let layers = [linear(8), leaky_relu(0.01), linear(CLASSES)];
    let network = Sequential::new(WIDTH, layers, 1).unwrap();
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Sgd::new(learning_rate));
    trainer.unwrap().with_config(config)
}

#[test]
fn divergence_leaves_the_last_whole_epoch_and_its_checkpoint() {
    let train = data::<f32>(40, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    // From the second epoch on, steps of 1e29.
    let schedule = Schedule::Step {
        every_epochs: 1,
        factor: 1e30,
    };
    let config = TrainConfig {
        schedule,
        ..config(3, 10)
    };
    let mut one_epoch = diverging_trainer(0.1, config.clone());
    let mut stop = on_epoch(|_| ControlFlow::Break(()));
    one_epoch.fit_with(&train, None, &mut stop).unwrap();

    let mut diverging = diverging_trainer(0.1, config.clone()).with_checkpoint(&path);
    let error = diverging.fit_with(&train, None, &mut ()).unwrap_err();
    let TrainError::Diverged {
        epoch,
        step,
        learning_rate,
        loss,
    } = error
    else {
        panic!("{error}")
    };
    // The first such step still begins with a finite loss; the one after it does not.
    assert_eq!((epoch, step, learning_rate), (2, 4 + 2, 0.1 * 1e30));
    assert!(!loss.is_finite(), "{loss}");
    assert!(parameters(&diverging) == parameters(&one_epoch));
    assert_eq!(diverging.history().epochs().len(), 1);

    let mut resumed = diverging_trainer(0.1, config);
    resumed.resume_from(&path).unwrap();
    assert!(parameters(&resumed) == parameters(&one_epoch));
    assert_eq!(resumed.history().epochs(), diverging.history().epochs());
}

#[test]
fn divergence_in_the_first_epoch_leaves_the_parameters_it_began_with() {
    let train = data::<f32>(40, 0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let fit = |batch_size, learning_rate| {
        let trainer = diverging_trainer(learning_rate, config(3, batch_size));
        let mut trainer = trainer.with_checkpoint(&path);
        let before = parameters(&trainer);
        let error = trainer.fit_with(&train, None, &mut ()).unwrap_err();
        assert!(parameters(&trainer) == before);
        assert!(!path.exists(), "there was no whole epoch to save");
        error
    };
    let error = fit(10, 1e30);
    let begin = "training diverged in epoch 1 at step 2: the loss is ";
    assert!(error.to_string().starts_with(begin), "{error}");

    // With one step an epoch, no step sees a loss of the weights that are not finite.
    let error = fit(40, 1e60);
    let TrainError::Diverged {
        epoch, step, loss, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((epoch, step), (1, 1));
    assert!(loss.is_finite(), "{loss}");
}

// Refusing

#[test]
fn a_tail_that_does_not_fit_the_loss_is_refused() {
    let refuse = |tail: &[LayerSpec], loss: Box<dyn Loss<f32>>| {
        let refused = Trainer::new(network(tail), loss, Sgd::default());
        refused.unwrap_err().to_string()
    };
    let squashed = "takes logits and applies the squashing itself, but the network ends in";
    let leave_out = "leave that layer out, predict_proba adds it";
    assert_eq!(
        refuse(&[softmax()], Box::new(SoftmaxCrossEntropy)),
        format!("SoftmaxCrossEntropy {squashed} a Softmax; {leave_out}")
    );
    assert_eq!(
        refuse(&[sigmoid()], Box::new(BinaryCrossEntropyWithLogits)),
        format!("BinaryCrossEntropyWithLogits {squashed} a Sigmoid; {leave_out}")
    );
    for tail in [&[][..], &[sigmoid()]] {
        assert_eq!(
            refuse(tail, Box::new(CrossEntropy)),
            "CrossEntropy takes probabilities, but the network does not end in a Softmax; \
             train with SoftmaxCrossEntropy, or end the network in a Softmax"
        );
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refuse_rate = |rate| {
        let network = network::<f32>(&[]);
        let refused = Trainer::new(network, SoftmaxCrossEntropy, Sgd::new(rate));
        refused.unwrap_err().to_string()
    };
    let refuse = |config| {
        let mut trainer = trainer::<f32>(0.1, config);
        let before = parameters(&trainer);
        let refused = trainer.fit(&data(10, 0), &data(10, 0));
        let message = refused.unwrap_err().to_string();
        assert!(parameters(&trainer) == before);
        message
    };
    for (rate, shown) in [
        (0.0, "0"),
        (f64::NAN, "NaN"),
        (-1.0, "-1"),
        (f64::INFINITY, "inf"),
    ] {
        assert_eq!(
            refuse_rate(rate),
            format!("the learning rate is {shown}; it must be above 0 and finite")
        );
    }
    let at_least_one = "is 0; it must be at least 1";
    assert_eq!(
        refuse(config(1, 0)),
        format!("the batch size {at_least_one}")
    );
    assert_eq!(
        refuse(config(0, 1)),
        format!("the number of epochs {at_least_one}")
    );
}

#[test]
fn a_patience_without_validation_is_refused() {
    let patient = TrainConfig {
        patience: Some(1),
        ..TrainConfig::default()
    };
    let mut trainer = trainer::<f32>(0.1, patient);
    let error = trainer.fit_with(&data(10, 0), None, &mut ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "patience needs validation data; pass some to fit, or leave the patience off"
    );
}

/// The checkpoint of one epoch of two on 40 rows, by [`trainer`].
fn save_one_epoch(path: &Path) -> TrainConfig {
    let config = config(2, 10);
    let mut trainer = trainer::<f64>(0.1, config.clone()).with_checkpoint(path);
    let mut stop = on_epoch(|_| ControlFlow::Break(()));
    trainer.fit_with(&data(40, 0), None, &mut stop).unwrap();
    config
}

#[test]
fn the_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let saved = save_one_epoch(&path);
    fn refuse<T: Scalar>(mut trainer: Trainer<T>, path: &Path) -> String {
        let before = parameters(&trainer);
        let error = trainer.resume_from(path).unwrap_err();
        assert!(parameters(&trainer) == before);
        assert!(trainer.history().epochs().is_empty());
        error.to_string()
    }
    let says = |what: &str, saved: &str, now: &str| {
        format!(
            "the checkpoint was made with {what} {saved}, but now it is {now}; \
             resume with the same"
        )
    };

    let with = |config| refuse(trainer::<f64>(0.1, config), &path);
    let faster = refuse(trainer::<f64>(0.2, saved.clone()), &path);
    assert_eq!(faster, says("the learning rate", "0.1", "0.2"));
    let other = TrainConfig {
        seed: 7,
        ..saved.clone()
    };
    assert_eq!(with(other), says("the seed", "0", "7"));
    let other = TrainConfig {
        schedule: Schedule::Cosine,
        ..saved.clone()
    };
    assert_eq!(
        with(other),
        says(
            "the schedule",
            r#"{"kind":"constant"}"#,
            r#"{"kind":"cosine"}"#
        )
    );
    let halved = refuse(trainer::<f32>(0.1, saved.clone()), &path);
    assert_eq!(halved, says("the precision", "f64", "f32"));

    let with_loss = |tail: &[LayerSpec], loss: Box<dyn Loss<f64>>| {
        build(tail, loss, Sgd::new(0.1), saved.clone())
    };
    let regularised = with_loss(&[dropout(0.5)], Box::new(SoftmaxCrossEntropy));
    let message = refuse(regularised, &path);
    let begin = r#"the checkpoint was made with the layers [{"kind":"linear","outputs":8},{"kind":"tanh"},"#;
    assert!(message.starts_with(begin), "{message}");
    let end = r#"{"kind":"dropout","probability":0.5}]; resume with the same"#;
    assert!(message.ends_with(end), "{message}");
    let binary = with_loss(&[], Box::new(BinaryCrossEntropyWithLogits));
    let names = ("SoftmaxCrossEntropy", "BinaryCrossEntropyWithLogits");
    assert_eq!(refuse(binary, &path), says("the loss", names.0, names.1));
    let adam = build::<f64>(&[], SoftmaxCrossEntropy, Adam::new(0.1), saved.clone());
    let constants = "adam, beta1 0.9, beta2 0.999, epsilon 0.00000001";
    assert_eq!(refuse(adam, &path), says("the optimizer", "sgd", constants));

    // Other data shows when training goes on.
    let mut resumed = trainer::<f64>(0.1, saved);
    resumed.resume_from(&path).unwrap();
    let error = resumed.fit_with(&data(39, 0), None, &mut ()).unwrap_err();
    assert_eq!(error.to_string(), says("training rows", "40", "39"));
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = save_one_epoch(&path);
    let bytes = std::fs::read(&path).unwrap();
    let mut trainer = trainer::<f64>(0.1, config);
    let before = parameters(&trainer);
    let mut refuse = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let message = trainer.resume_from(&path).unwrap_err().to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
        assert!(parameters(&trainer) == before);
        message
    };
    let position = |text: &[u8]| bytes.windows(text.len()).position(|w| w == text).unwrap();
    let version = position(b"\"version\":\"1\"") + 11;
    // The names of two metadata entries, without which the others cannot be checked.
    let names = [position(b"crc32\":"), position(b"version\":")].map(|at| at..at + 7);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let message = refuse(&damaged);
        let expected = if at == version {
            "is of version"
        } else if names.iter().any(|name| name.contains(&at)) {
            "the metadata entry"
        } else {
            "the file is damaged"
        };
        let is_quote = expected == "the metadata entry" && message.contains("the file is damaged");
        assert!(
            message.contains(expected) || is_quote,
            "byte {at}: {message}"
        );
    }
    let message = refuse(&bytes[..bytes.len() - 1]);
    assert!(
        message.contains("cut off; the file is damaged"),
        "{message}"
    );

    let mut newer = bytes.clone();
    newer[version] = b'2';
    let expected = "is of version 2 of its format but this program reads version 1";
    let message = refuse(&newer);
    assert!(message.contains(expected), "{message}");

    let error = trainer.resume_from(folder.path().join("none")).unwrap_err();
    assert!(error.to_string().starts_with("cannot open "), "{error}");
    std::fs::write(&path, bytes).unwrap();
    trainer.resume_from(&path).unwrap();
    assert!(parameters(&trainer) != before);
}

/// Whole as a file, but not what a trainer writes.
#[test]
fn a_checkpoint_of_other_sections_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let config = save_one_epoch(&path);
    let whole = Checkpoint::load(&path, 1 << 20).unwrap();
    let mut trainer = trainer::<f64>(0.1, config);
    let before = parameters(&trainer);
    for section in ["settings", "network", "moments", "history", "seconds"] {
        let data = whole.require(section).unwrap();
        for replacement in [None, Some(&data[..data.len() / 2])] {
            let mut other = Checkpoint::new();
            for name in whole.names().filter(|name| *name != section) {
                other.insert(name, whole.require(name).unwrap().to_vec());
            }
            if let Some(data) = replacement {
                other.insert(section, data.to_vec());
            }
            let kept = replacement.map(<[u8]>::len);
            let Err(error) = trainer.restore(&other) else {
                panic!("{section} with {kept:?} bytes was accepted")
            };
            assert!(error.to_string().contains(section), "{error}");
            assert!(parameters(&trainer) == before);
        }
    }
}

// Weights and batches

/// The parameters after three full-batch steps.
fn after_three_steps(dataset: &Dataset<f64>) -> Vec<f64> {
    let mut trainer = trainer::<f64>(0.5, config(3, dataset.len()));
    trainer.fit_with(dataset, None, &mut ()).unwrap();
    parameters(&trainer)
}

#[test]
fn a_row_of_weight_two_is_the_row_twice() {
    let plain = data::<f64>(12, 0);
    let mut rows: Vec<u32> = (0..12).collect();
    rows.extend([3, 8]);
    let mut weights = vec![1.0; 12];
    (weights[3], weights[8]) = (2.0, 2.0);
    let twice = after_three_steps(&plain.select(&rows));
    let weighted = after_three_steps(&plain.clone().with_weights(weights).unwrap());
    let unweighted = after_three_steps(&plain);
    let off = distance(&weighted, &twice);
    assert!(off <= 1e-12, "off by {off:e}");
    assert!(distance(&unweighted, &twice) > 1e-3);
}

#[test]
fn rows_of_weight_zero_are_rows_left_out() {
    let plain = data::<f64>(12, 0);
    let kept: Vec<u32> = (0..12).filter(|row| row % 5 != 1).collect();
    let weights = (0..12).map(|row| f64::from(row % 5 != 1)).collect();
    let left_out = after_three_steps(&plain.select(&kept));
    let weightless = after_three_steps(&plain.clone().with_weights(weights).unwrap());
    let off = distance(&weightless, &left_out);
    assert!(off <= 1e-12, "off by {off:e}");
    assert!(distance(&after_three_steps(&plain), &left_out) > 1e-3);
}

/// With batches of two some hold nothing but such rows: they are no steps.
#[test]
fn what_is_in_rows_of_weight_zero_does_not_matter() {
    let run = |scale: f64| {
        let weight = |row: usize| f64::from(row.is_multiple_of(3));
        let scaled = |(at, x): (usize, f64)| match weight(at / WIDTH) {
            0.0 => scale * x,
            _ => x,
        };
        let values = inputs::<f64>(30).into_iter().enumerate().map(scaled);
        let labels = Targets::Classes {
            labels: (0..30).map(|row| row % 2).collect(),
            num_classes: CLASSES,
        };
        let dataset = Dataset::from_values(WIDTH, values.collect(), labels).unwrap();
        let dataset = dataset.with_weights((0..30).map(weight).collect()).unwrap();
        let adam = Adam::new(0.01);
        let mut trainer = build::<f64>(&[], SoftmaxCrossEntropy, adam, config(3, 2));
        trainer.fit_with(&dataset, None, &mut ()).unwrap();
        let losses: Vec<f64> = trainer
            .history()
            .epochs()
            .iter()
            .map(|e| e.train_loss)
            .collect();
        let steps = trainer.checkpoint().unwrap().require("moments").unwrap()[..8].to_vec();
        let steps = u64::from_le_bytes(steps.try_into().unwrap());
        (parameters(&trainer), losses, steps)
    };
    let (one, other) = (run(1.0), run(-100.0));
    assert!(one == other);
    assert!(one.2 < 3 * 15, "every batch was a step");
}

#[test]
fn the_last_smaller_batch_weighs_what_it_weighs() {
    // 37 rows in batches of 10: the last has 7.
    let plain = data::<f64>(37, 0);
    let weights = (0..37).map(|row| 0.1 + f64::from(row % 4)).collect();
    let weighted = plain.clone().with_weights(weights).unwrap();
    for dataset in [plain, weighted] {
        let mut trainer = trainer::<f64>(1e-300, config(1, 10));
        let before = parameters(&trainer);
        let epoch = trainer.fit_with(&dataset, None, &mut ()).unwrap().epochs()[0];
        assert!(distance(&parameters(&trainer), &before) < 1e-100);
        let evaluated = trainer.evaluate(&dataset).unwrap().loss;
        assert_relative_eq!(
            epoch.train_loss,
            evaluated,
            epsilon = 0.0,
            max_relative = 1e-9
        );
    }
}

/// Notes the learning rate of every step.
struct Rates(Vec<f64>);

impl Observer for Rates {
    fn batch(&mut self, report: &BatchReport) -> ControlFlow<()> {
        self.0.push(report.learning_rate);
        ControlFlow::Continue(())
    }
}

#[test]
fn every_step_has_the_rate_of_the_schedule() {
    // 37 rows in batches of 10, 3 epochs: 12 steps.
    let config = TrainConfig {
        schedule: Schedule::OneCycle,
        ..config(3, 10)
    };
    let mut rates = Rates(Vec::new());
    let mut trainer = trainer::<f64>(0.1, config);
    trainer.fit_with(&data(37, 0), None, &mut rates).unwrap();
    let expected = (0..12).map(|step| {
        let at = Progress {
            step,
            steps_per_epoch: 4,
            epochs: 3,
        };
        Schedule::OneCycle.learning_rate(0.1, at)
    });
    assert_eq!(rates.0, expected.collect::<Vec<_>>());
    let of_epochs = trainer.history().epochs().iter().map(|e| e.learning_rate);
    assert!(of_epochs.eq(rates.0.iter().copied().skip(3).step_by(4)));
}

// Outputs

fn check_probabilities<T: Scalar>(loss: impl Loss<T> + 'static, tail: &[LayerSpec], allowed: f64) {
    let trainer = build(tail, loss, Sgd::default(), TrainConfig::default());
    let large = inputs::<T>(30).into_iter().map(|x| x * T::from_f64(20.0));
    let inputs = Array2::from_shape_vec((30, WIDTH), large.collect()).unwrap();
    let probabilities = trainer.predict_proba(inputs.view()).unwrap();
    assert_eq!(probabilities.dim(), (30, CLASSES));
    let classes = trainer.classify(inputs.view()).unwrap();
    for (row, class) in probabilities.rows().into_iter().zip(classes) {
        let sum: f64 = row.iter().map(|p| p.as_f64()).sum();
        assert_abs_diff_eq!(sum, 1.0, epsilon = allowed);
        assert!(
            row.iter().all(|&p| p >= T::zero() && p <= row[class]),
            "{row}"
        );
    }
}

#[test]
fn predicted_probabilities_sum_to_one() {
    check_probabilities::<f64>(SoftmaxCrossEntropy, &[], 1e-15);
    check_probabilities::<f32>(SoftmaxCrossEntropy, &[], 1e-6);
    check_probabilities::<f64>(CrossEntropy, &[softmax()], 1e-15);
}

#[test]
fn a_softmax_with_cross_entropy_trains_as_softmax_cross_entropy_on_logits() {
    let train = data::<f64>(50, 0);
    let run = |tail: &[LayerSpec], loss: Box<dyn Loss<f64>>| {
        let mut trainer = build(tail, loss, Sgd::new(0.2), config(5, 8));
        let before = parameters(&trainer);
        trainer.fit_with(&train, None, &mut ()).unwrap();
        (before, parameters(&trainer))
    };
    let fused = run(&[], Box::new(SoftmaxCrossEntropy));
    let apart = run(&[softmax()], Box::new(CrossEntropy));
    assert!(fused.0 == apart.0, "both begin with the same parameters");
    let off = distance(&apart.1, &fused.1);
    assert!(off <= 1e-9, "off by {off:e}");
    assert!(distance(&fused.0, &fused.1) > 0.1, "training moved them");
}

/// `fit` moves the learning rate along its schedule; a step by hand takes that of the optimizer.
#[test]
fn a_step_after_fit_has_the_learning_rate_of_the_optimizer() {
    let layers = [linear(1)];
    let network = Sequential::<f64>::new(1, layers, 0).unwrap();
    let trainer = Trainer::new(network, MeanSquaredError, Sgd::new(0.5)).unwrap();
    let mut trainer = trainer.epochs(2).batch_size(2).schedule(Schedule::OneCycle);
    let labels = Targets::Values {
        width: 1,
        values: vec![0.0; 4],
    };
    let data = Dataset::from_values(1, vec![1.0; 4], labels).unwrap();
    trainer.fit_with(&data, None, &mut ()).unwrap();
    let bias =
        |trainer: &Trainer<f64>| trainer.network().parameters().nth(1).unwrap().1.packed()[0];
    let before = bias(&trainer);
    let (input, target) = (array![[0.0]], array![[before + 1.0]]);
    let targets = TargetsView::Values(target.view());
    trainer.train_batch(input.view(), targets, None).unwrap();
    // The gradient is 2 (y - t) = -2.
    assert_abs_diff_eq!(bias(&trainer), before + 0.5 * 2.0, epsilon = 1e-12);
}
