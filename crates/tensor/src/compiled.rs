//! The instances for `f32` and `f64` that are compiled with this crate.
//!
//! A generic function is otherwise compiled by each program that calls it, as fast as that program is
//! built. A function that is never inlined and is named here is compiled once. The products have the
//! macro `compile_here`.

use std::hint::black_box;

use crate::{Scalar, logistic_all, shifted_exp_rows, softmax, softmax_rows};

fn instances<T: Scalar>() {
    black_box(logistic_all::<T> as fn(_));
    black_box(shifted_exp_rows::<T> as fn(_));
    black_box(softmax_rows::<T> as fn(_));
    black_box(softmax::<T> as fn(_));
}

#[used]
static F32: fn() = instances::<f32>;
#[used]
static F64: fn() = instances::<f64>;
