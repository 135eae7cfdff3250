/// The 95 % confidence interval of a proportion, seen `successes` times in `trials`: (low, high).
///
/// Wilson's score interval, with `p = successes / n`, `n = trials` and `z = 1.96`:
///
/// `(p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)`
///
/// Unlike `p ± z sqrt(p (1 - p) / n)`, the interval never leaves 0 to 1 and has a width at p = 0 and
/// p = 1 (Wilson, 1927). Both ends are NaN for no trials.
///
/// ```
/// use backprop_metrics::wilson_interval;
///
/// let (low, high) = wilson_interval(9_835, 10_000);
/// assert_eq!(format!("{low:.4} {high:.4}"), "0.9808 0.9858");
/// ```
pub fn wilson_interval(successes: u64, trials: u64) -> (f64, f64) {
    let (z, n) = (1.959_963_984_540_054_f64, trials as f64);
    let p = successes as f64 / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// Brown, Cai and DasGupta's form for 8 of 10, by hand: middle 0.716740, half 0.226574.
    #[test]
    fn the_interval_is_wilsons() {
        let (low, high) = wilson_interval(8, 10);
        assert_abs_diff_eq!(low, 0.490_162, epsilon = 1e-5);
        assert_abs_diff_eq!(high, 0.943_318, epsilon = 1e-5);
        let (low, high) = wilson_interval(10, 10);
        assert!(low > 0.7);
        assert_abs_diff_eq!(high, 1.0, epsilon = 1e-12);
        let (low, high) = wilson_interval(0, 0);
        assert!(low.is_nan() && high.is_nan());
    }
}
