//! Finding out how the rows of a table become numbers.

use std::collections::BTreeSet;

use super::rows::{Row, wrong};
use super::values::{Cell, ColumnProfile, FirstCell, RunningMoments, integer};
use super::{
    Feature, MAX_CATEGORIES, MAX_CLASSES, MAX_GUESSED_CLASSES, Missing, NumericColumn, Options,
    Table, TableEncoding, Target, TargetKind, first_duplicate,
};
use crate::DataError;
use backprop_tensor::Scalar;

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Feature,
    Target,
    Weight,
    Ignored,
}

/// The statistics of a column while its cells go by.
enum ColumnFitter {
    Nothing,
    Numbers(RunningMoments),
    Categories(BTreeSet<String>),
    /// A target of whole numbers may turn out to be either.
    Target {
        classes: Option<BTreeSet<String>>,
        most: usize,
        numbers: RunningMoments,
    },
}

impl Table {
    /// Finds out how rows become numbers: means, deviations and the values of text are those of
    /// `rows`, the ones that are to be trained on. What a column is, text or numbers, and what
    /// classes there are, is that of the whole table.
    ///
    /// See the [module's page](super) for an example.
    ///
    /// # Errors
    /// If a column is not there or asked for twice, a value is missing where it must not be, text is
    /// of too many different values, a target does not fit its kind or has one class only, or the
    /// encoding would take more memory than the limit.
    ///
    /// # Panics
    /// If one of `rows` is out of range.
    #[track_caller]
    pub fn fit(&self, options: &Options, rows: &[u32]) -> Result<TableEncoding, DataError> {
        let mut is_training = vec![false; self.rows];
        for &row in rows {
            let Some(flag) = is_training.get_mut(row as usize) else {
                panic!("row {row} of a table of {} rows", self.rows);
            };
            *flag = true;
        }
        let roles = self.roles(options)?;
        self.check_gaps(&roles, options.missing)?;
        let kind = match (options.kind, &options.targets[..]) {
            (kind, [_]) => kind,
            (TargetKind::Classes, targets) => {
                let found = format!("{} targets", targets.len());
                return Err(self.wrong_column(&targets[0], "one target, for classes", found));
            }
            _ => TargetKind::Values,
        };
        let mut width = roles.iter().filter(|role| **role == Role::Feature).count();
        self.check_size(width, f32::SIZE)?;
        let mut gathered = Vec::with_capacity(roles.len());
        for ((name, role), seen) in self.names.iter().zip(&roles).zip(&self.seen) {
            gathered.push(self.begin(name, *role, seen, kind)?);
        }
        let mut walk = self.walk()?;
        for is_training in is_training {
            let Some(row) = walk.next()? else { break };
            for (place, cell) in row.cells().enumerate() {
                let gathered = &mut gathered[place];
                if self.gather(gathered, place, &row, cell, is_training)? {
                    width += 1;
                    self.check_size(width, f32::SIZE)?;
                }
            }
        }
        self.finish(options, gathered)
    }

    fn roles(&self, options: &Options) -> Result<Vec<Role>, DataError> {
        let mut roles = vec![Role::Feature; self.names.len()];
        let (targets, ignored) = (&options.targets, &options.ignore);
        let asked = [
            (Role::Target, targets.as_slice()),
            (Role::Weight, options.weights.as_slice()),
            (Role::Ignored, ignored.as_slice()),
        ];
        if let Some(name) = first_duplicate(asked.iter().flat_map(|(_, names)| *names)) {
            let expected = "a use: target, weights or left out";
            return Err(self.wrong_column(name, expected, "it named twice"));
        }
        for (role, names) in asked {
            for name in names {
                roles[self.place(name)?] = role;
            }
        }
        let expected = if !roles.contains(&Role::Target) {
            "a target"
        } else if !roles.contains(&Role::Feature) {
            "a column besides the target, the weights and those left out"
        } else {
            return Ok(roles);
        };
        Err(super::broken(&self.file, 1, expected, "none"))
    }

    /// Refuses the first value that is missing where it must not be.
    fn check_gaps(&self, roles: &[Role], missing: Missing) -> Result<(), DataError> {
        let columns = self.names.iter().zip(roles).zip(&self.seen);
        let gaps = columns.filter_map(|((name, role), seen)| match (role, missing) {
            (Role::Ignored, _) | (Role::Feature, Missing::Mean) => None,
            (Role::Feature, Missing::Refuse) => {
                let gap = seen.first_missing(seen.is_text())?;
                Some((gap, name, "a value in every row, or `missing` set to mean"))
            }
            (Role::Target | Role::Weight, _) => Some((
                seen.first_missing(seen.is_text())?,
                name,
                "a value in every row",
            )),
        });
        match gaps.min_by_key(|(gap, ..)| gap.0) {
            None => Ok(()),
            Some(((line, cell), name, expected)) => {
                Err(wrong(&self.file, *line, name, expected, cell))
            }
        }
    }

    fn begin(
        &self,
        name: &str,
        role: Role,
        seen: &ColumnProfile,
        kind: TargetKind,
    ) -> Result<ColumnFitter, DataError> {
        let must_be_finite = |found: Option<&FirstCell>, expected: &str| match found {
            None => Ok(()),
            Some((line, cell)) => Err(wrong(&self.file, *line, name, expected, cell)),
        };
        let finite = "a finite number";
        let target = |classes: bool, most| ColumnFitter::Target {
            classes: classes.then(BTreeSet::new),
            most,
            numbers: RunningMoments::default(),
        };
        let is_text = seen.is_text();
        match (role, kind) {
            (Role::Ignored, _) => Ok(ColumnFitter::Nothing),
            (Role::Feature, _) if is_text => Ok(ColumnFitter::Categories(BTreeSet::new())),
            (Role::Feature, _) => {
                must_be_finite(seen.infinite.as_ref(), finite)?;
                Ok(ColumnFitter::Numbers(RunningMoments::default()))
            }
            (Role::Weight, _) => {
                must_be_finite(seen.text.as_ref().or(seen.infinite.as_ref()), finite)?;
                Ok(ColumnFitter::Nothing)
            }
            (Role::Target, TargetKind::Classes) => Ok(target(true, MAX_CLASSES)),
            (Role::Target, TargetKind::Guess) if is_text => Ok(target(true, MAX_CLASSES)),
            (Role::Target, TargetKind::Guess) if seen.is_whole() => {
                Ok(target(true, MAX_GUESSED_CLASSES))
            }
            (Role::Target, _) => {
                let text = seen.text.as_ref().or(seen.infinite.as_ref());
                must_be_finite(text.or(seen.marker.as_ref()), finite)?;
                Ok(target(false, 0))
            }
        }
    }

    /// Takes in a cell; whether it makes the rows one number wider.
    fn gather(
        &self,
        gathered: &mut ColumnFitter,
        place: usize,
        row: &Row<'_>,
        cell: &str,
        is_training: bool,
    ) -> Result<bool, DataError> {
        let number = |numbers: &mut RunningMoments| {
            if let (true, Cell::Number(number)) = (is_training, Cell::of(cell)) {
                numbers.add(number);
            }
        };
        match gathered {
            ColumnFitter::Nothing => {}
            ColumnFitter::Numbers(numbers) => number(numbers),
            ColumnFitter::Categories(values) => {
                if !is_training || cell.is_empty() || values.contains(cell) {
                    return Ok(false);
                }
                let name = &self.names[place];
                if values.len() == MAX_CATEGORIES {
                    let here = (row.line(), cell.to_owned());
                    let (line, cell) = self.seen[place].text.as_ref().unwrap_or(&here);
                    let expected = format!(
                        "numbers, or text of at most {MAX_CATEGORIES} different values, or the \
                         column in `ignore`"
                    );
                    return Err(wrong(&self.file, *line, name, expected, cell));
                }
                values.insert(cell.to_owned());
                // The first of them is the feature that was counted for the column.
                return Ok(values.len() > 1);
            }
            ColumnFitter::Target {
                classes,
                most,
                numbers,
            } => {
                number(numbers);
                let Some(values) = classes else {
                    return Ok(false);
                };
                if !values.contains(cell) {
                    // As whole numbers 7, 07 and 7.0 are one class.
                    let name = integer(cell).filter(|_| self.seen[place].is_whole());
                    values.insert(name.map_or_else(|| cell.to_owned(), |name| name.to_string()));
                }
                if values.len() > *most {
                    if *most == MAX_CLASSES {
                        let expected = format!("at most {MAX_CLASSES} different classes");
                        return Err(row.wrong(&self.names[place], expected, cell));
                    }
                    *classes = None;
                }
            }
        }
        Ok(false)
    }

    fn finish(
        &self,
        options: &Options,
        gathered: Vec<ColumnFitter>,
    ) -> Result<TableEncoding, DataError> {
        let (mut features, mut values, mut classes) = (Vec::new(), Vec::new(), None);
        for (gathered, name) in gathered.into_iter().zip(&self.names) {
            match gathered {
                ColumnFitter::Nothing => {}
                ColumnFitter::Numbers(numbers) => {
                    features.push(Feature::Number(self.number(name, &numbers)?));
                }
                ColumnFitter::Categories(values) if values.is_empty() => {
                    let expected =
                        "a value in at least one training row, or the column in `ignore`";
                    return Err(self.wrong_column(name, expected, "none"));
                }
                ColumnFitter::Categories(values) => features.push(Feature::Categories {
                    column: name.clone(),
                    values: values.into_iter().collect(),
                }),
                ColumnFitter::Target {
                    classes: Some(names),
                    ..
                } => classes = Some((name.clone(), self.classes(name, names)?)),
                ColumnFitter::Target { numbers, .. } => values.push(self.number(name, &numbers)?),
            }
        }
        // The order of the targets is the one asked for.
        let order =
            |number: &NumericColumn| options.targets.iter().position(|t| *t == number.column);
        values.sort_by_key(order);
        Ok(TableEncoding {
            header: self.header,
            columns: self.names.len(),
            features,
            target: match classes {
                Some((column, values)) => Target::Classes { column, values },
                None => Target::Values(values),
            },
            weights: options.weights.clone(),
            missing: options.missing,
            unknown: options.unknown,
        })
    }

    fn number(&self, name: &str, numbers: &RunningMoments) -> Result<NumericColumn, DataError> {
        let Some((mean, deviation)) = numbers.finish() else {
            let expected = "a number in at least one training row, or the column in `ignore`";
            return Err(self.wrong_column(name, expected, "none"));
        };
        if !(mean.is_finite() && deviation.is_finite()) {
            let expected = "numbers whose squares can be added up";
            return Err(self.wrong_column(name, expected, "larger ones"));
        }
        Ok(NumericColumn {
            column: name.to_owned(),
            mean,
            deviation,
        })
    }

    fn classes(&self, name: &str, names: BTreeSet<String>) -> Result<Vec<String>, DataError> {
        let mut names: Vec<String> = names.into_iter().collect();
        if let [only] = &names[..] {
            let found = format!("\"{}\" in every row", super::shorten(only));
            return Err(self.wrong_column(name, "at least two different classes", found));
        }
        if names.iter().all(|name| integer(name).is_some()) {
            names.sort_by_key(|name| integer(name));
        }
        Ok(names)
    }
}
