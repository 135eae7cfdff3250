//! Fitting the encoding of a table.

use std::collections::BTreeSet;

use super::bounds::{MAX_CATEGORIES, MAX_CLASSES, MAX_GUESSED_CLASSES};
use super::date::DateFitter;
use super::encoding::{Feature, NumericColumn, TableEncoding, Target};
use super::fitter::{ColumnFitter, NumberFitter};
use super::number::NumberFormat;
use super::options::{Missing, Options, TargetKind};
use super::profile::{ColumnKind, FirstCell};
use super::rows::{Row, cell_error, first_duplicate, shorten, table_error};
use super::table::{Column, Table};
use super::values::integer;
use crate::{Advice, DataError};
use backprop_tensor::Scalar;

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Feature,
    Target,
    Weight,
    Ignored,
}

impl Table {
    /// Fits an encoding: means, deviations and categories are those of `rows`, the training rows. The type of
    /// a column, text or numbers, and the classes are those of the whole table.
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
        self.fit_columns(options, &self.roles(options)?, is_training)
    }

    /// The target, fitted on all rows, before they are split: for [`Table::strata`].
    ///
    /// # Errors
    /// If [`fit`](Self::fit) would refuse the target.
    pub fn fit_target(&self, options: &Options) -> Result<Target, DataError> {
        let mut roles = self.roles(options)?;
        for role in roles.iter_mut().filter(|role| **role != Role::Target) {
            *role = Role::Ignored;
        }
        let encoding = self.fit_columns(options, &roles, vec![true; self.rows])?;
        Ok(encoding.target)
    }

    fn fit_columns(
        &self,
        options: &Options,
        roles: &[Role],
        is_training: Vec<bool>,
    ) -> Result<TableEncoding, DataError> {
        self.check_missing(roles, options)?;
        let kind = match (options.kind, &options.targets[..]) {
            (kind, [_]) => kind,
            (TargetKind::Classes, targets) => {
                let found = format!("{} targets", targets.len());
                return Err(self.column_error(&targets[0], "one target, for classes", found));
            }
            (TargetKind::Counts, _) => TargetKind::Counts,
            _ => TargetKind::Values,
        };
        let mut fitters = Vec::with_capacity(roles.len());
        for (index, role) in roles.iter().enumerate() {
            fitters.push(self.start(index, *role, kind, options)?);
        }
        let mut width = fitters.iter().map(ColumnFitter::width).sum();
        self.check_size(width, f32::SIZE)?;
        let used = fitters.iter_mut().enumerate();
        let is_used =
            |(_, fitter): &(usize, &mut ColumnFitter)| !matches!(fitter, ColumnFitter::Nothing);
        let mut used: Vec<(usize, &mut ColumnFitter)> = used.filter(is_used).collect();
        let mut walk = self.walk(&self.read_options.na_values)?;
        for is_training in is_training {
            let Some(row) = walk.next()? else { break };
            for (index, fitter) in &mut used {
                if self.observe(fitter, *index, &row, is_training)? {
                    width += 1;
                    self.check_size(width, f32::SIZE)?;
                }
            }
        }
        self.finish(options, fitters)
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
            return Err(self.column_error(name, expected, "it named twice"));
        }
        for (role, names) in asked {
            for name in names {
                roles[self.index(name)?] = role;
            }
        }
        for name in &options.categorical {
            if roles[self.index(name)?] != Role::Feature {
                let found = "a target, weights or left out";
                return Err(self.column_error(name, "a feature, to be taken as text", found));
            }
        }
        let expected = if !roles.contains(&Role::Target) {
            "a target"
        } else if !roles.contains(&Role::Feature) {
            "a column besides the target, the weights and those left out"
        } else {
            return Ok(roles);
        };
        Err(table_error(&self.file, 1, expected, "none"))
    }

    /// Refuses the first value that is missing where it must not be.
    fn check_missing(&self, roles: &[Role], options: &Options) -> Result<(), DataError> {
        let columns = self.names.iter().zip(roles).zip(&self.columns);
        let missing = columns.filter_map(|((name, role), column)| {
            let is_text = column.kind == ColumnKind::Text || options.categorical.contains(name);
            match (role, options.missing) {
                (Role::Ignored, _) | (Role::Feature, Missing::Mean) => None,
                _ => Some((column.profile.first_missing(is_text)?, name, role)),
            }
        });
        let Some(((line, cell), name, role)) = missing.min_by_key(|(first, ..)| first.0) else {
            return Ok(());
        };
        let error = cell_error(&self.file, *line, name, "a value in every row", cell);
        Err(match role {
            Role::Feature => error.or(Advice::MissingMean),
            _ => error,
        })
    }

    /// The fitter of a column, before its first cell.
    fn start(
        &self,
        index: usize,
        role: Role,
        target_kind: TargetKind,
        options: &Options,
    ) -> Result<ColumnFitter, DataError> {
        let (name, column) = (&self.names[index], &self.columns[index]);
        let (profile, kind) = (&column.profile, &column.kind);
        match (role, target_kind) {
            (Role::Ignored, _) => Ok(ColumnFitter::Nothing),
            (Role::Feature, _) if options.categorical.contains(name) => {
                Ok(ColumnFitter::Categories(BTreeSet::new()))
            }
            (Role::Feature, _) => self.start_feature(name, column),
            (Role::Weight, _) => {
                self.refuse_first(name, profile.text.as_ref().or(profile.infinite.as_ref()))?;
                Ok(ColumnFitter::Nothing)
            }
            (Role::Target, TargetKind::Classes) => Ok(ColumnFitter::classes(MAX_CLASSES)),
            (Role::Target, TargetKind::Guess)
                if matches!(kind, ColumnKind::Text | ColumnKind::Dates { .. }) =>
            {
                Ok(ColumnFitter::classes(MAX_CLASSES))
            }
            (Role::Target, TargetKind::Guess) if profile.is_whole() => {
                Ok(ColumnFitter::classes(MAX_GUESSED_CLASSES))
            }
            (Role::Target, kind) => self.start_values(name, column, kind == TargetKind::Counts),
        }
    }

    fn start_feature(&self, name: &str, column: &Column) -> Result<ColumnFitter, DataError> {
        match &column.kind {
            ColumnKind::Numbers(format) => {
                self.refuse_first(name, column.profile.infinite.as_ref())?;
                Ok(ColumnFitter::Numbers(NumberFitter::new(format)))
            }
            ColumnKind::Dates { format, has_time } => Ok(ColumnFitter::Dates {
                dates: DateFitter::new(format.clone()),
                has_time: *has_time,
            }),
            ColumnKind::Text => Ok(ColumnFitter::Categories(BTreeSet::new())),
            ColumnKind::Mostly(kind, count) => {
                Err(self.exceptions_error(name, column, (kind, *count)))
            }
            ColumnKind::Ambiguous(first, ways) => Err(self.ambiguous(name, first, ways)),
        }
    }

    /// A target of numbers.
    fn start_values(
        &self,
        name: &str,
        column: &Column,
        is_count: bool,
    ) -> Result<ColumnFitter, DataError> {
        let profile = &column.profile;
        let format = match &column.kind {
            ColumnKind::Numbers(format) => {
                let odd = profile.infinite.as_ref().or(profile.marker.as_ref());
                self.refuse_first(name, odd)?;
                format
            }
            ColumnKind::Ambiguous(first, ways) => return Err(self.ambiguous(name, first, ways)),
            ColumnKind::Mostly(kind, count) if matches!(**kind, ColumnKind::Numbers(_)) => {
                let error = self.exceptions_error(name, column, (kind, *count));
                return Err(error.instead(Advice::Classes));
            }
            _ => {
                let odd = profile.text.as_ref().or(profile.infinite.as_ref());
                self.refuse_first(name, odd.or(profile.marker.as_ref()))?;
                &NumberFormat::default()
            }
        };
        Ok(ColumnFitter::Target {
            classes: None,
            most: 0,
            numbers: NumberFitter {
                is_count,
                ..NumberFitter::new(format)
            },
        })
    }

    /// Refuses a cell, if there is one.
    fn refuse_first(&self, name: &str, found: Option<&FirstCell>) -> Result<(), DataError> {
        match found {
            None => Ok(()),
            Some((line, cell)) => Err(cell_error(&self.file, *line, name, "a finite number", cell)),
        }
    }

    /// Observes a cell; returns true if the encoded rows become one feature wider.
    fn observe(
        &self,
        fitter: &mut ColumnFitter,
        index: usize,
        row: &Row<'_>,
        is_training: bool,
    ) -> Result<bool, DataError> {
        let (name, column) = (&self.names[index], &self.columns[index]);
        let cell = row.cell(column.column_index);
        match fitter {
            ColumnFitter::Numbers(numbers) if is_training => numbers.observe(cell),
            ColumnFitter::Dates { dates, .. } if is_training => dates.observe(cell),
            ColumnFitter::Nothing | ColumnFitter::Numbers(_) | ColumnFitter::Dates { .. } => {}
            ColumnFitter::Categories(values) => {
                if !is_training || cell.is_empty() || values.contains(cell) {
                    return Ok(false);
                }
                if values.len() == MAX_CATEGORIES {
                    let here = (row.line(), cell.to_owned());
                    let (line, cell) = column.profile.text.as_ref().unwrap_or(&here);
                    let expected =
                        format!("numbers, or text of at most {MAX_CATEGORIES} different values");
                    let error = cell_error(&self.file, *line, name, expected, cell);
                    return Err(error.or(Advice::Ignore(name.clone())));
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
                if numbers.refuses(cell) {
                    return Err(row.cell_error(name, "a count of at least 0", cell));
                }
                if is_training {
                    numbers.observe(cell);
                }
                let Some(values) = classes else {
                    return Ok(false);
                };
                if !values.contains(cell) {
                    // As whole numbers 7, 07 and 7.0 are one class.
                    let name = integer(cell).filter(|_| column.profile.is_whole());
                    values.insert(name.map_or_else(|| cell.to_owned(), |name| name.to_string()));
                }
                if values.len() > *most {
                    if *most == MAX_CLASSES {
                        let expected = format!("at most {MAX_CLASSES} different classes");
                        return Err(row.cell_error(name, expected, cell));
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
        fitters: Vec<ColumnFitter>,
    ) -> Result<TableEncoding, DataError> {
        let (mut features, mut values, mut classes) = (Vec::new(), Vec::new(), None);
        for (fitter, name) in fitters.into_iter().zip(&self.names) {
            match fitter {
                ColumnFitter::Nothing => {}
                ColumnFitter::Numbers(numbers) => {
                    features.push(Feature::Number(self.number(name, &numbers)?));
                }
                ColumnFitter::Categories(values) if values.is_empty() => {
                    return Err(self.without_values(name, "a value"));
                }
                ColumnFitter::Categories(values) => features.push(Feature::Categories {
                    column: name.clone(),
                    values: values.into_iter().collect(),
                }),
                ColumnFitter::Target {
                    classes: Some(names),
                    ..
                } => classes = Some((name.clone(), self.classes(name, names)?)),
                ColumnFitter::Dates { dates, has_time } => {
                    let dates = dates.finish(name, has_time);
                    let dates = dates.ok_or_else(|| self.without_values(name, "a date"))?;
                    features.push(Feature::Date(dates));
                }
                ColumnFitter::Target { numbers, .. } => values.push(self.number(name, &numbers)?),
            }
        }
        // The order of the targets is the one asked for.
        let order =
            |number: &NumericColumn| options.targets.iter().position(|t| *t == number.column);
        values.sort_by_key(order);
        Ok(TableEncoding {
            header: self.read_options.header,
            na_values: self.read_options.na_values.clone(),
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

    /// The error of a column of which no training row has a value.
    fn without_values(&self, name: &str, what: &str) -> DataError {
        let expected = format!("{what} in at least one training row");
        let error = self.column_error(name, expected, "none");
        error.or(Advice::Ignore(name.to_owned()))
    }

    fn number(&self, name: &str, numbers: &NumberFitter) -> Result<NumericColumn, DataError> {
        let Some((mean, deviation)) = numbers.location_and_scale() else {
            return Err(self.without_values(name, "a number"));
        };
        if !(mean.is_finite() && deviation.is_finite()) {
            let expected = "numbers whose squares can be added up";
            return Err(self.column_error(name, expected, "larger ones"));
        }
        Ok(NumericColumn {
            column: name.to_owned(),
            mean,
            deviation,
            format: numbers.format,
        })
    }

    fn classes(&self, name: &str, names: BTreeSet<String>) -> Result<Vec<String>, DataError> {
        let mut names: Vec<String> = names.into_iter().collect();
        if let [only] = &names[..] {
            let found = format!("\"{}\" in every row", shorten(only));
            return Err(self.column_error(name, "at least two different classes", found));
        }
        if names.iter().all(|name| integer(name).is_some()) {
            names.sort_by_key(|name| integer(name));
        }
        Ok(names)
    }
}
