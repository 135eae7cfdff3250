//! A trainer that goes back to a checkpoint of which one section is the fuzzer's, and goes on.
#![no_main]

use std::ops::ControlFlow;
use std::sync::LazyLock;

use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::formats::Checkpoint;
use backprop_trainer::layers::{Sequential, linear, tanh};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::{Adam, Schedule};
use backprop_trainer::{Trainer, on_epoch};
use libfuzzer_sys::fuzz_target;

fn trainer() -> (Trainer<f32>, Dataset<f32>) {
    let network = Sequential::new(2, [linear(3), tanh(), linear(2)], 5);
    let network = network.expect("widths fit");
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(1e-3));
    let labels = Targets::Classes {
        labels: vec![0, 1, 1, 0, 1],
        num_classes: 2,
    };
    let values = (0..10).map(|i| (i * 3 % 7) as f32 / 7.0).collect();
    let data = Dataset::from_values(2, values, labels).expect("five rows");
    let trainer = trainer.expect("the constants make sense");
    let trainer = trainer.epochs(4).batch_size(3).patience(3);
    (trainer.schedule(Schedule::Constant).threads(1), data)
}

/// After two epochs of four.
static HALF: LazyLock<Checkpoint> = LazyLock::new(|| {
    let (mut trainer, data) = trainer();
    let mut stop = on_epoch(|epoch| match epoch.epoch {
        2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    trainer.fit_with(&data, Some(&data), &mut stop).expect("trains");
    trainer.checkpoint().expect("can be saved")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else {
        return;
    };
    let names: Vec<&str> = HALF.names().collect();
    let mut checkpoint = HALF.clone();
    checkpoint.insert(names[usize::from(which) % names.len()], bytes.to_vec());
    let (mut trainer, data) = trainer();
    if trainer.restore(&checkpoint).is_ok() {
        // Over, diverged or done: any end but a panic.
        let _ = trainer.fit(&data, &data);
    }
});
