use crate::Pool;
use crate::kernels::Isa;

/// The threads and the instruction set that a product runs on.
///
/// Public functions take a pool and use the best instruction set. Tests name each available set.
#[derive(Clone, Copy)]
pub(crate) struct Executor<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) isa: Isa,
}

impl<'a> Executor<'a> {
    /// The pool's threads on the best instruction set of this CPU.
    #[inline]
    pub(crate) fn new(pool: &'a Pool) -> Self {
        let isa = Isa::best();
        Executor { pool, isa }
    }
}
