//! The part of [`Scalar`](crate::Scalar) for this crate alone: a trait in a private module, so
//! that no other crate can name it, implement it or see it in the documentation.

use ndarray::NdFloat;

use crate::functions::elementary::Elementary;
use crate::kernels::dispatch::{self, Isa, Job};
use crate::scratch::{Scratch, ThreadScratch};

/// An element type that the kernels are compiled for.
pub trait Sealed: NdFloat + Default + Elementary {
    /// `c <- alpha a b + beta c`, by matrixmultiply; `shape` is (m, k, n).
    ///
    /// # Safety
    /// `a` (m, k), `b` (k, n) and `c` (m, n) are valid at every element that the (row, column)
    /// strides reach, and `c` aliases neither `a` nor `b` nor itself.
    unsafe fn gemm(
        shape: (usize, usize, usize),
        alpha: Self,
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        beta: Self,
        c: (*mut Self, isize, isize),
    );

    /// Runs a job on an instruction set.
    ///
    /// # Safety
    /// The pointers of the job are as its type says.
    unsafe fn run_job<J: Job<Self>>(isa: Isa, job: J) -> J::Output;

    /// A thread's buffers for this element type.
    fn thread_scratch(scratch: &mut Scratch) -> &mut ThreadScratch<Self>;
}

macro_rules! sealed {
    ($type:ident, $gemm:path) => {
        impl Sealed for $type {
            unsafe fn gemm(
                (m, k, n): (usize, usize, usize),
                alpha: Self,
                a: (*const Self, isize, isize),
                b: (*const Self, isize, isize),
                beta: Self,
                c: (*mut Self, isize, isize),
            ) {
                // SAFETY: the caller promises what matrixmultiply requires.
                unsafe {
                    $gemm(
                        m, k, n, alpha, a.0, a.1, a.2, b.0, b.1, b.2, beta, c.0, c.1, c.2,
                    )
                }
            }

            #[inline]
            unsafe fn run_job<J: Job<Self>>(isa: Isa, job: J) -> J::Output {
                // SAFETY: the caller's promise.
                unsafe { dispatch::$type::run(isa, job) }
            }

            fn thread_scratch(scratch: &mut Scratch) -> &mut ThreadScratch<Self> {
                &mut scratch.$type
            }
        }
    };
}

sealed!(f32, matrixmultiply::sgemm);
sealed!(f64, matrixmultiply::dgemm);
