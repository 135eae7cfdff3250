use std::fmt;

use super::csr::{BlockedCsr, CsrBuffer, fits_u32_indices};
use super::csr_build::BuildCsr;
use super::estimate::EstimateSparse;
use crate::Scalar;
use crate::cutoffs::{MIN_SPARSE_COLUMNS, elementwise_ns};
use crate::executor::Executor;
use crate::matrix::Matrix;

/// The positions and values of the nonzero elements of a layer's input (blocked CSR), if the input
/// is sparse.
///
/// [`affine`](crate::affine) fills the index; the weight gradient of the same input uses it again
/// ([`affine_weight_grad`](crate::affine_weight_grad),
/// [`Gradient::OuterProduct`](crate::Gradient::OuterProduct)). An input counts as sparse if fewer
/// than one element in three differs from 0 in a sample of its rows, and it has at least 32
/// columns.
///
/// The memory grows to the largest input of a product and is then never allocated again.
///
/// ```
/// use backprop_tensor::ndarray::Array2;
/// use backprop_tensor::{PanelLayout, Pool, SparseIndex, affine};
///
/// let layout = PanelLayout::new(100, 1);
/// let weights = vec![0.5_f64; layout.packed_len::<f64>()];
/// let (mut input, mut output) = (Array2::zeros((4, 100)), Array2::zeros((4, 1)));
/// input[[2, 7]] = 3.0;
///
/// let mut index = SparseIndex::default();
/// affine(&Pool::new(1), layout, input.view(), &weights, &[0.0], output.view_mut(), &mut index);
/// assert!(index.is_sparse());
/// assert_eq!(index.dim(), Some((4, 100)));
/// assert_eq!(output.column(0).to_vec(), [0.0, 0.0, 1.5, 0.0]);
/// ```
#[derive(Default)]
pub struct SparseIndex<T> {
    buffer: CsrBuffer<T>,
    content: Content,
}

/// The state of a [`SparseIndex`].
#[derive(Clone, Copy, Debug, Default)]
enum Content {
    /// Nothing: no product has filled the index.
    #[default]
    Nothing,
    /// An input of this shape is dense.
    Dense((usize, usize)),
    /// The buffer holds the nonzero elements of an input of this shape.
    Sparse((usize, usize)),
}

impl<T> SparseIndex<T> {
    /// Whether the indexed input is sparse. False also if no product has filled the index.
    pub fn is_sparse(&self) -> bool {
        matches!(self.content, Content::Sparse(_))
    }

    /// The shape of the indexed input, (rows, columns); `None` if no product has filled the index.
    pub fn dim(&self) -> Option<(usize, usize)> {
        match self.content {
            Content::Nothing => None,
            Content::Dense(dim) | Content::Sparse(dim) => Some(dim),
        }
    }

    /// Forgets the input and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.content = Content::Nothing;
    }
}

impl<T: Scalar> SparseIndex<T> {
    /// Judges whether `x` is sparse, and indexes it if it is, each row on the thread that owns the
    /// row. `x` is valid for reads.
    ///
    /// Memory is reserved also for a dense `x` that has enough columns for the next input of this
    /// shape to be sparse: a page is mapped when an element is written to it.
    #[inline]
    pub(crate) fn fill(&mut self, exec: Executor<'_>, x: &Matrix<T>) {
        self.content = Content::Dense(x.dim());
        if can_be_sparse(x) {
            self.buffer.reserve(x.rows, x.columns);
            self.fill_if_sparse(exec, x);
        }
    }

    /// An index of `x` that is used once: has memory only if `x` is sparse.
    pub(crate) fn of(exec: Executor<'_>, x: &Matrix<T>) -> Self {
        let content = Content::Dense(x.dim());
        let buffer = CsrBuffer::default();
        let mut index = SparseIndex { buffer, content };
        if can_be_sparse(x) {
            index.fill_if_sparse(exec, x);
        }
        index
    }

    fn fill_if_sparse(&mut self, exec: Executor<'_>, x: &Matrix<T>) {
        let matrix = *x;
        // SAFETY: a `Matrix` is valid for reads.
        if !unsafe { T::run_job(exec.isa, EstimateSparse { matrix }) } {
            return;
        }
        // Until all rows are built, the index is of no input: a panic may end this function.
        self.clear();
        let csr = self.buffer.reserve(x.rows, x.columns);
        // Split as a batch is gathered: a thread reads the rows that it wrote.
        let work_ns = elementwise_ns(x.rows * x.columns);
        exec.pool.for_each_chunk(work_ns, x.rows, |_, rows| {
            // SAFETY: the CSR is reserved for `x`, and every row belongs to one call alone.
            unsafe { T::run_job(exec.isa, BuildCsr { matrix, csr, rows }) }
        });
        self.content = Content::Sparse(x.dim());
    }

    /// The nonzero elements by row, or `None` if the input is dense or unknown.
    pub(crate) fn csr(&self) -> Option<BlockedCsr<T>> {
        match self.content {
            Content::Sparse((rows, columns)) => Some(self.buffer.view(rows, columns)),
            _ => None,
        }
    }
}

/// Whether a matrix has enough columns to be worth indexing, and not too many elements to be
/// indexed.
#[inline]
fn can_be_sparse<T>(x: &Matrix<T>) -> bool {
    x.columns >= MIN_SPARSE_COLUMNS && fits_u32_indices(x.rows, x.columns)
}

impl<T> fmt::Debug for SparseIndex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparseIndex")
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}
