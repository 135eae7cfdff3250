//! Folders for results: claimed by one process, locked while it writes, and filled whole.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use backprop_report::Document;
use backprop_trainer::formats::{is_temporary, remove_leftovers, write_atomic};

/// The folder of the runs that are given no folder of their own.
pub(crate) const RUNS: &str = "runs";

/// The file in a folder of results that is locked while a process writes to the folder. The file
/// stays: to remove the file would let two processes lock two files of the same name.
const LOCK: &str = ".lock";

/// Makes a folder and the folders above it.
///
/// # Errors
/// If the system refuses.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| not_made(path))
}

fn not_made(path: &Path) -> String {
    format!("{}: the folder cannot be made", path.display())
}

/// A folder that this process alone writes to: its lock is held until the value is dropped, or the
/// process ends in whatever way.
#[derive(Debug)]
pub struct ClaimedFolder {
    path: PathBuf,
    /// Absent where the file system has no locks.
    _lock: Option<File>,
}

impl ClaimedFolder {
    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes and locks the folder of new results: this one, which must be empty, or one that is
    /// named after this second. `advice` ends the error of a folder that is not empty.
    ///
    /// # Errors
    /// If the folder is not empty, another process writes to it, or the system refuses.
    pub fn claim(path: Option<&Path>, advice: &str) -> Result<Self> {
        let Some(path) = path else {
            return Self::lock(&make_dated(Path::new(RUNS))?);
        };
        ensure_empty(path, advice)?;
        make_folder(path)?;
        let claimed = Self::lock(path)?;
        // Another process may have come and gone between the two.
        ensure_empty(path, advice)?;
        Ok(claimed)
    }

    /// Locks a folder that is there, and removes the temporary files of killed processes.
    ///
    /// # Errors
    /// If another process writes to the folder, or the system refuses.
    pub fn lock(path: &Path) -> Result<Self> {
        let file = path.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)
            .with_context(|| format!("{}: cannot be made", file.display()))?;
        let lock = match lock.try_lock() {
            Ok(()) => Some(lock),
            Err(TryLockError::WouldBlock) => bail!(
                "another process is writing to {}; wait until the process ends, or choose another \
                 --run-dir",
                path.display()
            ),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => None,
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{}: cannot be locked", file.display()));
            }
        };
        let claimed = ClaimedFolder {
            path: path.to_path_buf(),
            _lock: lock,
        };
        claimed.clear_leftovers("");
        Ok(claimed)
    }

    /// Removes the temporary files that killed processes left in a folder below this one; the empty
    /// name is this folder. The lock says that no living process is writing them.
    pub(crate) fn clear_leftovers(&self, below: &str) {
        remove_leftovers(&self.path.join(below));
    }
}

/// A folder of results, which may be yet to be made.
pub(crate) struct ResultsFolder {
    /// For a folder that is named after the second, its parent until it is claimed.
    path: PathBuf,
    is_named: bool,
    /// Held while this process writes to the folder.
    claim: Option<ClaimedFolder>,
}

impl ResultsFolder {
    /// The folder that was asked for, or one that is named after the second in which it is claimed.
    pub(crate) fn new(asked: Option<&Path>) -> Self {
        ResultsFolder {
            path: asked.unwrap_or(Path::new(RUNS)).to_path_buf(),
            is_named: asked.is_some(),
            claim: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this process writes to the folder.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }

    /// Refuses a folder that was asked for and holds something.
    pub(crate) fn ensure_empty(&self, advice: &str) -> Result<()> {
        match self.is_named {
            true => ensure_empty(&self.path, advice),
            false => Ok(()),
        }
    }

    /// Claims the folder of results that are resumed.
    pub(crate) fn lock(&mut self) -> Result<()> {
        self.claim = Some(ClaimedFolder::lock(&self.path)?);
        Ok(())
    }

    /// Makes and claims the folder, unless it is claimed already.
    pub(crate) fn claim(&mut self, advice: &str) -> Result<&ClaimedFolder> {
        let claim = match self.claim.take() {
            Some(claim) => claim,
            None => ClaimedFolder::claim(self.is_named.then_some(&*self.path), advice)?,
        };
        self.path = claim.path().to_path_buf();
        Ok(self.claim.insert(claim))
    }
}

/// Makes a folder named after this second in `runs`; where the name is taken, with a number after it.
fn make_dated(runs: &Path) -> Result<PathBuf> {
    make_folder(runs)?;
    let now = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    for number in 1_u32.. {
        let path = match number {
            1 => runs.join(&now),
            // Two digits, so that the newest is the last by name.
            _ => runs.join(format!("{now}-{number:02}")),
        };
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| not_made(&path)),
        }
    }
    unreachable!("a number that no folder has comes first")
}

/// Refuses a folder that holds something, other than the lock and the temporary files of a killed
/// process, and ends the error with the advice.
///
/// # Errors
/// If the folder is not empty or cannot be read.
pub fn ensure_empty(folder: &Path, advice: &str) -> Result<()> {
    let is_ours = |path: &Path| path.ends_with(LOCK) || is_temporary(path);
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.all(|entry| entry.is_ok_and(|entry| is_ours(&entry.path()))),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    ensure!(
        is_empty,
        "the run folder {} is not empty; {advice}",
        folder.display()
    );
    Ok(())
}

/// Writes `report.html` and each plot into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write_page(folder: &Path, document: &Document) -> Result<()> {
    for (name, svg) in &document.plots {
        write_atomic(folder.join(name), svg.as_bytes())?;
    }
    write_atomic(folder.join("report.html"), document.html.as_bytes())?;
    Ok(())
}
