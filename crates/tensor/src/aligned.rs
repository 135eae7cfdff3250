use std::fmt;
use std::ops::{Deref, DerefMut};

/// Bytes that a cache line holds, and the widest register.
const LINE: usize = 64;

/// A slice of numbers that begins at the start of a cache line.
///
/// A register of 64 bytes that is read across two lines takes two reads. What the kernels read over
/// and over (weights, activations, batches) begins with a line, and so does then each panel.
///
/// ```
/// use backprop_tensor::AlignedVec;
///
/// let mut numbers = AlignedVec::<f32>::zeros(100);
/// numbers[99] = 1.0;
/// assert_eq!(numbers.as_ptr() as usize % 64, 0);
/// assert_eq!(numbers.iter().sum::<f32>(), 1.0);
/// ```
#[derive(Default)]
pub struct AlignedVec<T> {
    /// The numbers, with room before and behind them.
    room: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> AlignedVec<T> {
    /// So many zeros. Their memory is touched where it is written first.
    pub fn zeros(len: usize) -> Self {
        let room = vec![T::default(); len + LINE / size_of::<T>() - 1];
        // Numbers are aligned to their size, so a line begins at one of them.
        let start = room.as_ptr().align_offset(LINE);
        AlignedVec { room, start, len }
    }

    /// A copy of these numbers.
    pub fn copied(numbers: &[T]) -> Self {
        let mut aligned = Self::zeros(numbers.len());
        aligned.copy_from_slice(numbers);
        aligned
    }

    /// Makes room for at least `len` numbers, all of them 0 if it has to grow.
    pub fn grow(&mut self, len: usize) {
        if self.len < len {
            *self = Self::zeros(len);
        }
    }
}

impl<T> Deref for AlignedVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.room[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for AlignedVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.room[self.start..self.start + self.len]
    }
}

impl<T: Clone> Clone for AlignedVec<T> {
    fn clone(&self) -> Self {
        let mut room = self.room.clone();
        // The copy lies elsewhere, and so does the start of a line in it.
        let start = room.as_ptr().align_offset(LINE);
        match self.start.checked_sub(start) {
            Some(down) => room.rotate_left(down),
            None => room.rotate_right(start - self.start),
        }
        AlignedVec {
            room,
            start,
            len: self.len,
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
    fn copies_begin_with_a_line_too_and_hold_the_same() {
        let copies: Vec<AlignedVec<f32>> = (0..50)
            .scan(AlignedVec::copied(&[1.0, 2.0, 3.0]), |last, _| {
                *last = last.clone();
                Some(last.clone())
            })
            .collect();
        for copy in copies {
            assert_eq!(copy.as_ptr() as usize % LINE, 0);
            assert_eq!(*copy, [1.0, 2.0, 3.0]);
        }
    }
}
