//! Checkpoints: what was written comes back, and anything else is an error.

use backprop_formats::{Checkpoint, FormatError};

fn small() -> Checkpoint {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("epoch", vec![5, 0, 0, 0]);
    checkpoint.insert("empty", vec![]);
    checkpoint.insert("größe", b"with a name beyond ASCII".to_vec());
    checkpoint
}

fn error(bytes: &[u8]) -> String {
    let error = Checkpoint::from_bytes("run/checkpoint", bytes).unwrap_err();
    error.to_string()
}

/// Appends the checksum of everything.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

fn section(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = (name.len() as u32).to_le_bytes().to_vec();
    bytes.extend(name);
    bytes.extend((data.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(&[name, data].concat()).to_le_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn sections_come_back_and_the_order_of_insertion_does_not_matter() {
    let bytes = small().to_bytes();
    let back = Checkpoint::from_bytes("run/checkpoint", &bytes).unwrap();
    assert_eq!(
        back.names().collect::<Vec<_>>(),
        ["empty", "epoch", "größe"]
    );
    assert_eq!(back.get("epoch"), Some(&[5, 0, 0, 0][..]));
    assert!(back.require("empty").unwrap().is_empty());
    assert_eq!(back.to_bytes(), bytes);

    let mut other = Checkpoint::new();
    for name in ["größe", "epoch", "empty"] {
        other.insert(name, b"replaced".to_vec());
        other.insert(name, back.require(name).unwrap().to_vec());
    }
    assert_eq!(other.to_bytes(), bytes);
    let empty = Checkpoint::new().to_bytes();
    assert_eq!(
        Checkpoint::from_bytes("empty", &empty)
            .unwrap()
            .names()
            .count(),
        0
    );
}

#[test]
fn the_layout_is_the_documented_one() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("b", vec![7]);
    checkpoint.insert("a", vec![8, 9]);
    let mut expected = b"BPCKPT\x01\x00\x02\x00\x00\x00".to_vec();
    expected.extend(section(b"a", &[8, 9]));
    expected.extend(section(b"b", &[7]));
    assert_eq!(checkpoint.to_bytes(), sealed(expected));
}

#[test]
fn a_missing_section_is_named_with_the_file_and_those_that_are_there() {
    let back = Checkpoint::from_bytes("run/checkpoint", &small().to_bytes()).unwrap();
    assert!(back.get("moments").is_none());
    assert_eq!(
        back.require("moments").unwrap_err().to_string(),
        "run/checkpoint has no section \"moments\", only empty, epoch, größe; \
         it was written by another program"
    );
}

#[test]
fn every_change_of_a_byte_is_an_error() {
    let mut bytes = small().to_bytes();
    for at in 0..bytes.len() {
        for mask in 1..=255 {
            bytes[at] ^= mask;
            let result = Checkpoint::from_bytes("flipped", &bytes);
            assert!(result.is_err(), "byte {at} changed by {mask:#x}");
            bytes[at] ^= mask;
        }
    }
}

#[test]
fn every_truncation_and_every_trailing_byte_is_an_error() {
    let mut bytes = small().to_bytes();
    for length in 0..bytes.len() {
        let message = error(&bytes[..length]);
        assert!(message.contains("cut off"), "{length}: {message}");
    }
    let end = bytes.len();
    bytes.push(0);
    assert_eq!(
        error(&bytes),
        format!(
            "run/checkpoint, byte {end}: the end of the file should be byte {end} but is further \
             on; the file is damaged or of another format, use another copy"
        )
    );
}

#[test]
fn lengths_are_compared_with_what_is_left_before_anything_is_allocated() {
    let header = |sections: u32| {
        let mut bytes = b"BPCKPT\x01\x00".to_vec();
        bytes.extend(sections.to_le_bytes());
        bytes
    };
    let mut name = header(1);
    name.extend(u32::MAX.to_le_bytes());
    assert!(error(&sealed(name)).contains("should be 4294967295 bytes but is 4 bytes"));

    for huge in [u64::MAX, 1 << 62, 100] {
        let mut data = header(1);
        data.extend([1, 0, 0, 0, b'x']);
        data.extend(huge.to_le_bytes());
        data.extend([0; 4]);
        let message = error(&sealed(data));
        let expected = format!("byte 29: a section's data should be {huge} bytes but is 4 bytes");
        assert!(message.contains(&expected), "{message}");
    }
    assert!(error(&sealed(header(u32::MAX))).contains("byte 16: "));
}

#[test]
fn damage_is_located() {
    assert!(
        error(b"PK\x03\x04 something else")
            .contains("byte 0: the first bytes should be \"BPCKPT\" but is \"PK\\x03\\x04 s\"")
    );
    let mut bytes = small().to_bytes();
    let at = bytes.windows(5).position(|w| w == b"epoch").unwrap();
    bytes[at + 18] ^= 1;
    let expected = format!("byte {}: the checksum of a section should be ", at + 13);
    assert!(error(&bytes).contains(&expected), "{}", error(&bytes));

    let twice = [section(b"a", &[1]), section(b"a", &[2])].concat();
    let bytes = sealed([b"BPCKPT\x01\x00\x02\x00\x00\x00".to_vec(), twice].concat());
    assert!(
        error(&bytes).contains("a second \"a\""),
        "{}",
        error(&bytes)
    );

    let header = b"BPCKPT\x01\x00\x01\x00\x00\x00".to_vec();
    let bytes = sealed([header, section(&[0xff], &[])].concat());
    assert!(
        error(&bytes).contains("should be UTF-8"),
        "{}",
        error(&bytes)
    );
}

#[test]
fn another_version_is_told_apart_from_damage() {
    let bytes = sealed(b"BPCKPT\x02\x01\x00\x00\x00\x00".to_vec());
    let error = Checkpoint::from_bytes("checkpoint", &bytes).unwrap_err();
    assert!(matches!(error, FormatError::Version { .. }));
    assert!(error.to_string().contains("version 258"), "{error}");
    assert!(error.to_string().contains("reads version 1"), "{error}");
}

#[test]
fn files_are_saved_and_loaded_within_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    small().save(&path).unwrap();
    let bytes = small().to_bytes();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let length = bytes.len() as u64;
    assert_eq!(Checkpoint::load(&path, length).unwrap().to_bytes(), bytes);
    let message = Checkpoint::load(&path, length - 1).unwrap_err().to_string();
    assert!(message.contains("larger than the limit"), "{message}");

    std::fs::write(&path, &bytes[..50]).unwrap();
    let message = Checkpoint::load(&path, length).unwrap_err().to_string();
    assert!(message.starts_with(path.to_str().unwrap()), "{message}");
    assert!(message.contains("cut off"), "{message}");
    assert!(Checkpoint::load(folder.path(), length).is_err());
    assert!(Checkpoint::load(folder.path().join("missing"), length).is_err());
}

/// Whoever opens the file while it is written anew, again and again, finds the old or the new one.
#[test]
fn a_reader_never_sees_a_part_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let large = |byte: u8| {
        let mut checkpoint = Checkpoint::new();
        checkpoint.insert("data", vec![byte; 300_000]);
        checkpoint
    };
    large(0).save(&path).unwrap();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let ordering = std::sync::atomic::Ordering::Relaxed;
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !is_done.load(ordering) {
                let found = Checkpoint::load(&path, 1 << 20).expect("a whole file");
                assert_eq!(found.get("data").unwrap().len(), 300_000);
                reads += 1;
            }
            reads
        });
        for byte in 1..=40 {
            large(byte).save(&path).unwrap();
        }
        is_done.store(true, ordering);
        reader.join().unwrap()
    });
    assert!(reads > 0);
}
