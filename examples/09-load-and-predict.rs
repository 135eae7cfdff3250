//! Saving a network, and using it in a program that only predicts: no trainer, no loss, one
//! network shared by two threads.

use std::thread;

use backprop::data::Batch;
use backprop::formats::load_model;
use backprop::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("digits-{}.safetensors", std::process::id()));
    let (digits, test) = mnist::sample::<f32>();

    // The program that trains.
    let network = Sequential::new(784, [linear(64), relu(), linear(10)], 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(1e-3))?.epochs(5);
    trainer.fit_with(&digits, None, &mut ())?;
    let accuracy = trainer.evaluate(&test)?.accuracy;
    trainer.save(&path)?;
    println!("saved {} parameters", trainer.network().parameter_count());

    // The program that predicts: the file tells layers, scale and names.
    let (network, info) = load_model::<f32>(&path)?;
    std::fs::remove_file(&path)?;
    assert_eq!(info.input_scale, 1.0 / 255.0);
    let rows: Vec<u32> = (0..test.len() as u32).collect();
    let classify = |rows: &[u32]| {
        let mut batch = Batch::new();
        test.gather(rows, &mut batch);
        network.classify(batch.inputs())
    };
    let (first, second) = rows.split_at(500);
    let guesses = thread::scope(|scope| {
        let first = scope.spawn(|| classify(first));
        let second = classify(second);
        [first.join().expect("classify does not panic"), second].concat()
    });
    let guesses: Option<Vec<usize>> = guesses.into_iter().collect();
    let guesses = guesses.ok_or("an output is not a number")?;
    let names: Vec<String> = guesses[..5].iter().map(|&c| info.class_name(c)).collect();
    println!("the first five digits: {}", names.join(", "));

    let mut batch = Batch::new();
    test.gather(&rows, &mut batch);
    let labels = batch.class_labels().ok_or("digits have classes")?;
    let pairs = guesses.iter().zip(labels);
    let right = pairs.filter(|(guess, label)| **guess == **label as usize);
    let (right, all) = (right.count(), test.len());
    println!("{right} of {all} digits are right, as before saving");
    assert_eq!(Some(right as f64 / all as f64), accuracy);
    Ok(())
}
