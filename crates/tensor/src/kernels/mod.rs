//! The loops of the products, for the part that one thread owns.
//!
//! From the bottom up: [`simd`] is a register; [`gemm`] and [`spmm`] are the dense and the sparse
//! loop; [`kernel`] gives them tile sizes, one set for each instruction set and element type;
//! [`dispatch`] runs a job on an instruction set. Jobs are defined beside the products that they
//! are parts of, in `linear` and `sparse`.

pub(crate) mod dispatch;
pub(crate) mod gemm;
pub(crate) mod kernel;
mod peak;
pub(crate) mod simd;
pub(crate) mod spmm;
mod with_best_simd;

pub(crate) use dispatch::{Isa, Job};
pub(crate) use gemm::{Accumulate, GemmArgs};
pub(crate) use kernel::Kernel;
pub use peak::fma_peak_loop;
pub(crate) use spmm::{SpmmArgs, SpmmTransposedArgs};
#[cfg(test)]
pub(crate) use with_best_simd::run_with_simd;
pub use with_best_simd::{SimdLoop, run_with_best_simd, with_best_simd};
