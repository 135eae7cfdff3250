//! The committed figures and numbers of the book are those that `cargo figures` writes, and the
//! numbers stand in the text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use approx::abs_diff_eq;
use backprop_examples::CHAPTERS;
use backprop_examples::book::{self, Book};

static BOOK: LazyLock<Book> = LazyLock::new(|| book::make().expect("the runs of the book"));

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/book/figures")
}

fn committed(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text without its numbers, and the numbers in it.
fn apart(text: &str) -> (String, Vec<f64>) {
    let (mut words, mut numbers, mut digits) = (String::new(), Vec::new(), String::new());
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_digit() || (letter == '.' && !digits.is_empty()) {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            numbers.push(digits.trim_end_matches('.').parse().expect("digits"));
            digits.clear();
            words.push('0');
        }
        words.push(letter);
    }
    (words, numbers)
}

/// The figure that shows rounding: its small errors are noise, which another `tanh` changes.
const NOISY: &str = "differences.svg";

#[test]
fn the_committed_figures_are_those_that_the_command_writes() {
    for (name, made) in &BOOK.figures {
        let ((words, numbers), (made_words, made_numbers)) = (apart(&committed(name)), apart(made));
        if name == NOISY {
            assert!(words.starts_with("<svg") && made_words.starts_with("<svg"));
            continue;
        }
        assert_eq!(words, made_words, "{name}: run `cargo figures`");
        for (old, new) in numbers.iter().zip(&made_numbers) {
            // A fifth of a pixel, or in the descriptions 1 % of a number.
            let allowed = 0.2_f64.max(0.01 * old.abs());
            assert!(
                abs_diff_eq!(old, new, epsilon = allowed),
                "{name}: {old}, now {new}; run `cargo figures`"
            );
        }
    }
}

#[test]
fn no_figure_is_left_over_or_unused() {
    let names = |path: &Path| -> BTreeSet<String> {
        let entries = std::fs::read_dir(path).expect("the folder of figures");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("entry").file_name();
        entries
            .map(|entry| name(entry).into_string().expect("UTF-8"))
            .collect()
    };
    let made = BOOK.figures.iter().map(|(name, _)| name.clone());
    let made: BTreeSet<String> = made.chain(["numbers.txt".to_string()]).collect();
    assert_eq!(names(&folder()), made);
    let text: String = CHAPTERS.iter().map(|(_, text)| *text).collect();
    for name in made {
        assert!(
            text.contains(&format!("(figures/{name})")),
            "no chapter shows {name}"
        );
    }
}

#[test]
fn the_committed_numbers_are_those_that_the_command_prints() {
    let old = Book::parse_numbers(&committed("numbers.txt"));
    assert_eq!(old.len(), BOOK.numbers.len(), "run `cargo figures`");
    for (old, new) in old.iter().zip(&BOOK.numbers) {
        assert_eq!((&old.chapter, &old.what), (&new.chapter, &new.what));
        let what = format!(
            "{}, {}: {}, now {}",
            old.chapter, old.what, old.value, new.value
        );
        match (old.value.parse::<f64>(), new.value.parse::<f64>()) {
            (Ok(a), Ok(b)) => {
                assert!(abs_diff_eq!(a, b, epsilon = 0.02 * a.abs()), "{what}")
            }
            _ => assert_eq!(old.value, new.value, "{what}"),
        }
    }
}

#[test]
fn the_numbers_stand_in_the_text() {
    for number in Book::parse_numbers(&committed("numbers.txt")) {
        let file = format!("{}.md", number.chapter);
        let chapter = CHAPTERS.iter().find(|(name, _)| *name == file);
        let (_, text) = chapter.unwrap_or_else(|| panic!("there is no chapter {file}"));
        // 1.6e-3 is written as a power of ten.
        let power = number.value.split_once('e');
        let value = match power.filter(|_| number.value.parse::<f64>().is_ok()) {
            Some((digits, power)) => format!("{digits} \\cdot 10^{{{power}}}"),
            None => number.value.clone(),
        };
        let digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
        let stands = text.match_indices(&value).any(|(at, _)| {
            let after = &text[at + value.len()..];
            let decimals = after.starts_with('.') && digit(after.chars().nth(1));
            let before = text[..at].chars().next_back();
            !digit(before) && before != Some('.') && !digit(after.chars().next()) && !decimals
        });
        assert!(stands, "{file} does not hold {value}, {}", number.what);
    }
}

#[test]
fn links_lead_somewhere() {
    let book = folder().join("..");
    for (file, text) in CHAPTERS {
        for (at, _) in text.match_indices("](") {
            let link = text[at + 2..].split(')').next().expect("the first part");
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { *file } else { path };
            let target = book.join(target);
            assert!(target.exists(), "{file}: {link}");
            if anchor.is_empty() {
                continue;
            }
            let text = std::fs::read_to_string(&target).expect("a Markdown file");
            let headings = text.lines().filter(|line| line.starts_with('#'));
            let kept = |letter: &char| letter.is_alphanumeric() || *letter == '-';
            let anchors = headings.map(|line| {
                let line = line.trim_start_matches('#').trim().to_lowercase();
                line.replace(' ', "-")
                    .chars()
                    .filter(kept)
                    .collect::<String>()
            });
            assert!(
                anchors.into_iter().any(|found| found == anchor),
                "{file}: {link}"
            );
        }
    }
}
