//! Dates in cells, and the numbers that a network can learn from them.

use std::f64::consts::TAU;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::fmt::temporal::Pieces;
use serde::{Deserialize, Serialize};

use super::values::RunningMoments;

/// A column of dates, encoded as features, some of them cyclic.
///
/// These are, in this order: the days since 1970 and the year, both standardised; sine and cosine of
/// the month, of the day of the week and of the day of the year; and where the column has times, sine
/// and cosine of the time of day. A circle begins at the angle 0 with January, Monday, the first of
/// January and midnight, so that its end is beside its beginning. Times are taken as they are
/// written, whatever their offset from UTC; the days since 1970 are counted in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DateColumn {
    /// The column's name.
    pub column: String,
    /// The format of the dates, in the letters of C's `strftime`; `None` is ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether a cell has a time of day.
    pub has_time: bool,
    /// The mean of the days since 1970 over the training rows.
    pub days_mean: f64,
    /// Their standard deviation; 1 where all are the same.
    pub days_deviation: f64,
    /// The mean of the years of the training rows.
    pub year_mean: f64,
    /// Their standard deviation; 1 where all are the same.
    pub year_deviation: f64,
}

impl DateColumn {
    /// The number of features of a date.
    pub fn width(&self) -> usize {
        DateColumn::width_of(self.has_time)
    }

    pub(super) fn width_of(has_time: bool) -> usize {
        if has_time { 10 } else { 8 }
    }

    /// The names of the features: `column.days`, `column.year`, `column.month.sin`, ...
    pub fn feature_names(&self) -> Vec<String> {
        let parts = [
            "days",
            "year",
            "month.sin",
            "month.cos",
            "weekday.sin",
            "weekday.cos",
            "yearday.sin",
            "yearday.cos",
            "time.sin",
            "time.cos",
        ];
        let parts = parts[..self.width()].iter();
        parts
            .map(|part| format!("{}.{part}", self.column))
            .collect()
    }

    /// The numbers of a cell; `None` if it is no date of the column's format.
    pub(super) fn numbers(&self, cell: &str) -> Option<Vec<f64>> {
        let moment = Moment::parse(cell, self.format.as_deref())?;
        let date = moment.local.date();
        let turns = [
            f64::from(date.month() - 1) / 12.0,
            f64::from(date.weekday().to_monday_zero_offset()) / 7.0,
            f64::from(date.day_of_year() - 1) / f64::from(date.days_in_year()),
            moment.time_of_day(),
        ];
        let mut numbers = vec![
            (moment.days() - self.days_mean) / self.days_deviation,
            (f64::from(date.year()) - self.year_mean) / self.year_deviation,
        ];
        let circles = if self.has_time { 4 } else { 3 };
        for turn in &turns[..circles] {
            let (sine, cosine) = (turn * TAU).sin_cos();
            numbers.extend([sine, cosine]);
        }
        Some(numbers)
    }

    /// The means and deviations of the first two features, the days since 1970 and the year.
    pub fn moments(&self) -> [(f64, f64); 2] {
        [
            (self.days_mean, self.days_deviation),
            (self.year_mean, self.year_deviation),
        ]
    }
}

/// The statistics of a column of dates, cell by cell.
pub(super) struct DateFitter {
    format: Option<String>,
    days: RunningMoments,
    years: RunningMoments,
}

impl DateFitter {
    pub(super) fn new(format: Option<String>) -> Self {
        DateFitter {
            format,
            days: RunningMoments::default(),
            years: RunningMoments::default(),
        }
    }

    pub(super) fn observe(&mut self, cell: &str) {
        if let Some(moment) = Moment::parse(cell, self.format.as_deref()) {
            self.days.add(moment.days());
            self.years.add(f64::from(moment.local.year()));
        }
    }

    /// The column; `None` where no cell was a date.
    pub(super) fn finish(self, column: &str, has_time: bool) -> Option<DateColumn> {
        let (days_mean, days_deviation) = self.days.finish()?;
        let (year_mean, year_deviation) = self.years.finish()?;
        Some(DateColumn {
            column: column.to_owned(),
            format: self.format,
            has_time,
            days_mean,
            days_deviation,
            year_mean,
            year_deviation,
        })
    }
}

/// A date, at midnight unless the cell has a time.
pub(super) struct Moment {
    local: DateTime,
    /// The seconds that the local time is ahead of UTC.
    offset: i32,
    pub(super) has_time: bool,
}

impl Moment {
    /// The date in a cell; `None` if it is not written in this format, or names no day.
    pub(super) fn parse(cell: &str, format: Option<&str>) -> Option<Self> {
        let (date, time, offset) = match format {
            Some(format) => parse_format(cell, format)?,
            None => parse_iso(cell)?,
        };
        Some(Moment {
            local: date.to_datetime(time.unwrap_or(Time::midnight())),
            offset,
            has_time: time.is_some(),
        })
    }

    /// The days since 1970 began in UTC.
    fn days(&self) -> f64 {
        let epoch = Date::constant(1970, 1, 1).to_datetime(Time::midnight());
        let seconds = self.local.duration_since(epoch).as_secs_f64();
        (seconds - f64::from(self.offset)) / 86_400.0
    }

    /// The part of the day that has gone by.
    fn time_of_day(&self) -> f64 {
        let midnight = self.local.date().to_datetime(Time::midnight());
        self.local.duration_since(midnight).as_secs_f64() / 86_400.0
    }
}

/// A date, a time of day where there is one, and its seconds ahead of UTC.
type Parts = (Date, Option<Time>, i32);

/// ISO 8601: `2026-11-27`, with a time after `T` or a space, and an offset; or a month, `2026-11`,
/// which is its first day.
fn parse_iso(cell: &str) -> Option<Parts> {
    let bytes = cell.as_bytes();
    let is_year = bytes.iter().take(4).all(u8::is_ascii_digit);
    // Most text ends here.
    if !is_year || bytes.get(4) != Some(&b'-') {
        return None;
    }
    if let [_, _, _, _, _, month @ ..] = bytes
        && let [tens @ b'0'..=b'1', ones @ b'0'..=b'9'] = month
    {
        let month = (10 * (tens - b'0') + ones - b'0') as i8;
        let date = Date::new(cell[..4].parse().ok()?, month, 1).ok()?;
        return Some((date, None, 0));
    }
    let pieces = Pieces::parse(cell).ok()?;
    let offset = pieces.to_numeric_offset();
    let seconds = offset.map_or(0, |offset| offset.seconds());
    Some((pieces.date(), pieces.time(), seconds))
}

fn parse_format(cell: &str, format: &str) -> Option<Parts> {
    let parsed = strtime::parse(format, cell).ok()?;
    let date = parsed.to_date().ok().or_else(|| month_of(&parsed))?;
    let time = parsed.hour().and_then(|_| parsed.to_time().ok());
    let offset = parsed.offset().map_or(0, |offset| offset.seconds());
    Some((date, time, offset))
}

/// The first day of a month, where the format has no day.
fn month_of(parsed: &BrokenDownTime) -> Option<Date> {
    match (parsed.year(), parsed.month(), parsed.day()) {
        (Some(year), Some(month), None) => Date::new(year, month, 1).ok(),
        _ => None,
    }
}

/// The day of an example in this format; an error says that it is no format.
pub(super) fn example(format: &str) -> Result<String, String> {
    let day = Date::constant(2026, 11, 27).at(13, 45, 0, 0);
    let text = strtime::format(format, day).map_err(|error| error.to_string())?;
    match Moment::parse(&text, Some(format)) {
        Some(_) => Ok(text),
        None => Err("it names no year or no month".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    fn column(format: Option<&str>, has_time: bool) -> DateColumn {
        DateColumn {
            column: "day".into(),
            format: format.map(str::to_owned),
            has_time,
            days_mean: 0.0,
            days_deviation: 1.0,
            year_mean: 2000.0,
            year_deviation: 10.0,
        }
    }

    #[test]
    fn a_date_becomes_the_numbers_computed_by_hand() {
        // A Saturday, the 46th day of a leap year; 18,307 days after 1970 began.
        let numbers = column(None, false).numbers("2020-02-15").unwrap();
        let turn = |part: f64| [(part * TAU).sin(), (part * TAU).cos()];
        let [month, weekday, yearday] = [1.0 / 12.0, 5.0 / 7.0, 45.0 / 366.0].map(turn);
        let expected = [
            18_307.0, 2.0, month[0], month[1], weekday[0], weekday[1], yearday[0], yearday[1],
        ];
        assert_eq!(numbers, expected);
        // A quarter past six in the morning at UTC+2.
        let numbers = column(None, true)
            .numbers("2020-02-15T06:00:00+02:00")
            .unwrap();
        assert_eq!(numbers[0], 18_307.0 + 4.0 / 24.0);
        assert_abs_diff_eq!(numbers[8], 1.0, epsilon = 1e-15);
        assert_abs_diff_eq!(numbers[9], 0.0, epsilon = 1e-15);
        assert_eq!(numbers.len(), column(None, true).feature_names().len());
    }

    #[test]
    fn dates_are_read_in_iso_and_in_a_format() {
        for (cell, format, expected) in [
            ("2020-02-29", None, Some("2020-02-29T00:00:00")),
            ("2020-02-29 12:30", None, Some("2020-02-29T12:30:00")),
            (
                "2020-02-29T12:30:15.5Z",
                None,
                Some("2020-02-29T12:30:15.5"),
            ),
            ("2020-02", None, Some("2020-02-01T00:00:00")),
            ("2021-02-29", None, None),
            ("2020-13", None, None),
            ("29.02.2020", None, None),
            ("20200229", None, None),
            ("2020", None, None),
            ("", None, None),
            ("1.2.2020", Some("%d.%m.%Y"), Some("2020-02-01T00:00:00")),
            (
                "02/01/20 5:04 PM",
                Some("%m/%d/%y %I:%M %p"),
                Some("2020-02-01T17:04:00"),
            ),
            ("31.02.2020", Some("%d.%m.%Y"), None),
            ("Feb 2020", Some("%b %Y"), Some("2020-02-01T00:00:00")),
            ("2020-02-29", Some("%d.%m.%Y"), None),
        ] {
            let moment = Moment::parse(cell, format);
            let found = moment.map(|moment| moment.local.to_string());
            assert_eq!(found.as_deref(), expected, "{cell}");
        }
    }

    #[test]
    fn a_format_has_an_example_or_a_fault() {
        assert_eq!(example("%d.%m.%Y").unwrap(), "27.11.2026");
        assert_eq!(example("%b %Y").unwrap(), "Nov 2026");
        for format in ["", "today", "%d.%m.", "%!"] {
            assert!(example(format).is_err(), "{format}");
        }
    }
}
