//! What the cells of one column hold.

use std::collections::BTreeSet;

use super::rows::shorten;

/// The different values of a column, sorted.
pub(super) struct Categories {
    whole: bool,
    names: Vec<String>,
}

impl Categories {
    pub(super) fn new(whole: bool, values: BTreeSet<String>) -> Self {
        let mut names: Vec<String> = values.into_iter().collect();
        if whole {
            names.sort_by_key(|name| integer(name));
        }
        Categories { whole, names }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The place of a cell's value among the names.
    pub(super) fn place(&self, cell: &str) -> usize {
        let place = if self.whole {
            let cell = integer(cell);
            self.names.binary_search_by_key(&cell, |name| integer(name))
        } else {
            self.names.binary_search_by(|name| name.as_str().cmp(cell))
        };
        place.expect("the values were collected from the same cells")
    }
}

/// A cell as a whole number, if it is one.
pub(super) fn integer(cell: &str) -> Option<i64> {
    cell.parse().ok()
}

/// What the first walk learns about a column.
#[derive(Default)]
pub(super) struct Seen {
    /// The first cell that is no number.
    pub(super) text: Option<(u64, String)>,
    /// The first cell that is infinite or not a number.
    pub(super) odd: Option<(u64, String)>,
    /// Whether a cell is no whole number.
    pub(super) fraction: bool,
}

impl Seen {
    pub(super) fn look(&mut self, line: u64, cell: &str) {
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => {}
            Ok(_) if self.odd.is_some() => {}
            Ok(_) => self.odd = Some((line, shorten(cell))),
            Err(_) if self.text.is_some() => {}
            Err(_) => self.text = Some((line, shorten(cell))),
        }
        self.fraction |= integer(cell).is_none();
    }
}
