use std::marker::PhantomData;

/// Where the nonzero elements of a layer's input are: made by the forward product, used again by the
/// weight gradient of the same step.
#[derive(Debug, Default)]
pub struct SparseIndex<T> {
    _elements: PhantomData<T>,
}
