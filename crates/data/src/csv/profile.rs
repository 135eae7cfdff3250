//! The contents of a column, counted while a table is read, and its kind.

use super::date::Moment;
use super::day_first::DayFirst;
use super::number::{Decimal, FORMATS, NumberFormat, Thousands, Written, point};
use super::options::ReadOptions;
use super::rows::shorten;
use super::values::{Cell, integer};
use crate::Advice;

/// Where a cell was found, and its text, shortened.
pub(super) type FirstCell = (u64, String);

/// The kind of a column, found out from all its cells that are not missing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ColumnKind {
    Numbers(NumberFormat),
    /// Dates, in ISO 8601 where there is no format.
    Dates {
        format: Option<String>,
        has_time: bool,
    },
    Text,
    /// Cells of one kind, numbers or dates, in all but a few: this number of them.
    Mostly(Box<ColumnKind>, u64),
    /// Cells that can be read in several ways, of which the first is here.
    Ambiguous(FirstCell, Vec<Advice>),
}

impl ColumnKind {
    /// Whether these are dates in this format, or mostly.
    pub(super) fn is_dates_in(&self, wanted: &str) -> bool {
        match self {
            ColumnKind::Dates { format, .. } => format.as_deref() == Some(wanted),
            ColumnKind::Mostly(kind, _) => kind.is_dates_in(wanted),
            ColumnKind::Numbers(_) | ColumnKind::Text | ColumnKind::Ambiguous(..) => false,
        }
    }

    /// Whether a cell that is not missing is of this kind.
    pub(super) fn holds(&self, cell: &str) -> bool {
        match self {
            ColumnKind::Numbers(format) => format.parse(cell).is_some(),
            ColumnKind::Dates { format, .. } => Moment::parse(cell, format.as_deref()).is_some(),
            ColumnKind::Mostly(kind, _) => kind.holds(cell),
            ColumnKind::Text | ColumnKind::Ambiguous(..) => true,
        }
    }
}

/// The first cell of each sort in a column, and how many there are of each, found by the walk that
/// reads a table.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnProfile {
    pub(super) empty: Option<FirstCell>,
    pub(super) marker: Option<FirstCell>,
    pub(super) infinite: Option<FirstCell>,
    /// The first cell that is no number as programs write them.
    pub(super) text: Option<FirstCell>,
    /// Cells that are such numbers.
    numbers: u64,
    /// Those of them with a point.
    pointed: u64,
    /// Those of them whose point may stand between thousands.
    grouped: u64,
    /// Whether a cell is a number, but no whole one.
    fraction: bool,
    /// Cells in the format for dates that was asked for.
    dates: u64,
    /// Where there is text.
    texts: Option<Box<TextProfile>>,
    has_time: bool,
}

/// Cells that are no numbers as programs write them, by what else they may be.
#[derive(Clone, Debug, Default)]
struct TextProfile {
    count: u64,
    /// The first sign beside a number.
    unit: Option<char>,
    /// How many are numbers in each of the [`FORMATS`]: without a sign, and with it.
    by_format: [[u64; FORMATS.len()]; 2],
    /// The first number that is another one with a decimal comma than with commas between thousands.
    ambiguous: Option<FirstCell>,
    iso_dates: u64,
    /// Dates in numbers that are not ISO 8601, such as `27.11.2026`.
    other_dates: DayFirst,
}

impl ColumnProfile {
    /// Observes a cell; `is_missing` where the reading options declare it missing.
    pub(super) fn observe(
        &mut self,
        line: u64,
        cell: &str,
        is_missing: bool,
        read_options: &ReadOptions,
    ) {
        let content = if is_missing {
            Cell::Empty
        } else {
            Cell::of(cell)
        };
        if let (Some(format), false) = (&read_options.date_format, cell.is_empty() || is_missing)
            && let Some(moment) = Moment::parse(cell, Some(format))
        {
            self.dates += 1;
            self.has_time |= moment.has_time;
        }
        let first = match content {
            Cell::Number(_) => {
                self.numbers += 1;
                self.fraction |= integer(cell).is_none();
                if let Some(groups) = point(cell) {
                    self.pointed += 1;
                    self.grouped += u64::from(groups);
                }
                return;
            }
            Cell::Empty => &mut self.empty,
            Cell::Marker => &mut self.marker,
            Cell::Infinite => {
                self.numbers += 1;
                &mut self.infinite
            }
            Cell::Text => {
                let texts = self.texts.get_or_insert_default();
                self.has_time |= texts.observe(line, cell);
                &mut self.text
            }
        };
        first.get_or_insert_with(|| (line, shorten(cell)));
    }

    /// The kind of the column.
    pub(super) fn kind(&self, read_options: &ReadOptions) -> ColumnKind {
        let only_markers = self.marker.is_some() && self.numbers == 0;
        let count = self.texts.as_ref().map_or(0, |texts| texts.count);
        let all = count + self.numbers;
        if all == 0 {
            let plain = ColumnKind::Numbers(NumberFormat::default());
            return if only_markers {
                ColumnKind::Text
            } else {
                plain
            };
        }
        let dates = |format: &Option<String>| ColumnKind::Dates {
            format: format.clone(),
            has_time: self.has_time,
        };
        let (numbers, number_kind) = self.best_number_format(read_options);
        let iso_dates = self.texts.as_ref().map_or(0, |texts| texts.iso_dates);
        let mut best = (0, ColumnKind::Text);
        for (cells, kind) in [
            (self.dates, dates(&read_options.date_format)),
            (numbers, number_kind),
            (iso_dates, dates(&None)),
        ] {
            if cells > best.0 {
                best = (cells, kind);
            }
        }
        let (cells, kind) = best;
        if cells == all || matches!(kind, ColumnKind::Ambiguous(..)) {
            return kind;
        }
        if few(all - cells, all) {
            return ColumnKind::Mostly(Box::new(kind), all - cells);
        }
        let other = self.texts.as_ref().map(|texts| &texts.other_dates);
        let formats = other
            .filter(|other| few(all - other.count, all))
            .map(|other| other.formats());
        match (&self.text, formats) {
            (Some(first), Some(formats)) if !formats.is_empty() => {
                ColumnKind::Ambiguous(first.clone(), formats)
            }
            _ => ColumnKind::Text,
        }
    }

    /// The way to write numbers that most cells are in, and how many are.
    fn best_number_format(&self, read_options: &ReadOptions) -> (u64, ColumnKind) {
        let allowed = |(decimal, thousands): &(Decimal, Option<Thousands>)| {
            read_options.decimal.is_none_or(|asked| asked == *decimal)
                && (thousands.is_none() || read_options.thousands.is_none() || read_options.thousands == *thousands)
                // A mark that was said to stand between thousands is no decimal mark.
                && match read_options.thousands {
                    Some(Thousands::Comma) => *decimal == Decimal::Point,
                    Some(Thousands::Point) => *decimal == Decimal::Comma,
                    Some(Thousands::Space | Thousands::Apostrophe) | None => true,
                }
        };
        let formats: Vec<usize> = (0..FORMATS.len())
            .filter(|&i| allowed(&FORMATS[i]))
            .collect();
        let counts = |with_unit: bool| {
            formats
                .iter()
                .map(move |&i| (self.readable(i, with_unit), i))
        };
        let bare = counts(false).map(|(count, _)| count).max().unwrap_or(0);
        let with_unit = counts(true).map(|(count, _)| count).max().unwrap_or(0);
        let has_unit = with_unit > bare;
        let most = bare.max(with_unit);
        let best: Vec<usize> = counts(has_unit)
            .filter(|(count, _)| *count == most)
            .map(|(_, format)| format)
            .collect();
        let (Some(&first), true) = (best.first(), most > 0) else {
            return (0, ColumnKind::Text);
        };
        let unit = self.texts.as_ref().and_then(|texts| texts.unit);
        let unit = unit.filter(|_| has_unit);
        if let Some(readings) = self.readings(&best) {
            return (most, readings);
        }
        let (decimal, thousands) = FORMATS[first];
        let format = NumberFormat {
            decimal,
            thousands,
            unit,
        };
        (most, ColumnKind::Numbers(format))
    }

    /// How many cells are numbers in one of the [`FORMATS`], with the sign beside them or without.
    fn readable(&self, format: usize, with_unit: bool) -> u64 {
        let texts = self.texts.as_deref();
        let written = texts.map_or(0, |texts| texts.by_format[usize::from(with_unit)][format]);
        if with_unit {
            return written;
        }
        let plain = match FORMATS[format] {
            (Decimal::Point, _) => self.numbers,
            (Decimal::Comma, Some(Thousands::Point)) => self.numbers - self.pointed + self.grouped,
            (Decimal::Comma, _) => self.numbers - self.pointed,
        };
        written + plain
    }

    /// Two readings of a comma, where all cells have both: `1,234`.
    fn readings(&self, best: &[usize]) -> Option<ColumnKind> {
        let of = |decimal, thousands| best.iter().any(|&i| FORMATS[i] == (decimal, thousands));
        let both = of(Decimal::Point, Some(Thousands::Comma)) && of(Decimal::Comma, None);
        if !both || of(Decimal::Point, None) {
            return None;
        }
        let first = self.texts.as_ref()?.ambiguous.clone()?;
        let written = Written::of(&first.1)?;
        let readings = vec![
            Advice::DecimalComma(written.number(Decimal::Comma, None)?),
            Advice::ThousandsComma(written.number(Decimal::Point, Some(Thousands::Comma))?),
        ];
        Some(ColumnKind::Ambiguous(first, readings))
    }

    /// Whether all cells are whole numbers as programs write them.
    pub(super) fn is_whole(&self) -> bool {
        self.text.is_none() && !self.fraction && self.infinite.is_none() && self.numbers > 0
    }

    /// The first cell that is missing, in a column of text or of numbers.
    pub(super) fn first_missing(&self, is_text: bool) -> Option<&FirstCell> {
        let marker = self.marker.as_ref().filter(|_| !is_text);
        self.empty.iter().chain(marker).min_by_key(|found| found.0)
    }

    /// Whether all cells are empty.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers == 0 && self.marker.is_none() && self.texts.is_none()
    }
}

/// Whether a number of cells is few among all: at most a tenth.
fn few(cells: u64, all: u64) -> bool {
    cells.saturating_mul(10) <= all
}

impl TextProfile {
    /// Observes a cell; returns true for a date with a time.
    fn observe(&mut self, line: u64, cell: &str) -> bool {
        self.count += 1;
        let written = Written::of(cell);
        let formats = written.as_ref().map_or(0, Written::formats);
        if let Some(written) = written.filter(|_| formats != 0) {
            let with_unit = written.unit.is_some();
            self.unit = self.unit.or(written.unit);
            if !with_unit || written.unit == self.unit {
                let counts = &mut self.by_format[usize::from(with_unit)];
                for (index, count) in counts.iter_mut().enumerate() {
                    *count += u64::from(formats >> index & 1);
                }
            }
            if formats & 0b1_0011 == 0b1_0010 {
                self.ambiguous.get_or_insert_with(|| (line, shorten(cell)));
            }
            return false;
        }
        if let Some(moment) = Moment::parse(cell, None) {
            self.iso_dates += 1;
            return moment.has_time;
        }
        self.other_dates.observe(cell);
        false
    }
}

#[cfg(test)]
mod tests;
