//! A network as ONNX, for onnxruntime and other programs: images of bytes go in, probabilities come
//! out, and the scaling between them is part of the file.
//!
//! The file is the first argument; unless given it is `digits.onnx` in the temporary folder.

use backprop::formats::save_onnx;
use backprop::ndarray::Array2;
use backprop::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| {
        let path = std::env::temp_dir().join("digits.onnx");
        path.display().to_string()
    });
    let (digits, _) = mnist::sample::<f32>();
    let layers = [linear(64), leaky_relu(0.01), dropout(0.1), linear(10)];
    let network = Sequential::new(784, layers, 0)?;
    let mut trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(1e-3))?.epochs(5);
    trainer.fit_with(&digits, None, &mut ())?;

    // A dropout does nothing in prediction and is left out; a softmax is put behind the logits.
    save_onnx(&path, trainer.network(), trainer.model_info())?;
    let bytes = std::fs::metadata(&path)?.len();
    let parameters = trainer.network().parameter_count();
    println!("{path}: {bytes} bytes, {parameters} parameters");
    assert!(bytes > 4 * parameters as u64);

    // The answer that another program must get for a page of pure ink, every pixel 255.
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
