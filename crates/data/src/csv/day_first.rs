//! Dates of numbers alone, whose order of day and month only the whole column tells.

use crate::Advice;

/// The separator, the digits of the year and the format of the time of a date.
type DateForm = (char, usize, &'static str);

/// Cells such as `27.11.2026` or `11/27/26 13:45`, of which only all together may tell the day from
/// the month.
#[derive(Clone, Debug, Default)]
pub(super) struct DayFirst {
    pub(super) count: u64,
    /// That of the first cell.
    form: Option<DateForm>,
    /// Whether the first number, and the second, may be that of a month.
    not_months: [bool; 2],
}

impl DayFirst {
    pub(super) fn observe(&mut self, cell: &str) {
        if let Some((numbers, form)) = DayFirst::parts(cell)
            && *self.form.get_or_insert(form) == form
        {
            self.count += 1;
            for (not_month, number) in self.not_months.iter_mut().zip(numbers) {
                *not_month |= number > 12;
            }
        }
    }

    /// The first two numbers of a cell, and its form.
    fn parts(cell: &str) -> Option<([u8; 2], DateForm)> {
        let separator = cell.chars().find(|mark| !mark.is_ascii_digit())?;
        if !matches!(separator, '.' | '/' | '-') {
            return None;
        }
        let (date, time) = cell.split_once(' ').unwrap_or((cell, ""));
        let time = match time.matches(':').count() {
            0 if time.is_empty() => "",
            1 => " %H:%M",
            2 => " %H:%M:%S",
            _ => return None,
        };
        let mut parts = date.split(separator);
        let [first, second, year] = [parts.next()?, parts.next()?, parts.next()?];
        let is_year = matches!(year.len(), 2 | 4) && year.bytes().all(|b| b.is_ascii_digit());
        if !is_year || parts.next().is_some() {
            return None;
        }
        let number = |text: &str| text.parse::<u8>().ok().filter(|n| (1..=31).contains(n));
        Some((
            [number(first)?, number(second)?],
            (separator, year.len(), time),
        ))
    }

    /// The formats in which all cells are dates.
    pub(super) fn formats(&self) -> Vec<Advice> {
        let Some((separator, digits, time)) = self.form else {
            return Vec::new();
        };
        let year = if digits == 2 { "%y" } else { "%Y" };
        let orders = [
            ("%d", "%m", self.not_months[1]),
            ("%m", "%d", self.not_months[0]),
        ];
        let formats = orders.iter().filter(|(.., is_refuted)| !is_refuted);
        let format = |(first, second, _): &(&str, &str, bool)| {
            Advice::DateFormat(format!("{first}{separator}{second}{separator}{year}{time}"))
        };
        formats.map(format).collect()
    }
}
