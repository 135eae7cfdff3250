//! The settings file of a run, as far as `train --resume` gets before it looks at data.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = backprop_cli::settings(bytes) {
        let again = backprop_cli::settings(text.as_bytes()).expect("what was written can be read");
        assert_eq!(again, text);
    }
});
