//! Writing whole or not at all, and reading within a limit.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use backprop_data::{DataError, Limits, read_file};
use tempfile::{NamedTempFile, TempPath};

use crate::FormatError;

/// How the names of temporary files begin and end, so that a killed process's are recognised.
const TEMPORARY: (&str, &str) = (".backprop-", ".tmp");

/// Writes a file so that it appears whole or not at all.
///
/// The bytes go to a temporary file in the same folder, `.backprop-RANDOM.tmp`, which is synced to the
/// disk and then renamed over `path`; then the folder is synced, where the system can. On failure the
/// temporary file is removed and an older file at `path` is as it was. A process that is killed
/// leaves its temporary file: see [`remove_leftovers`].
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("notes");
/// backprop_formats::write_atomic(&path, b"old")?;
/// backprop_formats::write_atomic(&path, b"new")?;
/// assert_eq!(std::fs::read(&path)?, b"new");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the folder is missing or read-only, the disk is full, or `path` is a folder. If only the
/// last step fails, the sync of the folder, the new file is in place but a power failure could
/// undo that.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), FormatError> {
    write_on(&RealFs, path.as_ref(), bytes)
}

/// The calls to the system that can fail half way. The tests let each of them fail.
trait FileSystem {
    fn write(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()>;
    fn sync(&self, file: &File) -> std::io::Result<()>;
    fn rename(&self, from: TempPath, to: &Path) -> std::io::Result<()>;
    fn sync_folder(&self, folder: &Path) -> std::io::Result<()>;
}

struct RealFs;

impl FileSystem for RealFs {
    fn write(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> std::io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: TempPath, to: &Path) -> std::io::Result<()> {
        Ok(from.persist(to)?)
    }

    fn sync_folder(&self, folder: &Path) -> std::io::Result<()> {
        sync_folder(folder)
    }
}

fn write_on(disk: &impl FileSystem, path: &Path, bytes: &[u8]) -> Result<(), FormatError> {
    let not_a_file = |reason| FormatError::NotAFile {
        action: "write",
        path: path.to_owned(),
        reason,
    };
    if path.file_name().is_none() {
        return Err(not_a_file("it names no file"));
    }
    if path.is_dir() {
        return Err(not_a_file("it is a folder"));
    }
    let folder = folder_of(path);
    let failed = |action| move |source| FormatError::io(action, path, source);
    let temporary = temporary_file(folder);
    let (mut file, temporary) = temporary
        .map_err(failed("create a temporary file in the folder of"))?
        .into_parts();
    disk.write(&mut file, bytes)
        .map_err(failed("write the temporary file for"))?;
    disk.sync(&file)
        .map_err(failed("sync the temporary file for"))?;
    drop(file); // Some systems do not rename an open file.
    disk.rename(temporary, path)
        .map_err(failed("rename the temporary file to"))?;
    disk.sync_folder(folder)
        .map_err(failed("sync the folder of"))
}

/// The folder of a file, which can be opened.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A new file with the permissions of any other new file; it is removed unless it is renamed.
fn temporary_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system takes away from these what its umask says.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(without_path)
}

/// The error of the system in an error of `tempfile`, which adds the path: ours names the file itself.
fn without_path(error: std::io::Error) -> std::io::Error {
    let source = error.get_ref().and_then(std::error::Error::source);
    let source = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    let code = source.and_then(std::io::Error::raw_os_error);
    code.map_or(error, std::io::Error::from_raw_os_error)
}

/// Whether a file is one that [`write_atomic`] writes before it renames it: of a process that is
/// writing, or of one that was killed.
///
/// ```
/// use backprop_formats::is_temporary;
///
/// assert!(is_temporary("runs/digits/.backprop-x7Tq2a.tmp".as_ref()));
/// assert!(!is_temporary("runs/digits/model.safetensors".as_ref()));
/// ```
pub fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1))
}

/// Removes the temporary files that killed processes left in a folder. The caller makes sure, by a
/// lock for instance, that no other process is writing there; files that cannot be removed stay and do no
/// harm.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// std::fs::write(folder.join(".backprop-x7Tq2a.tmp"), "half a checkp")?;
/// std::fs::write(folder.join("checkpoint"), "a whole one")?;
/// backprop_formats::remove_leftovers(folder);
/// assert_eq!(std::fs::read_dir(folder)?.count(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // A folder that may be written but not read cannot be opened.
    match File::open(folder) {
        Ok(folder) => unless_unsupported(folder.sync_all()),
        Err(_) => Ok(()),
    }
}

/// Without the error of a file system that does not know how to sync a folder.
#[cfg(unix)]
fn unless_unsupported(result: std::io::Result<()>) -> std::io::Result<()> {
    let is_unsupported = |kind| matches!(kind, ErrorKind::InvalidInput | ErrorKind::Unsupported);
    match result {
        Err(error) if is_unsupported(error.kind()) => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Reads a whole file of at most `max_bytes`, and never allocates more than that for it.
///
/// # Errors
/// If the file is missing, cannot be read, is a folder or is larger.
pub fn read_limited(path: impl AsRef<Path>, max_bytes: u64) -> Result<Vec<u8>, FormatError> {
    let path = path.as_ref();
    read_file(path, Limits { max_bytes }).map_err(|error| match error {
        DataError::Folder { .. } => FormatError::NotAFile {
            action: "read",
            path: path.to_owned(),
            reason: "it is a folder",
        },
        DataError::TooLarge { limit, .. } => FormatError::TooLarge {
            path: path.to_owned(),
            limit,
        },
        DataError::Io {
            action: "opened",
            source,
            ..
        } => FormatError::io("open", path, source),
        DataError::Io { source, .. } => FormatError::io("read", path, source),
        other => FormatError::io("read", path, std::io::Error::other(other)),
    })
}

#[cfg(test)]
mod tests;
