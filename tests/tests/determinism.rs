//! Equal bits for any number of threads, and after any interruption.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use backprop_datasets::mnist;
use backprop_trainer::data::{Batch, Dataset, Targets};
use backprop_trainer::formats::Checkpoint;
use backprop_trainer::layers::{
    Key, LayerSpec, Mode, Pool, Sequential, Workspace, dropout, leaky_relu, linear, tanh,
};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::{
    AdaGrad, Adam, AdamW, Lion, Momentum, NAdam, Nesterov, Optimizer, RmsProp, Schedule, Sgd,
};
use backprop_trainer::tensor::Scalar;
use backprop_trainer::{
    BatchReport, Epoch, Observer, StopReason, TrainConfig, TrainError, Trainer,
};
use tempfile::TempDir;

const OPTIMIZERS: [&str; 9] = [
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadam", "lion",
];

/// An optimizer with a learning rate that suits it.
fn optimizer<T: Scalar>(name: &str) -> Box<dyn Optimizer<T>> {
    match name {
        "sgd" => Box::new(Sgd::new(0.1)),
        "nesterov" => Box::new(Nesterov::new(0.02)),
        "rmsprop" => Box::new(RmsProp::new(1e-3)),
        "adam" => Box::new(Adam::new(2e-3)),
        "momentum" => Box::new(Momentum::new(0.02)),
        "adagrad" => Box::new(AdaGrad::new(0.02)),
        "adamw" => Box::new(AdamW::new(2e-3)),
        "nadam" => Box::new(NAdam::new(2e-3)),
        "lion" => Box::new(Lion::new(2e-4)),
        other => panic!("{other} is not an optimizer of ours"),
    }
}

/// The first rows of the sample of MNIST, to train on and to validate with.
fn data<T: Scalar>(train: usize, validation: usize) -> (Dataset<T>, Dataset<T>) {
    let (all, test) = mnist::sample();
    (all.limit(train), test.limit(validation))
}

fn trainer<T: Scalar>(
    layers: &[LayerSpec],
    optimizer: Box<dyn Optimizer<T>>,
    config: TrainConfig,
    threads: usize,
) -> Trainer<T> {
    let network = Sequential::new(784, layers.iter().cloned(), 3).unwrap();
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, optimizer);
    trainer.unwrap().with_config(config).threads(threads)
}

fn parameter_bits<T: Scalar>(trainer: &Trainer<T>) -> Vec<u64> {
    let parameters = trainer.network().parameters();
    let values = parameters.flat_map(|(_, parameter)| parameter.to_array());
    values.map(|value| value.as_f64().to_bits()).collect()
}

/// All of the history but the seconds.
fn history_bits<T: Scalar>(trainer: &Trainer<T>) -> Vec<[u64; 4]> {
    let of_epoch = |epoch: &Epoch| {
        let numbers = [
            epoch.train_loss,
            epoch.validation_loss.unwrap(),
            epoch.validation_accuracy.unwrap(),
            epoch.learning_rate,
        ];
        numbers.map(f64::to_bits)
    };
    trainer.history().epochs().iter().map(of_epoch).collect()
}

/// Trains on 1, 2, 3 and 8 threads: sharing every job, only those that are worth it between threads
/// with the given time to meet, in nanoseconds, or as the machine decides.
fn check_threads<T: Scalar>(name: &str, layers: &[LayerSpec], batch_size: usize, epochs: u64) {
    let (train, validation) = data::<T>(600, 130);
    let run = |threads, meeting_ns: Option<u64>| {
        let config = TrainConfig {
            epochs,
            batch_size,
            schedule: Schedule::Constant,
            l2: 1e-4,
            weight_decay: 1e-3,
            clip: Some(0.5),
            ..TrainConfig::default()
        };
        let mut trainer = trainer(layers, optimizer(name), config, threads);
        if let Some(ns) = meeting_ns {
            let pool = Pool::with_meeting_time(threads, Duration::from_nanos(ns));
            trainer = trainer.with_pool(Arc::new(pool));
        }
        trainer.fit(&train, &validation).unwrap();
        assert_eq!(trainer.history().epochs().len() as u64, epochs);
        (history_bits(&trainer), parameter_bits(&trainer))
    };
    let one = run(1, None);
    let meetings = [(2, 50), (2, 1000), (2, 20_000), (3, 0), (3, 300), (8, 0)];
    let meetings = meetings.map(|(threads, ns)| (threads, Some(ns)));
    for (threads, meeting_ns) in meetings.into_iter().chain([(2, None), (8, None)]) {
        let many = run(threads, meeting_ns);
        let case = format!("{name}, {}, {threads} threads, {meeting_ns:?}", T::NAME);
        assert!(one.0 == many.0, "another history: {case}");
        assert!(one.1 == many.1, "other parameters: {case}");
    }
}

/// 600 rows make 10 batches of 57 and one of 30.
#[test]
fn the_number_of_threads_changes_no_bit() {
    let layers = [
        linear(48),
        leaky_relu(0.01),
        dropout(0.2),
        linear(24),
        leaky_relu(0.01),
        linear(10),
    ];
    for name in OPTIMIZERS {
        check_threads::<f32>(name, &layers, 57, 2);
        check_threads::<f64>(name, &layers, 57, 2);
    }
}

/// Large enough that every product of the inner layers is shared among the threads, too.
#[test]
fn the_number_of_threads_changes_no_bit_of_a_wide_network() {
    let layers = [
        linear(300),
        leaky_relu(0.01),
        dropout(0.1),
        linear(100),
        leaky_relu(0.01),
        linear(10),
    ];
    check_threads::<f32>("adam", &layers, 128, 1);
    check_threads::<f64>("adam", &layers, 128, 1);
}

/// Where the last layer's output is zero in a training pass: what its dropout has dropped.
fn last_mask(layers: &[LayerSpec]) -> Vec<bool> {
    let network = Sequential::<f32>::new(5, layers.iter().cloned(), 3).unwrap();
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let mode = Mode::Train(Key::new(3).derive("step", 1));
    let input = Array2::from_shape_fn((9, 5), |(i, j)| 1.0 + (i * 5 + j) as f32);
    network.forward(&mut workspace, mode, input.view());
    workspace.output().iter().map(|&y| y == 0.0).collect()
}

/// Initial weights are compared in the crate of the layers, the order of rows with the data.
#[test]
fn a_dropout_more_leaves_the_mask_of_another_alone() {
    let tail = [linear(40), tanh(), dropout(0.4)];
    let expected = last_mask(&[&[linear(7), tanh()], &tail[..]].concat());
    let dropped = expected.iter().filter(|&&dropped| dropped).count();
    assert!((90..200).contains(&dropped), "{dropped} of 360");
    let with = [
        vec![linear(7), dropout(0.1), tanh()],
        vec![dropout(0.1), linear(7), tanh(), dropout(0.1)],
    ];
    for head in with {
        assert_eq!(
            last_mask(&[&head, &tail[..]].concat()),
            expected,
            "{head:?}"
        );
    }
    // One before it, behind the same linear layer, is another layer of that place.
    let tail = [linear(40), dropout(0.1), tanh(), dropout(0.4)];
    assert_ne!(
        last_mask(&[&[linear(7), tanh()], &tail[..]].concat()),
        expected
    );
}

/// Stops after an epoch, or in the middle of it, after this batch.
#[derive(Clone, Copy, Debug)]
struct Stop {
    epoch: u64,
    batch: Option<u64>,
}

impl Observer for Stop {
    fn batch(&mut self, report: &BatchReport) -> ControlFlow<()> {
        if report.epoch == self.epoch && Some(report.batch) == self.batch {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn epoch(&mut self, epoch: &Epoch) -> ControlFlow<()> {
        if epoch.epoch == self.epoch && self.batch.is_none() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// A run that is interrupted wherever it can be.
struct InterruptedRun<'a, T> {
    optimizer: &'a str,
    config: TrainConfig,
    train: &'a Dataset<T>,
    validation: &'a Dataset<T>,
    folder: TempDir,
}

/// All that must be the same: the sections but the seconds, of the trainer and of its file.
type Outcome = (Vec<(String, Vec<u8>)>, Vec<(String, Vec<u8>)>);

impl<T: Scalar> InterruptedRun<'_, T> {
    fn trainer(&self, file: &str, threads: usize) -> Trainer<T> {
        let layers = [linear(20), leaky_relu(0.01), dropout(0.2), linear(10)];
        let (optimizer, config) = (optimizer(self.optimizer), self.config.clone());
        trainer(&layers, optimizer, config, threads).with_checkpoint(self.folder.path().join(file))
    }

    fn fit(&self, trainer: &mut Trainer<T>, observer: &mut dyn Observer) {
        let fitted = trainer.fit_with(self.train, Some(self.validation), observer);
        fitted.unwrap();
    }

    fn outcome(&self, trainer: &Trainer<T>, file: &str) -> Outcome {
        let sections = |checkpoint: &Checkpoint| {
            let names = checkpoint.names().filter(|name| *name != "seconds");
            let section = |name: &str| (name.to_owned(), checkpoint.get(name).unwrap().to_vec());
            names.map(section).collect::<Vec<_>>()
        };
        let saved = Checkpoint::load(self.folder.path().join(file), 1 << 20).unwrap();
        let now = trainer.checkpoint().unwrap();
        (sections(&now), sections(&saved))
    }

    /// Interrupts the run after every epoch and in every batch of some; returns its last trainer.
    fn check(&self) -> Trainer<T> {
        let mut whole = self.trainer("whole", 1);
        self.fit(&mut whole, &mut ());
        let expected = self.outcome(&whole, "whole");
        assert!(expected.0.iter().any(|(name, _)| name == "best"));
        let parameters = parameter_bits(&whole);
        let epochs = whole.history().epochs().len() as u64;
        let batches = self.train.len().div_ceil(self.config.batch_size) as u64;

        let after = (1..epochs).map(|epoch| (epoch, None));
        let within = (1..=epochs).flat_map(|epoch| [(epoch, Some(2)), (epoch, Some(batches))]);
        for (epoch, batch) in after.chain(within) {
            let stop = Stop { epoch, batch };
            let case = format!("{}, {:?}, {stop:?}", self.optimizer, self.config.schedule);
            let file = format!("{epoch} {batch:?}");
            let mut stopped = self.trainer(&file, 1);
            self.fit(&mut stopped, &mut { stop });
            assert_eq!(
                stopped.history().end(),
                Some(StopReason::Observer),
                "{case}"
            );
            let done = stopped.history().epochs().len() as u64;
            assert_eq!(done, epoch - u64::from(batch.is_some()), "{case}");

            // Before the first whole epoch there is nothing to resume from.
            let path = self.folder.path().join(&file);
            assert_eq!(path.exists(), done > 0, "{case}");
            if done > 0 {
                let mut resumed = self.trainer("resumed", 2);
                resumed.resume_from(&path).unwrap();
                assert_eq!(
                    resumed.history().epochs(),
                    stopped.history().epochs(),
                    "{case}"
                );
                self.fit(&mut resumed, &mut ());
                assert_eq!(resumed.history().end(), whole.history().end(), "{case}");
                assert!(parameter_bits(&resumed) == parameters, "resumed: {case}");
                let outcome = self.outcome(&resumed, "resumed");
                assert!(outcome == expected, "resumed: {case}");
            }

            self.fit(&mut stopped, &mut ());
            assert!(parameter_bits(&stopped) == parameters, "continued: {case}");
            let outcome = self.outcome(&stopped, &file);
            assert!(outcome == expected, "continued: {case}");
        }
        whole
    }
}

fn check_every_optimizer_and_schedule<T: Scalar>(optimizers: &[&str], schedules: &[Schedule]) {
    let (train, validation) = data::<T>(70, 30);
    for optimizer in optimizers {
        for schedule in schedules {
            let config = TrainConfig {
                epochs: 4,
                batch_size: 20,
                schedule: *schedule,
                clip: Some(1.0),
                patience: Some(2),
                ..TrainConfig::default()
            };
            let run = InterruptedRun {
                optimizer,
                config,
                train: &train,
                validation: &validation,
                folder: tempfile::tempdir().unwrap(),
            };
            run.check();
        }
    }
}

#[test]
fn a_run_that_was_interrupted_ends_with_the_same_bytes() {
    let schedules = [
        Schedule::Constant,
        Schedule::Step {
            every_epochs: 2,
            factor: 0.5,
        },
        Schedule::Cosine,
        Schedule::OneCycle,
    ];
    check_every_optimizer_and_schedule::<f32>(&OPTIMIZERS, &schedules);
    check_every_optimizer_and_schedule::<f64>(&OPTIMIZERS, &[Schedule::OneCycle]);
}

/// The rows, each with the class after its own: the better a network, the worse its loss.
fn mislabelled(dataset: &Dataset<f32>) -> Dataset<f32> {
    let mut batch = Batch::new();
    let rows: Vec<u32> = (0..dataset.len() as u32).collect();
    dataset.gather(&rows, &mut batch);
    let labels = Targets::Classes {
        labels: batch
            .class_labels()
            .unwrap()
            .iter()
            .map(|c| (c + 1) % 10)
            .collect(),
        num_classes: 10,
    };
    let values = batch.inputs().iter().copied().collect();
    Dataset::from_values(dataset.width(), values, labels).unwrap()
}

#[test]
fn early_stopping_survives_interruptions() {
    let (train, validation) = data::<f32>(70, 30);
    let config = TrainConfig {
        epochs: 50,
        batch_size: 20,
        schedule: Schedule::Constant,
        patience: Some(3),
        ..TrainConfig::default()
    };
    let run = InterruptedRun {
        optimizer: "adam",
        config,
        train: &train,
        validation: &mislabelled(&validation),
        folder: tempfile::tempdir().unwrap(),
    };
    let whole = run.check();
    let history = whole.history();
    assert_eq!(history.end(), Some(StopReason::EarlyStopping));
    assert_eq!(
        history.best().unwrap().epoch + 3,
        history.epochs().len() as u64
    );

    // A checkpoint of a run that is over brings back the best parameters, not the last.
    let mut over = run.trainer("over", 1);
    over.resume_from(run.folder.path().join("whole")).unwrap();
    assert!(over.is_finished());
    assert!(parameter_bits(&over) == parameter_bits(&whole));
    let more = over.fit(&train, run.validation);
    assert!(
        matches!(more, Err(TrainError::AlreadyFinished { .. })),
        "{more:?}"
    );
}
