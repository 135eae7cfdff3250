//! The instances for `f32` and `f64` that are compiled with this crate.
//!
//! A generic function is otherwise compiled by each program that calls it, as fast as that program is
//! built: a program built for debugging would train slowly, and every program would compile the
//! same loops again. A function that is never inlined and is named here is compiled once.

use std::hint::black_box;

use backprop_tensor::Scalar;

use crate::{LayerSpec, Sequential};

fn instances<T: Scalar>() {
    black_box(LayerSpec::build::<T> as fn(_, _, _) -> _);
    black_box(Sequential::<T>::forward as fn(_, _, _, _));
    black_box(Sequential::<T>::backward as fn(_, _, _));
    black_box(Sequential::<T>::predict_into as fn(_, _, _, _));
}

#[used]
static F32: fn() = instances::<f32>;
#[used]
static F64: fn() = instances::<f64>;
