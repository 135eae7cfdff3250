use super::dispatch::{InstructionSet, Isa};

/// A plain loop that is compiled once for each instruction set.
///
/// Only code that is inlined into [`run`](Self::run) belongs to the copies. Implementors mark `run`
/// as `#[inline(always)]`, which cannot be said of a closure: the compiler inlines a closure into
/// the copies only while it is small. So the loop is a `for`, not a `for_each`.
///
/// ```
/// use backprop_tensor::{SimdLoop, run_with_best_simd, tanh};
///
/// struct TanhOfAll<'a>(&'a mut [f32]);
///
/// impl SimdLoop for TanhOfAll<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         for x in self.0 {
///             *x = tanh(*x);
///         }
///     }
/// }
///
/// let mut values = [0.0, 30.0, -30.0];
/// run_with_best_simd(TanhOfAll(&mut values));
/// assert_eq!(values, [0.0, 1.0, -1.0]);
/// ```
pub trait SimdLoop {
    /// The result of the loop.
    type Output;

    /// Runs the loop.
    fn run(self) -> Self::Output;
}

/// Runs a plain loop on the widest registers that this CPU has.
///
/// A program that is built for every CPU of an architecture uses only the baseline instruction set
/// of that architecture. Here the compiler makes one copy of the loop for each instruction set, and
/// the best one that the CPU has is called. Only loops that the compiler can vectorise gain. The
/// result has the same bits: a multiplication and an addition are never fused here.
#[inline(always)]
pub fn run_with_best_simd<L: SimdLoop>(simd_loop: L) -> L::Output {
    run_with_simd(Isa::best(), simd_loop)
}

/// Runs a small closure as [`run_with_best_simd`] runs a loop.
///
/// ```
/// use backprop_tensor::with_best_simd;
///
/// let mut values = [1.0_f32; 100];
/// with_best_simd(|| values.iter_mut().for_each(|x| *x = 1.0 / (*x + 1.0).sqrt()));
/// assert!(values.iter().all(|x| *x == 1.0 / 2.0_f32.sqrt()));
/// ```
#[inline(always)]
pub fn with_best_simd<R>(work: impl FnOnce() -> R) -> R {
    run_with_best_simd(Closure(work))
}

struct Closure<F>(F);

impl<R, F: FnOnce() -> R> SimdLoop for Closure<F> {
    type Output = R;

    #[inline(always)]
    fn run(self) -> R {
        (self.0)()
    }
}

/// Runs a plain loop on the registers of an instruction set.
#[inline(always)]
pub(crate) fn run_with_simd<L: SimdLoop>(isa: Isa, simd_loop: L) -> L::Output {
    match isa.set() {
        // SAFETY: an `Isa` is an instruction set that this CPU has.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => unsafe { x86::avx512(simd_loop) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => unsafe { x86::avx2(simd_loop) },
        InstructionSet::Portable => simd_loop.run(),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::SimdLoop;

    /// # Safety
    /// The CPU has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512<L: SimdLoop>(simd_loop: L) -> L::Output {
        simd_loop.run()
    }

    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn avx2<L: SimdLoop>(simd_loop: L) -> L::Output {
        simd_loop.run()
    }
}
