//! Damaged, hostile and odd files.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::DataError;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn get(bytes: &[u8]) -> Result<Idx, DataError> {
    parse("a.idx", bytes, Limits::default())
}

fn refused(bytes: &[u8]) -> String {
    get(bytes).unwrap_err().to_string()
}

/// Writes `bytes` to a file, reads it with [`read`] and gives the error without the folder.
fn refused_file(bytes: &[u8], limits: Limits) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.idx");
    std::fs::write(&path, bytes).unwrap();
    let error = read(&path, limits).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "a.idx")
}

/// Small enough that all its truncations and changed bytes can be tried.
fn small() -> Vec<u8> {
    let values = Values::I16(vec![1, -2, 3, -4, 5, -6]);
    Idx {
        shape: vec![2, 3],
        values,
    }
    .to_bytes()
    .unwrap()
}

#[test]
fn every_truncation_is_an_error_that_says_where() {
    let plain = small();
    for end in 1..plain.len() {
        let message = refused(&plain[..end]);
        let place = format!("a.idx, byte {end}: expected ");
        assert!(message.starts_with(&place), "{message}");
        assert!(message.contains("found the end of the file"), "{message}");

        let message = refused_file(&plain[..end], Limits::default());
        assert!(message.starts_with(&place), "{message}");
    }
    let packed = gzip(&plain);
    for end in 1..packed.len() {
        refused(&packed[..end]);
    }
    let message = refused(&packed[..packed.len() - 1]);
    assert!(message.starts_with("a.idx: expected gzip data, found damage after 24 unpacked"));
}

#[test]
fn no_changed_byte_panics_and_no_changed_packed_byte_changes_the_array() {
    let limits = Limits { max_bytes: 1 << 16 };
    let (plain, array) = (small(), get(&small()).unwrap());
    let packed = gzip(&plain);
    for flip in 1..=255 {
        for at in 0..plain.len() {
            let mut bytes = plain.clone();
            bytes[at] ^= flip;
            let result = parse("a.idx", &bytes[..], limits);
            assert!(at >= 12 || result.is_err(), "byte {at} of the header");
            assert!(
                at < 12 || result.unwrap() != array,
                "byte {at} of the elements"
            );
        }
        for at in 0..packed.len() {
            let mut bytes = packed.clone();
            bytes[at] ^= flip;
            // Some bytes of a gzip header, such as the time, mean nothing to the contents.
            if let Ok(found) = parse("a.idx", &bytes[..], limits) {
                assert_eq!(found, array, "byte {at} changed by {flip:02x}");
            }
        }
    }
}

#[test]
fn what_is_not_idx_is_told_with_its_place() {
    assert_eq!(
        refused(&[]),
        "a.idx, byte 0: expected an IDX header, found an empty file; check that this is an IDX file"
    );
    assert_eq!(
        refused(b"\x89PNG\r\n"),
        "a.idx, byte 0: expected the bytes 00 00 that begin an IDX file, found 89 50; check that \
         this is an IDX file"
    );
    assert_eq!(
        refused(&[0, 0, 0x0a, 1]),
        "a.idx, byte 2: expected an element type (08, 09, 0b, 0c, 0d or 0e), found 0a; check that \
         this is an IDX file"
    );
    assert_eq!(
        refused(&gzip(&[0, 0, 7, 1])).split(':').next(),
        Some("a.idx (decompressed), byte 2"),
    );
    assert!(refused(&gzip(&[])).contains("expected an IDX header, found an empty file"));
}

#[test]
fn bytes_after_the_end_are_told() {
    let long = [small(), vec![0]].concat();
    let expected = "a.idx, byte 24: expected the end of the file, after 24 bytes, found ";
    assert!(refused(&long).starts_with(&format!("{expected}more bytes")));
    assert!(refused_file(&long, Limits::default()).starts_with(&format!("{expected}25 bytes")));
    let message = refused(&gzip(&long));
    assert!(
        message.starts_with(&expected.replace("idx,", "idx (decompressed),")),
        "{message}"
    );
    let message = refused(&[gzip(&small()), b"rest".to_vec()].concat());
    assert!(
        message.contains("expected gzip data, found damage after 24"),
        "{message}"
    );
}

#[test]
fn dimensions_that_overflow_are_refused() {
    for (dimensions, kind) in [(3, 8), (255, 8), (2, 0x0e)] {
        let mut bytes = vec![0, 0, kind, dimensions];
        bytes.extend(std::iter::repeat_n(0xff, 4 * usize::from(dimensions)));
        let message = refused(&bytes);
        let expected =
            "a.idx, byte 4: expected dimensions whose product fits in 64 bits, found (4294967295, ";
        assert!(message.starts_with(expected), "{message}");
        assert!(message.len() < 250, "{message}");
    }
}

#[test]
fn a_small_file_that_asks_for_terabytes_is_refused_by_its_size_and_by_the_limit() {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 0, 0, 0x2a, 0xab];
    bytes.resize(4096, 1);
    let unlimited = Limits {
        max_bytes: u64::MAX,
    };
    assert_eq!(
        refused_file(&bytes, unlimited),
        "a.idx, byte 4096: expected 2932031520784 bytes for u8 elements of shape (16384, 16384, \
         10923), found a file of 4096 bytes; fetch the file again"
            .replace(
                "2932031520784",
                &(16384_u64 * 16384 * 10923 + 16).to_string()
            )
    );
    // A stream has no known size: the limit holds, and without one the bytes that really come.
    let message = refused(&bytes);
    assert!(
        message.contains("more than the limit of 1073741824; raise max_bytes"),
        "{message}"
    );
    for bytes in [gzip(&bytes), bytes] {
        let message = parse("a.idx", &bytes[..], unlimited)
            .unwrap_err()
            .to_string();
        assert!(message.contains("byte 4096: expected 2932"), "{message}");
    }
}

#[test]
fn the_limit_is_on_unpacked_bytes_and_exact() {
    let bytes = small();
    for bytes in [gzip(&bytes), bytes] {
        assert!(parse("a.idx", &bytes[..], Limits { max_bytes: 24 }).is_ok());
        let limits = Limits { max_bytes: 23 };
        let expected = "a.idx asks for 24 bytes of memory, more than the limit of 23; raise \
                        max_bytes if the file is to be trusted";
        assert_eq!(
            parse("a.idx", &bytes[..], limits).unwrap_err().to_string(),
            expected
        );
        assert_eq!(refused_file(&bytes, limits), expected);
    }
}

#[test]
fn a_missing_file_and_a_folder_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    let message = read(&path, Limits::default()).unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("{} cannot be opened: ", path.display())),
        "{message}"
    );
    let message = read(folder.path(), Limits::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        format!("{} is a folder; name a file in it", folder.path().display())
    );
}

/// Gives one byte at a time, interrupts each, and breaks at the end.
struct Poor<'a>(&'a [u8], bool, bool);

impl Read for Poor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if self.0.is_empty() && self.2 {
            return Err(io::Error::other("the cable was pulled"));
        }
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn short_reads_and_interruptions_do_no_harm_and_errors_are_told() {
    let plain = small();
    let array = get(&plain).unwrap();
    for bytes in [gzip(&plain), plain] {
        let limits = Limits::default();
        assert_eq!(
            parse("a.idx", Poor(&bytes, false, false), limits).unwrap(),
            array
        );
        let error = parse("a.idx", Poor(&bytes, false, true), limits).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.idx cannot be read: the cable was pulled"
        );
    }
}

/// Breaks off with an error of this kind.
struct Broken(io::ErrorKind);

impl Read for Broken {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.0, "bad sector"))
    }
}

#[test]
fn an_error_of_a_plain_file_is_none_of_gzip_whatever_its_kind() {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    let plain = small();
    for kind in [InvalidData, InvalidInput, UnexpectedEof, Other] {
        let bytes = (&plain[..10]).chain(Broken(kind));
        let error = parse("a.idx", bytes, Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "a.idx cannot be read: bad sector");
    }
}

/// A reader that has to be asked for something.
struct Asked<'a>(&'a [u8]);

impl Read for Asked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a read of nothing");
        self.0.read(buffer)
    }
}

#[test]
fn nothing_is_read_into_a_buffer_that_is_full() {
    let plain = small();
    let array = parse("a.idx", Asked(&plain), Limits::default()).unwrap();
    assert_eq!(array, get(&plain).unwrap());
}
