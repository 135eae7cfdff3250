//! Networks and checkpoints as files: what was saved comes back, and anything else is an error.

mod checkpoint;
mod common;
mod damaged_model;
mod model;
mod other_programs;
