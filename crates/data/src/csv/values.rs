//! The contents of the cells of a column.

use super::number::NumberFormat;

/// The markers of a missing number, beside an empty cell.
const MARKERS: [&str; 5] = ["NA", "N/A", "NaN", "null", "?"];

/// A cell, taken as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Empty,
    Marker,
    Number(f64),
    /// A number that is not finite.
    Infinite,
    Text,
}

impl Cell {
    pub(super) fn of(cell: &str) -> Self {
        if cell.is_empty() {
            return Cell::Empty;
        }
        if is_marker(cell) {
            return Cell::Marker;
        }
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => Cell::Number(number),
            Ok(_) => Cell::Infinite,
            Err(_) => Cell::Text,
        }
    }
}

impl Cell {
    /// A cell of a column whose numbers are written in this way.
    pub(super) fn in_format(cell: &str, format: &NumberFormat) -> Self {
        match Cell::of(cell) {
            content @ (Cell::Empty | Cell::Marker) => content,
            content @ (Cell::Number(_) | Cell::Infinite) if format.is_plain() => content,
            _ => format.parse(cell).map_or(Cell::Text, Cell::Number),
        }
    }
}

/// Whether a cell is one of the markers of a missing number.
pub(super) fn is_marker(cell: &str) -> bool {
    MARKERS
        .iter()
        .any(|marker| cell.eq_ignore_ascii_case(marker))
}

/// A cell as a whole number, if it is one; `3.0` is.
pub(super) fn integer(cell: &str) -> Option<i64> {
    cell.parse().ok().or_else(|| {
        let number: f64 = cell.parse().ok()?;
        // Beyond this not every whole number has a floating-point number of its own.
        let is_whole = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
        is_whole.then_some(number as i64)
    })
}

/// The mean and the deviation of numbers, in one pass (Welford, 1962).
#[derive(Clone, Debug, Default)]
pub(super) struct RunningMoments {
    count: u64,
    mean: f64,
    /// The sum of the squared distances from the mean.
    squares: f64,
    first: f64,
    varies: bool,
}

impl RunningMoments {
    pub(super) fn add(&mut self, number: f64) {
        if self.count == 0 {
            self.first = number;
        }
        self.varies |= number != self.first;
        self.count += 1;
        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    /// The mean and the standard deviation, of a constant the constant and 1; none without numbers.
    pub(super) fn finish(&self) -> Option<(f64, f64)> {
        if self.count == 0 {
            return None;
        }
        if !self.varies {
            return Some((self.first, 1.0));
        }
        let deviation = (self.squares / self.count as f64).sqrt();
        // Numbers that differ by less than a square can tell.
        let deviation = if deviation == 0.0 { 1.0 } else { deviation };
        Some((self.mean, deviation))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    #[test]
    fn a_spread_is_that_computed_by_hand() {
        let spread = |numbers: &[f64]| {
            let mut spread = RunningMoments::default();
            numbers.iter().for_each(|x| spread.add(*x));
            spread.finish()
        };
        // Squared distances from 5: 9, 1, 1, 1, 0, 0, 4, 16.
        let numbers = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(spread(&numbers), Some((5.0, 2.0)));
        assert_eq!(spread(&[0.1; 1000]), Some((0.1, 1.0)));
        assert_eq!(spread(&[-3.0]), Some((-3.0, 1.0)));
        assert_eq!(spread(&[]), None);
        // Far from 0, where the mean of the squares less the square of the mean would be lost.
        let (mean, deviation) = spread(&[1e9 + 1.0, 1e9 + 3.0, 1e9 + 5.0]).unwrap();
        assert_eq!(mean, 1e9 + 3.0);
        assert_abs_diff_eq!(deviation, (8.0_f64 / 3.0).sqrt(), epsilon = 1e-12);
        assert!(!spread(&[1e300, -1e300]).unwrap().1.is_finite());
    }

    #[test]
    fn whole_numbers_may_have_a_point() {
        for (cell, whole) in [
            ("3", Some(3)),
            ("-03", Some(-3)),
            ("3.0", Some(3)),
            ("3e2", Some(300)),
            ("3.5", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("1e300", None),
            ("NaN", None),
            ("x", None),
        ] {
            assert_eq!(integer(cell), whole, "{cell}");
        }
    }
}
