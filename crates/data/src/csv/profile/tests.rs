use super::*;

fn kind_with(cells: &[&str], how: &ReadOptions) -> ColumnKind {
    let mut profile = ColumnProfile::default();
    for (line, cell) in (2..).zip(cells) {
        profile.observe(line, cell, false, how);
    }
    profile.kind(how)
}

fn kind(cells: &[&str]) -> ColumnKind {
    kind_with(cells, &ReadOptions::default())
}

fn numbers(decimal: Decimal, thousands: Option<Thousands>, unit: &str) -> ColumnKind {
    ColumnKind::Numbers(NumberFormat {
        decimal,
        thousands,
        unit: unit.chars().next(),
    })
}

fn dates(format: Option<&str>, has_time: bool) -> ColumnKind {
    ColumnKind::Dates {
        format: format.map(str::to_owned),
        has_time,
    }
}

#[test]
fn numbers_in_one_format_are_numbers() {
    use Decimal::{Comma, Point};
    for (cells, expected) in [
        (vec!["1", "2.5", "", "NA"], numbers(Point, None, "")),
        (vec!["1.234", "2.500"], numbers(Point, None, "")),
        (vec!["5,1", "7"], numbers(Comma, None, "")),
        (vec!["1,234", "12,5"], numbers(Comma, None, "")),
        (vec!["0,123", "0,456"], numbers(Comma, None, "")),
        (
            vec!["1,234", "1,234,567"],
            numbers(Point, Some(Thousands::Comma), ""),
        ),
        (
            vec!["1,234", "5.5"],
            numbers(Point, Some(Thousands::Comma), ""),
        ),
        (
            vec!["1.234", "1.234,5"],
            numbers(Comma, Some(Thousands::Point), ""),
        ),
        (
            vec!["1 234", "12"],
            numbers(Point, Some(Thousands::Space), ""),
        ),
        (
            vec!["1'234.5"],
            numbers(Point, Some(Thousands::Apostrophe), ""),
        ),
        (vec!["12%", "7%"], numbers(Point, None, "%")),
        (vec!["12,5 %", "-7 %"], numbers(Comma, None, "%")),
        (
            vec!["$1,234.50", "$3"],
            numbers(Point, Some(Thousands::Comma), "$"),
        ),
        (vec!["\u{2212}3", "4"], numbers(Point, None, "")),
        (vec![""], numbers(Point, None, "")),
    ] {
        let cells: Vec<&str> = cells.into_iter().collect();
        assert_eq!(kind(&cells), expected, "{cells:?}");
        let mut cells = cells.into_iter().filter(|cell| !matches!(*cell, "" | "NA"));
        assert!(cells.all(|cell| expected.holds(cell)));
    }
    for cells in [
        ["12%", "7"],
        ["$1", "€1"],
        ["5,1", "5.1"],
        ["red", "5"],
        ["NA", ""],
        ["1.2.3", "1.2.4"],
    ] {
        assert_eq!(kind(&cells), ColumnKind::Text, "{cells:?}");
    }
}

#[test]
fn two_readings_are_told_with_both() {
    let expected = ColumnKind::Ambiguous(
        (3, "1,234".to_owned()),
        vec![Advice::DecimalComma(1.234), Advice::ThousandsComma(1234.0)],
    );
    assert_eq!(kind(&["12", "1,234", "", "5,678"]), expected);
    let how = |decimal, thousands| ReadOptions {
        decimal,
        thousands,
        ..ReadOptions::default()
    };
    for (how, expected) in [
        (
            how(Some(Decimal::Comma), None),
            numbers(Decimal::Comma, None, ""),
        ),
        (
            how(None, Some(Thousands::Comma)),
            numbers(Decimal::Point, Some(Thousands::Comma), ""),
        ),
        (
            how(Some(Decimal::Point), None),
            numbers(Decimal::Point, Some(Thousands::Comma), ""),
        ),
    ] {
        assert_eq!(
            kind_with(&["12", "1,234", "5,678"], &how),
            expected,
            "{how:?}"
        );
    }
    let point = how(None, Some(Thousands::Point));
    let expected = numbers(Decimal::Comma, Some(Thousands::Point), "");
    assert_eq!(kind_with(&["1.234", "5"], &point), expected);
}

#[test]
fn a_few_odd_cells_do_not_change_the_kind() {
    let mut cells = vec!["7"; 18];
    cells.extend(["oops", "x"]);
    let plain = Box::new(numbers(Decimal::Point, None, ""));
    assert_eq!(kind(&cells), ColumnKind::Mostly(plain, 2));
    cells.push("y");
    assert_eq!(kind(&cells), ColumnKind::Text);
    let mut cells = vec!["2026-11-27"; 9];
    cells.push("soon");
    let expected = ColumnKind::Mostly(Box::new(dates(None, false)), 1);
    assert_eq!(kind(&cells), expected);
}

#[test]
fn dates_are_found_or_their_format_is_asked_for() {
    assert_eq!(kind(&["2026-11-27", "2025-01-31"]), dates(None, false));
    assert_eq!(kind(&["2026-11-27 12:00", "2025-01-31"]), dates(None, true));
    let german = ReadOptions {
        date_format: Some("%d.%m.%Y".to_owned()),
        ..ReadOptions::default()
    };
    let expected = dates(Some("%d.%m.%Y"), false);
    assert_eq!(kind_with(&["27.11.2026", "1.2.2025"], &german), expected);
    assert_eq!(kind_with(&["2026-11-27"], &german), dates(None, false));
    for (cells, formats) in [
        (vec!["27.11.2026", "1.2.2025"], vec!["%d.%m.%Y"]),
        (vec!["11/27/26", "1/2/25"], vec!["%m/%d/%y"]),
        (vec!["1/2/2025", "3/4/2025"], vec!["%d/%m/%Y", "%m/%d/%Y"]),
        (vec!["27.11.2026 13:45"], vec!["%d.%m.%Y %H:%M"]),
    ] {
        let first = (2, cells[0].to_owned());
        let formats = formats
            .into_iter()
            .map(|f| Advice::DateFormat(f.to_owned()));
        let expected = ColumnKind::Ambiguous(first, formats.collect());
        assert_eq!(kind(&cells), expected);
    }
    for cells in [
        ["27.11.2026", "11.27.2026"],
        ["1.2.2025", "1/2/2025"],
        ["1.2.3", "1.2.4"],
    ] {
        assert_eq!(kind(&cells), ColumnKind::Text, "{cells:?}");
    }
}
