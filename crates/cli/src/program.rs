//! The name that the program was called by.

/// The words that a user types before the name of a command: `backprop`, or `cargo xtask` in a
/// clone, which says so in the variable `BACKPROP_PROGRAM`.
pub(crate) fn name() -> String {
    std::env::var("BACKPROP_PROGRAM").unwrap_or_else(|_| "backprop".to_string())
}
