//! The three products of a linear layer, for the part of it that one thread owns, on the
//! instructions that the CPU has.
//!
//! `simd` is a register, `lists` finds what is not zero, `dense` and `sparse` are the loops,
//! `forward`, `weight_grad` and `input_grad` choose between the two. All of it is generic and inlined
//! into one function for each set of instructions and number type, in the tables below.

mod dense;
mod forward;
mod input_grad;
mod lists;
mod peak;
mod simd;
mod sparse;
mod weight_grad;

use std::ops::Range;

pub use forward::Forward;
pub use input_grad::InputGrad;
pub(crate) use lists::{COLUMNS, ColumnLists, ColumnRoom, ROWS, SLACK, reserve_zeroed};
pub use lists::{Matrix, RowLists};
pub use peak::multiply_adds;
pub use weight_grad::WeightGrad;

use crate::AlignedVec;

/// A set of instructions that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What every CPU of this architecture has.
    Portable,
    /// AVX2 and FMA, with the instructions on bits that came with them.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// Those that this CPU has, the best last.
    pub fn all() -> Vec<Isa> {
        let candidates = [
            Isa::Portable,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512,
        ];
        candidates.into_iter().filter(|isa| isa.is_here()).collect()
    }

    /// The best that this CPU has. Allocates nothing.
    pub fn best() -> Isa {
        #[cfg(target_arch = "x86_64")]
        for isa in [Isa::Avx512, Isa::Avx2] {
            if isa.is_here() {
                return isa;
            }
        }
        Isa::Portable
    }

    /// Whether this CPU has the instructions.
    fn is_here(self) -> bool {
        match self {
            Isa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("bmi1")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Isa::Avx2.is_here() && is_x86_feature_detected!("avx512f"),
        }
    }
}

/// The loops on some instructions.
///
/// # Safety
/// To call one the CPU must have the instructions of the table, and all else must be as the
/// function in its own file says.
#[derive(Clone, Copy)]
pub struct Kernels<T: 'static> {
    pub(crate) looks_sparse: unsafe fn(&Matrix<T>) -> bool,
    pub(crate) list_rows: unsafe fn(&Matrix<T>, &RowLists<T>, Range<usize>),
    pub(crate) forward: unsafe fn(&Forward<'_, T>, &mut AlignedVec<T>),
    pub(crate) weight_grad: unsafe fn(&WeightGrad<T>),
    pub(crate) input_grad: unsafe fn(&InputGrad<'_, T>, &mut AlignedVec<T>),
}

/// Makes a table: registers, how many fill a panel's row, then the rows and the panels of a dense
/// tile, and the panels that a list is walked with, for block after block and for all at once.
macro_rules! table {
    ($name:ident, $number:ty, $v:ty, $nv:literal, $r:literal, $g:literal, $b:literal, $l:literal,
     $(#[$feature:meta])?) => {
        pub(super) mod $name {
            #[allow(unused_imports)]
            use super::simd::*;
            use super::*;

            $(#[$feature])?
            unsafe fn looks_sparse(matrix: &Matrix<$number>) -> bool {
                // SAFETY: the caller's promise, passed on; so below.
                unsafe { lists::looks_sparse::<$v>(matrix) }
            }

            $(#[$feature])?
            unsafe fn list_rows(
                matrix: &Matrix<$number>,
                lists: &RowLists<$number>,
                rows: Range<usize>,
            ) {
                // SAFETY: see above.
                unsafe { lists::list_rows::<$v>(matrix, lists, rows) }
            }

            $(#[$feature])?
            unsafe fn forward(job: &Forward<'_, $number>, buffer: &mut AlignedVec<$number>) {
                // SAFETY: see above.
                unsafe { forward::forward::<$v, $nv, $r, $g, $b, $l>(job, buffer) }
            }

            $(#[$feature])?
            unsafe fn weight_grad(job: &WeightGrad<$number>) {
                // SAFETY: see above.
                unsafe { weight_grad::weight_grad::<$v, $nv, $r, $g, $l>(job) }
            }

            $(#[$feature])?
            unsafe fn input_grad(job: &InputGrad<'_, $number>, buffer: &mut AlignedVec<$number>) {
                // SAFETY: see above.
                unsafe { input_grad::input_grad::<$v, $nv, $r, $g, $l>(job, buffer) }
            }

            pub(crate) const TABLE: Kernels<$number> = Kernels {
                looks_sparse,
                list_rows,
                forward,
                weight_grad,
                input_grad,
            };
        }
    };
}

table!(portable_f32, f32, Lanes<f32, 4>, 4, 2, 1, 2, 2,);
table!(portable_f64, f64, Lanes<f64, 2>, 4, 2, 1, 2, 2,);

#[cfg(target_arch = "x86_64")]
mod tables {
    use super::*;

    table!(avx2_f32, f32, x86::Avx2F32, 2, 6, 1, 4, 4, #[target_feature(enable = "avx2,fma,popcnt,bmi1")]);
    table!(avx2_f64, f64, x86::Avx2F64, 2, 6, 1, 4, 4, #[target_feature(enable = "avx2,fma,popcnt,bmi1")]);
    table!(avx512_f32, f32, x86::Avx512F32, 1, 12, 2, 4, 8, #[target_feature(enable = "avx512f,popcnt,bmi1")]);
    table!(avx512_f64, f64, x86::Avx512F64, 1, 12, 2, 4, 8, #[target_feature(enable = "avx512f,popcnt,bmi1")]);
}

pub(crate) fn f32(isa: Isa) -> Kernels<f32> {
    match isa {
        Isa::Portable => portable_f32::TABLE,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => tables::avx2_f32::TABLE,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => tables::avx512_f32::TABLE,
    }
}

pub(crate) fn f64(isa: Isa) -> Kernels<f64> {
    match isa {
        Isa::Portable => portable_f64::TABLE,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => tables::avx2_f64::TABLE,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => tables::avx512_f64::TABLE,
    }
}
