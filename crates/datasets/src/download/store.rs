//! Checksums, and files that appear whole or not at all.

use std::fs::File as Handle;
use std::io::{self, Read, Write};
use std::path::Path;

use backprop_formats::{FormatError, write_atomic};
use flate2::read::MultiGzDecoder;
use ring::digest::{Context, SHA256};

use super::event::{Event, Progress};
use crate::DatasetError;
use crate::mnist::File;

/// Bytes that a compressed file may have more than its unpacked contents.
const PACKED_SLACK: u64 = 1 << 20;

/// The largest number of bytes that the compressed form of a file is read to.
pub(super) fn packed_limit(file: &File) -> u64 {
    file.raw_bytes + PACKED_SLACK
}

/// Returns true if the unpacked file is in the folder and has the published SHA-256.
pub(super) fn is_whole(folder: &Path, file: &File) -> bool {
    let found = Handle::open(folder.join(file.name)).and_then(sha256);
    found.is_ok_and(|found| found == file.raw_sha256)
}

/// The files that are missing in the folder, or damaged.
pub(super) fn missing<'f>(folder: &Path, files: &'f [File]) -> Vec<&'f File> {
    files
        .iter()
        .filter(|file| !is_whole(folder, file))
        .collect()
}

/// Checks the unpacked bytes of a file, and places them in the folder, whole or not at all.
pub(super) fn keep(
    folder: &Path,
    file: &File,
    bytes: &[u8],
    progress: &mut Progress<'_>,
) -> Result<(), DatasetError> {
    check(file.name, bytes, file.raw_sha256)?;
    let path = folder.join(file.name);
    write_atomic(&path, bytes).map_err(|error| DatasetError::Io {
        path: path.display().to_string(),
        action: "written",
        reason: match error {
            FormatError::Io { source, .. } => source,
            other => io::Error::other(other),
        },
    })?;
    progress(Event::FileKept { file: file.name });
    Ok(())
}

/// Compares the SHA-256 of bytes with the published one.
pub(super) fn check(name: &str, bytes: &[u8], expected: &str) -> Result<(), DatasetError> {
    let found = sha256(bytes).expect("memory can be read");
    if found == expected {
        return Ok(());
    }
    Err(DatasetError::Checksum {
        file: name.to_owned(),
        expected: expected.to_owned(),
        found,
    })
}

/// The SHA-256 of all bytes that a reader gives, in hexadecimal.
///
/// ```
/// // FIPS 180-4, the first example of SHA-256.
/// assert_eq!(
///     backprop_datasets::sha256(&b"abc"[..])?,
///     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
/// );
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If the reader fails.
pub fn sha256(mut bytes: impl Read) -> io::Result<String> {
    let mut hasher = Hasher(Context::new(&SHA256));
    io::copy(&mut bytes, &mut hasher)?;
    let digest = hasher.0.finish();
    Ok(digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// A digest that bytes are written to.
struct Hasher(Context);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The contents of a file compressed with gzip, read to the file's size at most.
pub(super) fn unpack(file: &File, packed: &[u8]) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    // One byte more than the file's size, so that longer contents fail their checksum.
    let decoder = MultiGzDecoder::new(packed).take(file.raw_bytes + 1);
    let read = { decoder }.read_to_end(&mut bytes);
    read.map_err(|error| DatasetError::Archive {
        archive: format!("{}.gz", file.name),
        expected: "gzip data".to_owned(),
        found: format!("damage after {} unpacked bytes ({error})", bytes.len()),
    })?;
    Ok(bytes)
}
