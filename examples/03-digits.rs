//! Handwritten digits: the sample of MNIST that is embedded in the crate, from images to answers.

use std::ops::ControlFlow;

use backprop_trainer::data::{Batch, mnist};
use backprop_trainer::layers::{Sequential, dropout, leaky_relu, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::{Adam, Schedule};
use backprop_trainer::tensor::Key;
use backprop_trainer::{TrainConfig, Trainer, on_epoch};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (digits, test) = mnist::sample::<f32>();
    let (train, validation) = digits.split(0.2, Key::new(0))?;

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
        epochs: 10,
        batch_size: 50,
        learning_rate: 3e-3,
        schedule: Schedule::OneCycle,
        ..TrainConfig::default()
    };
    let network = Sequential::new(train.width(), layers, 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default(), settings)?;
    let mut observer = on_epoch(|epoch| {
        println!(
            "epoch {:2}: training loss {:.4}, validation loss {:.4}",
            epoch.epoch,
            epoch.train_loss,
            epoch.validation_loss.unwrap_or(f64::NAN)
        );
        ControlFlow::Continue(())
    });
    trainer.fit(&train, Some(&validation), &mut observer)?;

    // The test digits were used for nothing so far: not to train, and not to choose anything.
    let result = trainer.evaluate(&test)?;
    let accuracy = result.accuracy.unwrap_or(0.0);
    println!(
        "{} unseen digits: {:.1} % right",
        result.rows,
        100.0 * accuracy
    );
    assert!(accuracy > 0.9);

    let mut batch = Batch::new();
    test.gather(&[0], &mut batch);
    let probabilities = trainer.predict_proba(batch.inputs())?;
    let class = trainer.predict_classes(batch.inputs())?[0];
    println!(
        "the first of them is a {class}, with probability {:.3}:",
        probabilities[[0, class]]
    );
    for row in batch.inputs().to_shape((28, 28))?.rows() {
        let ink = |&pixel: &f32| [' ', '.', '+', '#'][(pixel * 3.99) as usize];
        println!("{}", row.iter().map(ink).collect::<String>().trim_end());
    }
    Ok(())
}
