//! Trainers.

use super::*;

#[test]
fn trainers() {
    let settings = || TrainConfig {
        batch_size: 128,
        schedule: Schedule::Constant,
        ..TrainConfig::default()
    };
    let at_rate = |rate: f64| {
        Trainer::new(network(&[linear(3)]), SoftmaxCrossEntropy, Sgd::new(rate)).unwrap()
    };
    let make = |settings: TrainConfig| at_rate(1e-3).with_config(settings);
    let trainer = || make(settings());
    let batch = |inputs: &Array2<f32>, targets, weights: Option<&[f32]>| {
        let mut trainer = trainer();
        let before: Vec<Vec<f32>> = rows(&trainer);
        let said = error(trainer.train_batch(inputs.view(), targets, weights));
        assert_eq!(
            rows(&trainer),
            before,
            "the parameters have changed: {said}"
        );
        said
    };
    let two = f32s(2, 4);
    let classes = TargetsView::Classes(&[0, 2]);
    let mut nan = two.clone();
    nan[[1, 2]] = f32::NAN;
    let mut infinite = two.clone();
    infinite[[0, 3]] = f32::INFINITY;
    let values = f32s(2, 3);
    let rate = |rate| {
        let mut trainer = trainer();
        trainer.set_learning_rate(rate);
        error(trainer.train_batch(two.view(), classes, None))
    };
    let data = |width: usize, rows: usize, classes: usize| {
        let labels = Targets::Classes {
            labels: vec![0; rows],
            num_classes: classes,
        };
        Dataset::from_values(width, vec![0.5_f32; rows * width], labels).unwrap()
    };
    let fit = |train: &Dataset<f32>, validation: Option<&Dataset<f32>>| {
        error(trainer().fit_with(train, validation, &mut ()).map(|_| ()))
    };
    let one_output = |train: &Dataset<f32>| {
        let network = Sequential::new(4, [linear(1)], 0).unwrap();
        let trainer = Trainer::new(network, SoftmaxCrossEntropy, Sgd::default());
        error(trainer.unwrap().fit_with(train, None, &mut ()).map(|_| ()))
    };
    let regression = |width: usize| {
        let labels = Targets::Values {
            width,
            values: vec![0.5_f32; 2 * width],
        };
        Dataset::from_values(4, vec![0.5; 8], labels).unwrap()
    };
    let good = data(4, 5, 3);
    let weightless = good.clone().with_weights(vec![0.0; 5]).unwrap();
    let broken = || {
        let mut network = network(&[linear(3)]);
        network
            .parameters_mut()
            .nth(1)
            .unwrap()
            .1
            .assign(&[0.0, f32::NAN, 0.0]);
        Trainer::new(network, SoftmaxCrossEntropy, Sgd::default()).unwrap()
    };
    let refuse = |mut trainer: Trainer<f32>| error(trainer.fit(&good, &good).map(|_| ()));
    let patient = || {
        make(TrainConfig {
            patience: Some(3),
            ..settings()
        })
    };
    let done = || {
        let mut trainer = make(TrainConfig {
            epochs: 1,
            ..settings()
        });
        trainer.fit_with(&good, None, &mut ()).unwrap();
        trainer
    };
    let steep = || {
        at_rate(1e38).with_config(TrainConfig {
            batch_size: 1,
            ..settings()
        })
    };
    let steps = {
        let labels = Targets::Classes {
            labels: vec![0, 1, 2, 1],
            num_classes: 3,
        };
        let values = (0..16).map(|i| (i % 5) as f32 + 1.0).collect();
        Dataset::from_values(4, values, labels).unwrap()
    };
    let said = [
        (
            "a batch of another width",
            batch(&f32s(2, 3), classes, None),
        ),
        (
            "a batch of nothing",
            batch(&f32s(0, 4), TargetsView::Classes(&[]), None),
        ),
        (
            "fewer targets than inputs",
            batch(&two, TargetsView::Classes(&[0]), None),
        ),
        (
            "more weights than inputs",
            batch(&two, classes, Some(&[1.0; 3])),
        ),
        (
            "a class out of range",
            batch(&two, TargetsView::Classes(&[0, 3]), None),
        ),
        (
            "targets of another width",
            batch(&two, TargetsView::Values(f32s(2, 2).view()), None),
        ),
        (
            "targets as shares",
            batch(&two, TargetsView::Values(values.view()), None),
        ),
        ("an input of NaN", batch(&nan, classes, None)),
        ("an input of infinity", batch(&infinite, classes, None)),
        (
            "a weight of NaN",
            batch(&two, classes, Some(&[1.0, f32::NAN])),
        ),
        (
            "a negative weight",
            batch(&two, classes, Some(&[-0.5, 1.0])),
        ),
        ("no weight at all", batch(&two, classes, Some(&[0.0; 2]))),
        ("a learning rate of NaN", rate(f64::NAN)),
        ("a negative learning rate", rate(-0.1)),
        ("fitting nothing", fit(&good.limit(0), None)),
        ("validating with nothing", fit(&good, Some(&good.limit(0)))),
        ("rows of another width", fit(&data(3, 5, 3), None)),
        ("more classes than outputs", fit(&data(4, 5, 7), None)),
        (
            "more classes than outputs in validation",
            fit(&good, Some(&data(4, 5, 7))),
        ),
        ("one class", one_output(&data(4, 5, 1))),
        ("values of another width", fit(&regression(2), None)),
        ("rows without weight", fit(&weightless, None)),
        (
            "evaluating nothing",
            error(trainer().evaluate(&good.limit(0))),
        ),
        (
            "evaluating rows without weight",
            error(trainer().evaluate(&weightless)),
        ),
        (
            "predicting another width",
            error(trainer().predict(f32s(2, 5).view())),
        ),
        (
            "probabilities of another width",
            error(trainer().predict_proba(f32s(2, 5).view())),
        ),
        ("the class of NaN", error(trainer().classify(nan.view()))),
        (
            "the class by a parameter of NaN",
            error(broken().classify(two.view())),
        ),
        (
            "a clip of 0",
            refuse(make(TrainConfig {
                clip: Some(0.0),
                ..settings()
            })),
        ),
        (
            "an L2 of NaN",
            refuse(make(TrainConfig {
                l2: f64::NAN,
                ..settings()
            })),
        ),
        (
            "a weight decay below 0",
            refuse(make(TrainConfig {
                weight_decay: -1.0,
                ..settings()
            })),
        ),
        (
            "no patience at all",
            refuse(make(TrainConfig {
                patience: Some(0),
                ..settings()
            })),
        ),
        (
            "a schedule that makes no sense",
            refuse(make(TrainConfig {
                schedule: Schedule::Step {
                    every_epochs: 0,
                    factor: 0.5,
                },
                ..settings()
            })),
        ),
        (
            "patience without validation",
            error(patient().fit_with(&good, None, &mut ()).map(|_| ())),
        ),
        (
            "fitting when all is done",
            error(done().fit_with(&good, None, &mut ()).map(|_| ())),
        ),
        (
            "a checkpoint where there is no folder",
            until(
                error(
                    trainer()
                        .with_checkpoint("no-such-folder/checkpoint")
                        .fit_with(&good, None, &mut ())
                        .map(|_| ()),
                ),
                "cannot create a temporary file in the folder of no-such-folder/checkpoint: …",
            ),
        ),
        (
            "a checkpoint that is not there",
            until(
                error(trainer().resume_from("no-such-file")),
                "cannot open no-such-file: …",
            ),
        ),
        (
            "the checkpoint of another run",
            error(trainer().restore(&done().checkpoint().unwrap())),
        ),
        (
            "a rate that is too high",
            until(
                error(steep().fit_with(&steps, None, &mut ()).map(|_| ())),
                "training diverged in epoch 1 at step 2: the loss is …",
            ),
        ),
        (
            "a checkpoint of nothing",
            error(trainer().restore(&Checkpoint::new())),
        ),
    ];
    check("trainers", said);

    // No rows predict nothing, and nothing is right by being broken: NaN is of no class.
    let nothing = trainer();
    assert_eq!(nothing.predict(f32s(0, 4).view()).unwrap().dim(), (0, 3));
    assert!(nothing.classify(f32s(0, 4).view()).unwrap().is_empty());
    let evaluation = broken().evaluate(&data(4, 5, 3)).unwrap();
    assert_eq!(evaluation.accuracy, Some(0.0));
    assert!(evaluation.loss.is_nan());

    // As many epochs as there are numbers, until the patience ends.
    let endless = TrainConfig {
        epochs: u64::MAX,
        patience: Some(1),
        schedule: Schedule::OneCycle,
        batch_size: 2,
        ..settings()
    };
    let mut trainer = at_rate(1e-30).with_config(endless);
    trainer.fit(&good, &good).unwrap();
    assert_eq!(trainer.history().epochs().len(), 2);
}

fn rows(trainer: &Trainer<f32>) -> Vec<Vec<f32>> {
    let parameters = trainer.network().parameters();
    parameters
        .map(|(_, parameter)| parameter.to_array())
        .collect()
}

/// Every tail of a network with every loss that does not take it.
#[test]
fn tails() {
    let trainer = |tail: &[LayerSpec], loss: Box<dyn Loss<f32>>| {
        let specs: Vec<LayerSpec> = [&[linear(3)][..], tail].concat();
        let trainer = Trainer::new(network(&specs), loss, Sgd::default());
        error::<Trainer<f32>, TrainError>(trainer)
    };
    let said = [
        (
            "a softmax before logits",
            trainer(&[softmax()], Box::new(SoftmaxCrossEntropy)),
        ),
        (
            "a softmax before binary logits",
            trainer(&[softmax()], Box::new(BinaryCrossEntropyWithLogits)),
        ),
        ("no softmax", trainer(&[], Box::new(CrossEntropy))),
        ("a tanh", trainer(&[tanh()], Box::new(CrossEntropy))),
        ("a softmax", trainer(&[softmax()], Box::new(CrossEntropy))),
        ("values", trainer(&[tanh()], Box::new(MeanSquaredError))),
    ];
    check("tails", said);
}
