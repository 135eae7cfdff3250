//! The instances for `f32` and `f64` that are compiled with this crate.
//!
//! A generic function is otherwise compiled by each program that calls it, as fast as that program is
//! built: a program built for debugging would train slowly, and every program would compile the
//! same loops again. A function that is never inlined and is named here is compiled once.

use std::hint::black_box;

use backprop_tensor::Scalar;

fn instances<T: Scalar>() {
    // All losses of this crate are in the list behind it, and their methods with them.
    black_box(crate::by_name::<T> as fn(_) -> _);
}

#[used]
static F32: fn() = instances::<f32>;
#[used]
static F64: fn() = instances::<f64>;
