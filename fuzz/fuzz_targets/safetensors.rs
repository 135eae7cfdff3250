//! Networks as safetensors. The checksum is mended first, or nothing behind it would be reached.
#![no_main]

use backprop_trainer::formats::{Model, dtype_of, load_parameters};
use backprop_trainer::layers::{Sequential, linear};
use flate2::Crc;
use libfuzzer_sys::fuzz_target;

fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mark = b"\"crc32\":\"";
    let found = bytes.windows(mark.len()).position(|window| window == mark);
    if let Some(at) = found
        .map(|at| at + mark.len())
        .filter(|at| at + 8 <= bytes.len())
    {
        bytes[at..at + 8].copy_from_slice(b"00000000");
        let mut crc = Crc::new();
        crc.update(&bytes);
        bytes[at..at + 8].copy_from_slice(format!("{:08x}", crc.sum()).as_bytes());
    }
    bytes
}

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
