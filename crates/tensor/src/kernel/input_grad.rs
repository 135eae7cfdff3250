//! One thread's share of the input gradient.

use std::ops::Range;

use super::dense::{Dense, Start, dense};
use super::simd::Simd;
use crate::AlignedVec;

/// Panels of a transposed weight that are packed at a time.
const PACKED: usize = 8;

/// `dx = dy W^T` for some columns of dx.
pub struct InputGrad<'a, T> {
    pub(crate) rows: usize,
    pub(crate) outputs: usize,
    /// (rows, outputs), rows this far apart; valid for reads.
    pub(crate) dy: *const T,
    pub(crate) dy_row: usize,
    /// All panels of W, for so many inputs.
    pub(crate) weights: &'a [T],
    pub(crate) inputs: usize,
    /// The inputs of this share.
    pub(crate) share: Range<usize>,
    /// (rows, share), rows this far apart; valid for writes, nobody else's.
    pub(crate) dx: *mut T,
    pub(crate) dx_row: usize,
}

/// # Safety
/// The CPU has the instructions of `V`, and the job's pointers are as its type says.
#[inline(always)]
pub(crate) unsafe fn input_grad<
    V: Simd,
    const NV: usize,
    const R: usize,
    const G: usize,
    const G1: usize,
>(
    job: &InputGrad<'_, V::Number>,
    buffer: &mut AlignedVec<V::Number>,
) {
    let width = NV * V::LANES;
    let unit = job.inputs * width;
    assert_eq!(
        job.weights.len(),
        job.outputs.div_ceil(width) * unit,
        "panels of the weights"
    );
    let whole = job.inputs.div_ceil(width);
    buffer.grow(whole.min(PACKED) * job.outputs * width);
    let mut first = job.share.start;
    while first < job.share.end {
        let columns = (PACKED * width).min(job.share.end - first);
        for panel in 0..columns.div_ceil(width) {
            let packed = &mut buffer[panel * job.outputs * width..][..job.outputs * width];
            let inputs = first + panel * width..job.share.end.min(first + (panel + 1) * width);
            // SAFETY: as the caller promises.
            unsafe { pack_inputs::<V>(job.weights, unit, inputs, width, packed) };
        }
        // SAFETY: all rows of dy and these columns of dx are the job's, as the caller promises;
        // the packed panels have a row for each output.
        unsafe {
            dense::<V, NV, R, G, G1>(&Dense {
                rows: job.rows,
                inner: job.outputs,
                columns,
                a: job.dy,
                a_row: job.dy_row,
                a_column: 1,
                b: buffer.as_ptr(),
                b_row: width,
                b_panel: job.outputs * width,
                start: Start::Zero,
                descend: None,
                c: job.dx.add(first - job.share.start),
                c_row: job.dx_row,
                c_panel: width,
            });
        }
        first += columns;
    }
}

/// Copies what some inputs weigh in each output into `[outputs][width]`, padded with zeros.
///
/// # Safety
/// The CPU has the instructions of `V`.
#[inline(always)]
unsafe fn pack_inputs<V: Simd>(
    weights: &[V::Number],
    unit: usize,
    inputs: Range<usize>,
    width: usize,
    packed: &mut [V::Number],
) {
    for (panel, packed) in packed.chunks_mut(width * width).enumerate() {
        let rows = &weights[panel * unit..][inputs.start * width..inputs.end * width];
        if rows.len() == width * width && packed.len() == rows.len() {
            for input in (0..width).step_by(V::SQUARE) {
                for output in (0..width).step_by(V::SQUARE) {
                    let (from, to) = (input * width + output, output * width + input);
                    // SAFETY: both are matrices of `width` rows and columns, which squares fill.
                    unsafe {
                        let from = rows.as_ptr().add(from);
                        V::turn(from, width, packed.as_mut_ptr().add(to), width);
                    }
                }
            }
            continue;
        }
        for (output, packed) in packed.chunks_exact_mut(width).enumerate() {
            let (filled, rest) = packed.split_at_mut(inputs.len());
            for (packed, row) in filled.iter_mut().zip(rows.chunks_exact(width)) {
                *packed = row[output];
            }
            rest.fill(V::Number::default());
        }
    }
}
