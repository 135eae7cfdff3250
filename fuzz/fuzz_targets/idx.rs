//! IDX, plain or packed, whichever the first bytes say.
#![no_main]

use backprop_trainer::data::{Limits, idx};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20 };
    if let Ok(array) = idx::parse("fuzz", bytes, limits) {
        let written = array.to_bytes().expect("what was read can be written");
        assert!(written.len() as u64 <= limits.max_bytes);
        if bytes.starts_with(&[0, 0]) {
            assert_eq!(written, bytes);
        }
    }
});
