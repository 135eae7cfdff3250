//! Training at many sizes: steps of every batch size and width, on MNIST and on dense input.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use backprop_trainer::data::{Dataset, Targets};
use backprop_trainer::tensor::Pool;
use serde::Serialize;
use serde_json::Value;

use super::jobs::{Backprop, INPUTS, Network, OUTPUTS, dense_inputs, median, training_flops};
use super::library::Installed;
use super::machine::Machine;
use super::peer::{Peer, Start};
use super::peers::{Turns, build};
use super::plan::{Data, Plan};
use backprop_cli::output::{say, threads as on};

const BATCHES: [usize; 5] = [1, 8, 50, 128, 512];
const WIDTHS: [usize; 4] = [32, 128, 512, 2048];

/// The time that one measurement may take at half the machine's peak.
const SECONDS: f64 = 0.12;
const MAX_STEPS: usize = 1000;
const MIN_STEPS: usize = 3;
const REPEATS: usize = 3;

/// The peers of the sweep.
pub(crate) const PEERS: [&str; 3] = ["jax", "torch", "numpy"];

/// Slower than another by more than this counts as slower.
pub(crate) const MARGIN: f64 = 1.05;

/// Hidden layers of one width, trained on images by gradient descent, on tables by Adam.
#[derive(Serialize)]
pub(crate) struct Cell {
    /// `mnist`; `dense`, random input without zeros; `table` and `table f64`.
    pub(crate) data: &'static str,
    /// The widths of the input and of all layers: `784-32-32-10`.
    pub(crate) network: String,
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
        let images = data.images();
        let mut peers = match &images {
            Ok(images) => start(libraries, &Start::images(threads, images, data.train.len())),
            // Then there are no libraries either.
            Err(_) => Vec::new(),
        };
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

/// Starts the libraries that belong to the sweep.
pub(crate) fn start(libraries: &[Installed], start: &Start<'_>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for library in libraries
        .iter()
        .filter(|library| PEERS.contains(&library.name))
    {
        match Peer::start(library, start) {
            Ok(peer) => peers.push(peer),
            Err(error) => eprintln!("{} is left out of the sweep: {error:#}", library.name),
        }
    }
    peers
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
    let (batch, widths) = (network.batch, network.widths());
    let flops = training_flops(&widths) * batch as f64;
    let most = (train.len() / batch).min(MAX_STEPS);
    let steps = steps(flops, machine.peak(1), most);
    let train = train.limit(steps * batch);
    let mut ours = Backprop::new(network, pool, plan.seed)?;
    let mut we = || ours.epoch(&train);
    let point = Point {
        data: name,
        widths,
        batch,
        steps,
        times_f32: 1.0,
    };
    let command = build(network, name == "dense");
    point.measure(&mut we, &command, peers, pool, machine, plan)
}

/// A cell that is not measured yet.
pub(crate) struct Point {
    pub(crate) data: &'static str,
    /// Of the input and of all layers.
    pub(crate) widths: Vec<usize>,
    pub(crate) batch: usize,
    /// Steps in one measurement.
    pub(crate) steps: usize,
    /// How many times as long the multiply-adds take at the peak as those of f32.
    pub(crate) times_f32: f64,
}

impl Point {
    /// Measures us, whose seconds for all steps `ours` gives, in turn with the peers, which
    /// `command` makes the network for.
    pub(crate) fn measure(
        self,
        ours: &mut dyn FnMut() -> Result<f64>,
        command: &Value,
        peers: &mut Vec<Peer>,
        pool: &Pool,
        machine: &Machine,
        plan: &Plan,
    ) -> Result<Cell> {
        let (steps, threads) = (self.steps, pool.threads());
        ours()?; // warms up
        let mut times = Vec::new();
        let mut their_times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        keep(peers, &mut |peer| {
            peer.ask(command)?;
            peer.train(steps).map(|_| ())
        });
        let turns = Turns::new(threads, plan.repeats.min(REPEATS));
        for _ in 0..turns.rounds {
            std::thread::sleep(turns.pause);
            times.push(ours()? / steps as f64);
            keep(peers, &mut |peer| {
                std::thread::sleep(turns.pause);
                let seconds = peer.train(steps)? / steps as f64;
                their_times.entry(peer.name).or_default().push(seconds);
                Ok(())
            });
        }
        let seconds = median(times);
        let flops = training_flops(&self.widths) * self.batch as f64;
        let names: Vec<String> = self.widths.iter().map(usize::to_string).collect();
        Ok(Cell {
            data: self.data,
            network: names.join("-"),
            batch: self.batch,
            width: self.widths[1],
            threads,
            seconds,
            gflops: flops / seconds / 1e9,
            times_dense_limit: seconds * machine.peak(threads) / (flops * self.times_f32),
            peers: their_times
                .into_iter()
                .map(|(name, times)| (name, median(times)))
                .collect(),
        })
    }
}

/// Lets all peers work. One that fails is dropped, and its process with it.
fn keep(peers: &mut Vec<Peer>, work: &mut dyn FnMut(&mut Peer) -> Result<()>) {
    peers.retain_mut(|peer| match work(peer) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("{} leaves the sweep: {error:#}", peer.name);
            false
        }
    });
}

/// As many steps as the time for a cell lets, and as there are rows for.
pub(crate) fn steps(flops: f64, peak: f64, most: usize) -> usize {
    let steps = (SECONDS * 0.5 * peak / flops) as usize;
    steps.max(MIN_STEPS).min(most).max(1)
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

pub(crate) fn line(cell: &Cell) -> String {
    let Cell {
        data,
        network,
        batch,
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
        "{data:<9} {network:<16} batch {batch:>3}, {}: {:>10.1} us a step, \
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
            network,
            batch,
            threads,
            ..
        } = cell;
        format!("{data}, {network}, batch {batch}, {}", on(*threads))
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
            (other.data, other.batch, &other.network) == (cell.data, cell.batch, &cell.network)
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
            network: "784-32-32-10".to_string(),
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
            sentences[0].contains("by more than 5 %: 1 of 2; the worst takes"),
            "{sentences:?}"
        );
        assert!(sentences[0].contains("2.00 times its seconds (mnist, 784-32-32-10, batch 8"));
        assert!(sentences[1].contains("1.20 times as long"), "{sentences:?}");
        assert!(summary(&[cell(1, 1.0, &[])]).is_empty());
    }

    #[test]
    fn a_cell_has_at_least_a_step_and_at_most_what_there_is() {
        assert_eq!(steps(1e5, 1e11, 1000), 1000);
        assert_eq!(steps(1e10, 1e11, 93), MIN_STEPS);
        assert_eq!(steps(1e10, 1e11, 2), 2);
        assert_eq!(steps(1e8, 1e11, 375), 60);
    }
}
