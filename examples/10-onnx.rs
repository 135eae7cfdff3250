//! A network as ONNX, for onnxruntime and other programs: images of bytes go in, probabilities come
//! out, and the scaling between them is part of the file.
//!
//! The file is the first argument; unless given it is `digits.onnx` in the temporary folder.

use backprop_trainer::data::mnist;
use backprop_trainer::formats::{ModelInfo, OutputKind, save_onnx};
use backprop_trainer::layers::{Sequential, dropout, leaky_relu, linear};
use backprop_trainer::losses::SoftmaxCrossEntropy;
use backprop_trainer::ndarray::Array2;
use backprop_trainer::optimizers::Adam;
use backprop_trainer::{TrainConfig, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| {
        let path = std::env::temp_dir().join("digits.onnx");
        path.display().to_string()
    });
    let (digits, _) = mnist::sample::<f32>();
    let layers = [linear(64), leaky_relu(0.01), dropout(0.1), linear(10)];
    let network = Sequential::new(digits.width(), layers, 0)?;
    let settings = TrainConfig {
        epochs: 5,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::default(), settings)?;
    trainer.fit(&digits, None, &mut ())?;

    // A dropout does nothing in prediction and is left out; a softmax is put behind the logits.
    let info = ModelInfo::new(OutputKind::Logits)
        .with_input_scale(1.0 / 255.0)
        .with_class_names(mnist::Variant::Mnist.class_names());
    save_onnx(&path, trainer.network(), &info)?;
    let bytes = std::fs::metadata(&path)?.len();
    println!(
        "{path}: {bytes} bytes, {} parameters",
        trainer.network().parameter_count()
    );
    assert!(bytes > 4 * trainer.network().parameter_count() as u64);

    // What another program must get for a page of pure ink, every pixel 255.
    let here = trainer.predict_proba(Array2::ones((1, 784)).view())?;
    println!("In Python, after `pip install onnxruntime`:");
    println!("    import numpy, onnxruntime");
    println!("    session = onnxruntime.InferenceSession(\"{path}\")");
    println!("    pixels = numpy.full((1, 784), 255, numpy.float32)");
    println!("    print(session.run([\"probabilities\"], {{\"input\": pixels}})[0].round(4))");
    println!("prints what comes out here: {here:.4}");
    assert!((here.sum() - 1.0).abs() < 1e-5);
    Ok(())
}
