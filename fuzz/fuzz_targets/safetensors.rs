//! Networks as safetensors. The checksum is mended first, or nothing behind it would be reached.
#![no_main]

use backprop_trainer::formats::{Model, dtype_of, load_parameters};
use backprop_trainer::layers::{Sequential, linear};
use backprop_fuzz::sealed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let bytes = sealed(bytes);
    let _ = dtype_of("fuzz", &bytes);
    let network = Sequential::<f32>::new(2, [linear(2)], 0);
    let _ = load_parameters(&mut network.expect("two to two"), "fuzz", &bytes);
    if let Ok(model) = Model::<f32>::from_bytes("fuzz", &bytes) {
        let written = model.to_bytes().expect("a loaded model can be written");
        let again = Model::<f32>::from_bytes("fuzz", &written).expect("and read again");
        assert!(again.network().parameters().eq(model.network().parameters()));
    }
});
