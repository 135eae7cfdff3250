use std::hint::black_box;

use super::dispatch::{InstructionSet, Isa};
use super::simd::{Lanes, MAX_LANES, Simd};

/// Runs `rounds` rounds of independent `f32` multiply-adds that keep all FMA units of one core busy
/// from registers alone. Returns the number of floating-point operations, two for each
/// multiply-add.
///
/// Operations per second of this loop are the peak of the core: the limit that a benchmark can
/// compare a product with.
///
/// ```
/// let start = std::time::Instant::now();
/// let operations = backprop_tensor::fma_peak_loop(1000);
/// let gflops = operations as f64 / start.elapsed().as_nanos() as f64;
/// assert!(operations >= 1000 * 4 * 2 && gflops > 0.0);
/// ```
pub fn fma_peak_loop(rounds: usize) -> u64 {
    match Isa::best().set() {
        // SAFETY: an `Isa` is an instruction set that this CPU has.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => unsafe { x86::avx512(rounds) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => unsafe { x86::avx2(rounds) },
        // SAFETY: every CPU has the baseline instruction set.
        InstructionSet::Portable => unsafe { run::<Lanes<f32, 4>, 12>(rounds) },
    }
}

/// Runs `CHAINS` chains of multiply-adds: enough to hide the FMA latency, few enough for the
/// registers.
///
/// # Safety
/// The CPU has the instruction set of `V`.
#[inline(always)]
unsafe fn run<V: Simd<Element = f32>, const CHAINS: usize>(rounds: usize) -> u64 {
    // SAFETY: the caller's promise; `out` holds a whole register.
    unsafe {
        // Each chain converges to 2, so no element is ever subnormal.
        let half = V::splat(black_box(0.5));
        let one = V::splat(black_box(1.0));
        let mut chains = [one; CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = chain.mul_add(half, one);
            }
        }
        for chain in chains {
            let mut out = [0.0_f32; MAX_LANES];
            chain.store(out.as_mut_ptr());
            black_box(out);
        }
    }
    (2 * CHAINS * V::LANES * rounds) as u64
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Avx2F32, Avx512F32};
    use super::run;

    /// # Safety
    /// The CPU has AVX-512 F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512(rounds: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx512F32, 24>(rounds) }
    }

    /// # Safety
    /// The CPU has AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2(rounds: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx2F32, 12>(rounds) }
    }
}
