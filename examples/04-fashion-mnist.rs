//! Fashion-MNIST: 70,000 pictures of clothes in ten classes, from a folder of downloaded files.
//!
//! The folder is the first argument, `data` unless given. `cargo xtask download fashion-mnist`
//! fills it.

use std::ops::ControlFlow;

use backprop::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".into());
    if !mnist::is_present(&folder, mnist::Variant::FashionMnist) {
        println!("Fashion-MNIST is not in the folder \"{folder}\".");
        println!("Get it with: cargo xtask download fashion-mnist --data-dir \"{folder}\"");
        return Ok(());
    }
    let (clothes, test) = mnist::load::<f32>(&folder, mnist::Variant::FashionMnist)?;
    let (train, validation) = clothes.split(0.2, 0)?;

    let hidden = |width| [linear(width), leaky_relu(0.01), dropout(0.1)];
    let layers = [hidden(128), hidden(64)].into_iter().flatten();
    let network = Sequential::new(784, layers.chain([linear(10)]), 0)?;
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(3e-3))?;
    let mut trainer = trainer.epochs(5).batch_size(128);
    let mut observer = on_epoch(|epoch| {
        let (number, accuracy) = (epoch.epoch, epoch.validation_accuracy.unwrap_or(0.0));
        let accuracy = 100.0 * accuracy;
        println!("epoch {number}: {accuracy:.2} % of the validation pictures");
        ControlFlow::Continue(())
    });
    trainer.fit_with(&train, Some(&validation), &mut observer)?;

    let accuracy = 100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!("{} test pictures: {accuracy:.2} % right", test.len());
    assert!(accuracy > 85.0);
    Ok(())
}
