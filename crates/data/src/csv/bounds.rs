//! The most that a table may have.

/// The most columns that a table may have.
pub const MAX_COLUMNS: usize = 16_384;
/// The most different values that a feature of text may have.
pub const MAX_CATEGORIES: usize = 256;
/// The most classes that a target may have.
pub const MAX_CLASSES: usize = 1_000;
/// The most different whole numbers that [`TargetKind::Guess`](super::TargetKind::Guess) takes for classes.
pub const MAX_GUESSED_CLASSES: usize = 20;
