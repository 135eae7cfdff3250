//! Numbers and names as text: rounded, with a true minus sign, escaped.

/// The text with `&`, `<`, `>` and quotes escaped, for XML and HTML.
///
/// Tabs and line breaks become spaces; other control characters, which XML 1.0 does not allow, become
/// U+FFFD.
///
/// ```
/// assert_eq!(backprop_plot::text::escape("a < b & c"), "a &lt; b &amp; c");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The first characters of a text, at most `max_chars`; the last is an ellipsis where some are
/// missing.
///
/// ```
/// assert_eq!(backprop_plot::text::truncate("a long name", 7), "a long…");
/// ```
pub fn truncate(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_string();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A number with `count` decimals, commas between thousands and a true minus sign.
///
/// ```
/// assert_eq!(backprop_plot::text::decimals(-1234.5, 2), "−1,234.50");
/// ```
pub fn decimals(value: f64, count: usize) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    let text = format!("{:.count$}", value.abs());
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let (whole, rest) = text
        .find('.')
        .map_or((&text[..], ""), |dot| text.split_at(dot));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// A number with about four significant digits.
///
/// ```
/// use backprop_plot::text::significant;
///
/// let texts = [0.071312, 12.345, 48_000.0, 3.2e-7].map(significant);
/// assert_eq!(texts, ["0.07131", "12.35", "48,000", "3.2·10⁻⁷"]);
/// ```
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    if value == 0.0 {
        return "0".to_string();
    }
    let exponent = value.abs().log10().floor();
    if (-4.0..6.0).contains(&exponent) {
        let count = (3.0 - exponent).clamp(0.0, 7.0) as usize;
        return trimmed(&decimals(value, count)).to_string();
    }
    let mut exponent = exponent as i32;
    let mut digits = value / 10_f64.powi(exponent);
    if !digits.is_finite() {
        // The power of a subnormal number is 0.
        (digits, exponent) = (value * 1e300, exponent);
        digits /= 10_f64.powi(exponent + 300);
    }
    let digits = decimals(digits, 2);
    format!("{}·10{}", trimmed(&digits), superscript(exponent))
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// A fraction as a percentage with `count` decimals.
///
/// ```
/// assert_eq!(backprop_plot::text::percent(0.98254, 2), "98.25 %");
/// ```
pub fn percent(fraction: f64, count: usize) -> String {
    if fraction.is_finite() {
        format!("{} %", decimals(100.0 * fraction, count))
    } else {
        not_finite(fraction)
    }
}

/// A duration in milliseconds, seconds, or minutes and seconds.
///
/// ```
/// assert_eq!(backprop_plot::text::seconds(0.25), "250 ms");
/// assert_eq!(backprop_plot::text::seconds(312.0), "5 min 12 s");
/// ```
pub fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        not_finite(seconds)
    } else if seconds < 1.0 {
        format!("{} ms", decimals(1000.0 * seconds, 0))
    } else if seconds < 120.0 {
        format!("{} s", decimals(seconds, 1))
    } else {
        format!(
            "{} min {} s",
            decimals((seconds / 60.0).floor(), 0),
            decimals((seconds % 60.0).floor(), 0)
        )
    }
}

/// 10 to a power.
pub(crate) fn power(exponent: i32) -> String {
    format!("10{}", superscript(exponent))
}

/// A whole number in superscript digits.
pub(crate) fn superscript(number: i32) -> String {
    let raise = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' => '⁰',
        digit => char::from_u32(digit as u32 - '4' as u32 + '⁴' as u32).unwrap_or(digit),
    };
    number.to_string().chars().map(raise).collect()
}

fn not_finite(value: f64) -> String {
    if value.is_nan() {
        "–".to_string()
    } else if value > 0.0 {
        "∞".to_string()
    } else {
        "−∞".to_string()
    }
}

/// The estimated width of a text in pixels at this font size.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | '|' | ' ' => 0.3,
        'm' | 'w' | 'M' | 'W' | '%' => 0.88,
        c if c.is_ascii_uppercase() => 0.68,
        c if c.is_ascii() => 0.56,
        '⁰'..='⁹' | '¹' | '²' | '³' | '⁻' | '·' => 0.4,
        c if (c as u32) < 0x1100 => 0.6,
        _ => 1.0,
    };
    size * text.chars().map(em).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped() {
        let text = "<script>alert('x')</script>&\"\u{0}\u{1b}]]>";
        let escaped = escape(text);
        assert!(!escaped.contains('<') && !escaped.contains('>') && !escaped.contains('"'));
        assert!(!escaped.chars().any(char::is_control));
        assert_eq!(escape("a & b"), "a &amp; b");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(decimals(-1234.5, 1), "−1,234.5");
        assert_eq!(decimals(-0.001, 1), "0.0");
        assert_eq!(significant(0.071_312), "0.07131");
        assert_eq!(significant(48_000.0), "48,000");
        assert_eq!(significant(3.2e-7), "3.2·10⁻⁷");
        assert_eq!(significant(-2e12), "−2·10¹²");
        assert_eq!(significant(0.5), "0.5");
        assert_eq!(
            (significant(f64::NAN), significant(f64::INFINITY)),
            ("–".into(), "∞".into())
        );
        assert!(
            significant(5e-324).contains("10⁻³²⁴"),
            "{}",
            significant(5e-324)
        );
        assert_eq!(percent(0.98254, 2), "98.25 %");
        assert_eq!(seconds(0.25), "250 ms");
        assert_eq!(seconds(312.0), "5 min 12 s");
        assert_eq!(superscript(-4567), "⁻⁴⁵⁶⁷");
        assert_eq!(truncate("a long name", 7), "a long…");
        assert_eq!(text_width("1.0", 10.0), 10.0 * (0.56 + 0.3 + 0.56));
    }
}
