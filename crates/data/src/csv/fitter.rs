//! The statistics of one column, updated cell by cell.

use std::collections::BTreeSet;

use super::date::{DateColumn, DateFitter};
use super::number::NumberFormat;
use super::values::{Cell, RunningMoments};

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
    /// Whether the numbers are counts, of at least 0.
    pub(super) is_count: bool,
}

impl NumberFitter {
    pub(super) fn new(format: &NumberFormat) -> Self {
        NumberFitter {
            format: *format,
            moments: RunningMoments::default(),
            is_count: false,
        }
    }

    pub(super) fn observe(&mut self, cell: &str) {
        if let Cell::Number(number) = Cell::in_format(cell, &self.format) {
            self.moments.add(number);
        }
    }

    /// Whether the cell is a number below 0 among counts.
    pub(super) fn refuses(&self, cell: &str) -> bool {
        self.is_count
            && matches!(Cell::in_format(cell, &self.format), Cell::Number(number) if number < 0.0)
    }

    /// The location, which is subtracted from a number, and the scale, which divides it: mean and deviation, of counts
    /// 0 and the mean, so that counts stay of at least 0; `None` if there was no number.
    pub(super) fn location_and_scale(&self) -> Option<(f64, f64)> {
        let (mean, deviation) = self.moments.finish()?;
        Some(match self.is_count {
            false => (mean, deviation),
            true if mean > 0.0 => (0.0, mean),
            true => (0.0, 1.0),
        })
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
