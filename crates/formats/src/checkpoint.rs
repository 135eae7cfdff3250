use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use crate::container::{CHECKPOINT, CONTENTS};
use crate::error::list;
use crate::safetensors_file::SafetensorsFile;
use crate::safetensors_writer::{TensorToWrite, write};
use crate::{FormatError, read_limited, write_atomic};

/// The name that the container keeps for its metadata.
const METADATA: &str = "__metadata__";

/// Named sections of bytes that are written and read back as one file, or not at all.
///
/// The file is of the same container as a [`Model`](crate::Model): a safetensors file with a checksum, in which
/// every section is a tensor of type U8 and the metadata entry `contents` is `checkpoint`. The
/// sections are in the order of their names, so the same content gives the same file. The meaning of
/// a section belongs to the program that saves it.
///
/// ```
/// use backprop_formats::Checkpoint;
///
/// let mut checkpoint = Checkpoint::new();
/// checkpoint.insert("epoch", vec![5]);
/// let bytes = checkpoint.to_bytes();
/// let back = Checkpoint::from_bytes("checkpoint", &bytes[..])?;
/// assert_eq!(back.require("epoch")?, [5]);
/// assert!(Checkpoint::from_bytes("checkpoint", &bytes[1..]).is_err());
/// # Ok::<(), backprop_formats::FormatError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Checkpoint {
    /// The file it was read from, for errors.
    file: Option<String>,
    /// The bytes of that file, so that its sections need no memory of their own.
    bytes: Vec<u8>,
    sections: BTreeMap<String, Section>,
}

#[derive(Clone, Debug)]
enum Section {
    /// A range of the file.
    Read(Range<usize>),
    Inserted(Vec<u8>),
}

impl Checkpoint {
    /// A checkpoint without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a section, or replaces the one of this name.
    ///
    /// # Panics
    /// If the name is `__metadata__`, which the container keeps for itself.
    #[track_caller]
    pub fn insert(&mut self, name: impl Into<String>, data: Vec<u8>) {
        let name = name.into();
        assert_ne!(name, METADATA, "the name of a section");
        self.sections.insert(name, Section::Inserted(data));
    }

    /// The data of a section, if the checkpoint has it.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.sections.get(name).map(|section| self.data(section))
    }

    fn data<'a>(&'a self, section: &'a Section) -> &'a [u8] {
        match section {
            Section::Read(range) => &self.bytes[range.clone()],
            Section::Inserted(data) => data,
        }
    }

    /// The data of a section that the checkpoint must have.
    ///
    /// # Errors
    /// If the section is missing.
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

    /// The bytes of the file.
    ///
    /// # Panics
    /// If the names of the sections take more than a MiB.
    #[track_caller]
    pub fn to_bytes(&self) -> Vec<u8> {
        let sections = self.sections.iter();
        let tensors: Vec<_> = sections
            .map(|(name, section)| TensorToWrite::bytes(name, self.data(section)))
            .collect();
        write(&[(CONTENTS, CHECKPOINT.to_owned())], &tensors).expect("names of less than a MiB")
    }

    /// A checkpoint from the bytes of a file; `file` is the name of the file in errors.
    ///
    /// # Errors
    /// If the bytes differ from what was written, in length or anywhere, or hold something other than a
    /// checkpoint.
    pub fn from_bytes(file: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, FormatError> {
        let bytes = bytes.into();
        let sections = SafetensorsFile::sections(file, &bytes)?;
        let sections = sections.into_iter();
        Ok(Checkpoint {
            file: Some(file.to_owned()),
            sections: sections
                .map(|(n, range)| (n, Section::Read(range)))
                .collect(),
            bytes,
        })
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
        let bytes = read_limited(path, max_bytes)?;
        Self::from_bytes(&path.display().to_string(), bytes)
    }
}
