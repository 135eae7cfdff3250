//! Regression: a network learns the sine from noisy points, and is compared with the sine itself.

use std::f64::consts::PI;

use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::layers::{Sequential, linear, tanh};
use backprop_trainer::losses::MeanSquaredError;
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::{Adam, Schedule};
use backprop_trainer::tensor::{Key, rand::RngExt};
use backprop_trainer::{TrainConfig, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 400 points from -pi to pi, each off by up to 0.2.
    let x: Vec<f64> = (0..400)
        .map(|i| PI * (f64::from(i) / 200.0 - 1.0))
        .collect();
    let mut noise = Key::new(0).derive("noise", 0).generator();
    let values = x.iter().map(|x| x.sin() + noise.random_range(-0.2..0.2));
    let labels = Targets::Values {
        width: 1,
        values: values.collect(),
    };
    let (train, validation) = Dataset::from_values(1, x, labels)?.split(0.25, Key::new(0))?;

    let layers = [linear(32), tanh(), linear(32), tanh(), linear(1)];
    let settings = TrainConfig {
        epochs: 200,
        batch_size: 32,
        learning_rate: 0.01,
        schedule: Schedule::OneCycle,
        ..TrainConfig::default()
    };
    let network = Sequential::new(1, layers, 0)?;
    let mut trainer = Trainer::new(network, MeanSquaredError, Adam::default(), settings)?;
    trainer.fit(&train, Some(&validation), &mut ())?;

    // What no network can know is the noise: it has a variance of 0.2^2 / 3.
    let noisy = trainer.evaluate(&validation)?.loss;
    println!("mean squared error on noisy points: {noisy:.4}; the noise has 0.0133");

    let places = Array2::from_shape_fn((9, 1), |(i, _)| PI * (i as f64 / 4.0 - 1.0));
    let answers = trainer.predict(places.view())?;
    for (x, y) in places.iter().zip(&answers) {
        println!("x {x:6.3}  network {y:6.3}  sine {:6.3}", x.sin());
        assert!((y - x.sin()).abs() < 0.1, "at {x}: {y}");
    }
    assert!(noisy < 0.02);
    Ok(())
}
