//! The choice of the instruction set: a [`Job`] runs on the loops of an [`Isa`].
//!
//! A job is generic over its [`Kernel`] and inlined into one function for each instruction set and
//! element type, which enables the instruction set for everything inlined into it.

use std::sync::OnceLock;

use super::kernel::Kernel;
#[cfg(target_arch = "x86_64")]
use super::kernel::{Avx2F32Kernel, Avx2F64Kernel, Avx512F32Kernel, Avx512F64Kernel};
use super::kernel::{PortableF32Kernel, PortableF64Kernel};

/// An instruction set that this CPU has. The value is the proof: there is no other way to make one
/// than to ask the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(InstructionSet);

/// The instruction sets that the loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InstructionSet {
    /// The baseline of this architecture.
    Portable,
    /// AVX2 and FMA, with the bit operations that came with them.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The best instruction set of this CPU. Allocates nothing.
    #[inline]
    pub(crate) fn best() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            #[cfg(target_arch = "x86_64")]
            for set in [InstructionSet::Avx512, InstructionSet::Avx2] {
                if set.is_available() {
                    return Isa(set);
                }
            }
            Isa(InstructionSet::Portable)
        })
    }

    /// The set, to choose code for it.
    #[inline]
    pub(super) fn set(self) -> InstructionSet {
        self.0
    }

    /// All instruction sets of this CPU, the best last.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Isa> {
        let sets = [
            InstructionSet::Portable,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512,
        ];
        let available = sets.into_iter().filter(|set| set.is_available());
        available.map(Isa).collect()
    }
}

impl InstructionSet {
    /// Whether this CPU has the instruction set.
    fn is_available(self) -> bool {
        match self {
            InstructionSet::Portable => true,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("bmi1")
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                InstructionSet::Avx2.is_available() && is_x86_feature_detected!("avx512f")
            }
        }
    }
}

/// The work of one thread, written once for all instruction sets.
pub trait Job<T> {
    /// The result of the work.
    type Output;

    /// Does the work. Implementors mark it `#[inline(always)]`, and so everything in it.
    ///
    /// # Safety
    /// The CPU has the instruction set of `K`, and the pointers of the job are as its type says.
    unsafe fn run<K: Kernel<Element = T>>(self) -> Self::Output;
}

/// Makes the function that runs a job of one element type, and under it one function for each
/// instruction set. These functions are never inlined, so that a program takes the copies that were
/// compiled with this crate.
macro_rules! dispatch {
    ($element:ident, $portable:ty, $avx2:ty, $avx512:ty) => {
        pub(crate) mod $element {
            use super::*;

            /// Runs a job on an instruction set.
            ///
            /// # Safety
            /// The pointers of the job are as its type says.
            #[inline]
            pub(crate) unsafe fn run<J: Job<$element>>(isa: Isa, job: J) -> J::Output {
                match isa.0 {
                    // SAFETY: an `Isa` is a set that the CPU has; the rest is the caller's promise.
                    InstructionSet::Portable => unsafe { portable(job) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx2 => unsafe { avx2(job) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx512 => unsafe { avx512(job) },
                }
            }

            #[inline(never)]
            unsafe fn portable<J: Job<$element>>(job: J) -> J::Output {
                // SAFETY: every CPU has the baseline; the rest is the caller's promise.
                unsafe { job.run::<$portable>() }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,popcnt,bmi1")]
            #[inline(never)]
            unsafe fn avx2<J: Job<$element>>(job: J) -> J::Output {
                // SAFETY: the caller's promise.
                unsafe { job.run::<$avx2>() }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,popcnt,bmi1")]
            #[inline(never)]
            unsafe fn avx512<J: Job<$element>>(job: J) -> J::Output {
                // SAFETY: the caller's promise.
                unsafe { job.run::<$avx512>() }
            }
        }
    };
}

dispatch!(f32, PortableF32Kernel, Avx2F32Kernel, Avx512F32Kernel);
dispatch!(f64, PortableF64Kernel, Avx2F64Kernel, Avx512F64Kernel);

/// Compiles the loops of a generic job with this crate, instead of with each program that uses a
/// product: a static that is marked as used has the functions it names compiled.
macro_rules! compile_here {
    ($f32:ty, $f64:ty) => {
        const _: () = {
            #[used]
            static RUN: (
                unsafe fn(
                    $crate::kernels::Isa,
                    $f32,
                ) -> <$f32 as $crate::kernels::Job<f32>>::Output,
                unsafe fn(
                    $crate::kernels::Isa,
                    $f64,
                ) -> <$f64 as $crate::kernels::Job<f64>>::Output,
            ) = (
                $crate::kernels::dispatch::f32::run,
                $crate::kernels::dispatch::f64::run,
            );
        };
    };
}

pub(crate) use compile_here;
