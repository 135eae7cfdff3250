use std::io;

use backprop_data::DataError;

/// The reason why a named data set cannot be loaded or downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A file of a data set is not in the data set's folder.
    #[error("{folder} holds neither {file} nor {file}.gz; download the data set into it first")]
    NotFound {
        /// The folder of the data set.
        folder: String,
        /// The file's name.
        file: &'static str,
    },
    /// A file of a data set cannot be read, or holds other data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file under a name of the data set holds other data.
    #[error(transparent)]
    OtherData(DataError),
    /// The system cannot create, read or write a file or a folder.
    #[error(
        "{path} cannot be {action}: {reason}; check that the disk has space and the folder can be written"
    )]
    Io {
        /// The file or folder.
        path: String,
        /// The action that failed, such as "written".
        action: &'static str,
        /// The system's message.
        reason: io::Error,
    },
    /// The bytes of a file have another SHA-256 than the published one.
    #[error("{file} has the SHA-256 {found}, not {expected}; it is not kept, try another source")]
    Checksum {
        /// The file's name, or the address that the bytes came from.
        file: String,
        /// The published SHA-256, in hexadecimal.
        expected: String,
        /// The SHA-256 of the bytes received, in hexadecimal.
        found: String,
    },
    /// A source that has no package of the data set was chosen.
    #[error("{source_name} has no package of {dataset}; choose the source auto or https")]
    NoPackage {
        /// The source's name.
        source_name: &'static str,
        /// The data set's name.
        dataset: &'static str,
    },
    /// A mirror does not answer, or its answer breaks off.
    #[error("{url}: {reason}; check the connection or choose another source")]
    Http {
        /// The address.
        url: String,
        /// The message of the HTTP client or of the system.
        reason: String,
    },
    /// A package manager cannot be started, or fails.
    #[error("{command} {problem}; check that the program is installed and the connection works")]
    Command {
        /// The command line.
        command: String,
        /// The problem, with the last line that the program wrote to its error stream.
        problem: String,
    },
    /// An archive is damaged, or lacks a file of the data set.
    #[error("{archive}: expected {expected}, found {found}; choose another source")]
    Archive {
        /// The archive.
        archive: String,
        /// The expected content.
        expected: String,
        /// The content found.
        found: String,
    },
    /// No source gave the whole data set.
    #[error(
        "{dataset} cannot be downloaded ({}); check the connection, or put its files into {folder}",
        list(attempts)
    )]
    NoSource {
        /// The data set's name.
        dataset: &'static str,
        /// The folder of the data set.
        folder: String,
        /// The name of each source that was tried, with its error.
        attempts: Vec<(&'static str, DatasetError)>,
    },
}

/// `name: error; name: error`
fn list(attempts: &[(&'static str, DatasetError)]) -> String {
    let each = attempts
        .iter()
        .map(|(name, error)| format!("{name}: {error}"));
    each.collect::<Vec<_>>().join("; ")
}
