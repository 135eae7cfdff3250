/// Whether the finite values are positive and the largest is more than `ratio` times the least.
pub(crate) fn spans(values: impl Iterator<Item = f64>, ratio: f64) -> bool {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    low > 0.0 && high > ratio * low
}

#[cfg(test)]
mod tests {
    use super::spans;

    #[test]
    fn a_logarithmic_axis_is_for_positive_values_far_apart() {
        let of = |values: &[f64]| spans(values.iter().copied(), 10.0);
        assert!(of(&[1.0, 11.0, f64::NAN, f64::INFINITY]));
        assert!(!of(&[1.0, 9.0]) && !of(&[0.0, 9.0]) && !of(&[-1.0, 99.0]));
        assert!(!of(&[]) && !of(&[f64::NAN]) && !of(&[3.0]));
    }
}
