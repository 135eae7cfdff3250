//! The house: how long files and functions may be, that no file imports one that imports it, that
//! packages depend downwards only, how large a package may be, and that retired words stay away. An
//! exception that is no longer needed fails, too.

mod imports;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use imports::Imports;

/// A file in a sitting.
const FILE_LINES: usize = 400;
/// A function on a screen.
const FUNCTION_LINES: usize = 60;

/// Files that are longer, with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Functions that are longer, with the reason; those of tests may be tables of cases.
const LONG_FUNCTIONS: [(&str, &str); 7] = [
    ("crates/tensor/src/kernels/gemm.rs microkernel", "a kernel"),
    (
        "examples/src/book/chain_rule.rs chain",
        "a figure of the book",
    ),
    (
        "examples/src/book/downhill.rs steps",
        "a figure of the book",
    ),
    (
        "examples/src/book/downhill.rs valley",
        "a figure of the book",
    ),
    (
        "examples/src/book/layers.rs dropout",
        "a figure of the book",
    ),
    ("examples/src/book/layers.rs linear", "a figure of the book"),
    ("notebook/src/page.rs compared", "a table of cells"),
];

/// Imports that close a cycle, from one file to the other, with the reason.
const UPWARD_IMPORTS: [(&str, &str, &str); 0] = [];

/// The floors of the house from the top, as docs/architecture.md draws them: a package depends on
/// packages of the floors below its own.
const FLOORS: [&[&str]; 7] = [
    &["xtask", "tests", "examples", "benchmarks", "notebook"],
    &["cli"],
    &["report"],
    &["backprop"],
    &["plot", "metrics", "trainer"],
    &[
        "datasets",
        "data",
        "formats",
        "layers",
        "losses",
        "optimizers",
    ],
    &["tensor"],
];

/// The arrows within a floor.
const SIDEWAYS: [(&str, &str); 6] = [
    ("trainer", "metrics"),
    ("formats", "data"),
    ("datasets", "data"),
    ("datasets", "formats"),
    ("formats", "layers"),
    ("formats", "losses"),
];

/// Names that had a meaning of their own here; the field's name is in use instead.
const RETIRED: &str = "
    Announced AsItIs CHOSEN ColumnLists ColumnRoom Expects LayerSpace Learnable LinearLayer
    MAX_BUFFERS PictureGrid ROWS_AT_A_TIME Room Rooms RowLists RowPair SEAL Searched SparseForward
    SparseGrad Squashed Swatch ValueErrors WORTH_LISTING WORTH_SPLITTING
    Metered allowance ask_for backward_and_learn boxed_clone by_rows cache_per_row can_be_listed check_tail dense_twin each_part
    each_share
    ends_in fold_rows gather_on in_turn init_before is_held is_here is_listed is_over is_plain_descent is_small
    keep_best learnables list_rows looks_sparse macro_mean map_grad multiply_adds not_drawn of_byte
    predict_classes put_best_in_place require_ours roll_back set_rows side_by_side stored_precision sum_rows
    test_figures to_predictions to_rows to_units turn_eight unsavable vectorised with_rooms zip_rows
";

/// Beginnings of a documentation that do not say what the item is.
const BEGINNINGS: [&str; 5] = ["What ", "As [`", "Whether it ", "The same ", "So many "];

/// Words that have no place in a comment.
const RETIRED_PROSE: [&str; 9] = [
    "so many",
    "turned down",
    "goes on with",
    "held out",
    "somebody",
    "nobody",
    "whoever",
    "anybody",
    "everybody",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All sources of the workspace, by their path from its root.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in [
        "benchmarks/src",
        "crates",
        "examples",
        "notebook",
        "tests",
        "xtask",
    ] {
        walk(&root().join(folder), &mut found);
    }
    let named = found.into_iter().map(|path| {
        let name = path.strip_prefix(root()).expect("below the root");
        let name = name.to_str().expect("a name in UTF-8").replace('\\', "/");
        (name, std::fs::read_to_string(&path).expect("a source"))
    });
    named.collect()
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

/// Fails if an entry of a list of exceptions is not among those that need one.
fn assert_none_stale(list: &str, entries: &[&str], needed: &[String]) {
    let is_stale = |entry: &&&str| needed.iter().all(|name| name != **entry);
    let stale: Vec<&&str> = entries.iter().filter(is_stale).collect();
    assert!(
        stale.is_empty(),
        "no longer needed in {list}, take them out: {stale:?}"
    );
}

#[test]
fn files_are_short() {
    let long: Vec<(String, usize)> = sources()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(name, lines)| *lines > FILE_LINES && !is_test(name))
        .collect();
    let known = LONG_FILES.map(|(name, _)| name);
    let names: Vec<String> = long.iter().map(|(name, _)| name.clone()).collect();
    assert_none_stale("LONG_FILES", &known, &names);
    let is_new = |(name, _): &&(String, usize)| !known.contains(&name.as_str());
    let long: Vec<_> = long.iter().filter(is_new).collect();
    assert!(long.is_empty(), "more than {FILE_LINES} lines: {long:?}");
}

/// The functions of a formatted file, with their lines.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let words = [
            "pub ",
            "pub(crate) ",
            "pub(super) ",
            "const ",
            "unsafe ",
            "async ",
        ];
        let mut rest = code;
        while let Some(shorter) = words.iter().find_map(|word| rest.strip_prefix(word)) {
            rest = shorter;
        }
        let Some(name) = rest.strip_prefix("fn ") else {
            continue;
        };
        let end_of_head = |line: &&str| line.ends_with('{') || line.ends_with(';');
        let head = lines[start..].iter().position(end_of_head).unwrap_or(0);
        if !lines[start + head].ends_with('{') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - code.len()]);
        let body = lines[start + head..].iter().position(|line| *line == close);
        let name = name.split(['(', '<']).next().unwrap_or(name);
        found.push((name.to_string(), head + body.unwrap_or(0) + 1));
    }
    found
}

#[test]
fn functions_fit_on_a_screen() {
    let mut long = Vec::new();
    for (file, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        let functions = functions(text).into_iter();
        let functions = functions.filter(|(_, lines)| *lines > FUNCTION_LINES);
        long.extend(functions.map(|(name, lines)| (format!("{file} {name}"), lines)));
    }
    let known = LONG_FUNCTIONS.map(|(name, _)| name);
    let names: Vec<String> = long.iter().map(|(name, _)| name.clone()).collect();
    assert_none_stale("LONG_FUNCTIONS", &known, &names);
    long.retain(|(name, _)| !known.contains(&name.as_str()));
    assert!(
        long.is_empty(),
        "more than {FUNCTION_LINES} lines: {long:?}"
    );
}

/// The files of a cycle, with the imports between them.
fn describe_cycle(cycle: &BTreeSet<String>, imports: &Imports) -> String {
    let mut text = format!("{} files import each other:\n", cycle.len());
    for file in cycle {
        let others: Vec<&str> = imports[file]
            .intersection(cycle)
            .map(String::as_str)
            .collect();
        text.push_str(&format!("  {file} imports {}\n", others.join(", ")));
    }
    text
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let mut imports = imports::imports(&sources());
    let imported: usize = imports.values().map(BTreeSet::len).sum();
    assert!(imported > 500, "the search finds nothing: {imported}");

    let cycles = imports::cycles(&imports);
    let closes = |from: &str, to: &str| {
        let is_within = |cycle: &&BTreeSet<String>| cycle.contains(from) && cycle.contains(to);
        imports[from].contains(to) && cycles.iter().any(|cycle| is_within(&cycle))
    };
    let pairs = UPWARD_IMPORTS.map(|(from, to, _)| format!("{from} {to}"));
    let needed = UPWARD_IMPORTS
        .iter()
        .filter(|(from, to, _)| closes(from, to));
    let needed: Vec<String> = needed.map(|(from, to, _)| format!("{from} {to}")).collect();
    assert_none_stale(
        "UPWARD_IMPORTS",
        &pairs.each_ref().map(String::as_str),
        &needed,
    );

    for (from, to, _) in UPWARD_IMPORTS {
        imports.get_mut(from).expect("a file").remove(to);
    }
    let left = imports::cycles(&imports);
    let left: Vec<String> = left
        .iter()
        .map(|cycle| describe_cycle(cycle, &imports))
        .collect();
    assert!(
        left.is_empty(),
        "move what they share into a file below them\n{}",
        left.concat()
    );
}

#[test]
fn no_package_is_most_of_the_house() {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for (file, text) in sources() {
        let parts: Vec<&str> = file.split('/').collect();
        let package = match parts[0] {
            "crates" => parts[1],
            other => other,
        };
        *lines.entry(package.to_string()).or_default() += text.lines().count();
    }
    let all: usize = lines.values().sum();
    let (largest, most) = lines
        .iter()
        .max_by_key(|(_, lines)| **lines)
        .expect("packages");
    // A sixth, of which the program has two fifths in the tests of each of its doors.
    assert!(6 * most <= all, "{largest} has {most} of {all} lines");
}

#[test]
fn retired_names_stay_away() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        if file.starts_with("tests/tests/structure/") {
            continue;
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words: BTreeSet<&str> = text.split(|c| !is_word(c)).collect();
        let retired = RETIRED.split_whitespace();
        let retired = retired.filter(|word| words.contains(word));
        found.extend(retired.map(|word| (file.clone(), word)));
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The comment of a line, without its slashes.
fn comment(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let comment = code.strip_prefix("//")?;
    Some(comment.trim_start_matches(['/', '!']).trim_start())
}

#[test]
fn comments_say_what_an_item_is() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        if file.starts_with("tests/tests/structure/") {
            continue;
        }
        let mut is_first = true;
        for (line, number) in text.lines().zip(1..) {
            let Some(text) = comment(line) else {
                is_first = true;
                continue;
            };
            let is_doc = line.trim_start().starts_with("///") || line.starts_with("//!");
            let begins = |begin: &&str| text.starts_with(begin);
            let lower = text.to_lowercase();
            let retired = RETIRED_PROSE.iter().any(|words| lower.contains(words));
            if retired || is_first && is_doc && BEGINNINGS.iter().any(begins) {
                found.push(format!("{file}:{number}: {}", line.trim()));
            }
            is_first = false;
        }
    }
    let all = found.len();
    assert!(
        found.is_empty(),
        "{all} to be said otherwise, see CONTRIBUTING.md:\n{}",
        found.join("\n")
    );
}

/// The packages of this workspace that a manifest depends on, without those of its tests.
fn dependencies(manifest: &str) -> Vec<&str> {
    let after = manifest.split("\n[dependencies]\n").nth(1).unwrap_or("");
    let section = after.split("\n[").next().unwrap_or("");
    let names = section
        .lines()
        .filter_map(|line| line.split(['.', ' ']).next());
    names
        .filter_map(|name| match name {
            "backprop" => Some(name),
            _ => name.strip_prefix("backprop-"),
        })
        .collect()
}

#[test]
fn packages_depend_downwards_only() {
    let floor = |package: &str| {
        let floor = FLOORS.iter().position(|floor| floor.contains(&package));
        floor.unwrap_or_else(|| panic!("{package} is on no floor; add it to FLOORS"))
    };
    let entries = std::fs::read_dir(root().join("crates")).expect("the folder of the crates");
    let folders = entries.map(|entry| entry.expect("an entry").path());
    let others = FLOORS[0].iter().map(|name| root().join(name));
    let mut arrows = Vec::new();
    for folder in folders.chain(others) {
        let package = folder.file_name().expect("a name").to_str().expect("UTF-8");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for below in dependencies(&manifest) {
            assert!(
                floor(package) < floor(below) || SIDEWAYS.contains(&(package, below)),
                "{package} depends on {below}"
            );
            arrows.push(format!("{package} {below}"));
        }
    }
    assert!(arrows.len() > 20, "the search finds nothing: {arrows:?}");
    let sideways = SIDEWAYS.map(|(package, below)| format!("{package} {below}"));
    assert_none_stale(
        "SIDEWAYS",
        &sideways.each_ref().map(String::as_str),
        &arrows,
    );
}
