use backprop_data::{BatchSampler, Dataset};
use backprop_tensor::{Key, Scalar};

use crate::TrainError;

/// A training set and a validation set.
pub type Split<T> = (Dataset<T>, Dataset<T>);

/// The row indices of a training set and of a validation set, each sorted.
pub type SplitIndices = (Vec<u32>, Vec<u32>);

/// The (training, validation) pairs of k-fold cross-validation: every row is in the validation set of
/// exactly one pair and in the training set of all others.
///
/// The rows of a fold are chosen by the generator of `key` and keep the order that they have in `data`;
/// the sizes of the folds differ by at most one, and so do the rows of each class in them, or of each
/// tenth of the numbers: see [`Dataset::strata`].
///
/// ```
/// use backprop_data::{Dataset, Targets};
/// use backprop_tensor::Key;
/// use backprop_trainer::search::kfold;
///
/// let labels = Targets::Classes { labels: vec![0; 10], num_classes: 1 };
/// let data = Dataset::<f32>::from_bytes(1, (0..10).collect(), labels)?;
/// let pairs = kfold(&data, 5, Key::new(0).derive("split/folds", 0))?;
/// assert!(pairs.iter().all(|(train, validation)| (train.len(), validation.len()) == (8, 2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If there are fewer than two folds, or more folds than rows.
pub fn kfold<T: Scalar>(
    data: &Dataset<T>,
    folds: usize,
    key: Key,
) -> Result<Vec<Split<T>>, TrainError> {
    let pairs = kfold_strata(&data.strata(), folds, key)?.into_iter();
    Ok(pairs
        .map(|(train, validation)| (data.select(&train), data.select(&validation)))
        .collect())
}

/// The folds of `rows` rows, whatever their labels are.
///
/// ```
/// use backprop_tensor::Key;
/// use backprop_trainer::search::kfold_indices;
///
/// let pairs = kfold_indices(10, 5, Key::new(0).derive("split/folds", 0))?;
/// let mut validation: Vec<u32> = pairs.iter().flat_map(|(_, validation)| validation.clone()).collect();
/// validation.sort_unstable();
/// assert_eq!(validation, (0..10).collect::<Vec<u32>>());
/// # Ok::<(), backprop_trainer::TrainError>(())
/// ```
///
/// # Errors
/// If there are fewer than two folds, or more folds than rows.
pub fn kfold_indices(rows: usize, folds: usize, key: Key) -> Result<Vec<SplitIndices>, TrainError> {
    let order = shuffled(rows, folds, key)?;
    let fold = |fold: usize| fold * rows / folds..(fold + 1) * rows / folds;
    let folds: Vec<Vec<u32>> = (0..folds).map(|k| order[fold(k)].to_vec()).collect();
    Ok(pairs(&folds))
}

/// The folds of [`kfold`] as row indices; `strata` has the stratum of each row, for instance its class.
/// Rows of one stratum make the folds of [`kfold_indices`].
///
/// ```
/// use backprop_tensor::Key;
/// use backprop_trainer::search::kfold_strata;
///
/// let classes = [0, 0, 0, 0, 0, 0, 1, 1, 1];
/// for (_, validation) in kfold_strata(&classes, 3, Key::new(0).derive("split/folds", 0))? {
///     let rare = validation.iter().filter(|row| classes[**row as usize] == 1);
///     assert_eq!(rare.count(), 1);
/// }
/// # Ok::<(), backprop_trainer::TrainError>(())
/// ```
///
/// # Errors
/// If there are fewer than two folds, or more folds than rows.
pub fn kfold_strata(
    strata: &[u32],
    folds: usize,
    key: Key,
) -> Result<Vec<SplitIndices>, TrainError> {
    if strata.iter().all(|stratum| *stratum == strata[0]) {
        return kfold_indices(strata.len(), folds, key);
    }
    let mut order = shuffled(strata.len(), folds, key)?;
    order.sort_by_key(|&row| strata[row as usize]);
    // Dealt out like cards.
    let mut dealt = vec![Vec::new(); folds];
    for (place, row) in order.into_iter().enumerate() {
        dealt[place % folds].push(row);
    }
    Ok(pairs(&dealt))
}

/// All rows in the order of the key.
fn shuffled(rows: usize, folds: usize, key: Key) -> Result<Vec<u32>, TrainError> {
    if folds < 2 || folds > rows {
        return Err(TrainError::Setting {
            what: "the number of folds",
            value: folds as f64,
            range: "at least 2 and at most the number of rows",
        });
    }
    let mut order = BatchSampler::new(rows, rows, Some(key));
    Ok(order.next_batch().unwrap_or_default().to_vec())
}

/// Each fold as a validation set, with all others as the training set.
fn pairs(folds: &[Vec<u32>]) -> Vec<SplitIndices> {
    let pair = |fold: usize| {
        let (mut validation, others) = (folds[fold].clone(), [&folds[..fold], &folds[fold + 1..]]);
        let mut train = others.concat().concat();
        train.sort_unstable();
        validation.sort_unstable();
        (train, validation)
    };
    (0..folds.len()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_data::{Batch, Targets};

    /// Row `i` holds the number `i`.
    fn numbered(rows: usize) -> Dataset<f64> {
        let labels = Targets::Classes {
            labels: vec![0; rows],
            num_classes: 1,
        };
        Dataset::from_values(1, (0..rows).map(|row| row as f64).collect(), labels).unwrap()
    }

    fn rows(data: &Dataset<f64>) -> Vec<usize> {
        let mut batch = Batch::new();
        data.gather(&(0..data.len() as u32).collect::<Vec<_>>(), &mut batch);
        batch.inputs().iter().map(|row| *row as usize).collect()
    }

    #[test]
    fn the_validation_sets_are_a_partition() {
        for (count, parts) in [(10, 5), (11, 4), (7, 7), (100, 3)] {
            let data = numbered(count);
            let pairs = kfold(&data, parts, Key::new(2)).unwrap();
            assert_eq!(pairs.len(), parts);
            let mut seen = Vec::new();
            for (train, validation) in &pairs {
                let (train, validation) = (rows(train), rows(validation));
                assert!(train.is_sorted() && validation.is_sorted());
                assert!(validation.len().abs_diff(count / parts) <= 1);
                let mut all = [train, validation.clone()].concat();
                all.sort_unstable();
                assert_eq!(all, (0..count).collect::<Vec<_>>());
                seen.extend(validation);
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_key_chooses_the_rows() {
        let data = numbered(50);
        let first = |seed| rows(&kfold(&data, 5, Key::new(seed)).unwrap()[0].1);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        assert_ne!(first(1), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn too_few_or_too_many_folds_are_refused() {
        for parts in [0, 1, 6] {
            let error = kfold(&numbered(5), parts, Key::new(0)).unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("the number of folds is {parts};")),
                "{error}"
            );
        }
    }
}
