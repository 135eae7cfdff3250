//! Splits of rows, random and stratified.

use backprop_tensor::Key;

use crate::DataError;
use crate::batch::shuffle;

/// The fewest rows of a stratum of numbers, and the most strata.
const MIN_ROWS: usize = 20;
const MAX_STRATA: usize = 10;

/// A random split of row indices: the training rows, and `fraction` of all rows for validation, each
/// sorted. Targets play no part; [`split_strata`] keeps the proportions of classes.
///
/// ```
/// use backprop_data::split_rows;
/// use backprop_tensor::Key;
///
/// let (train, validation) = split_rows(10, 0.2, Key::new(0).derive("split", 0))?;
/// assert_eq!((train.len(), validation.len()), (8, 2));
/// assert!(train.is_sorted() && !train.contains(&validation[0]));
/// # Ok::<(), backprop_data::DataError>(())
/// ```
///
/// # Errors
/// If the fraction is not between 0 and 1, leaves one side empty, or there are more rows than a
/// `u32` can number.
pub fn split_rows(rows: usize, fraction: f64, key: Key) -> Result<(Vec<u32>, Vec<u32>), DataError> {
    let (mut order, validation) = shuffled(rows, fraction, key)?;
    let mut train = order.split_off(validation);
    order.sort_unstable();
    train.sort_unstable();
    Ok((train, order))
}

/// A stratified split of row indices: the training rows, and `fraction` of each stratum for validation, each
/// sorted. `strata` has the stratum of each row, for instance its class.
///
/// Each stratum gives the fraction of its rows rounded down, and those with the largest remainders one
/// more, until the fraction of all rows is reached (the method of Hamilton). A stratum of two rows or
/// more that would be on one side alone exchanges a row with a large one, as long as there are rows.
///
/// ```
/// use backprop_data::split_strata;
/// use backprop_tensor::Key;
///
/// let classes = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
/// let (train, validation) = split_strata(&classes, 0.3, Key::new(0).derive("split", 0))?;
/// assert_eq!((train.len(), validation.len()), (7, 3));
/// let rare = validation.iter().filter(|row| classes[**row as usize] == 1);
/// assert_eq!(rare.count(), 1);
/// # Ok::<(), backprop_data::DataError>(())
/// ```
///
/// # Errors
/// As [`split_rows`].
pub fn split_strata(
    strata: &[u32],
    fraction: f64,
    key: Key,
) -> Result<(Vec<u32>, Vec<u32>), DataError> {
    let (order, validation) = shuffled(strata.len(), fraction, key)?;
    let mut distinct = strata.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let index_of = |row: u32| distinct.partition_point(|stratum| *stratum < strata[row as usize]);
    let mut counts = vec![0; distinct.len()];
    order.iter().for_each(|&row| counts[index_of(row)] += 1);
    let mut quotas = quotas(&counts, fraction, validation);
    let takes = |row: &u32| {
        let quota: &mut usize = &mut quotas[index_of(*row)];
        let is_taken = *quota > 0;
        *quota -= usize::from(is_taken);
        is_taken
    };
    let (mut validation, mut train): (Vec<u32>, Vec<u32>) = order.into_iter().partition(takes);
    train.sort_unstable();
    validation.sort_unstable();
    Ok((train, validation))
}

/// How many rows each stratum gives.
fn quotas(counts: &[usize], fraction: f64, all: usize) -> Vec<usize> {
    let exact = |count: usize| fraction * count as f64;
    let mut quotas: Vec<usize> = counts.iter().map(|&count| exact(count) as usize).collect();
    let missing = all.saturating_sub(quotas.iter().sum());
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    let remainder = |&stratum: &usize| exact(counts[stratum]).fract();
    by_remainder.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)));
    by_remainder
        .iter()
        .take(missing)
        .for_each(|&stratum| quotas[stratum] += 1);
    // A small stratum is exchanged for a row of the largest, so that the sum stays.
    for stratum in 0..counts.len() {
        let (count, quota) = (counts[stratum], quotas[stratum]);
        if count >= 2 && quota == 0 {
            exchange(&mut quotas, |other, quotas| quotas[other], (stratum, 1));
        } else if quota == count {
            exchange(
                &mut quotas,
                |other, quotas| counts[other] - quotas[other],
                (stratum, -1),
            );
        }
    }
    quotas
}

/// Gives a stratum one row more or less, and the one with the most to spare one less or more, if it has
/// another.
fn exchange(
    quotas: &mut [usize],
    to_spare: impl Fn(usize, &[usize]) -> usize,
    (stratum, change): (usize, isize),
) {
    let others = (0..quotas.len()).filter(|other| *other != stratum);
    if let Some(most) = others.max_by_key(|&other| to_spare(other, quotas))
        && to_spare(most, quotas) > 1
    {
        quotas[stratum] = quotas[stratum].saturating_add_signed(change);
        quotas[most] = quotas[most].saturating_add_signed(-change);
    }
}

/// All rows in the order of the key, and how many of them the fraction takes.
fn shuffled(rows: usize, fraction: f64, key: Key) -> Result<(Vec<u32>, usize), DataError> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(DataError::Fraction(fraction));
    }
    let end = u32::try_from(rows).map_err(|_| DataError::TooManyRows(rows))?;
    let validation = (fraction * rows as f64).round() as usize;
    if validation == 0 || validation == rows {
        return Err(DataError::EmptySplit {
            fraction,
            rows,
            validation_rows: validation,
        });
    }
    let mut order: Vec<u32> = (0..end).collect();
    shuffle(&mut order, key);
    Ok((order, validation))
}

/// The tenth of all values that each is in, by size; of fewer than 200 values there are fewer parts,
/// of at least 20 values each.
pub(crate) fn strata_of_values(values: &[f64]) -> Vec<u32> {
    let rows = values.len();
    let parts = (rows / MIN_ROWS).clamp(1, MAX_STRATA);
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut strata = vec![0; rows];
    for (rank, row) in order.into_iter().enumerate() {
        strata[row] = (rank * parts / rows) as u32;
    }
    strata
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u64) -> Key {
        Key::new(seed).derive("split", 0)
    }

    #[test]
    fn quotas_are_those_computed_by_hand() {
        // 0.2 of 100, 33 and 7 rows: 20, 6.6 and 1.4, in all 28.
        assert_eq!(quotas(&[100, 33, 7], 0.2, 28), [20, 7, 1]);
        // A rare stratum is on both sides; a single row stays.
        assert_eq!(quotas(&[100, 2, 1], 0.2, 21), [20, 1, 0]);
        assert_eq!(quotas(&[1000, 2, 2, 2], 0.2, 201), [198, 1, 1, 1]);
        assert_eq!(quotas(&[2, 100, 1], 0.9, 93), [1, 92, 0]);
        // Of more strata than rows to take, some stay on one side.
        assert_eq!(quotas(&[5; 4], 0.1, 2), [1, 1, 0, 0]);
        assert_eq!(quotas(&[3; 4], 0.25, 3), [1, 1, 1, 0]);
    }

    #[test]
    fn each_stratum_is_on_both_sides_in_its_share() {
        let strata: Vec<u32> = (0..500)
            .map(|row| [7, 7, 7, 2][row % 4] + u32::from(row < 3))
            .collect();
        for seed in 0..20 {
            let (train, validation) = split_strata(&strata, 0.2, key(seed)).unwrap();
            let count = |rows: &[u32], of: u32| {
                rows.iter()
                    .filter(|row| strata[**row as usize] == of)
                    .count()
            };
            let of = |stratum| (count(&train, stratum), count(&validation, stratum));
            assert_eq!([of(2), of(7), of(8)], [(100, 25), (298, 74), (2, 1)]);
            let mut all = [train, validation].concat();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..500));
        }
        assert_ne!(
            split_strata(&strata, 0.2, key(0)).unwrap(),
            split_strata(&strata, 0.2, key(1)).unwrap()
        );
    }

    #[test]
    fn one_stratum_is_split_as_rows_are() {
        let plain = split_rows(100, 0.3, key(4)).unwrap();
        assert_eq!(split_strata(&[5; 100], 0.3, key(4)).unwrap(), plain);
        let single: Vec<u32> = (0..100).collect();
        assert_eq!(split_strata(&single, 0.3, key(4)).unwrap().1.len(), 30);
        assert!(split_strata(&[0, 1], 0.1, key(0)).is_err());
    }

    #[test]
    fn values_are_divided_into_tenths() {
        let values: Vec<f64> = (0..200).map(|row| f64::from(row * 37 % 200)).collect();
        let strata = strata_of_values(&values);
        for (value, stratum) in values.iter().zip(strata) {
            assert_eq!(stratum, (value / 20.0) as u32);
        }
        assert_eq!(strata_of_values(&[3.0; 59]).iter().max(), Some(&1));
        assert_eq!(strata_of_values(&[1.0, f64::NAN, 0.0]), [0; 3]);
        assert_eq!(strata_of_values(&[]), [0; 0]);
    }
}
