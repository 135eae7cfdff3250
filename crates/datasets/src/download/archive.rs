//! Files in a tar archive.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use super::event::Progress;
use super::store::{keep, missing, packed_limit, unpack};
use crate::DatasetError;
use crate::mnist::File;

/// Keeps those entries of an archive, plain or `.gz`, that are missing ones of `files`; `name` is for
/// errors.
pub(super) fn keep_from_tar(
    name: &str,
    archive: impl Read,
    files: &[File],
    folder: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), DatasetError> {
    let damaged = |error: std::io::Error| DatasetError::Archive {
        archive: name.to_owned(),
        expected: "a tar archive".to_owned(),
        found: format!("damage ({error})"),
    };
    let mut wanted = missing(folder, files);
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        let is_packed = path.extension() == Some(OsStr::new("gz"));
        let entry_name = if is_packed {
            path.file_stem()
        } else {
            path.file_name()
        };
        let is_entry = |file: &&File| entry_name == Some(OsStr::new(file.name));
        let Some(index) = wanted.iter().position(is_entry) else {
            continue;
        };
        let file = wanted.remove(index);
        let mut bytes = Vec::new();
        let mut contents = entry.by_ref().take(packed_limit(file));
        contents.read_to_end(&mut bytes).map_err(damaged)?;
        let bytes = if is_packed {
            unpack(file, &bytes)?
        } else {
            bytes
        };
        keep(folder, file, &bytes, progress)?;
    }
    match wanted.first() {
        None => Ok(()),
        Some(file) => Err(DatasetError::Archive {
            archive: name.to_owned(),
            expected: format!("the file {}", file.name),
            found: "an archive without it".to_owned(),
        }),
    }
}
