use std::collections::BTreeSet;

use super::rows::{Row, Rows, shorten, wrong};
use super::values::{Categories, Seen, integer};
use super::{MAX_CATEGORIES, MAX_CLASSES, MAX_COLUMNS, Options, TargetKind};
use crate::DataError;

/// A column and what becomes of its cells.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) encoding: Encoding,
}

pub(super) enum Encoding {
    /// A feature, as it stands.
    Number,
    /// A feature for each value.
    Categories(Categories),
    /// The target: a class for each value.
    Classes(Categories),
    /// The target, as it stands.
    Values,
    /// The weight of the row.
    Weight,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Feature,
    Target,
    Weight,
}

/// Finds out what becomes of each column, and counts the rows. `number` is the size of one.
pub(super) fn survey(
    file: &str,
    bytes: &[u8],
    options: &Options,
    number: usize,
) -> Result<(Vec<Column>, usize), DataError> {
    let mut table = Rows::new(file, bytes)?;
    let names: Vec<String> = table
        .header()
        .take(MAX_COLUMNS + 1)
        .map(str::to_owned)
        .collect();
    let roles = roles(file, &names, options)?;

    let mut seen: Vec<Seen> = names.iter().map(|_| Seen::default()).collect();
    let mut rows = 0;
    while let Some(row) = table.next()? {
        for ((seen, name), cell) in seen.iter_mut().zip(&names).zip(row.cells()) {
            if cell.is_empty() {
                return Err(row.wrong(name, "a value in every row", cell));
            }
            seen.look(row.line(), cell);
        }
        rows += 1;
    }
    if rows == 0 {
        return Err(broken(file, 2, "at least one row below the header", "none"));
    }

    let mut survey = Survey {
        file,
        rows,
        number,
        limit: options.limits.max_bytes,
        width: 0,
    };
    survey.width = roles.iter().filter(|role| **role == Role::Feature).count();
    survey.check(bytes.len())?;
    let mut walks = Vec::with_capacity(names.len());
    for ((name, role), seen) in names.iter().zip(&roles).zip(seen) {
        walks.push(survey.decide(name, *role, seen, options.kind)?);
    }

    let mut table = Rows::new(file, bytes)?;
    while let Some(row) = table.next()? {
        for ((walk, name), cell) in walks.iter_mut().zip(&names).zip(row.cells()) {
            survey.collect(walk, name, &row, cell, bytes.len())?;
        }
    }
    let columns = names.into_iter().zip(walks).map(|(name, walk)| {
        let encoding = match walk {
            Walk::Number => Encoding::Number,
            Walk::Values => Encoding::Values,
            Walk::Weight => Encoding::Weight,
            Walk::Categories { values, .. } => Encoding::Categories(Categories::new(false, values)),
            Walk::Classes { values, whole, .. } => {
                Encoding::Classes(Categories::new(whole, values))
            }
            Walk::ManyClasses => Encoding::Values,
        };
        Column { name, encoding }
    });
    Ok((columns.collect(), rows))
}

/// What the second walk does with a column.
enum Walk {
    Number,
    Values,
    Weight,
    Categories {
        values: BTreeSet<String>,
        text: Option<(u64, String)>,
    },
    /// `values_at_last`: whole numbers of too many values for classes are taken as values.
    Classes {
        values: BTreeSet<String>,
        whole: bool,
        values_at_last: bool,
    },
    ManyClasses,
}

struct Survey<'a> {
    file: &'a str,
    rows: usize,
    number: usize,
    limit: u64,
    /// Features after encoding, as far as they are known.
    width: usize,
}

impl Survey<'_> {
    /// Compares the file and its encoding, a target and a weight for each row, with the limit.
    fn check(&self, file_bytes: usize) -> Result<(), DataError> {
        let row = (self.width as u64 + 2) * self.number as u64;
        let needed = row
            .saturating_mul(self.rows as u64)
            .saturating_add(file_bytes as u64);
        if needed > self.limit {
            let (file, limit) = (self.file.to_owned(), self.limit);
            return Err(DataError::TooLarge {
                file,
                needed,
                limit,
            });
        }
        Ok(())
    }

    fn decide(
        &self,
        name: &str,
        role: Role,
        seen: Seen,
        kind: TargetKind,
    ) -> Result<Walk, DataError> {
        let values = BTreeSet::new();
        let whole = !seen.fraction;
        let classes = |values_at_last| Walk::Classes {
            values,
            whole,
            values_at_last,
        };
        let numbers = match (role, kind) {
            (Role::Weight, _) => Walk::Weight,
            (Role::Target, TargetKind::Classes) => return Ok(classes(false)),
            (Role::Target, TargetKind::Guess) if seen.text.is_some() => return Ok(classes(false)),
            (Role::Target, TargetKind::Guess) if whole => return Ok(classes(true)),
            (Role::Target, _) => Walk::Values,
            (Role::Feature, _) if seen.text.is_some() => {
                return Ok(Walk::Categories {
                    values: BTreeSet::new(),
                    text: seen.text,
                });
            }
            (Role::Feature, _) => Walk::Number,
        };
        match seen.text.or(seen.odd) {
            Some((line, cell)) => Err(wrong(self.file, line, name, "a finite number", &cell)),
            None => Ok(numbers),
        }
    }

    fn collect(
        &mut self,
        walk: &mut Walk,
        name: &str,
        row: &Row<'_>,
        cell: &str,
        file_bytes: usize,
    ) -> Result<(), DataError> {
        match walk {
            Walk::Categories { values, text } => {
                if values.contains(cell) {
                    return Ok(());
                }
                if values.len() == MAX_CATEGORIES {
                    let (line, cell) = text.take().unwrap_or((row.line(), shorten(cell)));
                    let expected =
                        format!("numbers, or text of at most {MAX_CATEGORIES} different values");
                    return Err(wrong(self.file, line, name, expected, &cell));
                }
                // The column's first category is the feature that was counted for the column.
                self.width += usize::from(!values.is_empty());
                values.insert(cell.to_owned());
                self.check(file_bytes)
            }
            Walk::Classes {
                values,
                whole,
                values_at_last,
            } => {
                let value = match integer(cell).filter(|_| *whole) {
                    Some(number) => number.to_string(),
                    None => cell.to_owned(),
                };
                if values.len() == MAX_CLASSES && !values.contains(&value) {
                    if !*values_at_last {
                        let expected = format!("at most {MAX_CLASSES} different classes");
                        return Err(row.wrong(name, expected, cell));
                    }
                    *walk = Walk::ManyClasses;
                } else {
                    values.insert(value);
                }
                Ok(())
            }
            Walk::Number | Walk::Values | Walk::Weight | Walk::ManyClasses => Ok(()),
        }
    }
}

fn roles(file: &str, names: &[String], options: &Options) -> Result<Vec<Role>, DataError> {
    if names.len() > MAX_COLUMNS {
        let found = format!("at least {}", names.len());
        return Err(broken(
            file,
            1,
            format!("at most {MAX_COLUMNS} columns"),
            found,
        ));
    }
    let mut known = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !known.insert(name.as_str())) {
        let found = format!("two columns named \"{}\"", shorten(name));
        return Err(broken(file, 1, "a different name for each column", found));
    }
    for wanted in [Some(&options.target), options.weights.as_ref()]
        .into_iter()
        .flatten()
    {
        if !known.contains(wanted.as_str()) {
            let first: Vec<String> = names.iter().take(10).map(|name| shorten(name)).collect();
            let more = if names.len() > 10 { ", ..." } else { "" };
            let expected = format!("a column named \"{}\"", shorten(wanted));
            return Err(broken(
                file,
                1,
                expected,
                format!("{}{more}", first.join(", ")),
            ));
        }
    }
    if options.weights.as_ref() == Some(&options.target) {
        let found = format!("\"{}\" named as both", shorten(&options.target));
        return Err(broken(
            file,
            1,
            "a target and weights in different columns",
            found,
        ));
    }
    let role = |name: &String| match name {
        name if *name == options.target => Role::Target,
        name if Some(name) == options.weights.as_ref() => Role::Weight,
        _ => Role::Feature,
    };
    let roles: Vec<Role> = names.iter().map(role).collect();
    if !roles.contains(&Role::Feature) {
        return Err(broken(
            file,
            1,
            "a column besides the target and the weights",
            "none",
        ));
    }
    Ok(roles)
}

fn broken(
    file: &str,
    line: u64,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> DataError {
    DataError::Table {
        file: file.to_owned(),
        line,
        expected: expected.into(),
        found: found.into(),
    }
}
