//! Matrix products. All of them go through [`matmul`], which takes strides, so that a transpose
//! is a view.
//!
//! In the products of a layer a thread owns panels of output columns in the forward pass and in
//! the weight gradient, and rows in the input gradient. Each element is one sum in one order
//! whatever the number of threads, so results have the same bits.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use crate::pool::Start;
use crate::{Panels, Pool, Scalar};

/// Multiply-adds below which a product stays on one thread.
const WORTH_SPLITTING: usize = 1 << 18;

/// `c <- alpha a b + beta c` for `a` (m, k), `b` (k, n) and `c` (m, n), of any strides.
///
/// With `beta` 0 the old contents of `c` are not read, so NaN there does no harm.
///
/// ```
/// use backprop_tensor::{matmul, ndarray::array};
///
/// let (a, b) = (array![[1.0, 2.0]], array![[3.0], [4.0]]);
/// let mut c = array![[f64::NAN]];
/// matmul(1.0, a.view(), b.view(), 0.0, c.view_mut());
/// assert_eq!(c, array![[11.0]]);
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn matmul<T: Scalar>(
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(
        b.nrows() == k && c.dim() == (m, n),
        "product of {:?} and {:?} into {:?}: inner sizes must agree and the result is (m, n)",
        a.dim(),
        b.dim(),
        c.dim()
    );
    if m == 0 || n == 0 {
        return;
    }
    let (sa, sb) = (a.strides(), b.strides());
    let (sc0, sc1) = (c.strides()[0], c.strides()[1]);
    // SAFETY: the views are valid at every index within their shapes, the shapes fit, and `c` is
    // a mutable view, which ndarray never lets alias itself or another view.
    unsafe {
        T::gemm(
            (m, k, n),
            alpha,
            (a.as_ptr(), sa[0], sa[1]),
            (b.as_ptr(), sb[0], sb[1]),
            beta,
            (c.as_mut_ptr(), sc0, sc1),
        );
    }
}

/// `output = input W^T + bias`: the forward pass of a linear layer.
///
/// Shapes: `input` (batch, in), `weights` a (out, in) weight in the storage of `layout`, `bias`
/// (out), `output` (batch, out).
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine<T: Scalar>(
    pool: &Pool,
    layout: Panels,
    input: ArrayView2<'_, T>,
    weights: &[T],
    bias: &[T],
    mut output: ArrayViewMut2<'_, T>,
) {
    check(
        layout,
        input.dim(),
        output.dim(),
        weights.len(),
        layout.len::<T>(),
        Some(bias.len()),
    );
    let (rows, inputs) = input.dim();
    if rows == 0 {
        return;
    }
    let strides = (output.strides()[0], output.strides()[1]);
    let start = Start(output.as_mut_ptr());
    each_panel::<T>(pool, layout, rows, |panel, columns| {
        let width = columns.len();
        // SAFETY: these columns of `output` belong to this call alone: `each_panel` gives each
        // panel to one thread, and panels share no column. They lie within the view.
        let mut out = unsafe { block(&start, strides, 0..rows, columns.clone()) };
        let unit = inputs * T::PANEL;
        let w = ArrayView2::from_shape((inputs, T::PANEL), &weights[panel * unit..][..unit])
            .expect("a panel is (in, PANEL)");
        for mut row in out.rows_mut() {
            for (y, &b) in row.iter_mut().zip(&bias[columns.clone()]) {
                *y = b;
            }
        }
        matmul(
            T::one(),
            input,
            w.slice(ndarray::s![.., ..width]),
            T::one(),
            out,
        );
    });
}

/// `W' = output_grad^T input` and `b' =` the column sums of `output_grad`: the gradients of a
/// linear layer's parameters. Both are overwritten.
///
/// Shapes: `input` (batch, in), `output_grad` (batch, out), `weight_grad` a (out, in) weight in
/// the storage of `layout`, `bias_grad` (out).
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine_weight_grad<T: Scalar>(
    pool: &Pool,
    layout: Panels,
    input: ArrayView2<'_, T>,
    output_grad: ArrayView2<'_, T>,
    weight_grad: &mut [T],
    bias_grad: &mut [T],
) {
    let (shapes, stored) = ((input.dim(), output_grad.dim()), weight_grad.len());
    check(
        layout,
        shapes.0,
        shapes.1,
        stored,
        layout.len::<T>(),
        Some(bias_grad.len()),
    );
    let (rows, inputs) = input.dim();
    let unit = inputs * T::PANEL;
    let (weight_start, bias_start) = (
        Start(weight_grad.as_mut_ptr()),
        Start(bias_grad.as_mut_ptr()),
    );
    each_panel::<T>(pool, layout, rows, |panel, columns| {
        let width = columns.len();
        let grad = output_grad.slice(ndarray::s![.., columns.clone()]);
        // SAFETY: panel `panel` of the weights and its columns of the bias belong to this call
        // alone, as `each_panel` gives each panel to one thread; both lie within their slices.
        let (w, b) = unsafe {
            (
                std::slice::from_raw_parts_mut(weight_start.at(panel * unit), unit),
                std::slice::from_raw_parts_mut(bias_start.at(columns.start), width),
            )
        };
        if width < T::PANEL {
            w.fill(T::zero());
        }
        let mut w =
            ArrayViewMut2::from_shape((inputs, T::PANEL), w).expect("a panel is (in, PANEL)");
        matmul(
            T::one(),
            input.t(),
            grad,
            T::zero(),
            w.slice_mut(ndarray::s![.., ..width]),
        );
        b.fill(T::zero());
        for row in grad.rows() {
            for (sum, &g) in b.iter_mut().zip(row) {
                *sum += g;
            }
        }
    });
}

/// `input_grad = output_grad W`: the gradient that a linear layer passes down. Overwritten.
///
/// Shapes: `output_grad` (batch, out), `weights` a (out, in) weight in the storage of `layout`,
/// `input_grad` (batch, in).
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn affine_input_grad<T: Scalar>(
    pool: &Pool,
    layout: Panels,
    output_grad: ArrayView2<'_, T>,
    weights: &[T],
    mut input_grad: ArrayViewMut2<'_, T>,
) {
    check(
        layout,
        input_grad.dim(),
        output_grad.dim(),
        weights.len(),
        layout.len::<T>(),
        None,
    );
    let (rows, inputs) = input_grad.dim();
    if rows == 0 || inputs == 0 {
        return;
    }
    let unit = inputs * T::PANEL;
    let strides = (input_grad.strides()[0], input_grad.strides()[1]);
    let start = Start(input_grad.as_mut_ptr());
    let share = |range: Range<usize>| {
        if range.is_empty() {
            return;
        }
        // SAFETY: these rows of `input_grad` belong to this call alone, and lie within the view.
        let mut out = unsafe { block(&start, strides, range.clone(), 0..inputs) };
        out.fill(T::zero());
        let grad = output_grad.slice(ndarray::s![range, ..]);
        for panel in 0..layout.count::<T>() {
            let columns = columns_of::<T>(layout, panel);
            let w = ArrayView2::from_shape((inputs, T::PANEL), &weights[panel * unit..][..unit])
                .expect("a panel is (in, PANEL)");
            let w = w.slice_move(ndarray::s![.., ..columns.len()]);
            let grad = grad.slice(ndarray::s![.., columns]);
            matmul(T::one(), grad, w.t(), T::one(), out.view_mut());
        }
    };
    if pool.threads() == 1 || rows * inputs * layout.outputs() < WORTH_SPLITTING {
        share(0..rows);
    } else {
        pool.run(&|thread| share(pool.share(rows, thread)));
    }
}

/// Calls `f(panel, its columns)` for every panel, each on the thread that owns it.
fn each_panel<T: Scalar>(
    pool: &Pool,
    layout: Panels,
    rows: usize,
    f: impl Fn(usize, Range<usize>) + Sync,
) {
    let panels = layout.count::<T>();
    if pool.threads() == 1 || rows * layout.inputs() * layout.outputs() < WORTH_SPLITTING {
        (0..panels).for_each(|panel| f(panel, columns_of::<T>(layout, panel)));
    } else {
        pool.run(&|thread| {
            pool.share(panels, thread)
                .for_each(|panel| f(panel, columns_of::<T>(layout, panel)));
        });
    }
}

fn columns_of<T: Scalar>(layout: Panels, panel: usize) -> Range<usize> {
    panel * T::PANEL..((panel + 1) * T::PANEL).min(layout.outputs())
}

/// A view of some rows and columns of the matrix whose first element is at `start`.
///
/// # Safety
/// All these elements must be valid and reached by nobody else while the view lives.
unsafe fn block<'a, T>(
    start: &Start<T>,
    strides: (isize, isize),
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'a, T> {
    assert!(
        strides.0 >= 0 && strides.1 >= 0,
        "a result is written to a view with strides >= 0"
    );
    let strides = (strides.0 as usize, strides.1 as usize);
    let shape = (rows.len(), columns.len()).strides(strides);
    // SAFETY: as the caller promises; the offset is that of the block's first element, or of none
    // and then at most one past the end.
    unsafe {
        let first = start.at(rows.start * strides.0 + columns.start * strides.1);
        ArrayViewMut2::from_shape_ptr(shape, first)
    }
}

#[track_caller]
fn check(
    layout: Panels,
    input: (usize, usize),
    output: (usize, usize),
    stored: usize,
    expected: usize,
    bias: Option<usize>,
) {
    let (inputs, outputs) = (layout.inputs(), layout.outputs());
    assert!(
        input.0 == output.0 && input.1 == inputs && output.1 == outputs,
        "a ({outputs}, {inputs}) weight maps (batch, {inputs}) to (batch, {outputs}), \
         but the input is {input:?} and the output {output:?}"
    );
    assert_eq!(
        stored, expected,
        "numbers in the storage of a ({outputs}, {inputs}) weight"
    );
    if let Some(bias) = bias {
        assert_eq!(
            bias, outputs,
            "numbers in the bias of a ({outputs}, {inputs}) weight"
        );
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::Key;

    fn random<T: Scalar>(rows: usize, columns: usize, name: u64) -> Array2<T> {
        let key = Key::new(name);
        Array2::from_shape_fn((rows, columns), |(i, j)| {
            let draw = key.draws((i * columns + j) as u64)[0];
            T::of(f64::from(draw) / f64::from(u32::MAX) - 0.5)
        })
    }

    /// The definition, in f64.
    fn slow<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<f64> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
            (0..a.ncols())
                .map(|k| a[[i, k]].as_f64() * b[[k, j]].as_f64())
                .sum()
        })
    }

    #[track_caller]
    fn assert_close<T: Scalar>(found: ArrayView2<'_, T>, expected: &Array2<f64>, inner: usize) {
        let tolerance = T::epsilon().as_f64() * (inner as f64 + 1.0);
        assert_eq!(found.dim(), expected.dim());
        for (x, y) in found.iter().zip(expected) {
            assert!((x.as_f64() - y).abs() <= tolerance, "{x} is not {y}");
        }
    }

    fn layer_products<T: Scalar>() {
        let pools = [1, 2, 3, 8].map(Pool::new);
        let mut shapes: Vec<(usize, usize, usize)> = vec![(300, 70, 50), (64, 100, 129)];
        for rows in [0, 1, 2, 7] {
            for inputs in [0, 1, 3, 16, 17] {
                for outputs in [0, 1, 8, 15, 16, 33, 40] {
                    shapes.push((rows, inputs, outputs));
                }
            }
        }
        for (rows, inputs, outputs) in shapes {
            let layout = Panels::new(inputs, outputs);
            let x = random::<T>(rows, inputs, 1);
            let w = random::<T>(outputs, inputs, 2);
            let b = random::<T>(1, outputs, 3);
            let dy = random::<T>(rows, outputs, 4);
            let mut stored = vec![T::zero(); layout.len::<T>()];
            layout.pack(w.as_slice().unwrap(), &mut stored);
            let bias = b.as_slice().unwrap();

            let mut first: Option<[Vec<T>; 4]> = None;
            for pool in &pools {
                let mut y = Array2::from_elem((rows, outputs), T::nan());
                affine(pool, layout, x.view(), &stored, bias, y.view_mut());
                let expected = slow(x.view(), w.t()) + b.mapv(Scalar::as_f64);
                assert_close(y.view(), &expected, inputs);

                let mut dw = vec![T::nan(); stored.len()];
                let mut db = vec![T::nan(); outputs];
                affine_weight_grad(pool, layout, x.view(), dy.view(), &mut dw, &mut db);
                let mut dw_rows = Array2::from_elem((outputs, inputs), T::nan());
                layout.unpack(&dw, dw_rows.as_slice_mut().unwrap());
                assert_close(dw_rows.view(), &slow(dy.t(), x.view()), rows);
                let ones = Array2::from_elem((1, rows), T::one());
                let db_row = ArrayView2::from_shape((1, outputs), &db).unwrap();
                assert_close(db_row, &slow(ones.view(), dy.view()), rows);

                let mut dx = Array2::from_elem((rows, inputs), T::nan());
                affine_input_grad(pool, layout, dy.view(), &stored, dx.view_mut());
                assert_close(dx.view(), &slow(dy.view(), w.view()), outputs);

                let all = [
                    y.into_raw_vec_and_offset().0,
                    dw,
                    db,
                    dx.into_raw_vec_and_offset().0,
                ];
                match &first {
                    None => first = Some(all),
                    Some(first) => assert!(*first == all, "bits depend on the number of threads"),
                }
            }
        }
    }

    #[test]
    fn products_of_a_layer_agree_with_the_definition_and_between_thread_counts() {
        layer_products::<f32>();
        layer_products::<f64>();
    }

    #[test]
    fn one_row_gives_the_same_bits_as_within_a_batch() {
        let layout = Panels::new(100, 37);
        let x = random::<f32>(29, 100, 1);
        let mut stored = vec![0.0; layout.len::<f32>()];
        layout.pack(random::<f32>(37, 100, 2).as_slice().unwrap(), &mut stored);
        let (pool, bias) = (Pool::new(1), [0.25; 37]);
        let mut batch = Array2::zeros((29, 37));
        affine(&pool, layout, x.view(), &stored, &bias, batch.view_mut());
        for i in 0..29 {
            let mut row = Array2::zeros((1, 37));
            affine(
                &pool,
                layout,
                x.slice(ndarray::s![i..=i, ..]),
                &stored,
                &bias,
                row.view_mut(),
            );
            assert_eq!(row.row(0), batch.row(i));
        }
    }

    #[test]
    fn strides_make_a_transpose_a_view_and_beta_zero_never_reads() {
        let (a, b) = (random::<f64>(5, 7, 1), random::<f64>(9, 5, 2));
        let mut c = Array2::from_elem((9, 7), f64::NAN);
        matmul(2.0, a.t(), b.t(), 0.0, c.view_mut().reversed_axes());
        assert_close(c.t(), &(slow(a.t(), b.t()) * 2.0), 5);
    }

    #[test]
    #[should_panic(expected = "a (2, 3) weight maps (batch, 3) to (batch, 2)")]
    fn shapes_that_do_not_fit_are_named() {
        let layout = Panels::new(3, 2);
        let x = Array2::<f32>::zeros((4, 5));
        let stored = vec![0.0; layout.len::<f32>()];
        let mut y = Array2::zeros((4, 2));
        affine(
            &Pool::default(),
            layout,
            x.view(),
            &stored,
            &[0.0; 2],
            y.view_mut(),
        );
    }
}
