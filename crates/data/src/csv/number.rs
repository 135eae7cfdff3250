//! The notation of numbers as people write them: decimal marks, marks between thousands, percent and currency signs.

use serde::{Deserialize, Serialize};

/// The mark between whole and fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// `1.5`.
    #[default]
    Point,
    /// `1,5`.
    Comma,
}

/// The mark between groups of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thousands {
    /// `1,234`.
    Comma,
    /// `1.234`.
    Point,
    /// `1 234`, with a space of any kind that does not break a line, too.
    Space,
    /// `1'234`.
    Apostrophe,
}

impl Thousands {
    fn is(self, mark: char) -> bool {
        match self {
            Thousands::Comma => mark == ',',
            Thousands::Point => mark == '.',
            // A space, and those that keep digits on one line or are narrow.
            Thousands::Space => matches!(mark, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'),
            Thousands::Apostrophe => matches!(mark, '\'' | '\u{2019}'),
        }
    }
}

/// The notation of the numbers of a column.
///
/// The default is how programs write them: `-1234.5`, `1.5e-3`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NumberFormat {
    /// The decimal mark.
    pub decimal: Decimal,
    /// The mark between thousands, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<Thousands>,
    /// The sign that each number has before or after it: `%`, or that of a currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<char>,
}

/// The ways to write a number apart from its unit; the first is that of programs.
pub(super) const FORMATS: [(Decimal, Option<Thousands>); 8] = [
    (Decimal::Point, None),
    (Decimal::Point, Some(Thousands::Comma)),
    (Decimal::Point, Some(Thousands::Space)),
    (Decimal::Point, Some(Thousands::Apostrophe)),
    (Decimal::Comma, None),
    (Decimal::Comma, Some(Thousands::Point)),
    (Decimal::Comma, Some(Thousands::Space)),
    (Decimal::Comma, Some(Thousands::Apostrophe)),
];

/// Signs that stand beside a number: percent, and the commonest currencies.
const UNITS: [char; 16] = [
    '%', '$', '€', '£', '¥', '₹', '₩', '₽', '₺', '₴', '₫', '฿', '₪', '₱', '₦', '¢',
];

/// The most bytes of a cell that is looked at as a number of people: longer ones are text.
const MAX_BYTES: usize = 64;

impl NumberFormat {
    /// Returns true for the notation of programs.
    pub fn is_plain(&self) -> bool {
        *self == NumberFormat::default()
    }

    /// An example of the notation, such as `1.234,5 €`.
    ///
    /// ```
    /// use backprop_data::csv::{Decimal, NumberFormat};
    ///
    /// let format = NumberFormat {
    ///     decimal: Decimal::Comma,
    ///     unit: Some('%'),
    ///     ..NumberFormat::default()
    /// };
    /// assert_eq!(format.example(), "1234,5 %");
    /// ```
    pub fn example(&self) -> String {
        let thousands = match self.thousands {
            None => "",
            Some(Thousands::Comma) => ",",
            Some(Thousands::Point) => ".",
            Some(Thousands::Space) => " ",
            Some(Thousands::Apostrophe) => "'",
        };
        let decimal = match self.decimal {
            Decimal::Point => ".",
            Decimal::Comma => ",",
        };
        let number = format!("1{thousands}234{decimal}5");
        match self.unit {
            None => number,
            Some(unit @ ('$' | '£' | '¥')) => format!("{unit}{number}"),
            Some(unit) => format!("{number} {unit}"),
        }
    }

    /// The end of a sentence that expects a number, unless it is written as programs do.
    pub(super) fn as_in_training(&self) -> String {
        if self.is_plain() {
            return String::new();
        }
        format!(" written as in training, such as {}", self.example())
    }

    /// The number in a cell; `None` if it is not written in this way.
    ///
    /// ```
    /// use backprop_data::csv::{Decimal, NumberFormat, Thousands};
    ///
    /// let german = NumberFormat {
    ///     decimal: Decimal::Comma,
    ///     thousands: Some(Thousands::Point),
    ///     unit: Some('€'),
    /// };
    /// assert_eq!(german.parse("-1.234,50 €"), Some(-1234.5));
    /// assert_eq!(german.parse("1,234.50 €"), None);
    /// assert_eq!(german.parse("1.234,50"), None);
    /// ```
    pub fn parse(&self, cell: &str) -> Option<f64> {
        if self.is_plain()
            && let Ok(number) = cell.parse()
        {
            return Some(number);
        }
        let written = Written::of(cell)?;
        if written.unit != self.unit {
            return None;
        }
        written.number(self.decimal, self.thousands)
    }
}

/// A cell taken apart: what may be a number, and the sign beside it.
pub(super) struct Written<'a> {
    pub(super) unit: Option<char>,
    is_negative: bool,
    body: &'a str,
}

impl<'a> Written<'a> {
    /// `None` if the cell cannot be a number in any way.
    pub(super) fn of(cell: &'a str) -> Option<Self> {
        if cell.len() > MAX_BYTES || !cell.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (mut is_negative, mut body) = sign(cell);
        let unit = if let Some(rest) = body.strip_prefix(UNITS) {
            let unit = body.chars().next();
            (body, is_negative) = match (is_negative, sign(rest.trim_start())) {
                (None, (inner, rest)) => (rest, inner),
                (outer, _) => (rest.trim_start(), outer),
            };
            unit
        } else if let Some(rest) = body.strip_suffix(UNITS) {
            let unit = body.chars().last();
            body = rest.trim_end();
            unit
        } else {
            None
        };
        let is_first_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.' || byte == b',';
        body.bytes().next().filter(|byte| is_first_digit(*byte))?;
        Some(Written {
            unit,
            is_negative: is_negative.unwrap_or(false),
            body,
        })
    }

    /// The number under a decimal mark and a mark between thousands.
    pub(super) fn number(&self, decimal: Decimal, thousands: Option<Thousands>) -> Option<f64> {
        let mark = match decimal {
            Decimal::Point => '.',
            Decimal::Comma => ',',
        };
        let (whole, fraction) = match self.body.split_once(mark) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (self.body, None),
        };
        let mut plain = String::with_capacity(self.body.len());
        match thousands.filter(|t| whole.contains(|mark| t.is(mark))) {
            None if decimal == Decimal::Comma && whole.contains('.') => return None,
            None => plain.push_str(whole),
            Some(thousands) => join_groups(whole, thousands, &mut plain)?,
        }
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        // No words, such as inf, and no second sign.
        let is_number = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
        if !plain.bytes().all(is_number) {
            return None;
        }
        let number: f64 = plain
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())?;
        Some(if self.is_negative { -number } else { number })
    }

    /// The [`FORMATS`] in which the cell is a number, as bits.
    pub(super) fn formats(&self) -> u8 {
        let mut plain = None;
        let mut bits = 0;
        for (index, (decimal, thousands)) in FORMATS.into_iter().enumerate() {
            // Without the mark between thousands it is the number that it is with none.
            let reads = match (plain, thousands) {
                (Some(plain), Some(thousands)) if !self.body.contains(|c| thousands.is(c)) => plain,
                _ => self.number(decimal, thousands).is_some(),
            };
            if thousands.is_none() {
                plain = Some(reads);
            }
            bits |= u8::from(reads) << index;
        }
        bits
    }
}

/// The sign before a number, if there is one, and the rest.
fn sign(cell: &str) -> (Option<bool>, &str) {
    for (sign, is_negative) in [('-', true), ('\u{2212}', true), ('+', false)] {
        if let Some(rest) = cell.strip_prefix(sign) {
            return (Some(is_negative), rest.trim_start());
        }
    }
    (None, cell)
}

/// Digits in groups of three, of which only the first may be shorter, as one row of digits. A group
/// that begins with 0, as in `0,123`, is no first one.
fn join_groups(whole: &str, thousands: Thousands, out: &mut String) -> Option<()> {
    for (index, group) in whole.split(|mark| thousands.is(mark)).enumerate() {
        let is_first = index == 0;
        let fits = match group.len() {
            3 => !is_first || !group.starts_with('0'),
            1 | 2 => is_first && !group.starts_with('0'),
            _ => false,
        };
        if !fits || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        out.push_str(group);
    }
    Some(())
}

/// Whether a number that programs write has a point, and whether that point may stand between
/// thousands, as in `1.234`.
pub(super) fn point(cell: &str) -> Option<bool> {
    let (_, fraction) = cell.split_once('.')?;
    // Most are told by the number of their digits.
    let written = (fraction.len() == 3).then(|| Written::of(cell)).flatten();
    Some(written.is_some_and(|w| w.number(Decimal::Comma, Some(Thousands::Point)).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &str, format: usize) -> Option<f64> {
        let (decimal, thousands) = FORMATS[format];
        Written::of(cell)?.number(decimal, thousands)
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (cell, format, number) in [
            ("5.1", 0, 5.1),
            ("-1,234.5", 1, -1234.5),
            ("1,234,567", 1, 1_234_567.0),
            ("12 345.25", 2, 12345.25),
            ("12\u{a0}345", 2, 12345.0),
            ("1'234.5", 3, 1234.5),
            ("5,1", 4, 5.1),
            (",5", 4, 0.5),
            ("1,5e-3", 4, 0.0015),
            ("1.234,5", 5, 1234.5),
            ("1\u{202f}234,5", 6, 1234.5),
            ("1\u{2019}234,5", 7, 1234.5),
            ("\u{2212}3", 0, -3.0),
            ("12%", 0, 12.0),
            ("12,5 %", 4, 12.5),
            ("$-1,234", 1, -1234.0),
            ("-$1,234", 1, -1234.0),
            ("€ 7", 0, 7.0),
            ("7 €", 0, 7.0),
            ("+7€", 0, 7.0),
        ] {
            assert_eq!(read(cell, format), Some(number), "{cell}");
        }
    }

    #[test]
    fn groups_of_other_sizes_and_words_are_no_numbers() {
        for (cell, format) in [
            ("1,23", 1),
            ("1,2345", 1),
            ("1234,567", 1),
            ("0,123", 1),
            ("1,,234", 1),
            (",234", 1),
            ("1,234,", 1),
            ("1.2.3", 0),
            ("5.1", 4),
            ("1.23,5", 5),
            ("--3", 0),
            ("-$-3", 0),
            ("$", 0),
            ("$5$", 0),
            ("1e", 0),
            ("0x10", 0),
            ("inf 1", 0),
            ("1 234", 0),
            ("A1", 0),
        ] {
            assert_eq!(read(cell, format), None, "{cell}");
        }
        let long = "1".repeat(MAX_BYTES + 1);
        assert!(Written::of(&long).is_none() && Written::of(&long[1..]).is_some());
    }

    #[test]
    fn a_cell_may_be_a_number_in_several_ways() {
        for (cell, formats) in [
            ("5", 0b1111_1111),
            ("5,1", 0b1111_0000),
            ("1,234", 0b1111_0010),
            ("1.234", 0b0010_1111),
            ("1,234.5", 0b0000_0010),
            ("1 234", 0b0100_0100),
            ("abc1", 0),
        ] {
            let found = Written::of(cell).map_or(0, |written| written.formats());
            assert_eq!(found, formats, "{cell}: {found:08b}");
        }
        assert_eq!(
            ["5", "5.1", "1.234", "-1.234"].map(point),
            [None, Some(false), Some(true), Some(true)]
        );
    }
}
