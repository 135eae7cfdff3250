//! The flags that every command takes.

use std::sync::Arc;

use backprop_trainer::tensor::Pool;
use clap::Args;

/// The flags that every command takes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Seed of everything random: initial weights, shuffling, dropout, the split [default: 0]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Threads to work on; no result depends on it [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

impl Common {
    /// The number of threads to work on.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }

    /// A pool of [`threads`](Self::threads) threads.
    pub fn pool(&self) -> Arc<Pool> {
        Arc::new(Pool::new(self.threads()))
    }
}
