//! A training loop of your own, with early stopping: `train_batch` is one step, everything around
//! it is written here. `Trainer::fit` does the same, with checkpoints.

use backprop_trainer::data::{Batch, BatchSampler, mnist};
use backprop_trainer::layers::{Sequential, linear, relu};
use backprop_trainer::losses::{SoftmaxCrossEntropy, TargetsView, WeightedSum};
use backprop_trainer::optimizers::Adam;
use backprop_trainer::tensor::Key;
use backprop_trainer::{TrainConfig, Trainer};

/// Stop after so many epochs without a better validation loss.
const PATIENCE: u64 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (digits, test) = mnist::sample::<f32>();
    let (train, validation) = digits.limit(1500).split(0.3, Key::new(0))?;
    let network = Sequential::new(train.width(), [linear(64), relu(), linear(10)], 0)?;
    let settings = TrainConfig {
        learning_rate: 3e-3,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default(), settings)?;

    let mut best = (0, f64::INFINITY, trainer.network().clone());
    let mut batch = Batch::new();
    let mut batches = BatchSampler::new(train.len(), 32, None);
    for epoch in 1.. {
        batches.start_epoch(Key::new(0).derive("shuffle/epoch", epoch));
        let mut total = WeightedSum::default();
        while let Some(rows) = batches.next_batch() {
            train.gather(rows, &mut batch);
            let classes = TargetsView::Classes(batch.class_labels().ok_or("digits have classes")?);
            total += trainer.train_batch(batch.inputs(), classes, None)?;
        }
        let loss = trainer.evaluate(&validation)?.loss;
        println!(
            "epoch {epoch:2}: training {:.4}, validation {loss:.4}",
            total.mean()
        );
        if loss < best.1 {
            best = (epoch, loss, trainer.network().clone());
        } else if epoch - best.0 >= PATIENCE {
            break;
        }
    }

    // The last epochs made it worse on digits it has not seen: go back to the best.
    let (epoch, loss, network) = best;
    println!("epoch {epoch} was the best, with a validation loss of {loss:.4}");
    let mut best = Trainer::new(
        network,
        SoftmaxCrossEntropy,
        Adam::default(),
        TrainConfig::default(),
    )?;
    assert_eq!(best.evaluate(&validation)?.loss, loss);
    assert!(trainer.evaluate(&validation)?.loss > loss);
    let accuracy = best.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!(
        "{} unseen digits: {:.1} % right",
        test.len(),
        100.0 * accuracy
    );
    assert!(accuracy > 0.8);
    Ok(())
}
