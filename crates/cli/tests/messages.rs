//! Files that a library refuses: the program tells it in one sentence of its own, with the place.

mod common;

use common::{Place, sentence};

const SHORT: &str = "--dataset sample --limit 200 --hidden 8 --epochs 1 --threads 1 --quiet";

impl Place {
    /// The sentence of a command on a file with these bytes.
    fn refuses(&self, file: &str, bytes: &[u8], line: &str) -> String {
        std::fs::write(self.path().join(file), bytes).unwrap();
        sentence(line, &self.run(line))
    }
}

/// A place with a trained run in `run`.
fn trained() -> Place {
    let place = Place::new();
    place.succeeds(&format!("train {SHORT} --run-dir run"));
    place
}

#[test]
fn a_picture_that_is_no_png_is_told_in_one_sentence() {
    let place = trained();
    for (bytes, found) in [
        (
            &b"hello, this is text"[..],
            "PNG or JPEG data, found invalid PNG signature; check",
        ),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG data, found "),
        (b"GIF89a", "PNG or JPEG data, found a GIF picture; check"),
        (
            b"\0\0\0\x18ftypheic",
            "PNG or JPEG data, found a HEIC or AVIF picture; check",
        ),
        (
            b"\x89PNG\r\n\x1a\n",
            "PNG data, found the end of the file; check",
        ),
    ] {
        let error = place.refuses("digit.png", bytes, "predict run digit.png");
        let expected = format!("expected {found}");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn settings_that_are_no_toml_are_told_with_line_and_column() {
    let place = trained();
    let resume = "train --resume --run-dir run";
    for (text, expected) in [
        ("seed = \n", "run/config.toml: line 1, column 8: "),
        (
            "seed = 0\nseed = 1\n",
            "run/config.toml: line 2, column 1: duplicate key",
        ),
        (
            "seed = 0\n\n[data]\ndataset = \"none\"\n",
            "run/config.toml: line 4, column 11: expected auto",
        ),
    ] {
        let error = place.refuses("run/config.toml", text.as_bytes(), resume);
        assert!(error.contains(expected), "{error}");
    }
    let error = place.refuses("run/config.toml", b"seed = \"\xff\"", resume);
    assert!(error.contains("byte 8: expected text in UTF-8"), "{error}");
    std::fs::create_dir(place.path().join("found")).unwrap();
    let line = "search --resume --run-dir found";
    let error = place.refuses("found/search.toml", b"[trials\n", line);
    assert!(
        error.contains("found/search.toml: line 1, column "),
        "{error}"
    );
}

#[test]
fn other_files_that_a_library_refuses_are_told_in_one_sentence() {
    let place = trained();
    place.succeeds(&format!("search {SHORT} --trials 1 --run-dir found"));
    assert!(place.json("found/search.json")["best"].is_object());
    let mut header = b"\x0a\0\0\0\0\0\0\0".to_vec();
    header.extend(b"{\"a\": oops");
    for (file, bytes, line) in [
        (
            "model.safetensors",
            &header[..],
            "evaluate model.safetensors --dataset sample",
        ),
        (
            "digits.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\0\0never",
            "predict run digits.gz",
        ),
        ("digits.csv", b"1,\"2\n", "predict run digits.csv"),
        ("digits.csv", b"1,\xff\n", "predict run digits.csv"),
        (
            "found/search.json",
            b"{\"trials\": [",
            "search --resume --run-dir found",
        ),
    ] {
        let error = place.refuses(file, bytes, line);
        assert!(error.contains(file), "{error}");
    }
}
