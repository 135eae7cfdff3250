//! The learning rates of right code, found by a search.

/// Learning rates at which right code learns the first 1,000 images, by optimizer.
pub(crate) struct SensibleRates {
    pub(crate) nesterov: f64,
    pub(crate) rmsprop: f64,
    pub(crate) adam: f64,
}

/// Of the trials whose training loss ends below 0.006, those with the lowest validation
/// loss, found by
///
/// ```text
/// cargo xtask search --dataset mnist --limit 1000 --activation relu --dropout 0 --batch-size 50 \
///     --epochs 50 --trials 16 --search learning-rate=1e-5..1 --optimizer nesterov
/// ```
///
/// and the same with `rmsprop` and `adam`. `docs/notebook.md` tells what else was looked at.
pub(crate) const SENSIBLE_RATES: SensibleRates = SensibleRates {
    nesterov: 0.02643,
    rmsprop: 0.001424,
    adam: 0.001424,
};
