use crate::Scalar;
use crate::kernel::{COLUMNS, RowLists, SLACK, reserve_zeroed};
use crate::pool::Start;

/// The nonzero elements of a layer's input, found by the forward product and used again by the
/// weight gradient of the same step.
///
/// The caller owns the index and passes it from [`affine`](crate::affine) to
/// [`Gradient::OuterProduct`](crate::Gradient::OuterProduct). It grows to the largest input and
/// then allocates nothing: its size is a function of the shape, never of the data.
///
/// ```
/// use backprop_tensor::{PanelLayout, Pool, SparseIndex, affine, ndarray::Array2};
///
/// let (pool, layout) = (Pool::new(1), PanelLayout::new(100, 1));
/// let mut input = Array2::<f32>::zeros((1, 100));
/// input[[0, 7]] = 2.0;
/// let (weights, mut output) = (vec![1.0; layout.len::<f32>()], Array2::zeros((1, 1)));
/// let mut index = SparseIndex::default();
/// affine(&pool, layout, input.view(), &weights, &[0.5], output.view_mut(), &mut index);
/// assert_eq!(output[[0, 0]], 2.5);
/// assert!(index.is_sparse());
/// ```
#[derive(Debug, Default)]
pub struct SparseIndex<T> {
    /// (rows, columns) of the indexed input; `None` if the last one was dense.
    shape: Option<(usize, usize)>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    places: Vec<u32>,
    values: Vec<T>,
}

impl<T: Scalar> SparseIndex<T> {
    /// Whether the last forward product found its input sparse, and indexed it.
    pub fn is_sparse(&self) -> bool {
        self.shape.is_some()
    }

    /// Says that the input is dense and has no index.
    pub(crate) fn clear(&mut self) {
        self.shape = None;
    }

    /// Buffers for the index of a matrix of this shape, which the caller fills at once.
    pub(crate) fn reserve(&mut self, rows: usize, columns: usize) -> RowLists<T> {
        let (stride, blocks) = (columns + SLACK, columns.div_ceil(COLUMNS));
        self.shape = Some((rows, columns));
        RowLists {
            rows,
            columns,
            stride,
            blocks,
            starts: reserve_zeroed(&mut self.starts, rows),
            ends: reserve_zeroed(&mut self.ends, rows * blocks),
            places: reserve_zeroed(&mut self.places, rows * stride),
            values: reserve_zeroed(&mut self.values, rows * stride),
        }
    }

    /// The index for reading, if the input is sparse.
    ///
    /// # Panics
    /// If the index is of a matrix of another shape.
    #[track_caller]
    pub(crate) fn lists(&self, rows: usize, columns: usize) -> Option<RowLists<T>> {
        let shape = self.shape?;
        assert_eq!(
            shape,
            (rows, columns),
            "shape of the indexed input and of the input"
        );
        let read = |slice: &[u32]| Start(slice.as_ptr().cast_mut());
        Some(RowLists {
            rows,
            columns,
            stride: columns + SLACK,
            blocks: columns.div_ceil(COLUMNS),
            starts: read(&self.starts),
            ends: read(&self.ends),
            places: read(&self.places),
            values: Start(self.values.as_ptr().cast_mut()),
        })
    }
}
