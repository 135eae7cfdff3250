use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use crc32fast::Hasher;

use crate::error::list;
use crate::files::{fill, grow, open_limited};
use crate::{FormatError, write_atomic};

const MAGIC: [u8; 6] = *b"BPCKPT";
const VERSION: u16 = 1;
/// The magic, the version and the number of sections.
const HEADER: usize = 12;
/// The lengths and the checksum of a section without name and data.
const SECTION: usize = 16;
const CHECKSUM: usize = 4;

/// Named sections of bytes that are written and read back as one file, or not at all.
///
/// The sections mean something to the program that saves them alone. All numbers are little-endian, every checksum
/// is the CRC-32 of zip and PNG, and the sections are in the order of their names, so the same
/// content gives the same file:
///
/// | bytes | content |
/// | --- | --- |
/// | 6 | the magic `BPCKPT` |
/// | 2 | the version, 1 |
/// | 4 | the number of sections |
/// | | *for each section:* |
/// | 4 | the length `n` of its name |
/// | `n` | its name in UTF-8 |
/// | 8 | the length `d` of its data |
/// | 4 | the checksum of its name and data |
/// | `d` | its data |
/// | | *at the end:* |
/// | 4 | the checksum of everything before |
///
/// The checksum of a section tells which one is damaged, the last one that nothing else is.
///
/// ```
/// use backprop_formats::Checkpoint;
///
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.insert("epoch", vec![5]);
/// let bytes = checkpoint.to_bytes();
/// let back = Checkpoint::from_bytes("checkpoint", &bytes)?;
/// assert_eq!(back.require("epoch")?, [5]);
/// assert!(Checkpoint::from_bytes("checkpoint", &bytes[1..]).is_err());
/// # Ok::<(), backprop_formats::FormatError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// The file it was read from, for errors.
    file: Option<String>,
    sections: BTreeMap<String, Vec<u8>>,
}

impl Checkpoint {
    /// Without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a section, or replaces the one of this name.
    pub fn insert(&mut self, name: impl Into<String>, data: Vec<u8>) {
        self.sections.insert(name.into(), data);
    }

    /// The data of a section, if it is there.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.sections.get(name).map(Vec::as_slice)
    }

    /// The data of a section that has to be there.
    ///
    /// # Errors
    /// If it is not.
    pub fn require(&self, name: &str) -> Result<&[u8], FormatError> {
        self.get(name).ok_or_else(|| FormatError::NoSection {
            file: self.file.clone().unwrap_or("the checkpoint".to_owned()),
            name: name.to_owned(),
            present: list(self.sections.keys().map(String::as_str)),
        })
    }

    /// The names of the sections, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().map(String::as_str)
    }

    /// The file's bytes.
    ///
    /// # Panics
    /// If there are 2^32 sections, or a name of 2^32 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = |n: usize| u32::try_from(n).expect("below 2^32").to_le_bytes();
        let sections = self.sections.iter();
        let size: usize = sections.map(|(n, d)| SECTION + n.len() + d.len()).sum();
        let mut bytes = Vec::with_capacity(HEADER + size + CHECKSUM);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(length(self.sections.len()));
        for (name, data) in &self.sections {
            bytes.extend(length(name.len()));
            bytes.extend(name.as_bytes());
            bytes.extend((data.len() as u64).to_le_bytes());
            bytes.extend(checksum(name.as_bytes(), data).to_le_bytes());
            bytes.extend(data);
        }
        let all = crc32fast::hash(&bytes);
        bytes.extend(all.to_le_bytes());
        bytes
    }

    /// Reads a file's bytes; `file` is what errors call it.
    ///
    /// # Errors
    /// If the bytes differ from what was written, in length or anywhere; the message tells where.
    pub fn from_bytes(file: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        let path = Path::new(file);
        Reader::new(file, path, bytes, bytes.len() as u64).checkpoint()
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// As [`write_atomic`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FormatError> {
        write_atomic(path, &self.to_bytes())
    }

    /// Reads a file of at most `max_bytes`, and allocates no more than that for its content.
    ///
    /// # Errors
    /// If the file cannot be read, is larger, or differs from what was written.
    pub fn load(path: impl AsRef<Path>, max_bytes: u64) -> Result<Self, FormatError> {
        let path = path.as_ref();
        let (file, length) = open_limited(path, max_bytes)?;
        Reader::new(&path.display().to_string(), path, file, length).checkpoint()
    }
}

fn checksum(name: &[u8], data: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(name);
    hasher.update(data);
    hasher.finalize()
}

/// Reads from the front, keeping count of where it is and what is left.
struct Reader<'a, R> {
    file: &'a str,
    path: &'a Path,
    source: R,
    offset: u64,
    length: u64,
    hasher: Hasher,
}

impl<'a, R: Read> Reader<'a, R> {
    fn new(file: &'a str, path: &'a Path, source: R, length: u64) -> Self {
        Reader {
            file,
            path,
            source,
            offset: 0,
            length,
            hasher: Hasher::new(),
        }
    }

    fn checkpoint(mut self) -> Result<Checkpoint, FormatError> {
        self.header()?;
        let count = self.number::<4>("the number of sections")?;
        let mut sections = BTreeMap::new();
        for _ in 0..count {
            let start = self.offset;
            let (name, data) = self.section()?;
            if sections.contains_key(&name) {
                let found = format!("a second \"{name}\"");
                return Err(self.damaged(start, "a section's name", "a new one", found));
            }
            sections.insert(name, data);
        }
        let (start, expected) = (self.offset, self.hasher.clone().finalize());
        let found = self.number::<4>("the checksum of the file")? as u32;
        if found != expected {
            return Err(self.mismatch(start, "the checksum of the file", expected, found));
        }
        let mut next = [0];
        let more = fill(&mut self.source, &mut next);
        let more = more.map_err(|source| FormatError::io("read", self.path, source))?;
        if more > 0 {
            let (expected, found) = (format!("byte {}", self.offset), "further on");
            return Err(self.damaged(self.offset, "the end of the file", expected, found));
        }
        Ok(Checkpoint {
            file: Some(self.file.to_owned()),
            sections,
        })
    }

    fn header(&mut self) -> Result<(), FormatError> {
        let magic = self.bytes("the magic", MAGIC.len() as u64)?;
        if magic != MAGIC {
            let found = format!("\"{}\"", magic.escape_ascii());
            return Err(self.damaged(0, "the first bytes", "\"BPCKPT\"", found));
        }
        let version = self.number::<2>("the version")? as u16;
        if version == VERSION {
            Ok(())
        } else {
            Err(FormatError::Version {
                file: self.file.to_owned(),
                found: version.to_string(),
                expected: "1",
            })
        }
    }

    fn section(&mut self) -> Result<(String, Vec<u8>), FormatError> {
        let length = self.number::<4>("the length of a section's name")?;
        let start = self.offset;
        let name = self.bytes("a section's name", length)?;
        let length = self.number::<8>("the length of a section's data")?;
        let at = self.offset;
        let found = self.number::<4>("the checksum of a section")? as u32;
        let data = self.bytes("a section's data", length)?;
        let expected = checksum(&name, &data);
        if found != expected {
            return Err(self.mismatch(at, "the checksum of a section", expected, found));
        }
        match String::from_utf8(name) {
            Ok(name) => Ok((name, data)),
            Err(error) => Err(self.damaged(start, "a section's name", "UTF-8", error.utf8_error())),
        }
    }

    /// The next `N` bytes as a number.
    fn number<const N: usize>(&mut self, what: &'static str) -> Result<u64, FormatError> {
        let mut number = [0; 8];
        self.read(what, N as u64, &mut number[..N])?;
        Ok(u64::from_le_bytes(number))
    }

    /// The next `length` bytes, if there are as many.
    fn bytes(&mut self, what: &'static str, length: u64) -> Result<Vec<u8>, FormatError> {
        self.check(what, length)?;
        let mut bytes = Vec::new();
        let space = usize::try_from(length).map_err(|_| std::io::ErrorKind::OutOfMemory.into());
        space
            .and_then(|length| grow(&mut bytes, length))
            .map_err(|source| FormatError::io("read", self.path, source))?;
        self.read(what, length, &mut bytes)?;
        Ok(bytes)
    }

    fn read(
        &mut self,
        what: &'static str,
        length: u64,
        buffer: &mut [u8],
    ) -> Result<(), FormatError> {
        self.check(what, length)?;
        let count = fill(&mut self.source, buffer)
            .map_err(|source| FormatError::io("read", self.path, source))?;
        if count < buffer.len() {
            // The file has become shorter since it was opened.
            self.length = self.offset + count as u64;
            return self.check(what, length);
        }
        self.hasher.update(buffer);
        self.offset += length;
        Ok(())
    }

    /// That `length` bytes are left.
    fn check(&self, what: &'static str, length: u64) -> Result<(), FormatError> {
        let left = self.length - self.offset;
        if length <= left {
            return Ok(());
        }
        let (expected, found) = (format!("{length} bytes"), format!("{left} bytes, cut off"));
        Err(self.damaged(self.offset, what, expected, found))
    }

    fn mismatch(&self, offset: u64, what: &'static str, expected: u32, found: u32) -> FormatError {
        let hex = |crc| format!("{crc:08x}");
        self.damaged(offset, what, hex(expected), hex(found))
    }

    fn damaged(
        &self,
        offset: u64,
        what: &'static str,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> FormatError {
        FormatError::damaged(self.file, offset, what, expected, found)
    }
}
