//! Saving a network, and using it in a program that only predicts: no trainer, no loss, one
//! network shared by two threads.

use std::thread;

use backprop::data::Batch;
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
    let model = Model::<f32>::load(&path)?;
    std::fs::remove_file(&path)?;
    assert_eq!(model.info().input_scale, 1.0 / 255.0);
    let rows: Vec<u32> = (0..test.len() as u32).collect();
    let classify = |rows: &[u32]| {
        let mut batch = Batch::new();
        test.gather(rows, &mut batch);
        model.classify(batch.inputs())
    };
    let (first, second) = rows.split_at(500);
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| classify(first));
        let second = classify(second);
        (first.join().expect("classify does not panic"), second)
    });
    let guesses = [first?, second?].concat();
    let names: Vec<String> = guesses[..5]
        .iter()
        .map(|&c| model.info().class_name(c))
        .collect();
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
