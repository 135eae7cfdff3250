//! A SIMD register as a type: the few operations that the loops are written in.
//!
//! Every operation is inlined into a function that enables the instruction set; see
//! [`super::dispatch`].

mod lanes;
mod register;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use lanes::Lanes;
pub(crate) use register::{MAX_LANES, Simd};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
