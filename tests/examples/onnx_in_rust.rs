//! Runs an exported network in a runtime that knows nothing of this project:
//! `onnx_in_rust MODEL.onnx IMAGES.idx OUT` writes the probabilities as little-endian f32, row after
//! row. The scripts in `tests/interop` compare them.

use std::error::Error;

use backprop_trainer::data::idx::{self, Limits, Values};
use rten::{Model, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, images, out] = &arguments[..] else {
        return Err("usage: onnx_in_rust MODEL.onnx IMAGES.idx OUT".into());
    };
    let model = Model::load_file(model)?;
    let images = idx::read(images, Limits::default())?;
    let Values::U8(pixels) = images.values else {
        return Err("the images must be of bytes".into());
    };
    let width = images.shape[1..].iter().product();
    let raw = pixels.into_iter().map(f32::from).collect();
    let input = Value::from_shape([images.shape[0], width], raw)?;
    let (_, values) = model
        .run_one(input.into(), None)?
        .into_shape_vec::<f32, 2>()?;
    let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    std::fs::write(out, bytes)?;
    Ok(())
}
