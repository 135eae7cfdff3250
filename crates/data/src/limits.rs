use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::DataError;

/// The first allocation for a file whose length the system does not tell.
const FIRST_CHUNK: usize = 1 << 13;

/// The most memory that reading a file may take: set by the caller, checked before it is allocated.
///
/// ```
/// use backprop_data::Limits;
///
/// assert_eq!(Limits::default().max_bytes, 1 << 30);
/// let small = Limits { max_bytes: 1_000_000 };
/// assert!(small.max_bytes < Limits::default().max_bytes);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that the unpacked contents may have. Reading holds no more than this at a
    /// time, apart from fixed buffers and, for compressed files, the moment in which a buffer
    /// moves to a larger one.
    pub max_bytes: u64,
}

impl Default for Limits {
    /// 1 GiB.
    fn default() -> Self {
        Limits { max_bytes: 1 << 30 }
    }
}

/// Reads a whole file of at most `limits.max_bytes`, and never allocates more than that for it.
///
/// The length that the system tells is only where the first allocation comes from: a pipe has none, and
/// a file may be written to meanwhile. The end is where reading finds it.
///
/// ```
/// use backprop_data::{Limits, read_file};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("digits.csv");
/// std::fs::write(&path, "x,y\n1,2\n")?;
/// assert_eq!(read_file(&path, Limits { max_bytes: 8 })?, b"x,y\n1,2\n");
/// assert!(read_file(&path, Limits { max_bytes: 7 }).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the file is missing, cannot be read, is a folder or is larger.
pub fn read_file(path: impl AsRef<Path>, limits: Limits) -> Result<Vec<u8>, DataError> {
    let path = path.as_ref();
    let file = || path.display().to_string();
    let limit = limits.max_bytes;
    let too_large = |needed| DataError::TooLarge {
        file: file(),
        needed,
        limit,
    };
    let (mut contents, length) = open(path)?;
    if let Some(length) = length.filter(|length| *length > limit) {
        return Err(too_large(length));
    }
    let bytes = read_all(&mut contents, length.unwrap_or(0), limit);
    let bytes = bytes.map_err(|source| DataError::Io {
        file: file(),
        action: "read",
        source,
    })?;
    bytes.ok_or_else(|| too_large(limit.saturating_add(1)))
}

/// Opens a file that is no folder, and tells its length if it has one.
pub(crate) fn open(path: &Path) -> Result<(File, Option<u64>), DataError> {
    let name = || path.display().to_string();
    let failed = |source| DataError::Io {
        file: name(),
        action: "opened",
        source,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(DataError::Folder { file: name() });
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok((File::open(path).map_err(failed)?, length))
}

/// All bytes of a file; `None` if there are more than `max_bytes`. `length` is a hint: what the system
/// says, at most `max_bytes`.
fn read_all(file: &mut impl Read, length: u64, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let limit = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut goal = usize::try_from(length).unwrap_or(limit);
    let (mut bytes, mut filled) = (Vec::new(), 0);
    loop {
        grow(&mut bytes, goal)?;
        fill(file, &mut bytes, &mut filled)?;
        bytes.truncate(filled);
        let (mut next, mut more) = ([0], 0);
        fill(file, &mut next, &mut more)?;
        if more == 0 {
            return Ok(Some(bytes));
        }
        if filled == limit {
            return Ok(None);
        }
        goal = filled.saturating_mul(2).max(FIRST_CHUNK).min(limit);
        grow(&mut bytes, goal)?;
        bytes[filled] = next[0];
        filled += 1;
    }
}

/// Reads until the buffer is full or the file ends. `filled` counts the bytes in the buffer, before and
/// after, and when reading fails too.
pub(crate) fn fill(
    file: &mut (impl Read + ?Sized),
    buffer: &mut [u8],
    filled: &mut usize,
) -> io::Result<()> {
    while *filled < buffer.len() {
        match file.read(&mut buffer[*filled..]) {
            Ok(0) => break,
            Ok(count) => *filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Allocates memory for exactly `more` elements, or says that there is none.
pub(crate) fn reserve<V>(values: &mut Vec<V>, more: usize) -> io::Result<()> {
    let reserved = values.try_reserve_exact(more);
    reserved.map_err(|_| ErrorKind::OutOfMemory.into())
}

/// Lengthens `bytes` with zeros, allocating no more than that takes.
fn grow(bytes: &mut Vec<u8>, length: usize) -> io::Result<()> {
    reserve(bytes, length - bytes.len())?;
    bytes.resize(length, 0);
    Ok(())
}

#[cfg(test)]
mod tests;
