//! The forward product, `y = x W^T + b`.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, NdFloat};

use super::ownership::{columns_of, for_each_owned_tile, sparse_ns};
use super::shapes::{check_bias, check_shapes};
use crate::executor::Executor;
use crate::kernels::{Accumulate, GemmArgs, Job, Kernel, SpmmArgs};
use crate::matrix::{Matrix, has_contiguous_rows, row_stride, with_contiguous_rows};
use crate::pool::SyncPtr;
use crate::sparse::BlockedCsr;
use crate::{AlignedVec, PanelLayout, Pool, Scalar, SparseIndex};

/// The forward pass of a linear layer: `output = input W^T + bias`.
///
/// Shapes: `input` (B, I), `weights` an (O, I) weight in the storage order of `layout`, `bias` (O),
/// `output` (B, O). `index` becomes the index of the nonzero elements of `input`, for
/// [`affine_weight_grad`](crate::affine_weight_grad). Products with elements of `input` that are 0
/// may be left out, also where the weight is NaN or infinite.
///
/// ```
/// use backprop_tensor::{PanelLayout, Pool, SparseIndex, affine, ndarray::array};
///
/// let layout = PanelLayout::new(2, 1);
/// let mut weights = vec![0.0_f64; layout.packed_len::<f64>()];
/// layout.pack(&[0.5, -0.5], &mut weights);
/// let (x, mut y) = (array![[3.0, 1.0], [0.0, 2.0]], array![[0.0], [0.0]]);
/// let mut index = SparseIndex::default();
/// affine(&Pool::new(1), layout, x.view(), &weights, &[1.0], y.view_mut(), &mut index);
/// assert_eq!(y, array![[2.0], [0.0]]);
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine<T: Scalar>(
    pool: &Pool,
    layout: PanelLayout,
    input: ArrayView2<'_, T>,
    weights: &[T],
    bias: &[T],
    output: ArrayViewMut2<'_, T>,
    index: &mut SparseIndex<T>,
) {
    let parameters = (layout, weights, bias);
    affine_on(Executor::new(pool), parameters, input, output, index);
}

/// [`affine`] on a given instruction set.
#[track_caller]
pub(super) fn affine_on<T: Scalar>(
    exec: Executor<'_>,
    parameters: (PanelLayout, &[T], &[T]),
    input: ArrayView2<'_, T>,
    mut output: ArrayViewMut2<'_, T>,
    index: &mut SparseIndex<T>,
) {
    let (layout, weights, bias) = parameters;
    check_shapes::<T>(layout, input.dim(), output.dim(), weights.len());
    check_bias(layout, bias.len());
    if !has_contiguous_rows(&output.view()) {
        let mut contiguous = Array2::zeros(output.raw_dim());
        affine_on(exec, parameters, input, contiguous.view_mut(), index);
        return output.assign(&contiguous);
    }
    index.clear();
    if output.is_empty() {
        return;
    }
    let input = with_contiguous_rows(input);
    let x = Matrix::of(&input.view());
    index.fill(exec, &x);
    let product = ForwardProduct {
        exec,
        layout,
        x,
        weights,
        bias,
        y: SyncPtr(output.as_mut_ptr()),
        y_row: row_stride(&output.view()),
    };
    let panels = layout.panel_count::<T>();
    match index.csr() {
        Some(csr) => {
            let work_ns = sparse_ns::<T>(x.rows, layout);
            exec.pool.for_each_chunk(work_ns, panels, |thread, panels| {
                // SAFETY: each panel belongs to one call, and panels share no column.
                unsafe { product.run(thread, 0..x.rows, panels, Some(csr)) }
            });
        }
        None => {
            for_each_owned_tile::<T>(exec.pool, layout, x.rows, panels, |thread, rows, panels| {
                // SAFETY: each row, or each panel, belongs to one call, and panels share no column.
                unsafe { product.run(thread, rows, panels, None) }
            })
        }
    }
}

/// The operands of a forward product, whose shapes fit.
struct ForwardProduct<'a, T> {
    exec: Executor<'a>,
    layout: PanelLayout,
    x: Matrix<T>,
    weights: &'a [T],
    bias: &'a [T],
    y: SyncPtr<T>,
    y_row: usize,
}

impl<T: Scalar> ForwardProduct<'_, T> {
    /// Computes some rows of some panels on a thread. With a CSR, which is that of all of x, the
    /// rows are all rows.
    ///
    /// # Safety
    /// The rows and panels lie within y and no other thread writes to them.
    #[inline]
    unsafe fn run(
        &self,
        thread: usize,
        rows: Range<usize>,
        panels: Range<usize>,
        csr: Option<BlockedCsr<T>>,
    ) {
        let panel_len = self.x.columns * T::PANEL_WIDTH;
        let columns = columns_of::<T>(&panels, self.layout.outputs());
        let mut scratch = self.exec.pool.scratch(thread);
        // SAFETY: x is valid for reads and its CSR is built; the rows and columns of y are within
        // the output and belong to this call, as the caller promises.
        unsafe {
            let job = ForwardJob {
                x: self.x.rows(&rows),
                csr,
                layer_panels: self.layout.panel_count::<T>(),
                weights: &self.weights[panels.start * panel_len..panels.end * panel_len],
                bias: &self.bias[columns.clone()],
                y: self.y.at(rows.start * self.y_row + columns.start),
                y_row: self.y_row,
                buffer: &mut T::thread_scratch(&mut scratch).packed,
            };
            T::run_job(self.exec.isa, job);
        }
    }
}

/// One thread's part of the forward product: `y = x W + b` for some panels of W.
struct ForwardJob<'a, T> {
    /// (rows, I), valid for reads.
    x: Matrix<T>,
    /// The nonzero elements of x by row, built, if x is sparse.
    csr: Option<BlockedCsr<T>>,
    /// Panels of the whole layer: the most that a job may have, for the size of the buffer.
    layer_panels: usize,
    /// The panels of this job.
    weights: &'a [T],
    /// Their columns of the bias; as many as the job has columns.
    bias: &'a [T],
    /// (rows, columns) of this job, valid for writes of this thread alone, with the stride of rows.
    y: *mut T,
    y_row: usize,
    /// Memory for the padded bias.
    buffer: &'a mut AlignedVec<T>,
}

impl<T: NdFloat + Default> Job<T> for ForwardJob<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<K: Kernel<Element = T>>(self) {
        let columns = self.bias.len();
        let panels = columns.div_ceil(K::PANEL_WIDTH);
        let panel_len = self.x.columns * K::PANEL_WIDTH;
        assert_eq!(
            self.weights.len(),
            panels * panel_len,
            "panels of the weights"
        );
        self.buffer.grow_to(self.layer_panels * K::PANEL_WIDTH);
        let bias = &mut self.buffer[..panels * K::PANEL_WIDTH];
        bias.fill(T::default());
        for (padded, &b) in bias.iter_mut().zip(self.bias) {
            *padded = b + T::default(); // Turns -0 into 0: skipping zeros relies on that.
        }
        // SAFETY: x and y are as the caller promises; the weights and the padded bias have a whole
        // panel for each panel of y.
        unsafe {
            match &self.csr {
                Some(csr) => K::spmm(&SpmmArgs {
                    csr,
                    columns,
                    weights: self.weights.as_ptr(),
                    bias: bias.as_ptr(),
                    y: self.y,
                    y_row: self.y_row,
                }),
                None => K::gemm(&GemmArgs {
                    rows: self.x.rows,
                    inner: self.x.columns,
                    columns,
                    a: self.x.start.0,
                    a_row: self.x.row_stride,
                    a_column: 1,
                    b: self.weights.as_ptr(),
                    b_row: K::PANEL_WIDTH,
                    b_panel: panel_len,
                    accumulate: Accumulate::Bias(bias.as_ptr()),
                    sgd_rate: None,
                    c: self.y,
                    c_row: self.y_row,
                    c_panel: K::PANEL_WIDTH,
                }),
            }
        }
    }
}

crate::kernels::dispatch::compile_here!(ForwardJob<'static, f32>, ForwardJob<'static, f64>);
