//! The three products of a linear layer, for the part of it that one thread owns, on the
//! instructions that the CPU has.
//!
//! `simd` is a register, `dense` and `sparse` are the loops, `jobs` cuts a product into blocks and
//! chooses between the two. All of it is generic and inlined into one function for each set of
//! instructions and number type, in the tables below.

mod dense;
mod jobs;
mod simd;
mod sparse;

pub use jobs::{Buffers, Forward, InputGrad, WeightGrad};

/// A set of instructions that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What every CPU of this architecture has.
    Portable,
    /// AVX2 and FMA.
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
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => is_x86_feature_detected!("avx512f"),
        }
    }
}

/// One thread's share of the three products, on some instructions.
///
/// # Safety
/// To call one the CPU must have the instructions of the table, and the job's pointers must be as
/// its type says.
#[derive(Clone, Copy)]
pub struct Kernels<T: 'static> {
    pub(crate) forward: unsafe fn(&Forward<'_, T>, &mut Buffers<T>),
    pub(crate) weight_grad: unsafe fn(&mut WeightGrad<'_, T>, &mut Buffers<T>),
    pub(crate) input_grad: unsafe fn(&InputGrad<'_, T>, &mut Buffers<T>),
}

/// Makes a table: registers, how many fill a panel's row, then the tile's rows and panels, the
/// panels for a single row, and the panels for a list.
macro_rules! table {
    ($name:ident, $number:ty, $v:ty, $nv:literal, $r:literal, $g:literal, $g1:literal,
     $(#[$feature:meta])?) => {
        pub(super) mod $name {
            #[allow(unused_imports)]
            use super::simd::*;
            use super::{Buffers, Forward, InputGrad, Kernels, WeightGrad, jobs};

            $(#[$feature])?
            unsafe fn forward(job: &Forward<'_, $number>, buffers: &mut Buffers<$number>) {
                // SAFETY: the caller's promise, passed on.
                unsafe { jobs::forward::<$v, $nv, $r, $g, $g1>(job, buffers) }
            }

            $(#[$feature])?
            unsafe fn weight_grad(job: &mut WeightGrad<'_, $number>, buffers: &mut Buffers<$number>) {
                // SAFETY: the caller's promise, passed on.
                unsafe { jobs::weight_grad::<$v, $nv, $r, $g, $g1>(job, buffers) }
            }

            $(#[$feature])?
            unsafe fn input_grad(job: &InputGrad<'_, $number>, buffers: &mut Buffers<$number>) {
                // SAFETY: the caller's promise, passed on.
                unsafe { jobs::input_grad::<$v, $nv, $r, $g, $g1>(job, buffers) }
            }

            pub(crate) const TABLE: Kernels<$number> = Kernels { forward, weight_grad, input_grad };
        }
    };
}

table!(portable_f32, f32, Lanes<f32, 4>, 4, 2, 1, 2,);
table!(portable_f64, f64, Lanes<f64, 2>, 4, 2, 1, 2,);

#[cfg(target_arch = "x86_64")]
mod tables {
    use super::*;

    table!(avx2_f32, f32, x86::Avx2F32, 2, 6, 1, 4, #[target_feature(enable = "avx2,fma")]);
    table!(avx2_f64, f64, x86::Avx2F64, 2, 6, 1, 4, #[target_feature(enable = "avx2,fma")]);
    table!(avx512_f32, f32, x86::Avx512F32, 1, 12, 2, 8, #[target_feature(enable = "avx512f")]);
    table!(avx512_f64, f64, x86::Avx512F64, 1, 12, 2, 8, #[target_feature(enable = "avx512f")]);
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
