//! Checkpoints as files, as they are and with the last checksum mended.
#![no_main]

use backprop_trainer::formats::Checkpoint;
use flate2::Crc;
use libfuzzer_sys::fuzz_target;

fn check(bytes: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::from_bytes("fuzz", bytes) {
        let written = checkpoint.to_bytes();
        let again = Checkpoint::from_bytes("fuzz", &written).expect("what was written can be read");
        assert!(again.names().eq(checkpoint.names()));
        assert_eq!(again.to_bytes(), written);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(end) = bytes.len().checked_sub(4) {
        let mut crc = Crc::new();
        crc.update(&bytes[..end]);
        let closed = [&bytes[..end], &crc.sum().to_le_bytes()].concat();
        check(&closed);
    }
});
