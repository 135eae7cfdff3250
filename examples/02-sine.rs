//! Regression: a network learns the sine from noisy points, and is compared with the sine itself.

use std::f64::consts::PI;

use backprop::ndarray::Array2;
use backprop::prelude::*;
use backprop::tensor::{Key, rand::RngExt};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 400 points from -pi to pi, each off by up to 0.2.
    let x: Vec<f64> = (0..400)
        .map(|i| PI * (f64::from(i) / 200.0 - 1.0))
        .collect();
    let mut noise = Key::new(0).derive("noise", 0).generator();
    let noisy = x.iter().map(|x| x.sin() + noise.random_range(-0.2..0.2));
    let targets = Targets::Values {
        width: 1,
        values: noisy.collect(),
    };
    let (train, validation) = Dataset::from_values(1, x, targets)?.split(0.25, 0)?;

    let layers = [linear(32), tanh(), linear(32), tanh(), linear(1)];
    let trainer = Trainer::new(
        Sequential::new(1, layers, 0)?,
        MeanSquaredError,
        Adam::new(0.01),
    );
    let mut trainer = trainer?.epochs(200).batch_size(32);
    trainer.fit(&train, &validation)?;

    // No network can know the noise, which has a variance of 0.2^2 / 3.
    let noisy = trainer.evaluate(&validation)?.loss;
    println!("mean squared error on noisy points: {noisy:.4}; the noise has 0.0133");

    let points = Array2::from_shape_fn((9, 1), |(i, _)| PI * (i as f64 / 4.0 - 1.0));
    let answers = trainer.predict(points.view())?;
    for (x, y) in points.iter().zip(&answers) {
        println!("x {x:6.3}  network {y:6.3}  sine {:6.3}", x.sin());
        assert!((y - x.sin()).abs() < 0.1, "at {x}: {y}");
    }
    assert!(noisy < 0.02);
    Ok(())
}
