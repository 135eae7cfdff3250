//! Fashion-MNIST: 70,000 pictures of clothes in ten classes, from a folder of downloaded files.
//!
//! The folder is the first argument, `data` unless given. `cargo xtask download fashion-mnist`
//! fills it.

use std::ops::ControlFlow;

use backprop_trainer::data::mnist::{self, Variant};
use backprop_trainer::layers::{Sequential, dropout, leaky_relu, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::{Adam, Schedule};
use backprop_trainer::tensor::Key;
use backprop_trainer::{TrainConfig, Trainer, on_epoch};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".into());
    if !mnist::is_present(&folder, Variant::FashionMnist) {
        println!("Fashion-MNIST is not in the folder \"{folder}\".");
        println!("Get it with: cargo xtask download fashion-mnist --data-dir \"{folder}\"");
        return Ok(());
    }
    let (clothes, test) = mnist::load::<f32>(&folder, Variant::FashionMnist)?;
    let (train, validation) = clothes.split(0.2, Key::new(0))?;

    let layers = [
        linear(128),
        leaky_relu(0.01),
        dropout(0.1),
        linear(64),
        leaky_relu(0.01),
        dropout(0.1),
        linear(10),
    ];
    let settings = TrainConfig {
        epochs: 5,
        learning_rate: 3e-3,
        schedule: Schedule::OneCycle,
        ..TrainConfig::default()
    };
    let network = Sequential::new(train.width(), layers, 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default(), settings)?;
    let mut observer = on_epoch(|epoch| {
        let right = 100.0 * epoch.validation_accuracy.unwrap_or(0.0);
        println!(
            "epoch {}: {right:.2} % of the validation pictures",
            epoch.epoch
        );
        ControlFlow::Continue(())
    });
    trainer.fit(&train, Some(&validation), &mut observer)?;

    let accuracy = trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!(
        "{} test pictures: {:.2} % right",
        test.len(),
        100.0 * accuracy
    );
    assert!(accuracy > 0.85);
    Ok(())
}
