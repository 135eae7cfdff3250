//! Checkpoints: what was written comes back, and anything else is an error.

use backprop_formats::{Checkpoint, FormatError, Model, ModelInfo, dtype_of};
use backprop_layers::{Sequential, linear};

use crate::common::{file, seal, with_version};

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

/// A checkpoint with these tensors of bytes, as the documentation describes the file.
fn container(header: &str, data: &[u8]) -> Vec<u8> {
    let metadata =
        r#"{"contents":"checkpoint","crc32":"00000000","format":"backprop","version":"1"}"#;
    let mut header = format!(r#"{{"__metadata__":{metadata}{header}}}"#);
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    seal(file(&header, data))
}

#[test]
fn sections_come_back_and_the_order_of_insertion_does_not_matter() {
    let bytes = small().to_bytes();
    let back = Checkpoint::from_bytes("run/checkpoint", &bytes[..]).unwrap();
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
        Checkpoint::from_bytes("empty", empty)
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
    let tensors = r#","a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}"#;
    assert_eq!(checkpoint.to_bytes(), container(tensors, &[8, 9, 7]));
}

#[test]
fn a_missing_section_is_named_with_the_file_and_those_that_are_there() {
    let back = Checkpoint::from_bytes("run/checkpoint", small().to_bytes()).unwrap();
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
            let result = Checkpoint::from_bytes("flipped", &bytes[..]);
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
    let (data, end) = (
        small()
            .names()
            .map(|n| small().get(n).unwrap().len())
            .sum::<usize>(),
        bytes.len(),
    );
    bytes.push(0);
    assert_eq!(
        error(&bytes),
        format!(
            "run/checkpoint, byte {}: the data of the tensors should be {data} bytes but is {} bytes; \
             the file is damaged or of another format, use another copy",
            end - data,
            data + 1
        )
    );
}

#[test]
fn lengths_are_compared_with_what_is_left_before_anything_is_allocated() {
    let mut header = u64::MAX.to_le_bytes().to_vec();
    header.extend([b' '; 40]);
    assert!(error(&header).contains("byte 0: the header's length should be at most 40"));
    header[..8].copy_from_slice(&100_u64.to_le_bytes());
    assert!(error(&header).contains("byte 8: the header should be 100 bytes but is 40 bytes"));
    for huge in [1_u64 << 40, 100] {
        let tensor = format!(r#","a":{{"dtype":"U8","shape":[{huge}],"data_offsets":[0,{huge}]}}"#);
        let message = error(&container(&tensor, &[0; 4]));
        let expected = format!("should be {huge} bytes but is 4 bytes, cut off");
        assert!(message.contains(&expected), "{message}");
    }
}

#[test]
fn damage_is_located() {
    assert!(
        error(b"PK\x03\x04 something else")
            .contains("byte 0: the header's length should be at most 11")
    );
    let mut bytes = small().to_bytes();
    let at = bytes.windows(9).position(|w| w == b"\"crc32\":\"").unwrap() + 9;
    *bytes.last_mut().unwrap() ^= 1;
    let expected = format!("byte {at}: the checksum of the file should be ");
    assert!(error(&bytes).contains(&expected), "{}", error(&bytes));

    // Two sections of one name leave bytes that belong to none.
    let tensor =
        |from, to| format!(r#","a":{{"dtype":"U8","shape":[1],"data_offsets":[{from},{to}]}}"#);
    let twice = [tensor(0, 1), tensor(1, 2)].concat();
    assert!(
        error(&container(&twice, &[1, 2]))
            .contains("byte 8: the header should be one of safetensors")
    );
    let mut bytes = container(&tensor(0, 1), &[1]);
    let at = bytes.windows(3).position(|w| w == b"\"a\"").unwrap();
    bytes[at + 1] = 0xff;
    assert!(error(&seal(bytes)).contains("byte 8: the header should be one of safetensors"));
}

#[test]
fn another_version_is_told_apart_from_damage() {
    let bytes = with_version(small().to_bytes(), b'2');
    let error = Checkpoint::from_bytes("checkpoint", bytes).unwrap_err();
    assert!(matches!(error, FormatError::Version { .. }));
    assert!(error.to_string().contains("version 2"), "{error}");
    assert!(error.to_string().contains("reads version 1"), "{error}");
    let error = Checkpoint::from_bytes("checkpoint", &b"BPCKPT\x01\x00\x00"[..]).unwrap_err();
    assert!(
        matches!(error, FormatError::OldCheckpoint { .. }),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "the name of a section")]
fn a_section_does_not_take_the_name_of_the_metadata() {
    Checkpoint::new().insert("__metadata__", vec![]);
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

/// A reader that opens the file while it is written anew, again and again, finds the old or the new one.
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

#[test]
fn a_checkpoint_is_no_network_and_a_network_no_checkpoint() {
    let bytes = small().to_bytes();
    let expected = "m should hold a network but holds a checkpoint; give the file of a network";
    let model = Model::<f32>::from_bytes("m", &bytes).unwrap_err();
    assert_eq!(model.to_string(), expected);
    assert_eq!(dtype_of("m", &bytes).unwrap_err().to_string(), expected);
    let network = Sequential::<f32>::new(1, [linear(1)], 0).unwrap();
    let model = Model::new(network, ModelInfo::default()).unwrap();
    assert_eq!(
        error(&model.to_bytes().unwrap()),
        "run/checkpoint should hold a checkpoint but holds a network or something else; give the \
         file of a checkpoint"
    );
}
