use crate::AlignedVec;
use crate::sparse::CscBuffer;

/// The buffers of one thread, for both element types.
///
/// They grow to the largest product and are then never allocated again: their size is a function of
/// the shapes, never of the data.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) f32: ThreadScratch<f32>,
    pub(crate) f64: ThreadScratch<f64>,
}

/// The buffers of one thread for one element type.
#[derive(Debug, Default)]
pub struct ThreadScratch<T> {
    /// Packed panels, padded biases and computed pieces of a gradient.
    pub(crate) packed: AlignedVec<T>,
    /// The nonzero elements of an input by column.
    pub(crate) csc: CscBuffer<T>,
}
