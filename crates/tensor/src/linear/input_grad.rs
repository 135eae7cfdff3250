//! The input gradient, `dx = dy W`.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, NdFloat};

use super::ownership::{columns_of, for_each_owned_tile};
use super::shapes::check_shapes;
use crate::executor::Executor;
use crate::kernels::simd::Simd;
use crate::kernels::{Accumulate, GemmArgs, Job, Kernel};
use crate::matrix::{Matrix, has_contiguous_rows, row_stride, with_contiguous_rows};
use crate::pool::SyncPtr;
use crate::{AlignedVec, PanelLayout, Pool, Scalar};

/// Panels of the transposed weight that are packed at a time.
const PACK_PANELS: usize = 8;

/// The gradient of the loss by the input of a linear layer: `input_grad = output_grad W`,
/// overwritten.
///
/// Shapes: `output_grad` (B, O), `weights` an (O, I) weight in the storage order of `layout`,
/// `input_grad` (B, I).
///
/// ```
/// use backprop_tensor::{PanelLayout, Pool, affine_input_grad, ndarray::array};
///
/// let layout = PanelLayout::new(2, 1);
/// let mut weights = vec![0.0_f64; layout.packed_len::<f64>()];
/// layout.pack(&[0.5, -0.5], &mut weights);
/// let (dy, mut dx) = (array![[2.0], [4.0]], array![[0.0, 0.0], [0.0, 0.0]]);
/// affine_input_grad(&Pool::new(1), layout, dy.view(), &weights, dx.view_mut());
/// assert_eq!(dx, array![[1.0, -1.0], [2.0, -2.0]]);
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine_input_grad<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    output_grad: ArrayView2<'_, T>,
    weights: &[T],
    input_grad: ArrayViewMut2<'_, T>,
) {
    affine_input_grad_on(
        Executor::new(pool),
        layout,
        output_grad,
        weights,
        input_grad,
    );
}

/// [`affine_input_grad`] on a given instruction set.
#[track_caller]
pub(super) fn affine_input_grad_on<T: Scalar>(
    exec: Executor<'_>,
    layout: PanelLayout,
    output_grad: ArrayView2<'_, T>,
    weights: &[T],
    mut input_grad: ArrayViewMut2<'_, T>,
) {
    check_shapes::<T>(layout, input_grad.dim(), output_grad.dim(), weights.len());
    if !has_contiguous_rows(&input_grad.view()) {
        let mut contiguous = Array2::zeros(input_grad.raw_dim());
        affine_input_grad_on(exec, layout, output_grad, weights, contiguous.view_mut());
        return input_grad.assign(&contiguous);
    }
    if input_grad.is_empty() {
        return;
    }
    let output_grad = with_contiguous_rows(output_grad);
    let dy = Matrix::of(&output_grad.view());
    let (dx, dx_row) = (
        SyncPtr(input_grad.as_mut_ptr()),
        row_stride(&input_grad.view()),
    );
    let (rows, inputs) = input_grad.dim();
    let panels = inputs.div_ceil(T::PANEL_WIDTH);
    for_each_owned_tile::<T>(exec.pool, layout, rows, panels, |thread, rows, panels| {
        let columns = columns_of::<T>(&panels, inputs);
        let mut scratch = exec.pool.scratch(thread);
        // SAFETY: dy is valid for reads. These rows and columns of dx lie within the input gradient
        // and belong to this call alone: each row, or each panel, is of one call, and panels share
        // no column.
        unsafe {
            let job = InputGradJob {
                dy: dy.rows(&rows),
                weights,
                inputs,
                dx: dx.at(rows.start * dx_row + columns.start),
                dx_row,
                columns,
                buffer: &mut T::thread_scratch(&mut scratch).packed,
            };
            T::run_job(exec.isa, job);
        }
    });
}

/// One thread's part of the input gradient: `dx = dy W` for some columns of dx.
struct InputGradJob<'a, T> {
    /// (rows, O), valid for reads.
    dy: Matrix<T>,
    /// All panels of W, for `inputs` inputs.
    weights: &'a [T],
    inputs: usize,
    /// The inputs that are the columns of this job.
    columns: Range<usize>,
    /// (rows, columns) of this job, valid for writes of this thread alone, with the stride of rows.
    dx: *mut T,
    dx_row: usize,
    /// Memory for packed panels.
    buffer: &'a mut AlignedVec<T>,
}

impl<T: NdFloat + Default> Job<T> for InputGradJob<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) {
        let width = K::PANEL_WIDTH;
        let panel_len = self.inputs * width;
        let outputs = self.dy.columns;
        assert_eq!(
            self.weights.len(),
            outputs.div_ceil(width) * panel_len,
            "panels of the weights"
        );
        let layer_panels = self.inputs.div_ceil(width);
        let packed_len = outputs * width;
        self.buffer
            .grow_to(layer_panels.min(PACK_PANELS) * packed_len);
        let mut first = self.columns.start;
        while first < self.columns.end {
            let columns = (PACK_PANELS * width).min(self.columns.end - first);
            for panel in 0..columns.div_ceil(width) {
                let packed = &mut self.buffer[panel * packed_len..][..packed_len];
                let start = first + panel * width;
                let inputs = start..self.columns.end.min(start + width);
                // SAFETY: the CPU has the instruction set, as the caller promises.
                unsafe {
                    pack_transposed::<K::Simd>(self.weights, panel_len, inputs, width, packed);
                }
            }
            // SAFETY: dy and these columns of dx are as the caller promises; the packed panels have
            // a row for each output.
            unsafe {
                K::gemm(&GemmArgs {
                    rows: self.dy.rows,
                    inner: outputs,
                    columns,
                    a: self.dy.start.0,
                    a_row: self.dy.row_stride,
                    a_column: 1,
                    b: self.buffer.as_ptr(),
                    b_row: width,
                    b_panel: packed_len,
                    accumulate: Accumulate::Zero,
                    sgd_rate: None,
                    c: self.dx.add(first - self.columns.start),
                    c_row: self.dx_row,
                    c_panel: width,
                });
            }
            first += columns;
        }
    }
}

crate::kernels::dispatch::compile_here!(InputGradJob<'static, f32>, InputGradJob<'static, f64>);

/// Packs the weights of some inputs, at most a panel's width, into one panel of the transposed
/// weight: `[outputs][width]`, padded with zeros.
///
/// # Safety
/// The CPU has the instruction set of `V`.
#[inline(always)]
unsafe fn pack_transposed<V: Simd>(
    weights: &[V::Element],
    panel_len: usize,
    inputs: Range<usize>,
    width: usize,
    packed: &mut [V::Element],
) {
    for (panel, packed) in packed.chunks_mut(width * width).enumerate() {
        let rows = &weights[panel * panel_len..][inputs.start * width..inputs.end * width];
        if rows.len() == width * width && packed.len() == rows.len() {
            for input in (0..width).step_by(V::TRANSPOSE) {
                for output in (0..width).step_by(V::TRANSPOSE) {
                    let (from, to) = (input * width + output, output * width + input);
                    // SAFETY: both are matrices of `width` rows and columns, and `TRANSPOSE`
                    // divides `width`, so the blocks lie within them.
                    unsafe {
                        let from = rows.as_ptr().add(from);
                        V::transpose_block(from, width, packed.as_mut_ptr().add(to), width);
                    }
                }
            }
            continue;
        }
        for (output, packed) in packed.chunks_exact_mut(width).enumerate() {
            let (valid_columns, padding) = packed.split_at_mut(inputs.len());
            for (packed, row) in valid_columns.iter_mut().zip(rows.chunks_exact(width)) {
                *packed = row[output];
            }
            padding.fill(V::Element::default());
        }
    }
}
