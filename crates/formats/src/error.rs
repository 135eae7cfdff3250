use std::fmt::Display;
use std::path::{Path, PathBuf};

use backprop_layers::BuildError;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Rows of another width than a model takes.
    #[error("the model takes {expected} inputs a row, but the rows have {found}")]
    InputWidth {
        /// The inputs of the network.
        expected: usize,
        /// The width of the rows.
        found: usize,
    },
    /// A row for which the network gives no number, so that no class is the largest.
    #[error("the network's output for row {row} is not a number; look for NaN in that row")]
    NotANumber {
        /// The row, from 0.
        row: usize,
    },
    /// The system refused.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// The action that was tried, as in "create a temporary file for".
        action: &'static str,
        /// The file it was for.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A path leads to a folder, or names no file.
    #[error("cannot {action} {}: {reason}; give the path of a file", .path.display())]
    NotAFile {
        /// The action that was tried.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The kind of thing that the path names instead.
        reason: &'static str,
    },
    /// The file is larger than the caller allows.
    #[error("{} is larger than the limit of {limit} bytes; raise it if the file is meant to be so large", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The bytes are not what the format says.
    #[error(
        "{file}, byte {offset}: {what} should be {expected} but is {found}; \
         the file is damaged or of another format, use another copy"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Where, in bytes from the start of the file.
        offset: u64,
        /// The part of the file that was read there.
        what: &'static str,
        /// The expected contents.
        expected: String,
        /// The contents.
        found: String,
    },
    /// The file is of a version of the format that this crate does not know.
    #[error(
        "{file} is of version {found} of its format but this program reads version {expected}; \
         use the program that wrote it, or a newer one"
    )]
    Version {
        /// The file.
        file: String,
        /// The version of the file.
        found: String,
        /// The version that can be read.
        expected: &'static str,
    },
    /// A file holds something else than what was asked for.
    #[error("{file} should hold {expected} but holds {found}; give the file of {expected}")]
    Contents {
        /// The file.
        file: String,
        /// The contents asked for.
        expected: &'static str,
        /// The contents of the file.
        found: &'static str,
    },
    /// A checkpoint is of a version from before checkpoints were safetensors files.
    #[error(
        "{file} is a checkpoint of an earlier version, which this version cannot resume; \
         resume it with the version that wrote it, or train anew"
    )]
    OldCheckpoint {
        /// The file.
        file: String,
    },
    /// A checkpoint has no section of this name.
    #[error("{file} has no section \"{name}\", only {present}; it was written by another program")]
    NoSection {
        /// The checkpoint.
        file: String,
        /// The name asked for.
        name: String,
        /// The names that are there.
        present: String,
    },
    /// A metadata entry of a safetensors file cannot be used.
    #[error(
        "{file}: the metadata entry \"{key}\" {problem}; to read a file of another program, \
         build the network and use load_parameters"
    )]
    Metadata {
        /// The file.
        file: String,
        /// The entry's name.
        key: &'static str,
        /// The fault.
        problem: String,
    },
    /// A safetensors file without a description of its network.
    #[error(
        "{file} was written by another program: give its layers to Model::from_parameters, or build \
         the network and use load_parameters; it has {present}"
    )]
    OtherProgram {
        /// The file.
        file: String,
        /// Its layers, with the shapes of their parameters.
        present: String,
    },
    /// A parameter of the network is not in the file.
    #[error(
        "{file} has no tensor for the parameter {parameter} of shape {expected}, only {present}; \
         it is of another network"
    )]
    Missing {
        /// The file.
        file: String,
        /// The parameter, such as `0.weight`.
        parameter: String,
        /// Its shape.
        expected: String,
        /// The tensors that are there.
        present: String,
    },
    /// The file has a tensor that is no parameter of the network.
    #[error(
        "{file} has a tensor {tensor} of shape {found} but the network has no such parameter; \
         it is of another network"
    )]
    Unexpected {
        /// The file.
        file: String,
        /// The tensor's name.
        tensor: String,
        /// Its shape.
        found: String,
    },
    /// A tensor has another shape than the parameter.
    #[error(
        "{file}: the parameter {parameter} has the shape {expected} but the file's tensor {found}; \
         it is of another network"
    )]
    Shape {
        /// The file.
        file: String,
        /// The parameter.
        parameter: String,
        /// Its shape in the network.
        expected: String,
        /// Its shape in the file.
        found: String,
    },
    /// The layers of a file have other names than those of the network.
    #[error(
        "{file} names its layers otherwise than the network: {}", 
        other_names(present, expected, proposal.as_deref())
    )]
    OtherNames {
        /// The file.
        file: String,
        /// The layers of the file, with the shapes of their parameters.
        present: String,
        /// The layers of the network, with the shapes of their parameters.
        expected: String,
        /// The [`Rename`](crate::Rename) that is the only way in which the shapes fit, as text.
        proposal: Option<String>,
    },
    /// A text is no list of names of layers.
    #[error(
        "\"{entry}\" {problem}; write NAME=NUMBER,NAME=NUMBER: a layer of the file, and the layer of the \
         network that it is, such as fc1=0,fc2=3"
    )]
    RenameEntry {
        /// The entry of the list.
        entry: String,
        /// The fault.
        problem: String,
    },
    /// The layers of a file cannot be taken for those of the network.
    #[error("{file}: {problem}")]
    Parameters {
        /// The file.
        file: String,
        /// The fault, and what to do.
        problem: String,
    },
    /// A tensor is not of floating point numbers.
    #[error(
        "{file}: the tensor {parameter} is of type {found}; convert it to F32, F64, F16 or BF16"
    )]
    NumberType {
        /// The file.
        file: String,
        /// The tensor.
        parameter: String,
        /// Its number type.
        found: String,
    },
    /// A value is not finite, or not in the number type asked for.
    #[error(
        "{file}: value {index} of the parameter {parameter} is {value}, which is not a finite \
         {precision}; use a network saved before it diverged, or load it as f64"
    )]
    NotFinite {
        /// The file.
        file: String,
        /// The parameter.
        parameter: String,
        /// The value's place in row-major order, from 0.
        index: usize,
        /// The value.
        value: f64,
        /// The number type asked for.
        precision: &'static str,
    },
    /// The network has a layer that this crate cannot build.
    #[error(
        "{file}: layer {index} is \"{name}\", a layer of your own; \
         build the network with Sequential::from_layers and use load_parameters"
    )]
    Custom {
        /// The file.
        file: String,
        /// The layer's place, from 0.
        index: usize,
        /// The layer's name.
        name: String,
    },
    /// The layers that the file lists make no network.
    #[error("{file}: {source}")]
    Build {
        /// The file.
        file: String,
        /// The fault.
        source: BuildError,
    },
    /// The network or its description cannot be saved as it is.
    #[error("cannot save {file}: {problem}")]
    Unsavable {
        /// The file.
        file: String,
        /// The reason, and what to do.
        problem: String,
    },
}

impl FormatError {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        FormatError::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn damaged(
        file: &str,
        offset: u64,
        what: &'static str,
        expected: impl Display,
        found: impl Display,
    ) -> Self {
        FormatError::Damaged {
            file: file.to_owned(),
            offset,
            what,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

/// The layers of both sides, or the names that make them agree.
fn other_names(present: &str, expected: &str, proposal: Option<&str>) -> String {
    match proposal {
        Some(rename) => format!(
            "give Model::from_parameters or load_matching_parameters the Rename \"{rename}\""
        ),
        None => format!(
            "it has {present}, and the network {expected}; say with a Rename which is which"
        ),
    }
}

/// A shape as it is written: `(10, 128)`.
pub(crate) fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}

/// The names as a list for an error, the first few of many.
pub(crate) fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let count = names.len();
    if count == 0 {
        return "none".to_owned();
    }
    let mut shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if count > SHOWN {
        shown.push_str(&format!(" and {} more", count - SHOWN));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_the_first_of_many_names() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
        let listed = |count: usize| list(names[..count].iter().copied());
        assert_eq!(listed(0), "none");
        assert_eq!(listed(1), "a");
        assert_eq!(listed(8), "a, b, c, d, e, f, g, h");
        assert_eq!(listed(9), "a, b, c, d, e, f, g, h and 1 more");
        assert_eq!(listed(11), "a, b, c, d, e, f, g, h and 3 more");
    }
}
