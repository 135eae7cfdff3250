//! The instances for `f32` and `f64` that are compiled with this crate.
//!
//! A generic function is otherwise compiled by each program that calls it, as fast as that program is
//! built: a program built for debugging would train slowly, and every program would compile the
//! same loops again. A function that is never inlined and is named here is compiled once.

use std::hint::black_box;

use backprop_tensor::Scalar;

use crate::Dataset;

fn instances<T: Scalar>() {
    black_box(Dataset::<T>::gather as fn(_, _, _));
    black_box(Dataset::<T>::par_gather as fn(_, _, _, _));
    #[cfg(feature = "csv")]
    {
        black_box(crate::csv::Table::dataset::<T> as fn(_, _) -> _);
        black_box(crate::csv::Table::features::<T> as fn(_, _) -> _);
    }
}

#[used]
static F32: fn() = instances::<f32>;
#[used]
static F64: fn() = instances::<f64>;
