//! The mathematics of a search for good hyperparameters: the values that a trial draws, the trials
//! that survive a rung, and the splits of the data that judge a trial.
//!
//! Random search (Bergstra and Bengio, 2012) draws the settings of every trial from a
//! [range](ParamRange) or a [list](sample_choice), successive halving (Jamieson and Talwalkar, 2016; a bracket
//! of Hyperband, Li et al., 2018) spends its epochs on the trials that do well, in [rungs], and
//! k-fold cross-validation judges a trial on every row, once in each of its [folds](kfold).
//!
//! The key decision: these are functions, and the program that searches writes the loop. What a trial is,
//! where its figures are kept and what happens when one diverges differ from user to user; a
//! driver that knows all of that would be a trait with one implementation. The trials of a search
//! are independent, because each draws from a [random stream named after it](trial_key), so trials
//! that run [in parallel](parallel_map) have the results of trials that run one after the other.
//!
//! ```
//! use backprop_tensor::Key;
//! use backprop_trainer::search::{ParamRange, best, rungs, parallel_map, survivors, trial_key};
//!
//! // A stand-in for training: how far the rate is from 0.1, in powers of ten.
//! let rates = ParamRange::logarithmic(1e-6, 10.0)?;
//! let loss = |trial: usize, _epochs| {
//!     let rate = rates.sample(trial_key(Key::new(0), trial as u64).derive("learning-rate", 0));
//!     Some((rate.log10() + 1.0).abs())
//! };
//!
//! let mut running: Vec<usize> = (0..10).collect();
//! let mut losses = vec![None; 10];
//! for rung in rungs(10, 8, 2) {
//!     running = survivors(&losses, &running, rung.trials);
//!     let work = |&trial: &usize| loss(trial, rung.epochs);
//!     let keep = |&trial: &usize, loss| -> Result<(), ()> { Ok(losses[trial] = loss) };
//!     parallel_map(2, &running, work, keep).unwrap();
//! }
//! assert_eq!(running.len(), 2);
//! let lowest = losses.iter().flatten().copied().fold(f64::INFINITY, f64::min);
//! assert_eq!(losses[best(&losses).unwrap()], Some(lowest));
//! # Ok::<(), backprop_trainer::TrainError>(())
//! ```

mod kfold;
mod parallel;
mod range;
mod rungs;

pub use kfold::{Split, SplitIndices, kfold, kfold_indices, kfold_strata};
pub use parallel::parallel_map;
pub use range::{ParamRange, sample_choice};
pub use rungs::{Rung, best, rungs, survivors};

use backprop_tensor::Key;

/// The random stream of the trial with this index, from 0, for the settings of the trial:
/// `seed.derive("search/trial", number)`.
///
/// Each searched value draws from a stream of the trial that is named after it, so searching for
/// one more changes none of the others, and the first trials of a longer search are those of a
/// shorter one.
///
/// ```
/// use backprop_tensor::Key;
/// use backprop_trainer::search::trial_key;
///
/// assert_eq!(trial_key(Key::new(7), 2), Key::new(7).derive("search/trial", 2));
/// ```
#[must_use]
pub fn trial_key(seed: Key, number: u64) -> Key {
    seed.derive("search/trial", number)
}
