//! Runs every numbered example and looks for what it must print. Each also asserts what it claims.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The output of an example with these arguments.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> String {
    // Cargo puts examples beside the folder of the tests.
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.ancestors().nth(2).expect("the folder of the profile");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = folder.join("examples").join(file);
    let output = Command::new(&program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            let path = program.display();
            panic!("{path}: {error}; `cargo test -p backprop-examples` builds the examples first")
        });
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name}: {}\n{error}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

/// That the lines come in this order, others between them.
#[track_caller]
fn check(name: &str, parts: &[&str]) {
    let text = run(name, &[]);
    let mut rest = &text[..];
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{name} does not print \"{part}\" where it should:\n{text}")
        };
        rest = after;
    }
}

#[test]
fn xor() {
    check(
        "01-xor",
        &[
            "step   1: loss",
            "0 xor 0 = 0.0",
            "0 xor 1 = 1.0",
            "1 xor 0 = 1.0",
            "1 xor 1 = 0.0",
        ],
    );
}

#[test]
fn sine() {
    check(
        "02-sine",
        &[
            "mean squared error on noisy points: 0.01",
            "sine -1.000",
            "sine  1.000",
        ],
    );
}

#[test]
fn digits() {
    check(
        "03-digits",
        &[
            "epoch  1",
            "epoch 10",
            "1000 unseen digits: 9",
            "is a 7, with probability 0.9",
            "###",
        ],
    );
}

#[test]
fn fashion_mnist_says_how_to_get_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = run(
        "04-fashion-mnist",
        &[folder.path().to_str().expect("UTF-8")],
    );
    assert!(text.contains("is not in the folder"), "{text}");
    assert!(
        text.contains("cargo xtask download fashion-mnist --data-dir"),
        "{text}"
    );
}

/// Where the data is, the example trains on it; five epochs of 48,000 pictures.
#[test]
fn fashion_mnist_is_learnt_where_it_is() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    if !folder.join("fashion-mnist").is_dir() {
        return;
    }
    let text = run("04-fashion-mnist", &[folder.to_str().expect("UTF-8")]);
    assert!(text.contains("epoch 5: 8"), "{text}");
    assert!(text.contains("10000 test pictures: 8"), "{text}");
}

#[test]
fn table() {
    check(
        "05-table",
        &[
            "344 rows, 10 features:",
            "bill_length_mm",
            "86 unseen penguins: 9",
            "Gentoo",
        ],
    );
}

#[test]
fn own_layer() {
    check(
        "06-own-layer",
        &[
            "slope at 0.7: 0.82338678, by differences 0.823386",
            "1000 unseen digits: ",
        ],
    );
}

#[test]
fn own_optimizer() {
    check(
        "07-own-optimizer",
        &["Lion: ", " % of unseen digits, Adam: "],
    );
}

#[test]
fn own_loop() {
    check(
        "08-own-loop",
        &["epoch  1", "was the best", "1000 unseen digits: "],
    );
}

#[test]
fn load_and_predict() {
    check(
        "09-load-and-predict",
        &[
            "saved 50890 parameters",
            "the first five digits: 7, 2, 1, 0, 4",
            "as before saving",
        ],
    );
}

#[test]
fn onnx() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("digits.onnx");
    let text = run("10-onnx", &[path.to_str().expect("UTF-8")]);
    assert!(text.contains("bytes, 50890 parameters"), "{text}");
    assert!(path.is_file());
}

/// The table of the README names the examples, and each is below 80 lines.
#[test]
fn every_example_is_short_and_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("README.md");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of the examples") {
        let path = entry.expect("entry").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        count += 1;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        assert!(
            readme.contains(&format!("({name})")),
            "README.md does not list {name}"
        );
        let lines = std::fs::read_to_string(&path).expect(name).lines().count();
        assert!(lines < 80, "{name} has {lines} lines");
    }
    assert_eq!(
        count,
        readme.matches(".rs)").count(),
        "examples in README.md"
    );
}
