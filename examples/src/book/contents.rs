//! The parts of the book that a program makes.

use std::error::Error;
use std::fmt::Write;

/// A result of a chapter.
pub(super) type Outcome<T> = Result<T, Box<dyn Error>>;

/// The figures and numbers that the book takes from the code.
#[derive(Debug, Default)]
pub struct Book {
    /// File names such as `chain.svg`, and the text of each file.
    pub figures: Vec<(String, String)>,
    /// The numbers in the text.
    pub numbers: Vec<Number>,
}

/// A number that stands in the text of a chapter.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The chapter's file name without `.md`.
    pub chapter: String,
    /// The meaning of the number.
    pub what: String,
    /// As it stands in the text.
    pub value: String,
}

impl Book {
    /// One line for each number: chapter, what it is, value, with tabs between.
    pub fn numbers_text(&self) -> String {
        let mut text = String::new();
        for number in &self.numbers {
            let Number {
                chapter,
                what,
                value,
            } = number;
            let _ = writeln!(text, "{chapter}\t{what}\t{value}");
        }
        text
    }

    /// The numbers in lines that [`numbers_text`](Self::numbers_text) wrote.
    pub fn parse_numbers(text: &str) -> Vec<Number> {
        let number = |line: &str| {
            let mut parts = line.split('\t').map(String::from);
            Some(Number {
                chapter: parts.next()?,
                what: parts.next()?,
                value: parts.next()?,
            })
        };
        text.lines().filter_map(number).collect()
    }

    pub(super) fn figure(&mut self, name: &str, svg: String) {
        self.figures.push((format!("{name}.svg"), svg));
    }

    pub(super) fn number(&mut self, chapter: &str, what: impl Into<String>, value: String) {
        self.numbers.push(Number {
            chapter: chapter.to_string(),
            what: what.into(),
            value,
        });
    }
}
