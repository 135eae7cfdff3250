//! Figures that others have published for jobs D, E and F, on machines of their own.

use super::jobs::Measured;
use super::machine::Machine;
use super::table::{Table, time};

/// Rows of an epoch of D, in the published figures.
const D_ROWS: f64 = 10e6;

/// A published figure.
struct Published {
    job: &'static str,
    library: &'static str,
    machine: &'static str,
    threads: usize,
    seconds: f64,
}

/// The benchmark page of OpenNN (2025), and the pages of SimpleChains.jl.
const PUBLISHED: [Published; 5] = [
    Published {
        job: "D",
        library: "OpenNN (2025)",
        machine: "i9-12900K",
        threads: 16,
        seconds: 138.8,
    },
    Published {
        job: "D",
        library: "PyTorch, by OpenNN",
        machine: "i9-12900K",
        threads: 16,
        seconds: 215.6,
    },
    Published {
        job: "E",
        library: "SimpleChains.jl",
        machine: "18 AVX-512 cores",
        threads: 18,
        seconds: 41e-6,
    },
    Published {
        job: "E",
        library: "SimpleChains.jl",
        machine: "4 laptop cores",
        threads: 4,
        seconds: 164e-6,
    },
    Published {
        job: "F",
        library: "SimpleChains.jl",
        machine: "not named",
        threads: 1,
        seconds: 5.66e-6,
    },
];

/// Jobs D, E and F, ours and the published figures: D for 10 million rows, E for an epoch, F for a
/// gradient.
pub(crate) fn table(jobs: &[Measured], machine: &Machine) -> Table {
    let title = "Beside published figures: D for 10 million rows, E an epoch, F a gradient; each on \
                 the machine that it names";
    let columns = [
        "job",
        "library",
        "machine",
        "threads",
        "time",
        "core-seconds",
    ];
    let mut table = Table::new(title, &columns);
    let mut push = |job: &str, library: &str, machine: &str, threads: usize, seconds: f64| {
        table.rows.push(vec![
            job.to_string(),
            library.to_string(),
            machine.to_string(),
            threads.to_string(),
            time(seconds),
            time(seconds * threads as f64),
        ]);
    };
    for name in ["D", "E", "F"] {
        for job in jobs.iter().filter(|job| job.job == name) {
            let seconds = match name {
                "D" => D_ROWS / job.per_second,
                _ => job.seconds,
            };
            push(name, "backprop", &machine.cpu, job.threads, seconds);
        }
        for found in PUBLISHED.iter().filter(|found| found.job == name) {
            let Published {
                library, machine, ..
            } = found;
            push(name, library, machine, found.threads, found.seconds);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_stand_before_what_is_published() {
        let machine = Machine {
            cpu: "here".to_string(),
            cores: 2,
            fma_gflops: [(2, 100.0)].into(),
            l2_gb_s: 0.0,
            dram_gb_s: 0.0,
            meeting_ns: None,
        };
        // 200,000 rows in 2 seconds are 10 million in 100.
        let jobs = [Measured::new("D", 2, 2.0, 200_000, 1.0, &machine)];
        let table = table(&jobs, &machine);
        assert_eq!(table.rows.len(), 6);
        let ours = ["D", "backprop", "here", "2", "100.0 s", "200.0 s"];
        assert_eq!(table.rows[0], ours);
        assert_eq!(table.rows[1][5], "2220.8 s");
        assert_eq!(table.rows[4][5], "656.00 us");
    }
}
