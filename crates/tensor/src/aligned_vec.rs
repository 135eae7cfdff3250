use std::fmt;
use std::ops::{Deref, DerefMut};

/// The bytes in a cache line, and in the widest register.
const LINE_BYTES: usize = 64;

/// A heap slice of elements that begins at the start of a cache line.
///
/// Loading a register of 64 bytes across two cache lines takes two reads. The kernels read weights,
/// activations and batches over and over, so these begin with a line, and so does each panel in
/// them.
///
/// ```
/// use backprop_tensor::AlignedVec;
///
/// let mut values = AlignedVec::<f32>::zeros(100);
/// values[99] = 1.0;
/// assert_eq!(values.as_ptr() as usize % 64, 0);
/// assert_eq!(values.iter().sum::<f32>(), 1.0);
/// ```
#[derive(Default)]
pub struct AlignedVec<T> {
    /// The elements, with unused elements before and behind them.
    storage: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> AlignedVec<T> {
    /// A slice of `len` zeros. A page of it belongs to the core that writes to the page first
    /// (first touch).
    pub fn zeros(len: usize) -> Self {
        let storage = vec![T::default(); len + LINE_BYTES / size_of::<T>() - 1];
        // Elements are aligned to their size, so a line begins at one of them.
        let start = storage.as_ptr().align_offset(LINE_BYTES);
        AlignedVec {
            storage,
            start,
            len,
        }
    }

    /// A copy of a slice.
    ///
    /// ```
    /// use backprop_tensor::AlignedVec;
    ///
    /// assert_eq!(*AlignedVec::from_slice(&[1.0, 2.0]), [1.0, 2.0]);
    /// ```
    pub fn from_slice(values: &[T]) -> Self {
        let mut aligned = Self::zeros(values.len());
        aligned.copy_from_slice(values);
        aligned
    }

    /// Makes the slice at least `len` elements long. If it has to grow, all elements become 0.
    ///
    /// ```
    /// use backprop_tensor::AlignedVec;
    ///
    /// let mut values = AlignedVec::from_slice(&[1.0, 2.0]);
    /// values.grow_to(1);
    /// assert_eq!(*values, [1.0, 2.0]);
    /// values.grow_to(3);
    /// assert_eq!(*values, [0.0, 0.0, 0.0]);
    /// ```
    pub fn grow_to(&mut self, len: usize) {
        if self.len < len {
            *self = Self::zeros(len);
        }
    }
}

impl<T> Deref for AlignedVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for AlignedVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.storage[self.start..self.start + self.len]
    }
}

impl<T: Clone> Clone for AlignedVec<T> {
    fn clone(&self) -> Self {
        let mut storage = self.storage.clone();
        // In the copy's memory a line starts at another index.
        let start = storage.as_ptr().align_offset(LINE_BYTES);
        match self.start.checked_sub(start) {
            Some(down) => storage.rotate_left(down),
            None => storage.rotate_right(start - self.start),
        }
        AlignedVec {
            storage,
            start,
            len: self.len,
        }
    }

    /// Uses the memory there is, where the lengths are equal.
    fn clone_from(&mut self, source: &Self) {
        if self.len() == source.len() {
            self.clone_from_slice(source);
        } else {
            *self = source.clone();
        }
    }
}

impl<T: PartialEq> PartialEq for AlignedVec<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for AlignedVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_begin_with_a_line_and_hold_the_same_elements() {
        let copies: Vec<AlignedVec<f32>> = (0..50)
            .scan(AlignedVec::from_slice(&[1.0, 2.0, 3.0]), |last, _| {
                *last = last.clone();
                Some(last.clone())
            })
            .collect();
        for copy in copies {
            assert_eq!(copy.as_ptr() as usize % LINE_BYTES, 0);
            assert_eq!(*copy, [1.0, 2.0, 3.0]);
        }
    }

    #[test]
    fn a_copy_into_a_vector_of_one_length_uses_its_memory() {
        let mut copy = AlignedVec::<f32>::zeros(3);
        let memory = copy.as_ptr();
        copy.clone_from(&AlignedVec::from_slice(&[1.0, 2.0, 3.0]));
        assert_eq!((&*copy, copy.as_ptr()), (&[1.0, 2.0, 3.0][..], memory));
        copy.clone_from(&AlignedVec::from_slice(&[4.0]));
        assert_eq!(*copy, [4.0]);
    }
}
