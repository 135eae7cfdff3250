//! Loops that treat every element by itself, on the threads that own the rows in the products before
//! and after: the rows that a thread wrote are then still in its cache.

use std::ops::Range;

use backprop_tensor::cutoffs::activations_ns;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2, Zip};
use backprop_tensor::{Pool, Scalar, SimdLoop, run_with_best_simd, with_best_simd};

/// A function of two elements. Implementors mark `apply` as `#[inline(always)]`, so that it belongs
/// to the loop of each instruction set.
pub(crate) trait ElementOp<T>: Copy + Sync {
    /// The result for a pair of elements.
    fn apply(self, a: T, b: T) -> T;
}

/// `out = op(a, b)` for all elements; all have one shape.
pub(crate) fn par_zip<T: Scalar>(
    pool: &Pool,
    mut out: ArrayViewMut2<'_, T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    op: impl ElementOp<T>,
) {
    let (width, work_ns) = (out.ncols(), activations_ns(out.len()));
    match (out.as_slice_mut(), a.as_slice(), b.as_slice()) {
        (Some(out), Some(a), Some(b)) => {
            pool.par_split_work(work_ns, width, [out], |_, chunk, [out]| {
                let (a, b) = (&a[chunk.clone()], &b[chunk]);
                run_with_best_simd(ZipLoop { out, a, b, op });
            });
        }
        _ => {
            let zip = Zip::from(out).and(a).and(b);
            zip.for_each(|out, &a, &b| *out = op.apply(a, b));
        }
    }
}

struct ZipLoop<'a, T, F> {
    out: &'a mut [T],
    a: &'a [T],
    b: &'a [T],
    op: F,
}

impl<T: Scalar, F: ElementOp<T>> SimdLoop for ZipLoop<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((out, &a), &b) in self.out.iter_mut().zip(self.a).zip(self.b) {
            *out = self.op.apply(a, b);
        }
    }
}

/// Calls `work` with chunks of `out`, which begin at a multiple of `chunk_len`, and with the range
/// of elements of each.
pub(crate) fn par_rows<T: Scalar>(
    pool: &Pool,
    chunk_len: usize,
    out: &mut [T],
    work: impl Fn(Range<usize>, &mut [T]) + Sync,
) {
    let work_ns = activations_ns(out.len());
    pool.par_split_work(work_ns, chunk_len, [out], |_, chunk, [out]| {
        with_best_simd(|| work(chunk, out));
    });
}
