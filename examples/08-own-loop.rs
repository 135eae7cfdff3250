//! A training loop of your own, with early stopping: `train_batch` is one step, everything around
//! it is written here. `Trainer::fit` does the same, with checkpoints.

use backprop::data::{Batch, BatchSampler};
use backprop::losses::{TargetsView, WeightedSum};
use backprop::prelude::*;
use backprop::tensor::Key;

/// Epochs without a better validation loss after which the loop stops.
const PATIENCE: u64 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (digits, test) = mnist::sample::<f32>();
    let (train, validation) = digits.limit(1500).split(0.3, 0)?;
    let network = Sequential::new(784, [linear(64), relu(), linear(10)], 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(3e-3))?;

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
        let (training, loss) = (total.mean(), trainer.evaluate(&validation)?.loss);
        println!("epoch {epoch:2}: training {training:.4}, validation {loss:.4}");
        if loss < best.1 {
            best = (epoch, loss, trainer.network().clone());
        } else if epoch - best.0 >= PATIENCE {
            break;
        }
    }

    // The last epochs made it worse on digits it has not seen: back to the best.
    let (epoch, loss, network) = best;
    println!("epoch {epoch} was the best, with a validation loss of {loss:.4}");
    assert!(trainer.evaluate(&validation)?.loss > loss);
    *trainer.network_mut() = network;
    assert_eq!(trainer.evaluate(&validation)?.loss, loss);
    let accuracy = 100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!("{} unseen digits: {accuracy:.1} % right", test.len());
    assert!(accuracy > 80.0);
    Ok(())
}
