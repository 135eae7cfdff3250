//! The statistics of one column, updated cell by cell.

use std::collections::BTreeSet;

use super::date::DateFitter;
use super::values::{Cell, RunningMoments};
use super::{DateColumn, NumberFormat};

/// The statistics of a column, cell by cell.
pub(super) enum ColumnFitter {
    Nothing,
    Numbers(NumberFitter),
    Dates {
        dates: DateFitter,
        has_time: bool,
    },
    Categories(BTreeSet<String>),
    /// A target of whole numbers may turn out to be either.
    Target {
        classes: Option<BTreeSet<String>>,
        most: usize,
        numbers: NumberFitter,
    },
}

/// The mean and the deviation of numbers that are written in this way.
#[derive(Default)]
pub(super) struct NumberFitter {
    pub(super) format: NumberFormat,
    pub(super) moments: RunningMoments,
}

impl NumberFitter {
    pub(super) fn new(format: &NumberFormat) -> Self {
        NumberFitter {
            format: *format,
            moments: RunningMoments::default(),
        }
    }

    pub(super) fn observe(&mut self, cell: &str) {
        if let Cell::Number(number) = Cell::in_format(cell, &self.format) {
            self.moments.add(number);
        }
    }
}

impl ColumnFitter {
    /// The features that a row gets from the column so far: a text counts one for its first value.
    pub(super) fn width(&self) -> usize {
        match self {
            ColumnFitter::Nothing | ColumnFitter::Target { .. } => 0,
            ColumnFitter::Numbers(_) | ColumnFitter::Categories(_) => 1,
            ColumnFitter::Dates { has_time, .. } => DateColumn::width_of(*has_time),
        }
    }
}

impl ColumnFitter {
    pub(super) fn classes(most: usize) -> Self {
        ColumnFitter::Target {
            classes: Some(BTreeSet::new()),
            most,
            numbers: NumberFitter::default(),
        }
    }
}
