//! PNG, and a picture as inputs of a network.
#![no_main]

use backprop_trainer::data::{Limits, png};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20 };
    if let Ok(picture) = png::parse("fuzz", bytes, limits) {
        assert_eq!(picture.pixels().len(), picture.width() * picture.height());
        if let Ok(inputs) = picture.to_inputs("fuzz", 784) {
            assert_eq!(inputs.len(), 784);
            let is_taken_as_it_is = (picture.width(), picture.height()) == (28, 28);
            assert!(is_taken_as_it_is || inputs.iter().any(|&x| x > 0));
        }
    }
});
