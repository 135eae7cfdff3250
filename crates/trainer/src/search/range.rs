use backprop_tensor::Key;
use backprop_tensor::rand::RngExt;

use crate::TrainError;

/// A range of hyperparameter values, drawn evenly by value or by order of magnitude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamRange {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl ParamRange {
    /// A range in which every value is as likely as any other: `low + u (high - low)`, `u` uniform in 0 to 1.
    ///
    /// # Errors
    /// If the ends are not finite, or `low` is not below `high`.
    pub fn linear(low: f64, high: f64) -> Result<Self, TrainError> {
        Self::new(low, high, false)
    }

    /// A range in which every order of magnitude is as likely as any other: `e^(ln low + u (ln high - ln low))`,
    /// `u` uniform in 0 to 1.
    ///
    /// ```
    /// use backprop_tensor::Key;
    /// use backprop_trainer::search::ParamRange;
    ///
    /// let rates = ParamRange::logarithmic(1e-6, 10.0)?;
    /// let rate = rates.sample(Key::new(3));
    /// assert!((1e-6..=10.0).contains(&rate));
    /// assert_eq!(rate, rates.sample(Key::new(3)));
    /// # Ok::<(), backprop_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// If the ends are not above 0 and finite, or `low` is not below `high`.
    pub fn logarithmic(low: f64, high: f64) -> Result<Self, TrainError> {
        if low <= 0.0 {
            return Err(TrainError::Setting {
                what: "the lower end of a logarithmic range",
                value: low,
                range: "above 0",
            });
        }
        Self::new(low, high, true)
    }

    fn new(low: f64, high: f64, logarithmic: bool) -> Result<Self, TrainError> {
        for (what, value) in [
            ("the lower end of a range", low),
            ("the upper end of a range", high),
        ] {
            if !value.is_finite() {
                let range = "finite";
                return Err(TrainError::Setting { what, value, range });
            }
        }
        if low >= high {
            return Err(TrainError::Setting {
                what: "the lower end of a range",
                value: low,
                range: "below the upper end",
            });
        }
        Ok(ParamRange {
            low,
            high,
            logarithmic,
        })
    }

    /// The lower end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether orders of magnitude are drawn evenly, not values.
    pub fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// The value that the random stream of `key` draws: the same for the same key.
    pub fn sample(&self, key: Key) -> f64 {
        let u: f64 = key.generator().random();
        let value = if self.logarithmic {
            let (low, high) = (self.low.ln(), self.high.ln());
            (low + u * (high - low)).exp()
        } else {
            self.low + u * (self.high - self.low)
        };
        value.clamp(self.low, self.high)
    }
}

/// The value of a list that the random stream of `key` draws, each as likely as any other.
///
/// # Panics
/// If there are none.
#[track_caller]
pub fn sample_choice<V>(values: &[V], key: Key) -> &V {
    assert!(!values.is_empty(), "a choice among no values");
    &values[key.generator().random_range(0..values.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(range: ParamRange) -> Vec<f64> {
        let key = |i| Key::new(0).derive("test", i);
        (0..10_000).map(|i| range.sample(key(i))).collect()
    }

    /// The largest distance between the empirical distribution of `values` in 0 to 1 and the
    /// uniform one. For 10,000 uniform draws it is above 0.02 once in 1,500 times.
    fn kolmogorov_smirnov(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let distance = |(i, value): (usize, &f64)| {
            let (below, above) = (i as f64 / count, (i + 1) as f64 / count);
            (value - below).abs().max((above - value).abs())
        };
        values.iter().enumerate().map(distance).fold(0.0, f64::max)
    }

    #[test]
    fn a_logarithmic_range_is_uniform_in_the_logarithm() {
        let values = draws(ParamRange::logarithmic(1e-6, 10.0).unwrap());
        assert!(values.iter().all(|value| (1e-6..=10.0).contains(value)));
        let places = values.iter().map(|value| (value.log10() + 6.0) / 7.0);
        assert!(kolmogorov_smirnov(places.collect()) < 0.02);
        // A seventh of the draws lies in each order of magnitude.
        for power in -6..1 {
            let decade = 10.0_f64.powi(power)..10.0_f64.powi(power + 1);
            let count = values.iter().filter(|value| decade.contains(value)).count();
            assert!((1300..1560).contains(&count), "10^{power}: {count}");
        }
    }

    #[test]
    fn a_linear_range_is_uniform_in_the_value() {
        let values = draws(ParamRange::linear(-1.0, 3.0).unwrap());
        let places = values.iter().map(|value| (value + 1.0) / 4.0);
        assert!(kolmogorov_smirnov(places.collect()) < 0.02);
    }

    #[test]
    fn every_value_of_a_list_is_chosen_equally_often() {
        let mut counts = [0; 3];
        for i in 0..9_000 {
            counts[*sample_choice(&[0, 1, 2], Key::new(1).derive("test", i))] += 1;
        }
        // The standard deviation is 45.
        assert!(counts.iter().all(|count| (2820..3180).contains(count)));
    }

    #[test]
    fn ends_that_make_no_range_are_refused() {
        let message = |range: Result<ParamRange, TrainError>| range.unwrap_err().to_string();
        assert_eq!(
            message(ParamRange::logarithmic(0.0, 1.0)),
            "the lower end of a logarithmic range is 0; it must be above 0"
        );
        assert_eq!(
            message(ParamRange::linear(2.0, 2.0)),
            "the lower end of a range is 2; it must be below the upper end"
        );
        assert!(message(ParamRange::logarithmic(10.0, 1.0)).contains("below the upper end"));
        for (low, high) in [(f64::NAN, 1.0), (1.0, f64::NAN), (1.0, f64::INFINITY)] {
            assert!(message(ParamRange::logarithmic(low, high)).contains("finite"));
            assert!(message(ParamRange::linear(low, high)).contains("finite"));
        }
    }
}
