//! IDX that is packed well: the bytes are what gzip holds.
#![no_main]

use std::io::Write;

use backprop_trainer::data::{Limits, idx};
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20 };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    let packed = encoder.finish().expect("memory takes all");
    let plain = idx::parse("fuzz", bytes, limits);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        // Packed or not, it is the same array, or none.
        match (plain, idx::parse("fuzz", &packed[..], limits)) {
            (Ok(plain), Ok(packed)) => assert_eq!(format!("{plain:?}"), format!("{packed:?}")),
            (Err(_), Err(_)) => {}
            (plain, packed) => panic!("plain {plain:?}, packed {packed:?}"),
        }
    }
});
