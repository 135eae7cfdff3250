//! What only shows across the crates: see the folder `tests`.
