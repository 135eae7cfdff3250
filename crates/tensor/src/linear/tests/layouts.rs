//! Every product on every instruction set, from and to views of any strides within larger memory:
//! the result is that of the definition, and the memory around it is left alone.
//!
//! AddressSanitizer sees accesses beyond an allocation; these tests see accesses beyond a view. All
//! outputs start as NaN, and so does the memory between the elements of the inputs.

use std::time::Duration;

use approx::AbsDiffEq;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeBuilder, s};

use super::super::forward::affine_on;
use super::super::input_grad::affine_input_grad_on;
use super::super::weight_grad::affine_weight_grad_on;
use super::reference_product;
use crate::executor::Executor;
use crate::kernels::Isa;
use crate::{Key, PanelLayout, Pool, Scalar, SparseIndex, matmul};

/// The elements around the outputs.
const CANARY: f64 = -777.0;
/// Elements before and after a slice: not a whole register, so that nothing is aligned.
const MARGIN: usize = 3;

/// The position of a matrix in larger memory.
#[derive(Clone, Copy, Debug)]
enum Layout {
    /// Rows one after the other.
    Rows,
    /// Columns one after the other.
    Columns,
    /// A part of each row of a wider matrix.
    Part,
    /// Every second row and third column, backwards.
    Sparse,
}

const LAYOUTS: [Layout; 4] = [Layout::Rows, Layout::Columns, Layout::Part, Layout::Sparse];

/// A matrix in larger memory.
struct Placed<T> {
    memory: Array2<T>,
    layout: Layout,
    shape: (usize, usize),
}

impl<T: Scalar> Placed<T> {
    fn filled(shape: (usize, usize), layout: Layout, around: T) -> Self {
        let (rows, columns) = shape;
        let memory = match layout {
            Layout::Rows => Array2::from_elem(shape, around),
            Layout::Columns => Array2::from_elem(shape.f(), around),
            Layout::Part => Array2::from_elem((rows + 2, columns + 2 * MARGIN), around),
            Layout::Sparse => Array2::from_elem((2 * rows, 3 * columns), around),
        };
        Placed {
            memory,
            layout,
            shape,
        }
    }

    /// An input: NaN around these values.
    fn input(values: &Array2<T>, layout: Layout) -> Self {
        let mut placed = Self::filled(values.dim(), layout, T::nan());
        placed.view_mut().assign(values);
        placed
    }

    /// An output: NaN, and canaries around it.
    fn output(shape: (usize, usize), layout: Layout) -> Self {
        let mut placed = Self::filled(shape, layout, T::from_f64(CANARY));
        placed.view_mut().fill(T::nan());
        placed
    }

    fn view(&self) -> ArrayView2<'_, T> {
        let (rows, columns) = self.shape;
        match self.layout {
            Layout::Rows | Layout::Columns => self.memory.view(),
            Layout::Part => self.memory.slice(s![1..1 + rows, MARGIN..MARGIN + columns]),
            Layout::Sparse => self.memory.slice(s![..;-2, ..;-3]),
        }
    }

    fn view_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let (rows, columns) = self.shape;
        match self.layout {
            Layout::Rows | Layout::Columns => self.memory.view_mut(),
            Layout::Part => self
                .memory
                .slice_mut(s![1..1 + rows, MARGIN..MARGIN + columns]),
            Layout::Sparse => self.memory.slice_mut(s![..;-2, ..;-3]),
        }
    }

    /// The output, after a check of all canaries.
    #[track_caller]
    fn result(mut self, case: &str) -> Array2<T> {
        let found = self.view().to_owned();
        self.view_mut().fill(T::from_f64(CANARY));
        let alive = self.memory.iter().all(|&x| x == T::from_f64(CANARY));
        assert!(alive, "{case}: written beside the output");
        found
    }
}

/// Elements with canaries before and after them, not aligned to anything.
struct Guarded<T>(Vec<T>);

impl<T: Scalar> Guarded<T> {
    fn new(values: &[T]) -> Self {
        let margin = [T::from_f64(CANARY); MARGIN];
        Guarded([&margin, values, &margin].concat())
    }

    fn nan(length: usize) -> Self {
        Self::new(&vec![T::nan(); length])
    }

    fn slice(&mut self) -> &mut [T] {
        let end = self.0.len() - MARGIN;
        &mut self.0[MARGIN..end]
    }

    #[track_caller]
    fn result(mut self, case: &str) -> Vec<T> {
        let found = self.slice().to_vec();
        self.slice().fill(T::from_f64(CANARY));
        let alive = self.0.iter().all(|&x| x == T::from_f64(CANARY));
        assert!(alive, "{case}: written beside the slice");
        found
    }
}

/// Elements from -1 to 1; a fraction `zeros` of them is zero.
fn random<T: Scalar>(shape: (usize, usize), name: &str, zeros: f64) -> Array2<T> {
    let key = Key::new(9).derive(name, 0);
    Array2::from_shape_fn(shape, |(i, j)| {
        let [value, other, ..] = key.random_block((i * shape.1 + j) as u64);
        let uniform = |draw: u32| f64::from(draw) / f64::from(u32::MAX);
        match uniform(other) < zeros {
            true => T::zero(),
            false => T::from_f64(2.0 * uniform(value) - 1.0),
        }
    })
}

#[track_caller]
fn assert_close<T: Scalar>(found: &Array2<T>, expected: &Array2<f64>, inner: usize, case: &str) {
    let tolerance = T::epsilon().as_f64() * (inner as f64 + 2.0);
    assert_eq!(found.dim(), expected.dim(), "{case}");
    // A NaN is close to nothing.
    assert!(
        found.mapv(T::as_f64).abs_diff_eq(expected, tolerance),
        "{case}: {found} is not {expected}"
    );
}

fn products<T: Scalar>(
    exec: Executor<'_>,
    (rows, inputs, outputs): (usize, usize, usize),
    zeros: f64,
    [first, second]: [Layout; 2],
    case: &str,
) {
    let layout = PanelLayout::new(inputs, outputs);
    let (x, w) = (
        random::<T>((rows, inputs), "x", zeros),
        random::<T>((outputs, inputs), "w", 0.0),
    );
    let dy = random::<T>((rows, outputs), "dy", 0.0);
    let bias = random::<T>((1, outputs), "bias", 0.0);
    let mut stored = Guarded::nan(layout.packed_len::<T>());
    layout.pack(w.as_slice().unwrap(), stored.slice());
    let mut bias_in = Guarded::new(bias.as_slice().unwrap());
    let (x_in, dy_in) = (Placed::input(&x, first), Placed::input(&dy, second));

    let mut y = Placed::output(dy.dim(), second);
    let mut index = SparseIndex::default();
    let parameters = (layout, &*stored.slice(), &*bias_in.slice());
    affine_on(exec, parameters, x_in.view(), y.view_mut(), &mut index);
    let expected = reference_product(x.view(), w.t()) + bias.mapv(Scalar::as_f64);
    assert_close(&y.result(case), &expected, inputs, case);

    let mut dw = Guarded::nan(layout.packed_len::<T>());
    let mut db = Guarded::nan(outputs);
    let (input, grads) = ([x_in.view(), dy_in.view()], [dw.slice(), db.slice()]);
    affine_weight_grad_on(exec, layout, input, Some(&index), grads);
    let mut dw_rows = Array2::from_elem(w.dim(), T::nan());
    let dw = dw.result(case);
    layout.unpack(&dw, dw_rows.as_slice_mut().unwrap());
    assert_close(&dw_rows, &reference_product(dy.t(), x.view()), rows, case);
    let db = Array2::from_shape_vec((1, outputs), db.result(case)).unwrap();
    let ones = Array2::from_elem((1, rows), T::one());
    assert_close(&db, &reference_product(ones.view(), dy.view()), rows, case);

    let mut dx = Placed::output(x.dim(), first);
    affine_input_grad_on(exec, layout, dy_in.view(), stored.slice(), dx.view_mut());
    assert_close(
        &dx.result(case),
        &reference_product(dy.view(), w.view()),
        outputs,
        case,
    );
}

fn all_products<T: Scalar>() {
    let sizes = [
        (0, 3, 2),
        (3, 0, 2),
        (3, 2, 0),
        (1, 1, 1),
        (1, 7, 33),
        (2, 17, 16),
        (5, 16, 15),
        (13, 33, 17),
        (14, 5, 1),
        (29, 40, 48),
        (33, 1, 70),
    ];
    for isa in Isa::available() {
        for threads in [1, 3] {
            let pool = &Pool::with_meeting_time(threads, Duration::ZERO);
            let exec = Executor { pool, isa };
            for size in sizes {
                for zeros in [0.0, 0.9] {
                    for first in LAYOUTS {
                        for second in LAYOUTS {
                            let name = T::NAME;
                            let case = format!(
                                "{name}, {isa:?}, {threads} threads, {size:?}, {first:?}, {second:?}"
                            );
                            products::<T>(exec, size, zeros, [first, second], &case);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn products_of_a_layer_stay_within_their_views() {
    all_products::<f32>();
    all_products::<f64>();
}

fn all_matrices<T: Scalar>() {
    let lengths = [0, 1, 2, 9, 17];
    for case in 0..lengths.len().pow(3) {
        let [m, k, n] = [case / 25, case / 5 % 5, case % 5].map(|at| lengths[at]);
        let (a, b) = (random::<T>((m, k), "a", 0.0), random::<T>((k, n), "b", 0.0));
        let c = random::<T>((m, n), "c", 0.0);
        for (at, layout) in LAYOUTS.into_iter().enumerate() {
            let other = LAYOUTS[(at + 1 + m + n) % 4];
            let case = format!("{}, ({m}, {k}, {n}), {layout:?}, {other:?}", T::NAME);
            let (a_in, b_in) = (Placed::input(&a, layout), Placed::input(&b, other));
            let half = T::from_f64(0.5);
            // The old contents are NaN and are not read.
            let mut fresh = Placed::output((m, n), layout);
            matmul(half, a_in.view(), b_in.view(), T::zero(), fresh.view_mut());
            let expected = reference_product(a.view(), b.view()) * 0.5;
            assert_close(&fresh.result(&case), &expected, k, &case);
            let mut more = Placed::output((m, n), other);
            more.view_mut().assign(&c);
            matmul(half, a_in.view(), b_in.view(), T::one(), more.view_mut());
            let expected = expected + c.mapv(Scalar::as_f64);
            assert_close(&more.result(&case), &expected, k, &case);
        }
    }
}

#[test]
fn products_of_matrices_stay_within_their_views() {
    all_matrices::<f32>();
    all_matrices::<f64>();
}
