//! What is collected from a trainer is what the trainer says itself.

use backprop_report::{Curves, Outcome, Run, linear_layers, run_page};
use backprop_trainer::data::{Dataset, Targets, mnist};
use backprop_trainer::layers::{Sequential, leaky_relu, linear};
use backprop_trainer::losses::{MeanSquaredError, SoftmaxCrossEntropy};
use backprop_trainer::optimizers::Adam;
use backprop_trainer::Trainer;

#[test]
fn a_classifiers_outcome_agrees_with_its_evaluation() {
    let (digits, test) = mnist::sample::<f32>();
    let (digits, test) = (digits.limit(600), test.limit(300));
    let build = || Sequential::new(784, [linear(16), leaky_relu(0.01), linear(10)], 0);
    let trainer = Trainer::new(build().unwrap(), SoftmaxCrossEntropy, Adam::new(1e-3));
    let mut trainer = trainer.unwrap().epochs(2);
    trainer.fit(&digits, &test).unwrap();
    let evaluation = trainer.evaluate(&test).unwrap();
    let outcome = Outcome::of(&mut trainer, &test, true).unwrap();
    let Outcome::Classes {
        names,
        labels,
        probabilities,
        worst,
    } = &outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (names.len(), labels.len(), probabilities.len()),
        (10, 300, 3000)
    );
    let loss = |row: usize| -probabilities[10 * row + labels[row]].ln();
    let mean = (0..300).map(loss).sum::<f64>() / 300.0;
    assert!(
        (mean - evaluation.loss).abs() < 1e-5,
        "{mean} {}",
        evaluation.loss
    );
    let most = (0..300).map(loss).fold(0.0, f64::max);
    assert_eq!(loss(worst[0].row), most);
    assert!(worst.is_sorted_by(|a, b| loss(a.row) >= loss(b.row)));
    assert_eq!((worst.len(), worst[0].pixels.len()), (12, 784));

    let layers = linear_layers(Some(&build().unwrap()), trainer.network());
    assert_eq!(layers[0].name, "layer 1, 784 to 16");
    assert_eq!(layers[1].before.len(), 160);
    assert_ne!(layers[1].before, layers[1].after);
    let untouched = linear_layers(Some(&build().unwrap()), &build().unwrap());
    assert_eq!(untouched[0].before, untouched[0].after);
    assert!(linear_layers(None, trainer.network())[0].before.is_empty());

    let run = Run {
        curves: Curves::of(trainer.history().epochs()),
        outcome,
        layers,
        picture: Some((28, 28)),
        ..Run::default()
    };
    let shown = format!("{:.2} %", 100.0 * evaluation.accuracy.unwrap());
    let document = run_page(&run);
    assert!(document.html.contains(&shown), "{shown}");
    assert_eq!(document.html.matches("<img ").count(), 12);
}

#[test]
fn a_regressions_outcome_agrees_with_its_evaluation() {
    let x: Vec<f64> = (0..64).map(|k| f64::from(k) / 32.0 - 1.0).collect();
    let values = x.iter().flat_map(|x| [x.sin(), x * x]).collect();
    let data = Dataset::from_values(1, x, Targets::Values { width: 2, values }).unwrap();
    let network = Sequential::new(1, [linear(2)], 0).unwrap();
    let trainer = Trainer::new(network, MeanSquaredError, Adam::new(1e-3)).unwrap();
    let mut trainer = trainer.epochs(2);
    trainer.fit_with(&data, None, &mut ()).unwrap();
    let outcome = Outcome::of(&mut trainer, &data, false).unwrap();
    let Outcome::Values {
        names,
        targets,
        predictions,
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(names, ["output 1", "output 2"]);
    let found = backprop_report::metrics::value_errors(&targets, &predictions).mean_squared;
    let loss = trainer.evaluate(&data).unwrap().loss;
    assert!((found - loss).abs() < 1e-12, "{found} {loss}");
}
