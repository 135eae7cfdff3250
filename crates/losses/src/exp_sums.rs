use std::ops::Range;

use backprop_tensor::{Scalar, row_max, shifted_exp_rows};
use ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};

/// Exponentials that are computed together.
const BUFFER: usize = 256;

/// `sum_j e^(z_j - max_k z_k)` of each row, where there is no gradient whose memory could hold the
/// exponentials.
///
/// A row of a few elements fills no register: with the exponentials of a row, those of the rows
/// behind it are computed.
pub(crate) struct ExpSums<'a, T> {
    z: ArrayView2<'a, T>,
    exps: [T; BUFFER],
    /// The rows whose exponentials are in the buffer.
    rows: Range<usize>,
}

impl<'a, T: Scalar> ExpSums<'a, T> {
    /// The sums of the rows of these logits, (B, O).
    pub(crate) fn new(z: ArrayView2<'a, T>) -> Self {
        ExpSums {
            z,
            exps: [T::zero(); BUFFER],
            rows: 0..0,
        }
    }

    /// The sum of a row.
    pub(crate) fn of(&mut self, row: usize) -> T {
        let columns = self.z.ncols();
        if columns > BUFFER {
            return self.of_wide(row);
        }
        if !self.rows.contains(&row) {
            self.rows = row..self.z.nrows().min(row + BUFFER / columns.max(1));
            let z = self.z.slice_axis(Axis(0), self.rows.clone().into());
            let exps = &mut self.exps[..z.len()];
            let mut exps = ArrayViewMut2::from_shape(z.dim(), exps).expect("one for each logit");
            exps.assign(&z);
            shifted_exp_rows(exps);
        }
        let begin = (row - self.rows.start) * columns;
        ordered_sum(self.exps[begin..begin + columns].iter())
    }

    /// The sum of a row that is longer than the buffer. Each piece begins with the largest element
    /// of the row, so that it is shifted by that.
    fn of_wide(&mut self, row: usize) -> T {
        let z = self.z.row(row);
        let max = row_max(z);
        let mut sum = T::zero();
        for piece in z.axis_chunks_iter(Axis(0), BUFFER - 1) {
            let exps = &mut self.exps[..piece.len() + 1];
            exps[0] = max;
            exps[1..].iter_mut().zip(piece).for_each(|(e, &z)| *e = z);
            shifted_exp_rows(ArrayViewMut1::from(&mut *exps).insert_axis(Axis(0)));
            sum = exps[1..].iter().fold(sum, |sum, &e| sum + e);
        }
        sum
    }
}

/// The sum from the first element to the last.
#[inline(always)]
pub(crate) fn ordered_sum<'a, T: Scalar>(elements: impl Iterator<Item = &'a T>) -> T {
    elements.fold(T::zero(), |sum, &e| sum + e)
}
