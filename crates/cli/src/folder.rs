//! Folders for results: named, claimed and filled whole.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use backprop_report::Document;
use backprop_trainer::formats::write_atomic;

/// The folder of the runs that are given no folder of their own.
pub(crate) const RUNS: &str = "runs";

/// Makes a folder and the folders above it.
///
/// # Errors
/// If the system refuses.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("{}: the folder cannot be made", path.display()))
}

/// Clears away the temporary files that killed processes left in a folder.
pub(crate) fn clear_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let lives = |process: &str| Path::new("/proc").join(process).exists();
        if writer(&path).is_some_and(|process| !lives(process)) {
            // What stays does no harm.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The number of the process that writes this file, or was killed while it did; `None` for a file
/// that `write_atomic` did not name.
fn writer(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let rest = name.strip_prefix(".backprop-")?.strip_suffix(".tmp")?;
    Some(rest.split_once('-')?.0)
}

/// The path of a run folder named after this second.
pub fn dated() -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    Path::new(RUNS).join(now)
}

/// Refuses a folder that holds something, other than the temporary files of a killed process, and
/// ends the error with the advice.
///
/// # Errors
/// If the folder is not empty or cannot be read.
pub fn ensure_empty(folder: &Path, advice: &str) -> Result<()> {
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => {
            entries.all(|entry| entry.is_ok_and(|entry| writer(&entry.path()).is_some()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
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
