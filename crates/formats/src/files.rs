//! Reading within a limit, and writing whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::FormatError;

/// Names that are tried for the temporary file before giving up: others may be left from a crash.
const ATTEMPTS: usize = 1000;

/// The first allocation for a file whose length the system does not tell.
const FIRST_CHUNK: usize = 1 << 13;

/// Writes a file so that it appears whole or not at all.
///
/// The bytes go to a temporary file in the same folder (its name starts with a dot and contains
/// the process id), which is synced to the disk and then renamed over `path`; then the folder is
/// synced, where the system can. On failure the temporary file is removed and an older file at
/// `path` is as it was.
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
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()>;
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

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        fs::rename(from, to)
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
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |action| move |source| FormatError::io(action, path, source);
    let (temporary, mut file) =
        Temporary::create(folder).map_err(failed("create a temporary file in the folder of"))?;
    disk.write(&mut file, bytes)
        .map_err(failed("write the temporary file for"))?;
    disk.sync(&file)
        .map_err(failed("sync the temporary file for"))?;
    drop(file); // Some systems do not rename an open file.
    temporary
        .rename(disk, path)
        .map_err(failed("rename the temporary file to"))?;
    disk.sync_folder(folder)
        .map_err(failed("sync the folder of"))
}

/// A file that is removed when it goes out of scope, unless it was renamed.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn create(folder: &Path) -> std::io::Result<(Self, File)> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        for _ in 0..ATTEMPTS {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!(".backprop-{}-{number}.tmp", std::process::id());
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    let renamed = false;
                    return Ok((Temporary { path, renamed }, file));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn rename(mut self, disk: &impl FileSystem, to: &Path) -> std::io::Result<()> {
        disk.rename(&self.path, to)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // There is nothing more to do about it: the error that led here is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // A folder that may be written but not read cannot be opened, and not every file system
    // knows how to sync one.
    let Ok(folder) = File::open(folder) else {
        return Ok(());
    };
    match folder.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
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
    let (mut file, length) = open_limited(path, max_bytes)?;
    let failed = |source| FormatError::io("read", path, source);
    let limit = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut goal = usize::try_from(length).unwrap_or(limit);
    let (mut bytes, mut filled) = (Vec::new(), 0);
    loop {
        grow(&mut bytes, goal).map_err(failed)?;
        filled += fill(&mut file, &mut bytes[filled..]).map_err(failed)?;
        bytes.truncate(filled);
        // The length is what the system says (0 for a pipe); the end is where reading finds it.
        let mut next = [0];
        if filled < goal || fill(&mut file, &mut next).map_err(failed)? == 0 {
            return Ok(bytes);
        }
        if filled == limit {
            let (path, limit) = (path.to_owned(), max_bytes);
            return Err(FormatError::TooLarge { path, limit });
        }
        goal = filled.saturating_mul(2).max(FIRST_CHUNK).min(limit);
        grow(&mut bytes, goal).map_err(failed)?;
        bytes[filled] = next[0];
        filled += 1;
    }
}

/// Reads until the buffer is full or the file ends; the number of bytes read.
pub(crate) fn fill(file: &mut impl Read, mut buffer: &mut [u8]) -> std::io::Result<usize> {
    let length = buffer.len();
    while !buffer.is_empty() {
        match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => buffer = &mut buffer[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length - buffer.len())
}

/// Lengthens `bytes` with zeros, allocating no more than that takes.
pub(crate) fn grow(bytes: &mut Vec<u8>, length: usize) -> std::io::Result<()> {
    bytes
        .try_reserve_exact(length - bytes.len())
        .map_err(|_| std::io::Error::from(ErrorKind::OutOfMemory))?;
    bytes.resize(length, 0);
    Ok(())
}

/// Opens a file and tells its length in bytes, which is at most `max_bytes`.
pub(crate) fn open_limited(path: &Path, max_bytes: u64) -> Result<(File, u64), FormatError> {
    let file = File::open(path).map_err(|source| FormatError::io("open", path, source))?;
    let metadata = file
        .metadata()
        .map_err(|source| FormatError::io("read", path, source))?;
    if metadata.is_dir() {
        return Err(FormatError::NotAFile {
            action: "read",
            path: path.to_owned(),
            reason: "it is a folder",
        });
    }
    if metadata.len() > max_bytes {
        let (path, limit) = (path.to_owned(), max_bytes);
        return Err(FormatError::TooLarge { path, limit });
    }
    Ok((file, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_and_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for content in [&b"first"[..], b"", b"third, longer"] {
            write_atomic(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
            assert_eq!(names(folder.path()), ["file"]);
        }
    }

    /// What goes wrong, and where.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Fault {
        /// The disk is full after so many bytes.
        Full(usize),
        /// The system takes so many bytes at a time, and is interrupted in between.
        Short(usize),
        /// The process dies after so many bytes.
        Death(usize),
        Sync,
        Rename,
        SyncFolder,
        Panic,
    }

    impl Fault {
        fn at(self, fault: Fault) -> std::io::Result<()> {
            match self == fault {
                true => Err(std::io::Error::other("on purpose")),
                false => Ok(()),
            }
        }
    }

    /// Takes a few bytes at a time, every other time none.
    struct Slow<'a>(&'a mut File, usize, bool);

    impl Write for Slow<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.2 = !self.2;
            if self.2 {
                return Err(ErrorKind::Interrupted.into());
            }
            self.0.write(&bytes[..bytes.len().min(self.1)])
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.0.flush()
        }
    }

    impl FileSystem for Fault {
        fn write(&self, file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
            match *self {
                Fault::Full(count) => {
                    file.write_all(&bytes[..count])?;
                    Err(ErrorKind::StorageFull.into())
                }
                Fault::Short(count) => Slow(file, count, false).write_all(bytes),
                Fault::Death(count) => file.write_all(&bytes[..count]),
                Fault::Panic => panic!("on purpose"),
                _ => RealFs.write(file, bytes),
            }
        }

        fn sync(&self, _file: &File) -> std::io::Result<()> {
            self.at(Fault::Sync)
        }

        fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
            self.at(Fault::Rename)?;
            if let Fault::Death(_) = self {
                // What a dead process has written stays, under a name of its own.
                fs::copy(from, from.with_extension("dead"))?;
                return self.at(*self);
            }
            RealFs.rename(from, to)
        }

        fn sync_folder(&self, _folder: &Path) -> std::io::Result<()> {
            self.at(Fault::SyncFolder)
        }
    }

    /// Two checkpoints of a few sections.
    fn checkpoints() -> (crate::Checkpoint, crate::Checkpoint) {
        let checkpoint = |epoch: u8| {
            let mut checkpoint = crate::Checkpoint::new();
            checkpoint.insert("epoch", vec![epoch]);
            checkpoint.insert("network", vec![epoch; 300]);
            checkpoint.insert("moments", (0..=epoch).collect());
            checkpoint
        };
        (checkpoint(3), checkpoint(4))
    }

    /// At every byte the disk fills up, the system takes less than it was given, or the process
    /// dies: the checkpoint before is there and loads, or the new one is, whole.
    #[test]
    fn whatever_byte_a_write_fails_at_the_checkpoint_before_still_loads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let (old, new) = checkpoints();
        let bytes = new.to_bytes();
        // Without waiting for the disk.
        let save = |checkpoint: &crate::Checkpoint| {
            write_on(&Fault::Short(1 << 20), &path, &checkpoint.to_bytes()).unwrap();
        };
        let load = || {
            let found = crate::Checkpoint::load(&path, 1 << 20).unwrap();
            found.to_bytes()
        };
        let mut faults = 0;
        for count in 0..=bytes.len() {
            for fault in [
                Fault::Full(count),
                Fault::Death(count),
                Fault::Short(count + 1),
            ] {
                save(&old);
                let result = write_on(&fault, &path, &bytes);
                faults += 1;
                if let Fault::Short(_) = fault {
                    result.unwrap();
                    assert_eq!(load(), bytes, "{fault:?}");
                } else {
                    let message = result.unwrap_err().to_string();
                    assert!(message.contains(path.to_str().unwrap()), "{message}");
                    assert_eq!(load(), old.to_bytes(), "{fault:?}");
                }
                let dead = names(folder.path())
                    .into_iter()
                    .filter(|n| n != "checkpoint");
                for name in dead.collect::<Vec<_>>() {
                    assert!(name.ends_with(".dead"), "{fault:?} leaves {name}");
                    let file = folder.path().join(name);
                    assert_eq!(fs::read(&file).unwrap(), bytes[..count]);
                    // The next one is written beside it.
                    save(&new);
                    assert_eq!(load(), bytes, "after {fault:?}");
                    fs::remove_file(file).unwrap();
                }
            }
        }
        println!("{faults} faults in a write of {} bytes", bytes.len());
        assert_eq!(faults, 3 * (bytes.len() + 1));
    }

    #[test]
    fn whatever_call_of_a_write_fails_there_is_a_whole_checkpoint_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let (old, new) = checkpoints();
        for (fault, expected) in [
            (Fault::Full(9), "cannot write the temporary file for "),
            (Fault::Sync, "cannot sync the temporary file for "),
            (Fault::Rename, "cannot rename the temporary file to "),
            (Fault::SyncFolder, "cannot sync the folder of "),
        ] {
            old.save(&path).unwrap();
            let result = write_on(&fault, &path, &new.to_bytes());
            let message = result.unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
            assert!(message.contains(path.to_str().unwrap()), "{message}");
            // The last call is after the renaming: as documented, the new file is in place.
            let kept = if fault == Fault::SyncFolder {
                &new
            } else {
                &old
            };
            let found = crate::Checkpoint::load(&path, 1 << 20).unwrap();
            assert_eq!(found.to_bytes(), kept.to_bytes(), "{fault:?}");
            assert_eq!(names(folder.path()), ["checkpoint"], "{fault:?}");
        }
    }

    #[test]
    fn a_panic_half_way_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let attempt = std::panic::catch_unwind(|| write_on(&Fault::Panic, &path, b"new"));
        assert!(attempt.is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_temporary_file_left_by_a_crash_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let (one, _file) = Temporary::create(folder.path()).unwrap();
        let (two, _file) = Temporary::create(folder.path()).unwrap();
        assert_ne!(one.path, two.path);
        let name = one.path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(&format!(".backprop-{}-", std::process::id())));
    }

    #[test]
    fn paths_that_cannot_be_written_are_named_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write_atomic(&file, b"old").unwrap();
        let cases = [
            (file.join("below"), "cannot create a temporary file"),
            (
                folder.path().join("missing/file"),
                "cannot create a temporary file",
            ),
            (
                folder.path().to_owned(),
                "it is a folder; give the path of a file",
            ),
            (folder.path().join(".."), "it names no file"),
        ];
        for (path, expected) in cases {
            let message = write_atomic(&path, b"new").unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains(path.to_str().unwrap()), "{message}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_folder_is_an_error_where_it_binds_the_user() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        // The superuser may write there all the same.
        let allowed = File::create(folder.path().join("probe")).is_ok();
        let result = write_atomic(folder.path().join("file"), b"new");
        assert_eq!(result.is_ok(), allowed);
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..100_000_u32).map(|i| i as u8).collect();
        write_atomic(&path, &content).unwrap();
        for limit in [100_000, 100_001, u64::MAX] {
            let bytes = read_limited(&path, limit).unwrap();
            assert_eq!(bytes, content);
            assert_eq!(bytes.capacity(), content.len());
        }
        let message = read_limited(&path, 99_999).unwrap_err().to_string();
        assert!(message.contains("the limit of 99999 bytes"), "{message}");
        let message = read_limited(folder.path(), 9).unwrap_err().to_string();
        assert!(message.contains("it is a folder"), "{message}");
        let missing = folder.path().join("missing");
        let message = read_limited(&missing, 9).unwrap_err().to_string();
        assert!(message.starts_with("cannot open "), "{message}");
        write_atomic(&path, b"").unwrap();
        assert_eq!(read_limited(&path, 0).unwrap(), b"");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_does_not_tell_its_length_is_read_within_the_limit() {
        let error = read_limited("/dev/zero", 100_000).unwrap_err();
        assert!(matches!(
            error,
            FormatError::TooLarge { limit: 100_000, .. }
        ));
        assert!(
            !read_limited("/proc/self/status", 1 << 20)
                .unwrap()
                .is_empty()
        );
        assert!(read_limited("/proc/self/status", 10).is_err());
    }
}
