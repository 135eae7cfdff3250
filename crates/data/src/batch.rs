use backprop_tensor::rand::RngExt;
use backprop_tensor::{AlignedVec, Key, Scalar};
use ndarray::ArrayView2;

/// The rows of one minibatch, copied out of a [`Dataset`](crate::Dataset) by
/// [`gather`](crate::Dataset::gather): inputs (B, I), and for each row a class or target values (B, O).
///
/// A batch keeps its buffers: gathering allocates only when the batch must hold more rows than ever
/// before.
///
/// ```
/// use backprop_data::{Batch, Dataset, Targets};
///
/// let targets = Targets::Values { width: 1, values: vec![10.0, 20.0, 30.0] };
/// let dataset = Dataset::from_values(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], targets)?;
/// let mut batch = Batch::new();
/// dataset.gather(&[2, 0], &mut batch);
/// assert_eq!(batch.inputs().dim(), (2, 2));
/// assert_eq!(batch.values().unwrap().column(0).to_vec(), [30.0, 10.0]);
/// assert_eq!((batch.class_labels(), batch.weights()), (None, None));
/// # Ok::<(), backprop_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch<T> {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) inputs: AlignedVec<T>,
    pub(crate) target: Target,
    pub(crate) classes: Vec<u32>,
    pub(crate) values: Vec<T>,
    pub(crate) weighted: bool,
    pub(crate) weights: Vec<T>,
}

/// Which of a batch's target buffers is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Target {
    #[default]
    None,
    Classes,
    Values {
        width: usize,
    },
}

impl<T: Scalar> Batch<T> {
    /// A batch without rows.
    pub fn new() -> Self {
        Batch {
            rows: 0,
            width: 0,
            inputs: AlignedVec::default(),
            target: Target::None,
            classes: Vec::new(),
            values: Vec::new(),
            weighted: false,
            weights: Vec::new(),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The features, (B, I).
    #[expect(
        clippy::missing_panics_doc,
        reason = "never: a gathered batch has whole rows"
    )]
    pub fn inputs(&self) -> ArrayView2<'_, T> {
        let inputs = &self.inputs[..self.rows * self.width];
        ArrayView2::from_shape((self.rows, self.width), inputs).expect("rows of one width")
    }

    /// The class of each row, B of them; `None` if the targets are values.
    pub fn class_labels(&self) -> Option<&[u32]> {
        (self.target == Target::Classes).then_some(&self.classes)
    }

    /// The target values, (B, O); `None` if the targets are classes.
    #[expect(
        clippy::missing_panics_doc,
        reason = "never: a gathered batch has whole rows"
    )]
    pub fn values(&self) -> Option<ArrayView2<'_, T>> {
        let Target::Values { width } = self.target else {
            return None;
        };
        let shape = (self.rows, width);
        Some(ArrayView2::from_shape(shape, &self.values).expect("rows of one width"))
    }

    /// The weight of each row, B of them; `None` if the data set has no weights.
    pub fn weights(&self) -> Option<&[T]> {
        self.weighted.then_some(&self.weights)
    }
}

/// The order of the rows in an epoch, in minibatches: sampling without replacement, every row once.
///
/// ```
/// use backprop_data::BatchSampler;
///
/// let mut batches = BatchSampler::new(5, 2, None);
/// assert_eq!(batches.count(), 3);
/// assert_eq!(batches.next_batch(), Some(&[0, 1][..]));
/// assert_eq!(batches.next_batch(), Some(&[2, 3][..]));
/// assert_eq!(batches.next_batch(), Some(&[4][..]));
/// assert_eq!(batches.next_batch(), None);
/// ```
#[derive(Clone, Debug)]
pub struct BatchSampler {
    order: Vec<u32>,
    batch_size: usize,
    next: usize,
}

impl BatchSampler {
    /// A sampler of `len` rows, in order, or shuffled with a key. The last batch may be smaller; it is never
    /// dropped.
    ///
    /// # Panics
    /// If `batch_size` is 0 or `len` more than a `u32` can number.
    #[track_caller]
    pub fn new(len: usize, batch_size: usize, key: Option<Key>) -> Self {
        assert!(
            batch_size > 0,
            "a batch size of 0 never gets anywhere; give at least 1"
        );
        let len = u32::try_from(len).expect("a data set numbers its rows with a u32");
        let mut order: Vec<u32> = (0..len).collect();
        if let Some(key) = key {
            shuffle(&mut order, key);
        }
        BatchSampler {
            order,
            batch_size,
            next: 0,
        }
    }

    /// The rows of the next batch; `None` at the end of the epoch.
    pub fn next_batch(&mut self) -> Option<&[u32]> {
        let start = self.next;
        self.next = (start + self.batch_size.min(self.order.len())).min(self.order.len());
        (start < self.next).then(|| &self.order[start..self.next])
    }

    /// The number of batches in an epoch.
    pub fn count(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// Starts another epoch in the order of `key`, the order that [`new`](Self::new) gives for `key`.
    /// Allocates nothing.
    pub fn start_epoch(&mut self, key: Key) {
        for (row, slot) in self.order.iter_mut().enumerate() {
            *slot = row as u32;
        }
        shuffle(&mut self.order, key);
        self.next = 0;
    }

    /// Starts another epoch in the same order.
    pub fn restart(&mut self) {
        self.next = 0;
    }
}

/// Shuffles with the generator of `key`: Durstenfeld's form of the Fisher-Yates shuffle, from the
/// last index down, each draw the upper half of a 64-bit number times the number of indices left.
///
/// Written out here because the order is part of a run: it must not change with a version of rand.
pub(crate) fn shuffle(order: &mut [u32], key: Key) {
    let mut generator = key.generator();
    for last in (1..order.len()).rev() {
        let draw = u128::from(generator.random::<u64>()) * (last as u128 + 1);
        order.swap(last, (draw >> 64) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(batches: &mut BatchSampler) -> Vec<Vec<u32>> {
        std::iter::from_fn(|| batches.next_batch().map(<[u32]>::to_vec)).collect()
    }

    #[test]
    fn every_row_comes_once_and_the_last_batch_is_kept() {
        for (len, size) in [(0, 1), (1, 1), (7, 3), (9, 3), (5, 100), (1000, 128)] {
            for key in [None, Some(Key::new(3))] {
                let mut batches = BatchSampler::new(len, size, key);
                let all = walk(&mut batches);
                assert_eq!(all.len(), batches.count());
                for (i, batch) in all.iter().enumerate() {
                    let full = i + 1 < all.len();
                    assert_eq!(batch.len(), if full { size } else { len - i * size });
                }
                let mut rows = all.concat();
                rows.sort_unstable();
                assert!(rows.iter().copied().eq(0..len as u32));
                assert_eq!(batches.next_batch(), None, "the end stays the end");
            }
        }
    }

    #[test]
    fn the_order_depends_on_the_key_alone() {
        let order = |seed| walk(&mut BatchSampler::new(100, 7, Some(Key::new(seed))));
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert_ne!(order(1), walk(&mut BatchSampler::new(100, 7, None)));

        let mut batches = BatchSampler::new(100, 7, Some(Key::new(9)));
        batches.next_batch();
        batches.start_epoch(Key::new(1));
        assert_eq!(walk(&mut batches), order(1));
        batches.restart();
        assert_eq!(walk(&mut batches), order(1));
    }

    /// Pins the stated shuffle: the order was computed by a program of its own, from xoshiro256++
    /// seeded by SplitMix64, as Blackman and Vigna describe them.
    #[test]
    fn the_shuffle_never_changes() {
        let mut order = [0, 1, 2, 3, 4, 5, 6, 7];
        shuffle(&mut order, Key::new(0));
        assert_eq!(order, [5, 3, 4, 1, 0, 6, 7, 2]);
    }

    #[test]
    fn all_orders_of_four_rows_are_about_as_frequent() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..24_000 {
            let mut order = [0, 1, 2, 3];
            shuffle(&mut order, Key::new(seed));
            *counts.entry(order).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // 1000 each, standard deviation 31.
        assert!(
            counts.values().all(|count| (840..1160).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    #[should_panic(expected = "a batch size of 0")]
    fn a_batch_size_of_zero_is_refused() {
        BatchSampler::new(3, 0, None);
    }
}
