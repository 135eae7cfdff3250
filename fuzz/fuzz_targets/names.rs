//! Names of layers and lists of layers, as the command line takes them, and a file read with both. The text
//! is the first line, `fc1=0`, and the second, `linear 2, relu`; the rest is a safetensors file.
#![no_main]

use backprop_trainer::formats::{Model, ModelInfo, Rename, load_matching_parameters};
use backprop_trainer::layers::{LayerSpec, Sequential, linear, parse_layers};
use libfuzzer_sys::fuzz_target;

/// Layers as text, which reads as the same layers.
fn written(layers: &[LayerSpec]) -> String {
    let texts: Vec<String> = layers.iter().map(LayerSpec::to_string).collect();
    texts.join(", ")
}

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |&byte| byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (names, layers, file) = (next(), next(), next());
    let rename = std::str::from_utf8(names).ok().and_then(|text| text.parse::<Rename>().ok());
    if let Some(rename) = &rename {
        let again: Rename = rename.to_string().parse().expect("what was written can be read");
        assert_eq!(again, *rename);
    }
    let rename = rename.unwrap_or_default();
    let layers = std::str::from_utf8(layers).ok().and_then(|text| parse_layers(text).ok());
    if let Some(layers) = layers {
        let text = written(&layers);
        assert_eq!(written(&parse_layers(&text).expect("what was written can be read")), text);
        let info = ModelInfo::default();
        if let Ok(model) = Model::<f32>::from_parameters("fuzz", file, &layers, &rename, info) {
            let parameters = model.network().parameters();
            assert!(parameters.flat_map(|(_, p)| p.to_array()).all(f32::is_finite));
        }
    }
    let mut network = Sequential::<f32>::new(2, [linear(2), linear(3)], 0).expect("two to three");
    let _ = load_matching_parameters(&mut network, "fuzz", file, &rename);
});
