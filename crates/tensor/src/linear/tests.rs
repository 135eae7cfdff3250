use ndarray::s;

use super::*;
use crate::Key;
use crate::kernel::Isa;

/// Numbers between -1/2 and 1/2, of which this share is not zero.
pub(crate) fn random<T: Scalar>(rows: usize, columns: usize, name: u64, filled: f64) -> Array2<T> {
    let key = Key::new(name);
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let [value, keep, ..] = key.draws((i * columns + j) as u64);
        let uniform = |draw: u32| f64::from(draw) / f64::from(u32::MAX);
        T::from_f64(if uniform(keep) < filled {
            uniform(value) - 0.5
        } else {
            0.0
        })
    })
}

/// The definition, in f64.
fn slow<T: Scalar>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<f64> {
    let term = |i, j, k| a[[i, k]].as_f64() * b[[k, j]].as_f64();
    let shape = (a.nrows(), b.ncols());
    Array2::from_shape_fn(shape, |(i, j)| (0..a.ncols()).map(|k| term(i, j, k)).sum())
}

#[track_caller]
fn assert_close<T: Scalar>(found: ArrayView2<'_, T>, expected: &Array2<f64>, inner: usize) {
    // Terms are at most 1/4, and so is each rounding of a sum of `inner` of them.
    let tolerance = T::epsilon().as_f64() * (inner as f64 + 1.0);
    assert_eq!(found.dim(), expected.dim());
    for (x, y) in found.iter().zip(expected) {
        assert!((x.as_f64() - y).abs() <= tolerance, "{x} is not {y}");
    }
}

/// One layer with its data and what must come out.
struct Case<T> {
    layout: PanelLayout,
    x: Array2<T>,
    w: Array2<T>,
    stored: Vec<T>,
    bias: Vec<T>,
    dy: Array2<T>,
}

impl<T: Scalar> Case<T> {
    fn new((rows, inputs, outputs): (usize, usize, usize), filled: f64) -> Self {
        let layout = PanelLayout::new(inputs, outputs);
        let w = random::<T>(outputs, inputs, 2, 1.0);
        let mut stored = vec![T::zero(); layout.len::<T>()];
        layout.pack(w.as_slice().unwrap(), &mut stored);
        Case {
            layout,
            x: random(rows, inputs, 1, filled),
            w,
            stored,
            bias: random::<T>(1, outputs, 3, 1.0).into_raw_vec_and_offset().0,
            dy: random(rows, outputs, 4, 1.0),
        }
    }

    /// Output, weight gradient, bias gradient, input gradient; all start as NaN.
    fn run(&self, pool: &Pool) -> [Vec<T>; 4] {
        let nan = |shape| Array2::from_elem(shape, T::nan());
        let (mut y, mut dx) = (nan(self.dy.dim()), nan(self.x.dim()));
        let mut dw = vec![T::nan(); self.stored.len()];
        let mut db = vec![T::nan(); self.bias.len()];
        let (layout, x, dy) = (self.layout, self.x.view(), self.dy.view());
        let mut index = SparseIndex::default();
        let bias = &self.bias;
        affine(
            pool,
            layout,
            x,
            &self.stored,
            bias,
            y.view_mut(),
            &mut index,
        );
        let mut without = vec![T::nan(); self.stored.len()];
        affine_weight_grad(pool, layout, x, dy, &mut without, None);
        affine_bias_grad(dy, &mut db);
        affine_weight_grad(pool, layout, x, dy, &mut dw, Some(&index));
        assert!(without == dw, "an index changes no bit");
        affine_input_grad(pool, layout, dy, &self.stored, dx.view_mut());
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
        let view = |shape, numbers| ArrayView2::from_shape(shape, numbers).unwrap();
        let bias = view((1, outputs), &self.bias).mapv(Scalar::as_f64);
        let expected = slow(self.x.view(), self.w.t()) + bias;
        assert_close(view((rows, outputs), y), &expected, inputs);
        let mut dw_rows = Array2::from_elem((outputs, inputs), T::nan());
        self.layout.unpack(dw, dw_rows.as_slice_mut().unwrap());
        assert_close(dw_rows.view(), &slow(self.dy.t(), self.x.view()), rows);
        let padding = dw.iter().filter(|x| **x == T::zero()).count();
        assert!(
            padding >= dw.len() - inputs * outputs,
            "the padding is not zero"
        );
        let ones = Array2::from_elem((1, rows), T::one());
        assert_close(
            view((1, outputs), db),
            &slow(ones.view(), self.dy.view()),
            rows,
        );
        assert_close(
            view((rows, inputs), dx),
            &slow(self.dy.view(), self.w.view()),
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
    for isa in Isa::all() {
        let pools = [1, 2, 3, 8].map(|threads| Pool::with_isa(threads, isa));
        for size in sizes() {
            for filled in [1.0, 0.1, 0.0] {
                let case = Case::<T>::new(size, filled);
                let first = case.run(&pools[0]);
                case.check(&first);
                for pool in &pools[1..] {
                    let same = case.run(pool) == first;
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

/// A pool that has listed a larger batch has room for longer lists by row than by column.
#[test]
fn a_smaller_batch_that_is_less_sparse_than_it_looks_fits_its_lists() {
    for isa in Isa::all() {
        let pool = Pool::with_isa(1, isa);
        let large = Case::<f32>::new((128, 100, 20), 0.1);
        let mut y = large.dy.clone();
        affine(
            &pool,
            large.layout,
            large.x.view(),
            &large.stored,
            &large.bias,
            y.view_mut(),
            &mut SparseIndex::default(),
        );
        let mut case = Case::<f32>::new((64, 100, 20), 0.6);
        // The rows that are looked at hold nothing.
        for row in (0..64).step_by(8) {
            case.x.row_mut(row).fill(0.0);
        }
        case.check(&case.run(&pool));
    }
}

/// All products of one row and of many, dense and with zeros, on each set of instructions.
#[test]
fn one_row_gives_the_same_bits_as_within_a_batch() {
    for isa in Isa::all() {
        let pool = Pool::with_isa(1, isa);
        for filled in [1.0, 0.2] {
            let case = Case::<f32>::new((29, 100, 137), filled);
            let [batch, ..] = case.run(&pool);
            for (i, expected) in batch.chunks(137).enumerate() {
                let mut row = Array2::zeros((1, 137));
                let x = case.x.slice(s![i..=i, ..]);
                affine(
                    &pool,
                    case.layout,
                    x,
                    &case.stored,
                    &case.bias,
                    row.view_mut(),
                    &mut SparseIndex::default(),
                );
                assert_eq!(row.as_slice().unwrap(), expected, "{isa:?}");
            }
        }
    }
}

/// Rows of zeros beside full ones: the block is listed in one case and not in the other.
#[test]
fn skipping_zeros_changes_no_bit() {
    for isa in Isa::all() {
        let pool = Pool::with_isa(1, isa);
        let full = Case::<f32>::new((128, 90, 40), 0.9);
        let mut sparse = Case::<f32>::new((128, 90, 40), 0.9);
        sparse.x.slice_mut(s![8.., ..]).fill(0.0);
        let mut dense = Case::<f32>::new((128, 90, 40), 0.9);
        dense.x.slice_mut(s![8..40, ..]).fill(0.0);
        let (full, sparse, dense) = (full.run(&pool), sparse.run(&pool), dense.run(&pool));
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
    let pool = Pool::new(2);
    let case = Case::<f64>::new((21, 50, 35), 1.0);
    let expected = case.run(&pool);
    let layout = case.layout;
    // Every second row and column backwards; and columns before rows.
    let mut wide = Array2::from_elem((42, 100), f64::NAN);
    wide.slice_mut(s![..;-2, ..;-2]).assign(&case.x);
    let dy = case.dy.t().as_standard_layout().into_owned();
    let (x, dy) = (wide.slice(s![..;-2, ..;-2]), dy.t());
    let mut y = Array2::from_elem((35, 21), f64::NAN);
    let mut index = SparseIndex::default();
    affine(
        &pool,
        layout,
        x,
        &case.stored,
        &case.bias,
        y.view_mut().reversed_axes(),
        &mut index,
    );
    assert!(y.t().iter().eq(&expected[0]));
    let mut dw = vec![f64::NAN; case.stored.len()];
    let mut db = vec![f64::NAN; 35];
    affine_weight_grad(&pool, layout, x, dy, &mut dw, Some(&index));
    affine_bias_grad(dy, &mut db);
    assert!(dw == expected[1] && db == expected[2]);
    let mut dx = Array2::from_elem((50, 21), f64::NAN);
    affine_input_grad(
        &pool,
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
    let stored = vec![0.0; layout.len::<f32>()];
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
#[should_panic(expected = "shape of the indexed input and of the input")]
fn an_index_of_another_input_is_refused() {
    let (pool, layout) = (Pool::new(1), PanelLayout::new(100, 2));
    let stored = vec![0.0; layout.len::<f32>()];
    let mut index = SparseIndex::default();
    let (x, mut y) = (Array2::<f32>::zeros((4, 100)), Array2::zeros((4, 2)));
    affine(
        &pool,
        layout,
        x.view(),
        &stored,
        &[0.0; 2],
        y.view_mut(),
        &mut index,
    );
    let (x, dy) = (Array2::<f32>::zeros((5, 100)), Array2::zeros((5, 2)));
    let mut dw = stored;
    affine_weight_grad(&pool, layout, x.view(), dy.view(), &mut dw, Some(&index));
}
