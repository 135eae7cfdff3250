//! Choosing rows of a data set and copying them into batches.

use std::sync::Arc;

use backprop_tensor::{Key, Pool, Scalar, prefetch, with_best_simd};

use super::split::{split_strata, strata_of_values};
use super::{Dataset, Features, Targets};
use crate::batch::Target;
use crate::{Batch, DataError};

/// Rows from the one that is copied to the one that is prefetched.
const PREFETCH_DISTANCE: usize = 8;

impl<T: Scalar> Dataset<T> {
    /// The data set of these rows of this one, in this order; a row may come twice. No features are copied.
    ///
    /// ```
    /// use backprop_data::{Dataset, Targets};
    ///
    /// let targets = Targets::Classes { labels: vec![0, 1, 2], num_classes: 3 };
    /// let dataset = Dataset::from_values(1, vec![1.0, 2.0, 3.0], targets)?;
    /// let picked = dataset.select(&[2, 0, 2]);
    /// assert_eq!(picked.class_counts().unwrap(), [1, 0, 2]);
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Panics
    /// If a row is out of range.
    #[must_use]
    #[track_caller]
    pub fn select(&self, rows: &[u32]) -> Self {
        self.check_range(rows);
        Dataset {
            storage: Arc::clone(&self.storage),
            rows: rows.iter().map(|&row| self.rows[row as usize]).collect(),
            weights: self
                .weights
                .as_ref()
                .map(|weights| rows.iter().map(|&row| weights[row as usize]).collect()),
            class_names: self.class_names.clone(),
            #[cfg(feature = "csv")]
            encoding: self.encoding.clone(),
            images: self.images.clone(),
        }
    }

    /// The data set of the first `n` rows, or of all rows if there are fewer.
    #[must_use]
    pub fn limit(&self, n: usize) -> Self {
        let rows: Vec<u32> = (0..n.min(self.len()) as u32).collect();
        self.select(&rows)
    }

    /// The concatenation: the rows of this data set followed by the rows of `other`, copied into new storage.
    ///
    /// The names of the classes are those of this data set.
    ///
    /// # Errors
    /// If the two differ in the width of a row, in the kind or width of the targets, in whether features are
    /// bytes or numbers, or in whether rows have weights.
    pub fn concat(&self, other: &Self) -> Result<Self, DataError> {
        let mismatch = |what| Err(DataError::Concat { what });
        if self.width() != other.width() {
            return mismatch("the width of a row");
        }
        let features = match (&self.storage.features, &other.storage.features) {
            (Features::Values(left), Features::Values(right)) => {
                Features::Values(self.concat_rows(left, other, right, self.width()))
            }
            (Features::Bytes(left), Features::Bytes(right)) => {
                Features::Bytes(self.concat_rows(left, other, right, self.width()))
            }
            _ => return mismatch("whether features are bytes or numbers"),
        };
        let labels = match (&self.storage.labels, &other.storage.labels) {
            (
                Targets::Classes {
                    labels: left,
                    num_classes: classes,
                },
                Targets::Classes { labels: right, .. },
            ) if self.num_classes() == other.num_classes() => Targets::Classes {
                labels: self.concat_rows(left, other, right, 1),
                num_classes: *classes,
            },
            (
                Targets::Values {
                    width,
                    values: left,
                },
                Targets::Values { values: right, .. },
            ) if self.target_width() == other.target_width() => Targets::Values {
                width: *width,
                values: self.concat_rows(left, other, right, *width),
            },
            _ => return mismatch("what is to be learnt about a row"),
        };
        let weights = match (&self.weights, &other.weights) {
            (None, None) => None,
            (Some(left), Some(right)) => Some(left.iter().chain(right.iter()).copied().collect()),
            _ => return mismatch("whether rows have weights"),
        };
        let mut joined = Self::new(self.width(), self.len() + other.len(), features, labels)?;
        #[cfg(feature = "csv")]
        if self.encoding == other.encoding {
            joined.encoding = self.encoding.clone();
        }
        if self.images == other.images {
            joined.images.clone_from(&self.images);
        }
        joined.weights = weights;
        joined.class_names.clone_from(&self.class_names);
        Ok(joined)
    }

    /// The rows of both data sets, from the stored rows of each.
    fn concat_rows<V: Copy>(&self, left: &[V], other: &Self, right: &[V], width: usize) -> Vec<V> {
        let mut joined = Vec::with_capacity((self.len() + other.len()) * width);
        for (rows, stored) in [(&self.rows, left), (&other.rows, right)] {
            for &row in rows.iter() {
                let start = row as usize * width;
                joined.extend_from_slice(&stored[start..start + width]);
            }
        }
        joined
    }

    /// A stratified split into a training set and a validation set; both keep the order of the rows.
    ///
    /// The validation set takes `fraction` of the rows of each class, rounded; where the targets are values,
    /// of each tenth of them by size. See [`split_strata`] for the rounding. The rows are drawn from the
    /// stream `Key::new(seed).derive("split", 0)`, so a seed always gives the same split.
    ///
    /// ```
    /// use backprop_data::{Dataset, Targets};
    ///
    /// let labels = vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
    /// let targets = Targets::Classes { labels, num_classes: 2 };
    /// let dataset = Dataset::from_values(1, vec![0.0; 10], targets)?;
    /// let (train, validation) = dataset.split(0.5, 0)?;
    /// assert_eq!(train.class_counts().unwrap(), [3, 2]);
    /// assert_eq!(validation.class_counts().unwrap(), [3, 2]);
    /// # Ok::<(), backprop_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If the fraction is not between 0 and 1, or leaves one of the two sets empty.
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self), DataError> {
        let key = Key::new(seed).derive("split", 0);
        let (train, validation) = split_strata(&self.strata(), fraction, key)?;
        Ok((self.select(&train), self.select(&validation)))
    }

    /// The stratum of each row: its class, or the decile of its first target value; of fewer than 200 rows the
    /// quantile of at least 20 rows.
    pub fn strata(&self) -> Vec<u32> {
        let stored = self.rows.iter().map(|&row| row as usize);
        match &self.storage.labels {
            Targets::Classes { labels, .. } => stored.map(|row| labels[row]).collect(),
            Targets::Values { width, values } => {
                let first: Vec<f64> = stored.map(|row| values[row * width].as_f64()).collect();
                strata_of_values(&first)
            }
        }
    }

    /// Copies these rows into `batch`, in this order: features (rows, width), targets and weights.
    /// Allocates nothing once `batch` has held as many rows.
    ///
    /// # Panics
    /// If a row is out of range.
    #[track_caller]
    #[inline(never)]
    pub fn gather(&self, rows: &[u32], batch: &mut Batch<T>) {
        self.check_range(rows);
        let inputs = self.prepare(rows, batch);
        self.copy_rows(rows, inputs);
    }

    /// Gathers as [`gather`](Self::gather) does, to the same bits, on the threads of a pool.
    ///
    /// # Panics
    /// If a row is out of range.
    #[track_caller]
    #[inline(never)]
    pub fn par_gather(&self, pool: &Pool, rows: &[u32], batch: &mut Batch<T>) {
        self.check_range(rows);
        let width = self.storage.width;
        let inputs = self.prepare(rows, batch);
        pool.par_split(width, [inputs], |part, [inputs]| {
            self.copy_rows(&rows[part.start / width..part.end / width], inputs);
        });
    }

    /// Copies the features of some rows.
    fn copy_rows(&self, rows: &[u32], inputs: &mut [T]) {
        let width = self.storage.width;
        let range = |row: u32| {
            let row = self.rows[row as usize] as usize;
            row * width..(row + 1) * width
        };
        // Rows lie anywhere in memory, which takes longer to answer than a row to copy.
        let prefetch_row = |at: usize| {
            if let Some(&row) = rows.get(at) {
                match &self.storage.features {
                    Features::Values(values) => prefetch(&values[range(row)]),
                    Features::Bytes(bytes) => prefetch(&bytes[range(row)]),
                }
            }
        };
        (0..PREFETCH_DISTANCE).for_each(prefetch_row);
        for (at, input) in inputs.chunks_exact_mut(width).enumerate() {
            prefetch_row(at + PREFETCH_DISTANCE);
            let range = range(rows[at]);
            match &self.storage.features {
                Features::Values(values) => input.copy_from_slice(&values[range]),
                Features::Bytes(bytes) => scale(&bytes[range], input),
            }
        }
    }

    /// Copies all but the features of some rows, and gives the buffer for those.
    fn prepare<'b>(&self, rows: &[u32], batch: &'b mut Batch<T>) -> &'b mut [T] {
        let width = self.storage.width;
        let stored = rows.iter().map(|&row| self.rows[row as usize] as usize);

        batch.rows = rows.len();
        batch.width = width;
        batch.inputs.grow_to(rows.len() * width);
        match &self.storage.labels {
            Targets::Classes { labels, .. } => {
                batch.target = Target::Classes;
                batch.classes.clear();
                batch.classes.extend(stored.map(|row| labels[row]));
            }
            Targets::Values { width, values } => {
                batch.target = Target::Values { width: *width };
                batch.values.clear();
                for row in stored {
                    batch
                        .values
                        .extend_from_slice(&values[row * width..(row + 1) * width]);
                }
            }
        }

        batch.weighted = self.weights.is_some();
        if let Some(weights) = &self.weights {
            batch.weights.clear();
            batch
                .weights
                .extend(rows.iter().map(|&row| weights[row as usize]));
        }
        &mut batch.inputs[..rows.len() * width]
    }

    #[track_caller]
    fn check_range(&self, rows: &[u32]) {
        if let Some(row) = rows.iter().find(|row| **row as usize >= self.len()) {
            panic!("row {row} of a data set of {} rows", self.len());
        }
    }
}

/// `numbers <- bytes / 255`
fn scale<T: Scalar>(bytes: &[u8], numbers: &mut [T]) {
    let factor = T::from_f64(1.0 / 255.0);
    with_best_simd(|| {
        for (number, &byte) in numbers.iter_mut().zip(bytes) {
            *number = T::from_u8(byte) * factor;
        }
    });
}
