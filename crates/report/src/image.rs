//! Rows of inputs that are images.

/// The channels of an image of this size whose values are `length`; `None` if it is none.
pub(crate) fn channels(length: usize, width: usize, height: usize) -> Option<usize> {
    let size = width.checked_mul(height)?;
    let is_whole = size > 0 && length > 0 && length.is_multiple_of(size);
    is_whole.then(|| length / size)
}

/// The mean over the channels of each pixel, whose channels lie side by side.
pub(crate) fn channel_means(values: &[f64], channels: usize) -> Vec<f64> {
    let means = values
        .chunks_exact(channels)
        .map(|pixel| pixel.iter().sum::<f64>() / channels as f64);
    means.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_told_by_the_length() {
        assert_eq!(channels(784, 28, 28), Some(1));
        assert_eq!(channels(18, 3, 2), Some(3));
        for (length, width, height) in [(0, 2, 2), (5, 2, 2), (4, 0, 2), (4, usize::MAX, 2)] {
            assert_eq!(channels(length, width, height), None);
        }
        assert_eq!(channel_means(&[1.0, 2.0, 3.0, 6.0], 2), [1.5, 4.5]);
        assert_eq!(channel_means(&[0.1, 0.7], 1), [0.1, 0.7]);
    }
}
