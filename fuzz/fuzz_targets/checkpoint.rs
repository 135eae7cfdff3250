//! Checkpoints as files, as they are and with the checksum mended.
#![no_main]

use backprop_trainer::formats::Checkpoint;
use backprop_fuzz::sealed;
use libfuzzer_sys::fuzz_target;

fn check(bytes: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::from_bytes("fuzz", bytes) {
        let written = checkpoint.to_bytes();
        let again = Checkpoint::from_bytes("fuzz", written.clone()).expect("what was written can be read");
        assert!(again.names().eq(checkpoint.names()));
        assert_eq!(again.to_bytes(), written);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&sealed(bytes));
});
