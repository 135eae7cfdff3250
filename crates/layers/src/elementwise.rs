//! Loops that treat every element by itself, on the threads that own the rows in the products before
//! and after: the rows that a thread wrote are then still in its cache.

use std::ops::Range;

use backprop_tensor::cutoffs::activations_ns;
use backprop_tensor::ndarray::{ArrayView2, ArrayViewMut2, Zip};
use backprop_tensor::{Pool, Scalar, with_best_simd};

/// `out = f(a, b)` for all elements; all have one shape.
pub(crate) fn par_zip<T: Scalar>(
    pool: &Pool,
    mut out: ArrayViewMut2<'_, T>,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    f: impl Fn(T, T) -> T + Copy + Sync,
) {
    let width = out.ncols();
    match (out.as_slice_mut(), a.as_slice(), b.as_slice()) {
        (Some(out), Some(a), Some(b)) => par_rows(pool, width, out, move |chunk, out| {
            let f = f; // A copy on this stack: no store to `out` can alias it.
            for ((out, &a), &b) in out.iter_mut().zip(&a[chunk.clone()]).zip(&b[chunk]) {
                *out = f(a, b);
            }
        }),
        _ => {
            let zip = Zip::from(out).and(a).and(b);
            zip.for_each(|out, &a, &b| *out = f(a, b));
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
