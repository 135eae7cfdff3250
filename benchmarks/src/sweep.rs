//! Training at many sizes: steps of every batch size and width, on MNIST and on dense input.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::tensor::Pool;
use serde::Serialize;

use super::jobs::{Backprop, INPUTS, Network, OUTPUTS, dense_inputs, median, training_flops};
use super::machine::Machine;
use super::peer::{Installed, Peer};
use super::peers::{PAUSE, build};
use super::{Data, Plan};
use backprop_cli::output::{say, threads as on};

const BATCHES: [usize; 5] = [1, 8, 50, 128, 512];
const WIDTHS: [usize; 4] = [32, 128, 512, 2048];

/// The time that one measurement may take at half the machine's peak.
const SECONDS: f64 = 0.15;
const MAX_STEPS: usize = 1000;
const MIN_STEPS: usize = 3;
const REPEATS: usize = 3;

/// The peers of the sweep.
pub(crate) const PEERS: [&str; 3] = ["jax", "torch", "numpy"];

/// Slower than another by more than this counts as slower.
pub(crate) const MARGIN: f64 = 1.15;

/// Two hidden layers of one width, trained by gradient descent.
#[derive(Serialize)]
pub(crate) struct Cell {
    /// `mnist`, or `dense`: random input without zeros.
    pub(crate) data: &'static str,
    pub(crate) batch: usize,
    pub(crate) width: usize,
    pub(crate) threads: usize,
    /// The median seconds of a step.
    pub(crate) seconds: f64,
    pub(crate) gflops: f64,
    pub(crate) times_dense_limit: f64,
    /// The median seconds of a step of each peer.
    pub(crate) peers: BTreeMap<&'static str, f64>,
}

impl Cell {
    /// Ours over those of the best peer.
    pub(crate) fn against_best(&self) -> Option<f64> {
        let best = self.peers.values().copied().min_by(f64::total_cmp);
        best.map(|best| self.seconds / best)
    }
}

/// Measures all cells; with libraries, in turn with those of them that belong to the sweep.
pub(crate) fn measure(
    libraries: &[Installed],
    data: &Data,
    machine: &Machine,
    plan: &Plan,
) -> Result<Vec<Cell>> {
    let dense = dense_copy(data)?;
    let mut cells = Vec::new();
    for &threads in &plan.threads {
        let pool = Arc::new(Pool::new(threads));
        let mut peers = Vec::new();
        for library in libraries
            .iter()
            .filter(|library| PEERS.contains(&library.name))
        {
            match Peer::start(library, threads, &data.images()?, data.train.len()) {
                Ok(peer) => peers.push(peer),
                Err(error) => eprintln!("{} is left out of the sweep: {error:#}", library.name),
            }
        }
        for (name, train) in [("mnist", &data.train), ("dense", &dense)] {
            for batch in BATCHES {
                for width in WIDTHS {
                    let network = Network {
                        hidden: vec![width; 2],
                        batch,
                        adam: false,
                        rate: 0.01,
                    };
                    let cell = cell(name, train, &network, &pool, machine, plan, &mut peers)?;
                    if !plan.quiet {
                        say!("{}", line(&cell));
                    }
                    cells.push(cell);
                }
            }
        }
        for peer in peers {
            peer.end()?;
        }
    }
    Ok(cells)
}

fn cell(
    name: &'static str,
    train: &Dataset<f32>,
    network: &Network,
    pool: &Arc<Pool>,
    machine: &Machine,
    plan: &Plan,
    peers: &mut Vec<Peer>,
) -> Result<Cell> {
    let (batch, width, threads) = (network.batch, network.hidden[0], pool.threads());
    let flops = training_flops(&network.widths());
    let steps = steps(flops * batch as f64, machine.peak(1), train.len() / batch);
    let train = train.limit(steps * batch);
    let mut ours = Backprop::new(network, pool, plan.seed)?;
    ours.epoch(&train)?; // warms up
    let mut times = Vec::new();
    let mut their_times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    // One that fails is dropped, and its process with it.
    let keep = |peers: &mut Vec<Peer>, work: &mut dyn FnMut(&mut Peer) -> Result<()>| {
        peers.retain_mut(|peer| match work(peer) {
            Ok(()) => true,
            Err(error) => {
                eprintln!("{} leaves the sweep: {error:#}", peer.name);
                false
            }
        });
    };
    keep(peers, &mut |peer| {
        peer.ask(&build(network, name == "dense"))?;
        peer.train(steps).map(|_| ())
    });
    for _ in 0..plan.repeats.min(REPEATS) {
        std::thread::sleep(PAUSE);
        times.push(ours.epoch(&train)? / steps as f64);
        keep(peers, &mut |peer| {
            std::thread::sleep(PAUSE);
            let seconds = peer.train(steps)? / steps as f64;
            their_times.entry(peer.name).or_default().push(seconds);
            Ok(())
        });
    }
    let seconds = median(times);
    let flops = flops * batch as f64;
    Ok(Cell {
        data: name,
        batch,
        width,
        threads,
        seconds,
        gflops: flops / seconds / 1e9,
        times_dense_limit: seconds * machine.peak(threads) / flops,
        peers: their_times
            .into_iter()
            .map(|(name, times)| (name, median(times)))
            .collect(),
    })
}

/// As many steps as the time for a cell lets, and as there are rows for.
fn steps(flops: f64, peak: f64, most: usize) -> usize {
    let steps = (SECONDS * 0.5 * peak / flops) as usize;
    steps.clamp(MIN_STEPS, MAX_STEPS).min(most).max(1)
}

/// The rows and classes with random elements, none of them zero, for pixels.
fn dense_copy(data: &Data) -> Result<Dataset<f32>> {
    let rows = data.train.len();
    let values = dense_inputs(rows, 1).into_raw_vec_and_offset().0;
    let labels = (0..rows).map(|row| (row % OUTPUTS) as u32).collect();
    let labels = Targets::Classes {
        labels,
        num_classes: OUTPUTS,
    };
    Ok(Dataset::from_values(INPUTS, values, labels)?)
}

fn line(cell: &Cell) -> String {
    let Cell {
        data,
        batch,
        width,
        threads,
        seconds,
        gflops,
        ..
    } = cell;
    let peers: Vec<String> = cell
        .peers
        .iter()
        .map(|(name, s)| format!("{name} x{:.2}", s / seconds))
        .collect();
    format!(
        "{data:<6} batch {batch:>4}, width {width:>5}, {}: {:>10.1} us a step, \
         {gflops:>6.1} GFLOP/s  {}",
        on(*threads),
        seconds * 1e6,
        peers.join(", ")
    )
}

/// The summary of the sweep in two sentences.
pub(crate) fn summary(cells: &[Cell]) -> Vec<String> {
    let name = |cell: &Cell| {
        let Cell {
            data,
            batch,
            width,
            threads,
            ..
        } = cell;
        format!("{data}, batch {batch}, width {width}, {}", on(*threads))
    };
    let mut sentences = Vec::new();
    let against: Vec<(f64, &Cell)> = cells
        .iter()
        .filter_map(|cell| Some((cell.against_best()?, cell)))
        .collect();
    if let Some((worst, cell)) = against.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
        let slower = against.iter().filter(|(ratio, _)| *ratio > MARGIN).count();
        sentences.push(format!(
            "Cells slower than the best peer by more than {:.0} %: {slower} of {}; the worst takes \
             {worst:.2} times its seconds ({}).",
            100.0 * (MARGIN - 1.0),
            against.len(),
            name(cell)
        ));
    }
    let fewer = |cell: &&Cell| {
        cells.iter().find(|other| {
            (other.data, other.batch, other.width) == (cell.data, cell.batch, cell.width)
                && other.threads == 1
        })
    };
    let more: Vec<(f64, &Cell)> = cells
        .iter()
        .filter(|cell| cell.threads > 1)
        .filter_map(|cell| Some((cell.seconds / fewer(&cell)?.seconds, cell)))
        .collect();
    if let Some((worst, cell)) = more.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
        let slower = more.iter().filter(|(ratio, _)| *ratio > MARGIN).count();
        sentences.push(format!(
            "Slower on more threads than on one by more than {:.0} %: {slower} of {}; the worst \
             takes {worst:.2} times as long ({}).",
            100.0 * (MARGIN - 1.0),
            more.len(),
            name(cell)
        ));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(threads: usize, seconds: f64, peers: &[(&'static str, f64)]) -> Cell {
        Cell {
            data: "mnist",
            batch: 8,
            width: 32,
            threads,
            seconds,
            gflops: 1.0,
            times_dense_limit: 1.0,
            peers: peers.iter().copied().collect(),
        }
    }

    #[test]
    fn a_cell_is_held_against_the_best_peer() {
        let ours = cell(1, 2.0, &[("jax", 4.0), ("numpy", 1.0)]);
        assert_eq!(ours.against_best(), Some(2.0));
        assert_eq!(cell(1, 2.0, &[]).against_best(), None);
        let sentences = summary(&[ours, cell(2, 2.4, &[("jax", 2.4)])]);
        assert!(
            sentences[0].contains("by more than 15 %: 1 of 2; the worst takes"),
            "{sentences:?}"
        );
        assert!(sentences[0].contains("2.00 times its seconds (mnist, batch 8"));
        assert!(sentences[1].contains("1.20 times as long"), "{sentences:?}");
        assert!(summary(&[cell(1, 1.0, &[])]).is_empty());
    }

    #[test]
    fn a_cell_has_at_least_a_step_and_at_most_what_there_is() {
        assert_eq!(steps(1e5, 1e11, 48_000), MAX_STEPS);
        assert_eq!(steps(1e10, 1e11, 93), MIN_STEPS);
        assert_eq!(steps(1e10, 1e11, 2), 2);
        assert_eq!(steps(1e8, 1e11, 375), 75);
    }
}
