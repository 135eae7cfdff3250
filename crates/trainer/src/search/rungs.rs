/// A stage of successive halving: a number of trials that are trained up to a number of epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Trials that take part.
    pub trials: usize,
    /// Epochs that each of them has had at the end of the stage.
    pub epochs: u64,
}

/// The rungs of successive halving: all `trials` begin, and at each rung one in `eta` of them
/// survives, for `eta` times the epochs, until the last have had all `epochs`.
///
/// Rung `k` of `0..=s` has `ceil(trials / eta^k)` trials to `ceil(epochs / eta^(s - k))` epochs,
/// where `s` is the largest number with `eta^s <= trials` and `eta^s <= epochs`.
///
/// ```
/// use backprop_trainer::search::rungs;
///
/// let stages: Vec<_> = rungs(10, 15, 2).iter().map(|rung| (rung.trials, rung.epochs)).collect();
/// assert_eq!(stages, [(10, 2), (5, 4), (3, 8), (2, 15)]);
/// ```
///
/// # Panics
/// If `eta` is below 2.
#[track_caller]
pub fn rungs(trials: usize, epochs: u64, eta: u64) -> Vec<Rung> {
    assert!(eta >= 2, "one in {eta} trials goes on: nobody is left out");
    let least = epochs.min(trials as u64);
    let powers: Vec<u64> = std::iter::successors(Some(1_u64), |power| power.checked_mul(eta))
        .take_while(|power| *power <= least.max(1))
        .collect();
    let stage = |(up, down): (&u64, &u64)| Rung {
        trials: (trials as u64).div_ceil(*up) as usize,
        epochs: epochs.div_ceil(*down),
    };
    powers.iter().zip(powers.iter().rev()).map(stage).collect()
}

/// The up to `keep` trials of `running` with the lowest losses, in the order that they have in
/// `running`; the first of equals.
///
/// `losses` holds one for each trial, `None` where a trial has diverged; such a trial, or one
/// whose loss is not a number, comes after all others.
///
/// ```
/// use backprop_trainer::search::survivors;
///
/// let losses = [Some(0.3), None, Some(0.1), Some(0.2)];
/// assert_eq!(survivors(&losses, &[0, 1, 2, 3], 2), [2, 3]);
/// ```
///
/// # Panics
/// If an index in `running` is not below the number of losses.
#[track_caller]
pub fn survivors(losses: &[Option<f64>], running: &[usize], keep: usize) -> Vec<usize> {
    let loss = |trial: usize| {
        let loss = losses[trial].filter(|loss| !loss.is_nan());
        loss.unwrap_or(f64::INFINITY)
    };
    let mut order: Vec<usize> = (0..running.len()).collect();
    order.sort_by(|&a, &b| loss(running[a]).total_cmp(&loss(running[b])));
    order.truncate(keep);
    order.sort_unstable();
    order.into_iter().map(|index| running[index]).collect()
}

/// The trial with the lowest loss, the first of equals; `None` where all have diverged.
pub fn best(losses: &[Option<f64>]) -> Option<usize> {
    let is_finite = |trial: &usize| losses[*trial].is_some_and(f64::is_finite);
    let finite: Vec<usize> = (0..losses.len()).filter(is_finite).collect();
    survivors(losses, &finite, 1).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rung_has_all_epochs_and_the_first_all_trials() {
        for (trials, epochs, eta) in [(30, 15, 2), (1, 50, 2), (100, 1, 2), (27, 81, 3), (5, 3, 4)]
        {
            let rungs = rungs(trials, epochs, eta);
            let (first, last) = (rungs[0], rungs[rungs.len() - 1]);
            assert_eq!((first.trials, last.epochs), (trials, epochs));
            assert!(first.epochs >= 1 && last.trials >= 1);
            for pair in rungs.windows(2) {
                assert!(pair[0].trials > pair[1].trials && pair[0].epochs < pair[1].epochs);
            }
        }
        assert_eq!(
            rungs(0, 1, 2),
            [Rung {
                trials: 0,
                epochs: 1
            }]
        );
    }

    /// Table 1 of Li et al. (2018), its bracket s = 4: R = 81, eta = 3.
    #[test]
    fn the_rungs_are_those_of_hyperband() {
        let stages: Vec<_> = rungs(81, 81, 3)
            .iter()
            .map(|rung| (rung.trials, rung.epochs))
            .collect();
        assert_eq!(stages, [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]);
    }

    #[test]
    fn the_diverged_come_last_and_the_first_of_equals_first() {
        let losses = [None, Some(0.5), Some(f64::NAN), Some(0.5), Some(0.7)];
        assert_eq!(survivors(&losses, &[4, 3, 1, 0], 1), [3]);
        assert_eq!(survivors(&losses, &[0, 1, 2, 3, 4], 1), [1]);
        assert_eq!(survivors(&losses, &[0, 1, 2, 3, 4], 3), [1, 3, 4]);
        assert_eq!(survivors(&losses, &[0, 2], 5), [0, 2]);
        assert_eq!(best(&losses), Some(1));
        assert_eq!(best(&[None, Some(f64::INFINITY), Some(f64::NAN)]), None);
        assert_eq!(best(&[]), None);
    }
}
