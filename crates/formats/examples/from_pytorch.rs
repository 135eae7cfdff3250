//! A network that PyTorch trained, with what this project needs to know about it:
//! `from_pytorch STATE_DICT.safetensors MODEL.safetensors` reads the parameters of
//!
//! ```python
//! nn.Sequential(nn.Linear(784, 128), nn.LeakyReLU(0.01), nn.Dropout(0.1),
//!               nn.Linear(128, 64), nn.LeakyReLU(0.01), nn.Dropout(0.1), nn.Linear(64, 10))
//! ```
//!
//! as `safetensors.torch.save_file(model.state_dict(), ..)` wrote them, and saves them as a model
//! for `cargo xtask predict` and `export`. Change the list of layers to yours.

use std::error::Error;

use backprop_formats::{MODEL_LIMIT, Model, ModelInfo, OutputKind, load_parameters, read_limited};
use backprop_layers::{Sequential, dropout, leaky_relu, linear};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(parameters), Some(model)) = (arguments.next(), arguments.next()) else {
        return Err("usage: from_pytorch STATE_DICT.safetensors MODEL.safetensors".into());
    };
    let layers = [
        linear(128),
        leaky_relu(0.01),
        dropout(0.1),
        linear(64),
        leaky_relu(0.01),
        dropout(0.1),
        linear(10),
    ];
    let mut network = Sequential::<f32>::new(784, layers, 0)?;
    let bytes = read_limited(&parameters, MODEL_LIMIT)?;
    load_parameters(&mut network, &parameters, &bytes)?;

    let info = ModelInfo::new(OutputKind::Logits)
        .with_loss("SoftmaxCrossEntropy")
        .with_input_scale(1.0 / 255.0)
        .with_class_names((0..10).map(|digit| digit.to_string()));
    Model::new(network, info)?.save(&model)?;
    println!("{model}: written from {parameters}");
    Ok(())
}
