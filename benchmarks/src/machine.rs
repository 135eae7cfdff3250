//! The limits of this machine: multiply-adds from registers, bytes from memory, and messages
//! between two threads.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use backprop_trainer::tensor::{Pool, fma_peak_loop, with_best_simd};
use serde::Serialize;

/// Where the system does not tell its caches, as large as they are on most machines.
const L2_BYTES: usize = 512 << 10;
const L3_BYTES: usize = 32 << 20;

/// Measurements of which the best counts: nothing makes a loop faster than the machine is.
const REPEATS: usize = 7;

#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    /// Billions of f32 operations a second, a multiply-add counted as two, by number of threads.
    pub(crate) fma_gflops: BTreeMap<usize, f64>,
    /// Billions of bytes a second that one thread reads from half the second-level cache.
    pub(crate) l2_gb_s: f64,
    /// And from much more than the third-level cache holds.
    pub(crate) dram_gb_s: f64,
    /// Nanoseconds that a job takes in which two threads wait for each other and do nothing else:
    /// what a step of training pays each time that its work is split. `None` on one core.
    pub(crate) meeting_ns: Option<f64>,
}

impl Machine {
    pub(crate) fn measure(threads: &[usize]) -> Self {
        let counts = [1, 2].into_iter().chain(threads.iter().copied());
        let l2 = cache_bytes(2).unwrap_or(L2_BYTES);
        let l3 = cache_bytes(3).unwrap_or(L3_BYTES);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Machine {
            cpu: cpu_name(),
            cores,
            fma_gflops: counts.map(|count| (count, fma_gflops(count))).collect(),
            l2_gb_s: read_gb_s(l2 / 2),
            dram_gb_s: read_gb_s((4 * l3).clamp(64 << 20, 512 << 20)),
            meeting_ns: (cores > 1).then(meeting_ns),
        }
    }

    /// The peak of `threads` threads, in operations a second.
    pub(crate) fn peak(&self, threads: usize) -> f64 {
        self.fma_gflops
            .get(&threads)
            .map_or(f64::NAN, |peak| peak * 1e9)
    }
}

/// All threads begin together, and the last one to end counts.
fn fma_gflops(threads: usize) -> f64 {
    let rounds = 2_000_000;
    let once = || {
        let barrier = Barrier::new(threads);
        let one = || {
            fma_peak_loop(rounds / 10);
            barrier.wait();
            let start = Instant::now();
            let operations = fma_peak_loop(rounds);
            (operations as f64, start.elapsed().as_secs_f64())
        };
        let shares: Vec<(f64, f64)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| worker.join();
            workers
                .into_iter()
                .map(|worker| join(worker).expect("no panic"))
                .collect()
        });
        let operations: f64 = shares.iter().map(|(operations, _)| operations).sum();
        operations
            / shares
                .iter()
                .map(|(_, seconds)| *seconds)
                .fold(0.0, f64::max)
            / 1e9
    };
    (0..REPEATS).map(|_| once()).fold(0.0, f64::max)
}

/// Reads `bytes` bytes again and again, at least 64 MB each time.
fn read_gb_s(bytes: usize) -> f64 {
    let numbers = vec![1.0_f32; bytes / size_of::<f32>()];
    let passes = (64_usize << 20).div_ceil(bytes).max(1);
    let once = || {
        let start = Instant::now();
        for _ in 0..passes {
            black_box(sum(black_box(&numbers)));
        }
        (passes * bytes) as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    (0..REPEATS).map(|_| once()).fold(0.0, f64::max)
}

/// Two threads that meet, again and again.
fn meeting_ns() -> f64 {
    let (pool, meetings) = (Pool::new(2), 1000);
    let mut shares = [0_u8; 2];
    let once = || {
        let start = Instant::now();
        for _ in 0..meetings {
            let arrived = AtomicUsize::new(0);
            pool.par_split_always(1, [&mut shares], |_, _, _| {
                arrived.fetch_add(1, Ordering::SeqCst);
                while arrived.load(Ordering::SeqCst) < 2 {
                    std::hint::spin_loop();
                }
            });
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(meetings)
    };
    std::iter::repeat_with(once)
        .take(REPEATS)
        .fold(f64::INFINITY, f64::min)
}

/// Many sums side by side, so that adding takes no time beside reading.
fn sum(numbers: &[f32]) -> f32 {
    const LANES: usize = 128;
    with_best_simd(|| {
        let mut sums = [0.0; LANES];
        for chunk in numbers.chunks_exact(LANES) {
            for (sum, number) in sums.iter_mut().zip(chunk) {
                *sum += number;
            }
        }
        sums.iter().sum()
    })
}

/// The size of the first core's cache of this level, where Linux tells.
fn cache_bytes(level: u32) -> Option<usize> {
    let folder = "/sys/devices/system/cpu/cpu0/cache/index";
    let read = |index: u32, name: &str| std::fs::read_to_string(format!("{folder}{index}/{name}"));
    let is_it = |index: &u32| {
        let of = |name| read(*index, name).unwrap_or_default();
        of("level").trim() == level.to_string() && of("type").trim() != "Instruction"
    };
    let size = read((0..8).find(is_it)?, "size").ok()?;
    let kilobytes: usize = size.trim().strip_suffix('K')?.parse().ok()?;
    (kilobytes > 0).then_some(kilobytes << 10)
}

fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or(std::env::consts::ARCH, |(_, name)| name.trim())
        .to_string()
}
