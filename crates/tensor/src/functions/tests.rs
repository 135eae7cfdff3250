//! Errors in ulp, results at the edges, and the bits on each instruction set.

use std::hint::black_box;
use std::sync::Mutex;

use super::reference::{self, Reference};
use super::{exp, logistic, softplus, tanh};
use crate::kernels::{Isa, run_with_simd};
use crate::{Key, Scalar, SimdLoop, run_with_best_simd};

/// One of the functions.
trait Function: Copy + Sync {
    fn apply<T: Scalar>(x: T) -> T;
}

macro_rules! functions {
    ($($name:ident = $function:ident),*) => {
        $(
            #[derive(Clone, Copy)]
            struct $name;

            impl Function for $name {
                #[inline(always)]
                fn apply<T: Scalar>(x: T) -> T {
                    $function(x)
                }
            }
        )*
    };
}

functions!(
    Exp = exp,
    Tanh = tanh,
    Logistic = logistic,
    Softplus = softplus
);

/// A function of all elements.
struct OfAll<'a, T, F>(&'a mut [T], F);

impl<T: Scalar, F: Function> SimdLoop for OfAll<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = F::apply(*x);
        }
    }
}

/// Numbers of both signs and of all sizes from `2^-70` to `2^11`, half of them above `2^-8`, and the
/// edges of the types.
fn arguments<T: Scalar>(count: usize, seed: u64) -> Vec<T> {
    let key = Key::new(seed).derive("arguments", 0);
    let number = |index: usize| {
        let [a, b, c, _] = key.random_block(index as u64);
        let mantissa = 1.0 + f64::from(a) / 2.0_f64.powi(32) + f64::from(b) / 2.0_f64.powi(64);
        let sizes = if c & (1 << 30) == 0 { 82 } else { 20 };
        let size = mantissa * 2.0_f64.powi(11 - (c % sizes) as i32);
        T::from_f64(if c & (1 << 31) == 0 { size } else { -size })
    };
    let mut numbers: Vec<T> = (0..count).map(number).collect();
    for edge in [
        0.0,
        f64::INFINITY,
        f64::NAN,
        f64::MAX,
        5e-324,
        2.3e-308,
        1e-45,
        0.7,
        0.8,
        88.8,
        709.8,
    ] {
        numbers.extend([T::from_f64(edge), T::from_f64(-edge)]);
    }
    numbers
}

fn check_instruction_sets<T: Scalar, F: Function>(function: F, bits: fn(T) -> u64) {
    let arguments = arguments::<T>(4001, 1);
    let alone: fn(T) -> T = black_box(F::apply::<T>);
    for isa in Isa::available() {
        // Lengths and offsets at which an element is in a register, or in what is left over.
        for (begin, length) in [(0, arguments.len()), (1, 63), (3, 17), (2, 1), (5, 7)] {
            let arguments = &arguments[begin..begin + length];
            let mut results = arguments.to_vec();
            run_with_simd(isa, OfAll(&mut results, function));
            for (&x, &y) in arguments.iter().zip(&results) {
                let expected = alone(x);
                let same = bits(y) == bits(expected) || (y.is_nan() && expected.is_nan());
                assert!(same, "{isa:?}, {x} alone {expected}, in {length} {y}");
            }
        }
    }
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    fn check<F: Function>(function: F) {
        check_instruction_sets::<f32, F>(function, |x| u64::from(x.to_bits()));
        check_instruction_sets::<f64, F>(function, f64::to_bits);
    }
    check(Exp);
    check(Tanh);
    check(Logistic);
    check(Softplus);
}

fn check_edges<T: Scalar>() {
    let [zero, one, inf] = [0.0, 1.0, f64::INFINITY].map(T::from_f64);
    for function in [exp::<T>, tanh::<T>, logistic::<T>, softplus::<T>] {
        assert!(function(T::nan()).is_nan() && function(-T::nan()).is_nan());
    }
    assert_eq!([zero, -zero, inf, -inf].map(exp), [one, one, inf, zero]);
    assert_eq!([inf, -inf, zero].map(tanh), [one, -one, zero]);
    assert!(tanh(-zero).is_sign_negative() && tanh(zero).is_sign_positive());
    let half = T::from_f64(0.5);
    assert_eq!(
        [zero, -zero, inf, -inf].map(logistic),
        [half, half, one, zero]
    );
    assert_eq!([inf, -inf].map(softplus), [inf, zero]);
    // Results at and beyond both ends of the range.
    let largest = T::from_f64(T::max_value().as_f64().ln() - 1e-4);
    assert!(exp(largest).is_finite() && exp(largest + one) == inf);
    let smallest = T::epsilon() * T::min_positive_value();
    let bottom = smallest.ln();
    for function in [exp::<T>, logistic::<T>, softplus::<T>] {
        assert_eq!(function(bottom), smallest);
        assert_eq!(function(bottom - one), zero);
    }
    for tiny in [smallest, -smallest, T::min_positive_value()] {
        assert_eq!((tanh(tiny), exp(tiny)), (tiny, one));
    }
}

#[test]
fn edges_are_right() {
    check_edges::<f32>();
    check_edges::<f64>();
}

/// The largest error of a function of `f64`, in ulp, over many arguments.
fn worst_f64<F: Function>(_: F, count: usize, reference: fn(f64) -> Reference) -> f64 {
    // The references have no bits for subnormal numbers, and no infinities.
    let in_range = |x: &f64| *x == 0.0 || (1e-100..1000.0).contains(&x.abs());
    let arguments = arguments::<f64>(count, 2).into_iter().filter(in_range);
    let ulps = arguments.map(|x| {
        let ulps = reference(x).ulps(F::apply(x));
        assert!(ulps < 4.0, "{ulps} ulp at {x:e}");
        ulps
    });
    ulps.fold(0.0, f64::max)
}

/// Checks the errors of all functions of `f64`.
fn check_f64(count: usize) {
    let errors = [
        worst_f64(Exp, count, reference::exp),
        worst_f64(Tanh, count, reference::tanh),
        worst_f64(Logistic, count, reference::logistic),
        worst_f64(Softplus, count, reference::softplus),
    ];
    println!("f64: exp, tanh, logistic, softplus are off by at most {errors:.3?} ulp");
    for (error, limit) in errors.into_iter().zip([1.0, 1.1, 2.0, 3.0]) {
        assert!(error <= limit, "{error} ulp");
    }
}

#[test]
fn f64_results_are_close() {
    check_f64(100_000);
}

#[test]
#[ignore = "a minute: 5 million arguments"]
fn f64_results_are_close_everywhere() {
    check_f64(5_000_000);
}

/// The distance of a result from an exact value, in ulp of `f32`; infinite for a wrong NaN.
#[inline(always)]
fn ulps_f32(result: f32, exact: f64) -> f64 {
    let result = f64::from(result);
    let exponent = ((exact.to_bits() >> 52) & 0x7ff).max(1023 - 126);
    let ulp = f64::from_bits((exponent - 23) << 52);
    let ulps = (result - exact).abs() / ulp;
    let is_right = result == f64::from(exact as f32) || (result.is_nan() && exact.is_nan());
    let ulps = if result.is_nan() { f64::INFINITY } else { ulps };
    if is_right && !result.is_finite() {
        0.0
    } else {
        ulps
    }
}

/// The numbers whose upper bits are given.
type Block = [f32; 256];

/// The largest error of a function of `f32`, in ulp, over a block.
///
/// The function of `f64` is the reference: it is within `2^-50` of the exact value, as the tests of
/// its own say.
struct Ulps<'a, F>(&'a Block, F);

impl<F: Function> SimdLoop for Ulps<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut ulps = [0.0; 256];
        for (ulps, &x) in ulps.iter_mut().zip(self.0) {
            *ulps = ulps_f32(F::apply(x), F::apply(f64::from(x)));
        }
        ulps.into_iter().fold(0.0, f64::max)
    }
}

/// The errors over some of all `f32`.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    /// The largest errors of exp, tanh, logistic and softplus, in ulp.
    ulps: [f64; 4],
    /// Results of exp that differ from the C library's.
    other_exps: u64,
    /// Results of the logistic function that differ from `1 / (1 + e^-x)` where that is accurate.
    other_logistics: u64,
}

impl Worst {
    /// Takes in the errors for these arguments.
    fn add(&mut self, block: &Block) {
        let ulps = [
            run_with_best_simd(Ulps(block, Exp)),
            run_with_best_simd(Ulps(block, Tanh)),
            run_with_best_simd(Ulps(block, Logistic)),
            run_with_best_simd(Ulps(block, Softplus)),
        ];
        let (mut exps, mut logistics, mut plain) = (*block, *block, block.map(|x| -x));
        run_with_best_simd(OfAll(&mut exps, Exp));
        run_with_best_simd(OfAll(&mut logistics, Logistic));
        run_with_best_simd(OfAll(&mut plain, Exp));
        let differ = |a: f32, b: f32| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
        let pairs = exps.iter().zip(block);
        let other_exps = pairs.filter(|&(&e, x)| differ(e, x.exp())).count();
        let pairs = logistics.iter().zip(&plain).zip(block);
        let other_logistics =
            pairs.filter(|&((&y, e), x)| *x > -15.9 && differ(y, 1.0 / (1.0 + e)));
        self.merge(&Worst {
            ulps,
            other_exps: other_exps as u64,
            other_logistics: other_logistics.count() as u64,
        });
    }

    fn merge(&mut self, other: &Worst) {
        for (worst, other) in self.ulps.iter_mut().zip(other.ulps) {
            *worst = worst.max(other);
        }
        self.other_exps += other.other_exps;
        self.other_logistics += other.other_logistics;
    }

    fn check(&self) {
        println!("f32: {self:.4?}");
        for (error, limit) in self.ulps.into_iter().zip([0.502, 1.1, 2.0, 0.501]) {
            assert!(error <= limit, "{error} ulp");
        }
        assert_eq!(self.other_logistics, 0);
        // Other C libraries, and this one on a CPU without fused multiply-adds, round differently.
        if cfg!(all(target_env = "gnu", target_arch = "x86_64")) {
            assert!(self.other_exps <= 16, "{} exponentials", self.other_exps);
        }
    }
}

/// All numbers whose upper 24 bits are a multiple of `stride`, on all cores.
fn worst_f32(stride: u32) -> Worst {
    let total = Mutex::new(Worst::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let total = &total;
            scope.spawn(move || {
                let mut worst = Worst::default();
                let blocks = (0..1_u32 << 24).step_by(stride as usize);
                for block in blocks.skip(thread as usize).step_by(threads as usize) {
                    worst.add(&std::array::from_fn(|low| {
                        f32::from_bits(block << 8 | low as u32)
                    }));
                }
                total.lock().unwrap().merge(&worst);
            });
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn f32_results_are_close() {
    worst_f32(997).check();
}

#[test]
#[ignore = "a minute: all 2^32 arguments"]
fn f32_results_are_close_everywhere() {
    worst_f32(1).check();
}
