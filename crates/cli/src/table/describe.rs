//! The columns of a table in words, for people.

use backprop_trainer::data::csv::{Feature, NumberFormat, NumericColumn, TableEncoding, Target};

use crate::settings::Task;

/// The columns and what they became: a line, and one more for each way of writing that is not that
/// of programs.
pub(crate) fn describe(
    encoding: &TableEncoding,
    empty_columns: usize,
    task: Option<Task>,
) -> Vec<String> {
    let (from, learnt) = (kinds(encoding), target(encoding, task));
    let mut lines = vec![format!("from {from}, learns {learnt}")];
    lines.extend(formats(encoding));
    lines.extend(
        encoding
            .features
            .iter()
            .filter_map(|feature| match feature {
                Feature::Date(dates) => {
                    let last = match dates.has_time {
                        true => "weekday, day of the year and time of day",
                        false => "weekday and day of the year",
                    };
                    let column = &dates.column;
                    Some(format!(
                        "{column} as a date: its day on a line of time, year, month, {last}"
                    ))
                }
                Feature::Number(_) | Feature::Categories { .. } => None,
            }),
    );
    if empty_columns > 0 {
        let columns = counted(
            empty_columns,
            "column without a name is empty throughout and",
            "columns without a name are empty throughout and",
        );
        lines.push(format!("{columns} left out"));
    }
    lines
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// How many columns of each kind there are.
fn kinds(encoding: &TableEncoding) -> String {
    let (mut numbers, mut dates, mut texts, mut values) = (0, 0, 0, 0);
    for feature in &encoding.features {
        match feature {
            Feature::Number(_) => numbers += 1,
            Feature::Date(_) => dates += 1,
            Feature::Categories { values: of, .. } => {
                texts += 1;
                values += of.len();
            }
        }
    }
    let mut parts = Vec::new();
    if numbers > 0 {
        parts.push(counted(numbers, "column of numbers", "columns of numbers"));
    }
    if dates > 0 {
        parts.push(counted(dates, "column of dates", "columns of dates"));
    }
    if texts > 0 {
        let columns = counted(texts, "column of text", "columns of text");
        let values = counted(values, "value", "values");
        parts.push(format!("{columns} with {values}"));
    }
    match parts.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => parts.concat(),
    }
}

fn target(encoding: &TableEncoding, task: Option<Task>) -> String {
    match &encoding.target {
        Target::Classes { column, values } => {
            let is_guess = task.unwrap_or_default() == Task::Auto;
            let whole = values.iter().all(|name| name.parse::<i64>().is_ok());
            let advice = if is_guess && whole {
                " (--task regression learns it as a number)"
            } else {
                ""
            };
            format!("{column} as {} classes{advice}", values.len())
        }
        Target::Values(numbers) => {
            let names: Vec<&str> = numbers.iter().map(|n| n.column.as_str()).collect();
            let what = if names.len() == 1 {
                "a number"
            } else {
                "numbers"
            };
            format!("{} as {what}", names.join(", "))
        }
    }
}

/// A line for each way to write numbers that is not that of programs, with its columns.
fn formats(encoding: &TableEncoding) -> Vec<String> {
    let features = encoding
        .features
        .iter()
        .filter_map(|feature| match feature {
            Feature::Number(number) => Some(number),
            Feature::Date(_) | Feature::Categories { .. } => None,
        });
    let targets = match &encoding.target {
        Target::Values(numbers) => numbers.as_slice(),
        Target::Classes { .. } => &[],
    };
    let mut groups: Vec<(&NumberFormat, Vec<&str>)> = Vec::new();
    for NumericColumn { column, format, .. } in features.chain(targets) {
        match groups.iter_mut().find(|(of, _)| *of == format) {
            _ if format.is_plain() => {}
            Some((_, columns)) => columns.push(column),
            None => groups.push((format, vec![column])),
        }
    }
    let line = |(format, columns): (&NumberFormat, Vec<&str>)| {
        let columns = columns.join(", ");
        format!("{columns} as numbers written like {}", format.example())
    };
    groups.into_iter().map(line).collect()
}
