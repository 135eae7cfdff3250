use std::ops::Range;

use ndarray::{Array2, ArrayView2, CowArray, Ix2};

use crate::pool::SyncPtr;

/// A matrix with contiguous rows, as kernels take it: pointer, shape and stride, without a
/// lifetime.
///
/// The memory outlives the `Matrix` and is valid for reads; several threads may read it.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) start: SyncPtr<T>,
    /// Elements from the start of one row to the start of the next.
    pub(crate) row_stride: usize,
}

impl<T> Matrix<T> {
    /// The memory of a view whose rows are contiguous.
    #[inline]
    pub(crate) fn of(view: &ArrayView2<'_, T>) -> Self {
        Matrix {
            rows: view.nrows(),
            columns: view.ncols(),
            start: SyncPtr(view.as_ptr().cast_mut()),
            row_stride: row_stride(view),
        }
    }

    /// The matrix of some of its rows.
    ///
    /// # Safety
    /// `rows` lies within the matrix.
    pub(crate) unsafe fn rows(&self, rows: &Range<usize>) -> Self {
        Matrix {
            rows: rows.len(),
            // SAFETY: the start of a row, or one past the last row.
            start: SyncPtr(unsafe { self.start.at(rows.start * self.row_stride) }),
            ..*self
        }
    }

    /// The shape, (rows, columns).
    pub(crate) fn dim(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }
}

/// Elements from the start of one row to the start of the next; 0 where there is no next row.
#[inline]
pub(crate) fn row_stride<T>(view: &ArrayView2<'_, T>) -> usize {
    if view.nrows() <= 1 || view.is_empty() {
        0
    } else {
        view.strides()[0].unsigned_abs()
    }
}

/// Whether the elements of each row are contiguous and the rows ascend in memory.
#[inline]
pub(crate) fn has_contiguous_rows<T>(view: &ArrayView2<'_, T>) -> bool {
    view.is_empty()
        || (view.ncols() == 1 || view.strides()[1] == 1)
            && (view.nrows() == 1 || view.strides()[0] >= 0)
}

/// The view itself, or a copy where its rows are not contiguous, as in a transpose.
#[inline(always)]
pub(crate) fn with_contiguous_rows<T: Copy + Default>(
    view: ArrayView2<'_, T>,
) -> CowArray<'_, T, Ix2> {
    if has_contiguous_rows(&view) {
        view.into()
    } else {
        contiguous_copy(view).into()
    }
}

#[cold]
fn contiguous_copy<T: Copy + Default>(view: ArrayView2<'_, T>) -> Array2<T> {
    let mut copy = Array2::default(view.raw_dim());
    copy.assign(&view);
    copy
}
