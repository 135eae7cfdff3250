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

/// The fault, and the byte at which it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The disk is full after this number of bytes.
    Full(usize),
    /// The system takes at most this number of bytes at a time, and is interrupted in between.
    Short(usize),
    /// The process dies after this number of bytes.
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

    fn rename(&self, from: TempPath, to: &Path) -> std::io::Result<()> {
        self.at(Fault::Rename)?;
        if let Fault::Death(_) = self {
            // The file of a killed process stays, under a name of its own.
            fs::copy(&from, from.with_extension("dead"))?;
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
    let one = temporary_file(folder.path()).unwrap();
    let two = temporary_file(folder.path()).unwrap();
    assert_ne!(one.path(), two.path());
    assert!(is_temporary(one.path()) && is_temporary(two.path()));

    let left = one.into_temp_path().keep().unwrap();
    let path = folder.path().join("file");
    write_atomic(&path, b"new").unwrap();
    drop(two);
    assert_eq!(names(folder.path()).len(), 2);
    remove_leftovers(folder.path());
    assert!(!left.exists());
    assert_eq!(names(folder.path()), ["file"]);
    remove_leftovers(&folder.path().join("none"));
}

#[cfg(unix)]
#[test]
fn a_file_has_the_permissions_of_any_other_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, other) = (folder.path().join("ours"), folder.path().join("other"));
    write_atomic(&ours, b"new").unwrap();
    fs::write(&other, b"new").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&other));
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

#[test]
fn the_folder_of_a_bare_name_is_the_current_one() {
    for (path, folder) in [("x", "."), ("a/x", "a"), ("/x", "/"), ("a/b/x", "a/b")] {
        assert_eq!(folder_of(Path::new(path)), Path::new(folder), "{path}");
    }
}

#[test]
fn a_temporary_file_has_both_ends_of_its_name() {
    for (name, expected) in [
        ("runs/.backprop-x7Tq2a.tmp", true),
        (".backprop-x7Tq2a", false),
        ("backprop-x7Tq2a.tmp", false),
        ("runs/.backprop-x/model", false),
        ("..", false),
    ] {
        assert_eq!(is_temporary(Path::new(name)), expected, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn only_a_sync_that_is_unknown_may_fail() {
    for (kind, is_fine) in [
        (ErrorKind::InvalidInput, true),
        (ErrorKind::Unsupported, true),
        (ErrorKind::StorageFull, false),
        (ErrorKind::PermissionDenied, false),
    ] {
        let result = unless_unsupported(Err(kind.into()));
        assert_eq!(result.is_ok(), is_fine, "{kind}");
    }
    assert!(unless_unsupported(Ok(())).is_ok());
}
