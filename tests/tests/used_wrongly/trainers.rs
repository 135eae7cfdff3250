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
    let no_rows = "there are no rows of data; give at least one";
    check(vec![
        (
            "a batch of another width",
            batch(&f32s(2, 3), classes, None),
            "the data has 3 features a row, but the network takes 4 inputs",
        ),
        (
            "a batch of nothing",
            batch(&f32s(0, 4), TargetsView::Classes(&[]), None),
            no_rows,
        ),
        (
            "fewer targets than inputs",
            batch(&two, TargetsView::Classes(&[0]), None),
            "the batch has 2 rows of inputs, 1 of targets and 2 weights",
        ),
        (
            "more weights than inputs",
            batch(&two, classes, Some(&[1.0; 3])),
            "the batch has 2 rows of inputs, 2 of targets and 3 weights",
        ),
        (
            "a class out of range",
            batch(&two, TargetsView::Classes(&[0, 3]), None),
            "row 1 is of class 3, but the network has 3 outputs (classes 0 to 2)",
        ),
        (
            "targets of another width",
            batch(&two, TargetsView::Values(f32s(2, 2).view()), None),
            "the targets have 2 columns, but the network has 3 outputs",
        ),
        (
            "targets as shares",
            batch(&two, TargetsView::Values(values.view()), None),
            "no error",
        ),
        (
            "an input of NaN",
            batch(&nan, classes, None),
            "the input at row 1, column 2 is NaN; it must be a finite number, so mend the data",
        ),
        (
            "an input of infinity",
            batch(&infinite, classes, None),
            "the input at row 0, column 3 is inf; it must be a finite number, so mend the data",
        ),
        (
            "a weight of NaN",
            batch(&two, classes, Some(&[1.0, f32::NAN])),
            "the weight of row 1 is NaN; it must be a finite number of at least 0",
        ),
        (
            "a negative weight",
            batch(&two, classes, Some(&[-0.5, 1.0])),
            "the weight of row 0 is -0.5; it must be a finite number of at least 0",
        ),
        (
            "no weight at all",
            batch(&two, classes, Some(&[0.0; 2])),
            "the weights of the 2 rows sum to 0; at least one must be above 0",
        ),
        (
            "a learning rate of NaN",
            rate(f64::NAN),
            "the learning rate is NaN; it must be at least 0 and finite",
        ),
        (
            "a negative learning rate",
            rate(-0.1),
            "the learning rate is -0.1; it must be at least 0 and finite",
        ),
        ("fitting nothing", fit(&good.limit(0), None), no_rows),
        (
            "validating with nothing",
            fit(&good, Some(&good.limit(0))),
            no_rows,
        ),
        (
            "rows of another width",
            fit(&data(3, 5, 3), None),
            "the data has 3 features a row, but the network takes 4 inputs",
        ),
        (
            "more classes than outputs",
            fit(&data(4, 5, 7), None),
            "the data has 7 classes, but the network has 3 outputs",
        ),
        (
            "more classes than outputs in validation",
            fit(&good, Some(&data(4, 5, 7))),
            "the data has 7 classes, but the network has 3 outputs",
        ),
        (
            "one class",
            one_output(&data(4, 5, 1)),
            "SoftmaxCrossEntropy over 1 output(s) is the same whatever the network does; give it an \
             output for each of at least two classes",
        ),
        (
            "values of another width",
            fit(&regression(2), None),
            "the targets have 2 columns, but the network has 3 outputs",
        ),
        (
            "rows without weight",
            fit(&weightless, None),
            "the weights of the 5 rows sum to 0; at least one must be above 0",
        ),
        (
            "evaluating nothing",
            error(trainer().evaluate(&good.limit(0))),
            no_rows,
        ),
        (
            "evaluating rows without weight",
            error(trainer().evaluate(&weightless)),
            "the weights of the 5 rows sum to 0; at least one must be above 0",
        ),
        (
            "predicting another width",
            error(trainer().predict(f32s(2, 5).view())),
            "the data has 5 features a row, but the network takes 4 inputs",
        ),
        (
            "probabilities of another width",
            error(trainer().predict_proba(f32s(2, 5).view())),
            "the data has 5 features a row, but the network takes 4 inputs",
        ),
        (
            "the class of NaN",
            error(trainer().classify(nan.view())),
            "the network's output for row 1 is not a number; look for NaN in that row of the input \
             and in the parameters",
        ),
        (
            "the class by a parameter of NaN",
            error(broken().classify(two.view())),
            "the network's output for row 0 is not a number; look for NaN in that row of the input \
             and in the parameters",
        ),
        (
            "a clip of 0",
            refuse(make(TrainConfig {
                clip: Some(0.0),
                ..settings()
            })),
            "the norm to clip at is 0; it must be above 0 and finite",
        ),
        (
            "an L2 of NaN",
            refuse(make(TrainConfig {
                l2: f64::NAN,
                ..settings()
            })),
            "l2 is NaN; it must be at least 0 and finite",
        ),
        (
            "a weight decay below 0",
            refuse(make(TrainConfig {
                weight_decay: -1.0,
                ..settings()
            })),
            "the weight decay is -1; it must be at least 0 and finite",
        ),
        (
            "no patience at all",
            refuse(make(TrainConfig {
                patience: Some(0),
                ..settings()
            })),
            "the patience is 0; it must be at least 1",
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
            "the number of epochs between two changes of the learning rate is 0; it must be above 0 \
             and finite",
        ),
        (
            "patience without validation",
            error(patient().fit_with(&good, None, &mut ()).map(|_| ())),
            "patience needs validation data; pass some to fit, or leave the patience off",
        ),
        (
            "fitting when all is done",
            error(done().fit_with(&good, None, &mut ()).map(|_| ())),
            "the run is finished after 1 epochs; Trainer::reset begins another one",
        ),
        (
            "a checkpoint where there is no folder",
            error(
                trainer()
                    .with_checkpoint("no-such-folder/checkpoint")
                    .fit_with(&good, None, &mut ())
                    .map(|_| ()),
            ),
            "cannot create a temporary file in the folder of no-such-folder/checkpoint: …",
        ),
        (
            "a checkpoint that is not there",
            error(trainer().resume_from("no-such-file")),
            "cannot open no-such-file: …",
        ),
        (
            "the checkpoint of another run",
            error(trainer().restore(&done().checkpoint().unwrap())),
            "the checkpoint was made with the epochs 1, but now it is 15; resume with the same",
        ),
        (
            "a rate that is too high",
            error(steep().fit_with(&steps, None, &mut ()).map(|_| ())),
            "training diverged in epoch 1 at step 2: the loss is …",
        ),
        (
            "a checkpoint of nothing",
            error(trainer().restore(&Checkpoint::new())),
            "the checkpoint has no section \"settings\", only none; it was written by another program",
        ),
    ]);

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
    let probabilities = "CrossEntropy takes probabilities, but the network does not end in a Softmax; \
                         train with SoftmaxCrossEntropy, or end the network in a Softmax";
    check(vec![
        (
            "a softmax before logits",
            trainer(&[softmax()], Box::new(SoftmaxCrossEntropy)),
            "SoftmaxCrossEntropy takes logits and applies the squashing itself, but the network ends \
             in a Softmax; leave that layer out, predict_proba adds it",
        ),
        (
            "a softmax before binary logits",
            trainer(&[softmax()], Box::new(BinaryCrossEntropyWithLogits)),
            "BinaryCrossEntropyWithLogits takes logits and applies the squashing itself, but the \
             network ends in a Softmax; leave that layer out, predict_proba adds it",
        ),
        (
            "no softmax",
            trainer(&[], Box::new(CrossEntropy)),
            probabilities,
        ),
        (
            "a tanh",
            trainer(&[tanh()], Box::new(CrossEntropy)),
            probabilities,
        ),
        (
            "a softmax",
            trainer(&[softmax()], Box::new(CrossEntropy)),
            "no error",
        ),
        (
            "values",
            trainer(&[tanh()], Box::new(MeanSquaredError)),
            "no error",
        ),
    ]);
}
