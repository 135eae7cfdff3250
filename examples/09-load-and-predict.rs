//! Saving a network, and using it in a program that only predicts: no trainer, no loss, one
//! network shared by two threads.

use std::sync::Arc;
use std::thread;

use backprop_trainer::data::{Batch, Dataset, mnist};
use backprop_trainer::formats::{ModelInfo, OutputKind, load_model, save_model};
use backprop_trainer::layers::{Pool, Sequential, Workspace, linear, relu};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::Adam;
use backprop_trainer::{TrainConfig, Trainer};

/// The classes that the network sees in these rows.
fn classify(network: &Sequential<f32>, data: &Dataset<f32>, rows: &[u32]) -> Vec<usize> {
    // Each thread has a workspace of its own; the network is only read.
    let mut workspace = Workspace::new(Arc::new(Pool::new(1)));
    let mut batch = Batch::new();
    data.gather(rows, &mut batch);
    let mut logits = Array2::zeros((rows.len(), network.output_width()));
    network.predict_into(&mut workspace, batch.inputs(), logits.view_mut());
    let largest = |row: &[f32]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let rows = logits.rows().into_iter();
    rows.map(|row| largest(&row.to_vec()).unwrap_or(0))
        .collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("digits.safetensors");
    let (digits, test) = mnist::sample::<f32>();

    // The program that trains.
    let network = Sequential::new(784, [linear(64), relu(), linear(10)], 0)?;
    let settings = TrainConfig {
        epochs: 5,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default(), settings)?;
    trainer.fit(&digits, None, &mut ())?;
    let accuracy = trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    let info = ModelInfo::new(OutputKind::Logits)
        .with_input_scale(1.0 / 255.0)
        .with_class_names(mnist::Variant::Mnist.class_names());
    save_model(&path, trainer.network(), &info)?;
    println!("saved {} parameters", trainer.network().parameter_count());

    // The program that predicts: the file tells layers, scale and names.
    let (network, info) = load_model::<f32>(&path)?;
    let rows: Vec<u32> = (0..test.len() as u32).collect();
    let (one, two) = rows.split_at(500);
    let guesses = thread::scope(|scope| {
        let one = scope.spawn(|| classify(&network, &test, one));
        let two = classify(&network, &test, two);
        [one.join().expect("classify does not panic"), two].concat()
    });
    let names: Vec<&str> = guesses[..5]
        .iter()
        .map(|&class| &*info.class_names[class])
        .collect();
    println!("the first five digits: {}", names.join(", "));

    let mut batch = Batch::new();
    test.gather(&rows, &mut batch);
    let labels = batch.class_labels().ok_or("digits have classes")?;
    let right = guesses
        .iter()
        .zip(labels)
        .filter(|(guess, label)| **guess == **label as usize);
    let right = right.count();
    println!(
        "{right} of {} digits are right, as before saving",
        test.len()
    );
    assert_eq!(right as f64 / test.len() as f64, accuracy);
    Ok(())
}
