//! The functions to 100 bits, as sums of two `f64`: slow, and right without doubt, for the tests.

/// `(high + low) 2^exponent`, with `low` below half an ulp of `high`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    pub(super) high: f64,
    pub(super) low: f64,
    exponent: i32,
}

impl Reference {
    /// The distance of a result, in ulp of `f64`.
    pub(super) fn ulps(self, result: f64) -> f64 {
        if result == f64::INFINITY && self.exponent + exponent_of(self.high) >= 1024 {
            return 0.0;
        }
        let smallest = (exponent_of(self.high) - 52).max(-1074 - self.exponent);
        let scaled = scale(result, -self.exponent);
        scale(((scaled - self.high) - self.low).abs(), -smallest)
    }
}

/// `x 2^exponent` in two steps: the power of two itself may not be a number.
fn scale(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * 2.0_f64.powi(half) * 2.0_f64.powi(exponent - half)
}

fn exponent_of(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

#[derive(Clone, Copy)]
struct Double(f64, f64);

impl Double {
    /// The exact sum (Dekker, 1971), where `|a| >= |b|` or `a = 0`.
    fn fast_sum(a: f64, b: f64) -> Double {
        let sum = a + b;
        Double(sum, b - (sum - a))
    }

    /// The exact sum (Knuth, 1969).
    fn sum(a: f64, b: f64) -> Double {
        let sum = a + b;
        let part = sum - a;
        Double(sum, (a - (sum - part)) + (b - part))
    }

    /// The exact product.
    fn product(a: f64, b: f64) -> Double {
        let product = a * b;
        Double(product, a.mul_add(b, -product))
    }

    fn add(self, other: Double) -> Double {
        let (high, low) = (Double::sum(self.0, other.0), Double::sum(self.1, other.1));
        let Double(first, second) = Double::fast_sum(high.0, high.1 + low.0);
        Double::fast_sum(first, second + low.1)
    }

    fn multiply(self, other: Double) -> Double {
        let product = Double::product(self.0, other.0);
        let rest = self.0 * other.1 + self.1 * other.0;
        Double::fast_sum(product.0, product.1 + rest)
    }

    fn divide(self, other: Double) -> Double {
        let first = self.0 / other.0;
        let rest = self.add(other.multiply(Double(-first, 0.0)));
        let second = rest.0 / other.0;
        let rest = rest.add(other.multiply(Double(-second, 0.0)));
        Double::fast_sum(first, second).add(Double(rest.0 / other.0, 0.0))
    }

    /// Exact, as long as nothing underflows.
    fn scale(self, exponent: i32) -> Double {
        let power = 2.0_f64.powi(exponent);
        Double(self.0 * power, self.1 * power)
    }

    fn reference(self, exponent: i32) -> Reference {
        Reference {
            high: self.0,
            low: self.1,
            exponent,
        }
    }
}

const ONE: Double = Double(1.0, 0.0);

/// `k` and `e^r - 1`, where `x = k ln 2 + r`: the Taylor series at `r / 256`, squared eight times.
fn exp_parts(x: Double) -> (i32, Double) {
    const LN_2: [f64; 3] = [
        std::f64::consts::LN_2,
        2.319_046_813_846_299_6e-17,
        5.707_708_438_416_212e-34,
    ];
    let k = (x.0 / LN_2[0]).round();
    let r = x
        .add(Double::product(-k, LN_2[0]))
        .add(Double::product(-k, LN_2[1]))
        .add(Double(-k * LN_2[2], 0.0))
        .scale(-8);
    // r + r^2/2! + ... + r^11/11!, from the last term.
    let mut series = Double(0.0, 0.0);
    for n in (1..=11).rev() {
        let factor = r.divide(Double(f64::from(n), 0.0));
        series = factor.multiply(ONE.add(series));
    }
    for _ in 0..8 {
        // (1 + p)^2 - 1 = p (2 + p)
        series = series.multiply(Double(2.0, 0.0).add(series));
    }
    (k as i32, series)
}

/// `e^x`.
pub(super) fn exp(x: f64) -> Reference {
    let (k, minus_1) = exp_parts(Double(x, 0.0));
    ONE.add(minus_1).reference(k)
}

/// `tanh x = (e^2x - 1) / (e^2x + 1)`.
pub(super) fn tanh(x: f64) -> Reference {
    let (k, minus_1) = exp_parts(Double(2.0 * x.abs().min(50.0), 0.0));
    let minus_1 = match k {
        0 => minus_1,
        _ => ONE.add(minus_1).scale(k).add(Double(-1.0, 0.0)),
    };
    let result = minus_1.divide(minus_1.add(Double(2.0, 0.0)));
    Double(result.0.copysign(x), result.1 * 1.0_f64.copysign(x)).reference(0)
}

/// `e^-|x| = (high + low) 2^k`, and `1 + e^-|x|`.
fn small_exp(x: f64) -> (Double, i32, Double) {
    let (k, minus_1) = exp_parts(Double(-x.abs(), 0.0));
    let exp = ONE.add(minus_1);
    (exp, k, ONE.add(exp.scale(k.max(-500))))
}

/// `1 / (1 + e^-x)`.
pub(super) fn logistic(x: f64) -> Reference {
    let (exp, k, plus_1) = small_exp(x);
    match x < 0.0 {
        true => exp.divide(plus_1).reference(k),
        false => ONE.divide(plus_1).reference(0),
    }
}

/// `ln(1 + e^x)`: a step of Newton's method from the logarithm of the C library.
pub(super) fn softplus(x: f64) -> Reference {
    let (exp, k, plus_1) = small_exp(x);
    if k < -200 && x < 0.0 {
        return exp.reference(k); // ln(1 + y) = y - y^2 / 2 + ...
    }
    let start = plus_1.0.ln();
    let start = if k < -20 {
        exp.scale(k.max(-500)).0
    } else {
        start
    };
    let (start_k, minus_1) = exp_parts(Double(start, 0.0));
    let minus_1 = match start_k {
        0 => minus_1,
        _ => ONE.add(minus_1).scale(start_k).add(Double(-1.0, 0.0)),
    };
    let difference = exp.scale(k.max(-500)).add(Double(-minus_1.0, -minus_1.1));
    let rest = Double(start, 0.0).add(difference.divide(ONE.add(minus_1)));
    Double(x.max(0.0), 0.0).add(rest).reference(0)
}

/// The first two `f64` of each value, from `tests/reference/functions.py`.
#[test]
#[allow(clippy::approx_constant)]
fn references_are_right() {
    type Case = (fn(f64) -> Reference, f64, f64, f64);
    let table: [Case; 12] = [
        (exp, 1.0, 2.718281828459045, 1.4456468917292502e-16),
        (exp, -0.5, 0.6065306597126334, -6.593178415491414e-19),
        (exp, 10.0, 22026.465794806718, -1.3780134700517372e-12),
        (tanh, 0.3, 0.2913126124515909, -6.4602656586469586e-18),
        (tanh, 1.5, 0.9051482536448664, 4.1992024501810215e-17),
        (tanh, -1e-5, -9.999999999666668e-06, 4.5758701526937e-22),
        (logistic, 0.75, 0.679178699175393, -1.5920503191692054e-18),
        (logistic, -3.5, 0.02931223075135632, -1.9311982504614248e-19),
        (
            logistic,
            -40.0,
            4.248354255291589e-18,
            1.063261941480036e-34,
        ),
        (softplus, 0.75, 1.1368710061148999, 5.90051029407927e-17),
        (softplus, -3.5, 0.029750418272620566, -5.124315161414611e-19),
        (
            softplus,
            -40.0,
            4.248354255291589e-18,
            1.1535045108723066e-34,
        ),
    ];
    for (function, x, high, low) in table {
        let Reference {
            high: h,
            low: l,
            exponent,
        } = function(x);
        let power = 2.0_f64.powi(exponent);
        assert_eq!(h * power, high, "at {x}");
        let error = (l * power - low).abs() / high.abs();
        assert!(error < 2.0_f64.powi(-95), "at {x}: {error:e}");
    }
}
