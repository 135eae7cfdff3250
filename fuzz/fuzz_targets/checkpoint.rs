//! Checkpoints as files, as they are and with the checksum mended.
#![no_main]

use backprop_trainer::formats::Checkpoint;
use flate2::Crc;
use libfuzzer_sys::fuzz_target;

fn check(bytes: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::from_bytes("fuzz", bytes) {
        let written = checkpoint.to_bytes();
        let again = Checkpoint::from_bytes("fuzz", written.clone()).expect("what was written can be read");
        assert!(again.names().eq(checkpoint.names()));
        assert_eq!(again.to_bytes(), written);
    }
}

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
    check(bytes);
    check(&sealed(bytes));
});
