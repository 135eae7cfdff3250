//! Handwritten digits: the sample of MNIST that is embedded in the crate, from images to answers.

use std::ops::ControlFlow;

use backprop::data::Batch;
use backprop::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (digits, test) = mnist::sample::<f32>();
    let (train, validation) = digits.split(0.2, 0)?;

    let hidden = |width| [linear(width), leaky_relu(0.01), dropout(0.1)];
    let layers = [hidden(128), hidden(64)].into_iter().flatten();
    let network = Sequential::new(784, layers.chain([linear(10)]), 0)?;
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(3e-3))?;
    let mut trainer = trainer.epochs(10).batch_size(50);
    let mut observer = on_epoch(|epoch| {
        println!(
            "epoch {:2}: training loss {:.4}, validation loss {:.4}",
            epoch.epoch,
            epoch.train_loss,
            epoch.validation_loss.unwrap_or(f64::NAN)
        );
        ControlFlow::Continue(())
    });
    trainer.fit_with(&train, Some(&validation), &mut observer)?;

    // The test digits were used for nothing so far: not to train, and not to choose anything.
    let result = trainer.evaluate(&test)?;
    let accuracy = 100.0 * result.accuracy.unwrap_or(0.0);
    println!("{} unseen digits: {accuracy:.1} % right", result.rows);
    assert!(accuracy > 90.0);

    let mut batch = Batch::new();
    test.gather(&[0], &mut batch);
    let probabilities = trainer.predict_proba(batch.inputs())?;
    let class = trainer.classify(batch.inputs())?[0];
    let probability = probabilities[[0, class]];
    println!("the first of them is a {class}, with probability {probability:.4}:");
    for row in batch.inputs().to_shape((28, 28))?.rows() {
        let ink = |&pixel: &f32| [' ', '.', '+', '#'][(pixel * 3.99) as usize];
        println!("{}", row.iter().map(ink).collect::<String>().trim_end());
    }
    Ok(())
}
