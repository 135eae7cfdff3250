//! The contents of the packages that would be published: sources, the README, both licences, and nothing
//! else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of the published crates.
fn crates() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("crates")).expect("the folder of the crates");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    folders.sort();
    assert!(folders.len() >= 10, "{folders:?}");
    folders
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files that `cargo package` would put into the package in this folder.
fn packed(folder: &Path) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(folder)
        .output()
        .expect("cargo");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", folder.display());
    let list = String::from_utf8(output.stdout).expect("text");
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn packages_hold_what_belongs_to_them_and_nothing_else() {
    let needed = [
        "Cargo.toml",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "src/lib.rs",
    ];
    let by_cargo = ["Cargo.lock", "Cargo.toml.orig", ".cargo_vcs_info.json"];
    for folder in crates() {
        let files = packed(&folder);
        for file in needed {
            assert!(files.contains(file), "{}: no {file}", folder.display());
        }
        for file in &files {
            let source =
                file.starts_with("src/") && (file.ends_with(".rs") || file.ends_with(".css"));
            let sample = folder.ends_with("datasets")
                && (file == "sample/README.md"
                    || file.starts_with("sample/") && file.ends_with(".gz"));
            let known = needed.contains(&&**file) || by_cargo.contains(&&**file);
            assert!(
                source || sample || known,
                "{}: {file} does not belong",
                folder.display()
            );
        }
    }
}

#[test]
fn licences_are_those_of_the_workspace() {
    for folder in crates() {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(
                text(&folder.join(licence)) == text(&root().join(licence)),
                "{licence} of {}",
                folder.display()
            );
        }
    }
}

#[test]
fn manifests_say_what_a_registry_wants_to_know() {
    let mut lists = BTreeSet::new();
    for folder in crates() {
        let (manifest, place) = (text(&folder.join("Cargo.toml")), folder.display());
        for entry in [
            "description = \"",
            "license",
            "readme = ",
            "categories = [",
            "all-features = true",
        ] {
            assert!(manifest.contains(entry), "{place}: no {entry}");
        }
        let keywords = manifest
            .lines()
            .find_map(|line| line.strip_prefix("keywords = ["));
        let keywords = keywords.unwrap_or_else(|| panic!("{place}: no keywords"));
        let words: Vec<&str> = keywords.split('"').skip(1).step_by(2).collect();
        assert!((1..=5).contains(&words.len()), "{place}: {words:?}");
        assert!(
            words.iter().all(|word| word.len() <= 20),
            "{place}: {words:?}"
        );
        assert!(
            lists.insert(words.join(" ")),
            "{place}: the keywords of another crate"
        );
    }
}
