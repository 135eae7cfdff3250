//! A trainer that goes back to a checkpoint of which one section is the fuzzer's, and goes on.
#![no_main]

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::formats::Checkpoint;
use backprop_trainer::layers::{Key, Pool, Sequential, linear, tanh};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::optimizers::Adam;
use backprop_trainer::{TrainConfig, Trainer, on_epoch};
use libfuzzer_sys::fuzz_target;

fn trainer() -> (Trainer<f32>, Dataset<f32>) {
    let settings = TrainConfig {
        epochs: 4,
        batch_size: 3,
        patience: Some(3),
        ..TrainConfig::default()
    };
    let network = Sequential::new(2, [linear(3), tanh(), linear(2)], 5);
    let trainer = Trainer::new(
        network.expect("widths fit"),
        SoftmaxCrossEntropy,
        Adam::default(),
        settings,
    );
    let labels = Targets::Classes {
        labels: vec![0, 1, 1, 0, 1],
        num_classes: 2,
    };
    let values = (0..10).map(|i| (i * 3 % 7) as f32 / 7.0).collect();
    let data = Dataset::from_values(2, values, labels).expect("five rows");
    let trainer = trainer.expect("settings make sense");
    (trainer.with_pool(Arc::new(Pool::new(1))), data)
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
