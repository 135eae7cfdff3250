//! The weights of every Linear layer, as histograms.

use backprop_trainer::layers::{LayerSpec, Sequential};
use serde::Serialize;

/// Places of a histogram.
const BINS: usize = 40;

/// The weights of one Linear layer.
#[derive(Serialize)]
pub(super) struct LayerWeights {
    pub(super) layer: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) mean: f64,
    pub(super) standard_deviation: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
    /// The number of weights in each bin of equal width from the lowest to the highest.
    pub(super) counts: Vec<usize>,
}

/// Of each Linear layer, first to last.
pub(super) fn of(network: &Sequential<f32>) -> Vec<LayerWeights> {
    let linear = network.layers().iter();
    let linear = linear.filter(|layer| matches!(layer.spec(), LayerSpec::Linear { .. }));
    let weights = linear.filter_map(|layer| layer.parameters().first());
    weights
        .enumerate()
        .map(|(index, weight)| {
            let values: Vec<f64> = weight.to_array().into_iter().map(f64::from).collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / count;
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            LayerWeights {
                layer: index + 1,
                inputs: weight.shape()[1],
                outputs: weight.shape()[0],
                mean,
                standard_deviation: variance.sqrt(),
                lowest,
                highest,
                counts: counts(&values, lowest, highest),
            }
        })
        .collect()
}

fn counts(values: &[f64], lowest: f64, highest: f64) -> Vec<usize> {
    let mut counts = vec![0; BINS];
    let width = (highest - lowest) / BINS as f64;
    for value in values {
        let place = if width > 0.0 {
            (value - lowest) / width
        } else {
            0.0
        };
        counts[(place as usize).min(BINS - 1)] += 1;
    }
    counts
}

impl LayerWeights {
    /// The histogram in one line, the square root of each count, so that the ends can be seen.
    pub(super) fn line(&self) -> String {
        const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let highest = self.counts.iter().copied().max().unwrap_or(0).max(1);
        let height = |count: &usize| {
            let share = (*count as f64 / highest as f64).sqrt();
            HEIGHTS[(8.0 * share).ceil() as usize]
        };
        self.counts.iter().map(height).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let values: Vec<f64> = (0..=80).map(|i| f64::from(i) / 8.0).collect();
        let counts = counts(&values, 0.0, 10.0);
        assert_eq!(counts.iter().sum::<usize>(), 81);
        assert_eq!((counts[0], counts[20], counts[BINS - 1]), (2, 2, 3));
        assert_eq!(super::counts(&[0.5; 7], 0.5, 0.5)[0], 7);
    }
}
