mod layouts;

use std::time::Duration;

use approx::assert_abs_diff_eq;
use ndarray::{Array2, ArrayView2, s};

use super::forward::affine_on;
use super::input_grad::affine_input_grad_on;
use super::weight_grad::affine_weight_grad_on;
use super::*;
use crate::executor::Executor;
use crate::kernels::Isa;
use crate::{Key, PanelLayout, Pool, Scalar, SparseIndex};

/// Elements between -1/2 and 1/2; a fraction `density` of them is not zero.
pub(crate) fn random<T: Scalar>(rows: usize, columns: usize, name: u64, density: f64) -> Array2<T> {
    let key = Key::new(name);
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let [value, keep, ..] = key.random_block((i * columns + j) as u64);
        let uniform = |draw: u32| f64::from(draw) / f64::from(u32::MAX);
        T::from_f64(if uniform(keep) < density {
            uniform(value) - 0.5
        } else {
            0.0
        })
    })
}

/// `a b` by the definition, in f64.
fn reference_product<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<f64> {
    let term = |i, j, k| a[[i, k]].as_f64() * b[[k, j]].as_f64();
    let shape = (a.nrows(), b.ncols());
    Array2::from_shape_fn(shape, |(i, j)| (0..a.ncols()).map(|k| term(i, j, k)).sum())
}

#[track_caller]
fn assert_close<T: Scalar>(found: ArrayView2<'_, T>, expected: &Array2<f64>, inner: usize) {
    // Terms are at most 1/4, and so is each rounding of a sum of `inner` of them.
    let tolerance = T::epsilon().as_f64() * (inner as f64 + 1.0);
    assert_abs_diff_eq!(found.mapv(T::as_f64), expected, epsilon = tolerance);
}

/// A linear layer with its operands.
struct Case<T> {
    layout: PanelLayout,
    x: Array2<T>,
    w: Array2<T>,
    stored: Vec<T>,
    bias: Vec<T>,
    dy: Array2<T>,
}

impl<T: Scalar> Case<T> {
    fn new((rows, inputs, outputs): (usize, usize, usize), density: f64) -> Self {
        let layout = PanelLayout::new(inputs, outputs);
        let w = random::<T>(outputs, inputs, 2, 1.0);
        let mut stored = vec![T::zero(); layout.packed_len::<T>()];
        layout.pack(w.as_slice().unwrap(), &mut stored);
        Case {
            layout,
            x: random(rows, inputs, 1, density),
            w,
            stored,
            bias: random::<T>(1, outputs, 3, 1.0).into_raw_vec_and_offset().0,
            dy: random(rows, outputs, 4, 1.0),
        }
    }

    /// The layer's output for `x` alone.
    fn forward(&self, exec: Executor<'_>, x: ArrayView2<'_, T>) -> Vec<T> {
        let mut y = Array2::from_elem((x.nrows(), self.bias.len()), T::nan());
        let parameters = (self.layout, &*self.stored, &*self.bias);
        affine_on(
            exec,
            parameters,
            x,
            y.view_mut(),
            &mut SparseIndex::default(),
        );
        y.into_raw_vec_and_offset().0
    }

    /// Output, weight gradient, bias gradient, input gradient; all start as NaN.
    fn run(&self, exec: Executor<'_>) -> [Vec<T>; 4] {
        self.run_with(exec, &mut SparseIndex::default())
    }

    fn run_with(&self, exec: Executor<'_>, index: &mut SparseIndex<T>) -> [Vec<T>; 4] {
        let nan = |shape| Array2::from_elem(shape, T::nan());
        let (mut y, mut dx) = (nan(self.dy.dim()), nan(self.x.dim()));
        let mut dw = vec![T::nan(); self.stored.len()];
        let mut db = vec![T::nan(); self.bias.len()];
        let (layout, x, dy) = (self.layout, self.x.view(), self.dy.view());
        let parameters = (layout, &*self.stored, &*self.bias);
        affine_on(exec, parameters, x, y.view_mut(), index);
        affine_weight_grad_on(exec, layout, [x, dy], Some(index), [&mut dw, &mut db]);
        affine_input_grad_on(exec, layout, dy, &self.stored, dx.view_mut());
        // The input indexed anew gives the same bits.
        let (indexed, mut none) = (dw.clone(), vec![T::nan(); db.len()]);
        affine_weight_grad_on(exec, layout, [x, dy], None, [&mut dw, &mut none]);
        assert!(dw == indexed && none == db, "bits depend on the index");
        [
            y.into_raw_vec_and_offset().0,
            dw,
            db,
            dx.into_raw_vec_and_offset().0,
        ]
    }

    fn check(&self, [y, dw, db, dx]: &[Vec<T>; 4]) {
        let (rows, inputs) = self.x.dim();
        let outputs = self.bias.len();
        let view = |shape, values| ArrayView2::from_shape(shape, values).unwrap();
        let bias = view((1, outputs), &self.bias).mapv(Scalar::as_f64);
        let expected = reference_product(self.x.view(), self.w.t()) + bias;
        assert_close(view((rows, outputs), y), &expected, inputs);
        let mut dw_rows = Array2::from_elem((outputs, inputs), T::nan());
        self.layout.unpack(dw, dw_rows.as_slice_mut().unwrap());
        assert_close(
            dw_rows.view(),
            &reference_product(self.dy.t(), self.x.view()),
            rows,
        );
        let padding = dw.iter().filter(|x| **x == T::zero()).count();
        assert!(
            padding >= dw.len() - inputs * outputs,
            "the padding is not zero"
        );
        let ones = Array2::from_elem((1, rows), T::one());
        assert_close(
            view((1, outputs), db),
            &reference_product(ones.view(), self.dy.view()),
            rows,
        );
        assert_close(
            view((rows, inputs), dx),
            &reference_product(self.dy.view(), self.w.view()),
            outputs,
        );
    }
}

fn sizes() -> Vec<(usize, usize, usize)> {
    let mut sizes = vec![
        (300, 70, 50),
        (64, 100, 129),
        (131, 200, 300),
        (13, 784, 10),
    ];
    for rows in [0, 1, 2, 5, 7, 13, 40] {
        for inputs in [0, 1, 3, 16, 17, 33, 40] {
            for outputs in [0, 1, 8, 15, 16, 33, 40] {
                sizes.push((rows, inputs, outputs));
            }
        }
    }
    sizes
}

fn products<T: Scalar>() {
    for isa in Isa::available() {
        // Every product is shared, down to the smallest, or only those that take long.
        let pools = [(1, 0), (2, 0), (2, 300), (3, 0), (3, 20_000), (8, 0)]
            .map(|(threads, ns)| Pool::with_meeting_time(threads, Duration::from_nanos(ns)));
        let mut index = SparseIndex::default();
        for size in sizes() {
            for density in [1.0, 0.1, 0.0] {
                let case = Case::<T>::new(size, density);
                let pool = &pools[0];
                let first = case.run(Executor { pool, isa });
                case.check(&first);
                for pool in &pools[1..] {
                    let same = case.run_with(Executor { pool, isa }, &mut index) == first;
                    assert!(
                        same,
                        "{isa:?} {size:?}: bits depend on the number of threads"
                    );
                }
            }
        }
    }
}

#[test]
fn products_of_a_layer_agree_with_the_definition_and_between_thread_counts() {
    products::<f32>();
    products::<f64>();
}

/// An index that has held a larger batch has longer buffers by row than a thread has by column.
#[test]
fn a_smaller_batch_that_is_less_sparse_than_its_sample_fits_its_index() {
    for isa in Isa::available() {
        let pool = &Pool::new(1);
        let exec = Executor { pool, isa };
        let mut index = SparseIndex::default();
        let large = Case::<f32>::new((128, 100, 20), 0.1);
        let parameters = (large.layout, &*large.stored, &*large.bias);
        let mut y = large.dy.clone();
        affine_on(exec, parameters, large.x.view(), y.view_mut(), &mut index);
        let mut case = Case::<f32>::new((64, 100, 20), 0.6);
        // The sampled rows are all zeros.
        for row in (0..64).step_by(8) {
            case.x.row_mut(row).fill(0.0);
        }
        case.check(&case.run_with(exec, &mut index));
    }
}

/// The product of one row and of many, dense and sparse, on each instruction set.
#[test]
fn one_row_gives_the_same_bits_as_within_a_batch() {
    for isa in Isa::available() {
        let pool = &Pool::new(1);
        let exec = Executor { pool, isa };
        for density in [1.0, 0.2] {
            let case = Case::<f32>::new((29, 100, 137), density);
            let [batch, ..] = case.run(exec);
            for (i, expected) in batch.chunks(137).enumerate() {
                let row = case.forward(exec, case.x.slice(s![i..=i, ..]));
                assert_eq!(row, expected, "{isa:?}");
            }
        }
    }
}

/// Rows beside enough rows of zeros for the input to count as sparse, and beside fewer.
#[test]
fn skipping_zeros_changes_no_bit() {
    for isa in Isa::available() {
        let pool = &Pool::new(1);
        let exec = Executor { pool, isa };
        let full = Case::<f32>::new((128, 90, 40), 0.9);
        let mut sparse = Case::<f32>::new((128, 90, 40), 0.9);
        sparse.x.slice_mut(s![8.., ..]).fill(0.0);
        let mut dense = Case::<f32>::new((128, 90, 40), 0.9);
        dense.x.slice_mut(s![8..40, ..]).fill(0.0);
        let (full, sparse, dense) = (full.run(exec), sparse.run(exec), dense.run(exec));
        assert_eq!(full[0][..8 * 40], sparse[0][..8 * 40], "{isa:?}");
        assert_eq!(full[0][..8 * 40], dense[0][..8 * 40], "{isa:?}");
        assert_eq!(
            sparse[0][8 * 40..40 * 40],
            dense[0][8 * 40..40 * 40],
            "{isa:?}"
        );
    }
}

#[test]
fn views_of_any_strides_give_the_same_bits() {
    let pool = &Pool::with_meeting_time(2, Duration::ZERO);
    let case = Case::<f64>::new((21, 50, 35), 1.0);
    let expected = case.run(Executor::new(pool));
    let layout = case.layout;
    // Every second row and column backwards; and columns before rows.
    let mut wide = Array2::from_elem((42, 100), f64::NAN);
    wide.slice_mut(s![..;-2, ..;-2]).assign(&case.x);
    let dy = case.dy.t().as_standard_layout().into_owned();
    let (x, dy) = (wide.slice(s![..;-2, ..;-2]), dy.t());
    let mut y = Array2::from_elem((35, 21), f64::NAN);
    affine(
        pool,
        layout,
        x,
        &case.stored,
        &case.bias,
        y.view_mut().reversed_axes(),
        &mut SparseIndex::default(),
    );
    assert!(y.t().iter().eq(&expected[0]));
    let mut dw = vec![f64::NAN; case.stored.len()];
    let mut db = vec![f64::NAN; 35];
    affine_weight_grad(pool, layout, x, dy, None, &mut dw, &mut db);
    assert!(dw == expected[1] && db == expected[2]);
    let mut dx = Array2::from_elem((50, 21), f64::NAN);
    affine_input_grad(
        pool,
        layout,
        dy,
        &case.stored,
        dx.view_mut().reversed_axes(),
    );
    assert!(dx.t().iter().eq(&expected[3]));
}

#[test]
#[should_panic(expected = "a (2, 3) weight maps (batch, 3) to (batch, 2)")]
fn shapes_that_do_not_fit_are_named() {
    let layout = PanelLayout::new(3, 2);
    let (x, mut y) = (Array2::<f32>::zeros((4, 5)), Array2::zeros((4, 2)));
    let stored = vec![0.0; layout.packed_len::<f32>()];
    affine(
        &Pool::default(),
        layout,
        x.view(),
        &stored,
        &[0.0; 2],
        y.view_mut(),
        &mut SparseIndex::default(),
    );
}

#[test]
#[should_panic(
    expected = "the input of a weight gradient is (40, 50), but the sparse index is that of an \
                input of (40, 64)"
)]
fn an_index_of_another_input_is_refused() {
    let pool = Pool::default();
    let mut index = SparseIndex::default();
    let case = Case::<f32>::new((40, 64, 20), 0.1);
    case.run_with(Executor::new(&pool), &mut index);
    let other = Case::<f32>::new((40, 50, 20), 0.1);
    let (mut dw, mut db) = (vec![0.0; other.stored.len()], vec![0.0; 20]);
    let (x, dy) = (other.x.view(), other.dy.view());
    affine_weight_grad(&pool, other.layout, x, dy, Some(&index), &mut dw, &mut db);
}

/// The gradient is that of the indexed input, read from the index alone.
#[test]
fn an_index_of_an_input_with_the_same_shape_is_memory_safe() {
    let pool = &Pool::with_meeting_time(2, Duration::ZERO);
    let exec = Executor::new(pool);
    let mut index = SparseIndex::default();
    let indexed = Case::<f32>::new((40, 64, 20), 0.2);
    let [_, expected, ..] = indexed.run_with(exec, &mut index);
    let mut other = Case::<f32>::new((40, 64, 20), 1.0);
    other.dy = indexed.dy.clone();
    let (mut dw, mut db) = (vec![0.0; other.stored.len()], vec![0.0; 20]);
    let (x, dy) = (other.x.view(), other.dy.view());
    affine_weight_grad(pool, other.layout, x, dy, Some(&index), &mut dw, &mut db);
    assert!(index.is_sparse() && dw == expected);
}

#[test]
fn an_index_knows_what_the_last_product_found() {
    let pool = Pool::default();
    let exec = Executor::new(&pool);
    let mut index = SparseIndex::<f64>::default();
    assert_eq!((index.dim(), index.is_sparse()), (None, false));
    for (density, sparse) in [(0.1, true), (1.0, false), (0.0, true)] {
        Case::new((9, 40, 3), density).run_with(exec, &mut index);
        assert_eq!((index.dim(), index.is_sparse()), (Some((9, 40)), sparse));
    }
}
