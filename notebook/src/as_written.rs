//! `cargo xtask reproduce --as-written`: the notebook's mistakes, put back to see what they cost.
//!
//! They live here and in no library crate. `docs/notebook.md` explains each.

mod adam;
mod figures;
mod layers;
mod page;
mod program;

use std::time::Instant;

use anyhow::Result;
use backprop_report::Document;
use backprop_trainer::data::{Dataset, split_rows};
use backprop_trainer::search::parallel_map;
use backprop_trainer::tensor::Key;

use backprop_cli::common::Common;
use backprop_cli::progress;
use figures::{COST_SEEDS, Cost, Experiment, Printed, Report, SEEDS, Spread};
use program::{Kind, L2, Mistake, Outcome, Rates, Variant, run};

/// The dropout probability where the cost of the dropout is measured.
const DROPOUT: f64 = 0.1;

/// A row of the report: what is run, and under which name.
struct Row {
    name: String,
    variant: Variant,
    seeds: u64,
    outcomes: Vec<(u64, Outcome)>,
    seconds: f64,
}

impl Row {
    fn new(
        name: &str,
        kind: Kind,
        mistakes: &[Mistake],
        rates: Rates,
        dropout: f64,
        seeds: u64,
    ) -> Self {
        Row {
            name: name.to_string(),
            variant: Variant {
                kind,
                mistakes: mistakes.to_vec(),
                rates,
                dropout,
                l2: L2,
            },
            seeds,
            outcomes: Vec::new(),
            seconds: 0.0,
        }
    }

    /// The losses over the seeds, in their order whatever finished first.
    fn spread(&mut self) -> Spread {
        self.outcomes.sort_by_key(|(seed, _)| *seed);
        let outcomes = || self.outcomes.iter().map(|(_, outcome)| outcome);
        let losses: Vec<f64> = outcomes().filter_map(Outcome::last).collect();
        let mean = |values: &[f64]| {
            let sum: f64 = values.iter().sum();
            (!values.is_empty()).then(|| sum / values.len() as f64)
        };
        let validation: Vec<f64> = outcomes().filter_map(|o| o.validation_loss).collect();
        Spread {
            seeds: self.outcomes.len(),
            diverged: self.outcomes.len() - losses.len(),
            lowest_train_loss: losses.iter().copied().reduce(f64::min),
            train_loss: mean(&losses),
            highest_train_loss: losses.iter().copied().reduce(f64::max),
            validation_loss: mean(&validation),
        }
    }
}

/// Runs everything on the first 1,000 of `images`.
pub(crate) fn report(images: &Dataset<f32>, dataset: String, common: &Common) -> Result<Report> {
    let start = Instant::now();
    let images = images.limit(1000);
    let mut written = as_written();
    let mut one_only = one_only();
    let mut all_but_one = all_but_one();
    let all = written
        .iter_mut()
        .chain(&mut one_only)
        .chain(&mut all_but_one);
    work(all.collect(), &images, common)?;

    let experiments: Vec<Experiment> = written.iter_mut().map(experiment).collect();
    let mistakes: Vec<Cost> = one_only
        .iter_mut()
        .map(|row| {
            let same =
                |other: &&mut Row| other.name == row.name && other.variant.kind == row.variant.kind;
            Cost {
                mistake: row.name.clone(),
                optimizer: row.variant.kind.name(),
                mended: all_but_one.iter_mut().find(same).map(Row::spread),
                alone: row.spread(),
            }
        })
        .collect();
    Ok(Report {
        dataset,
        threads: common.threads(),
        seconds: start.elapsed().as_secs_f64(),
        experiments,
        mistakes,
    })
}

/// The tables on the terminal.
pub(crate) fn print(report: &Report) {
    page::print(report);
}

/// The page of the figures.
pub(crate) fn document(report: &Report) -> Document {
    page::document(report)
}

/// All mistakes, the notebook's settings, for several values of the two that are not known: the
/// dropout, and the L2 penalty, which only Nesterov has.
fn as_written() -> Vec<Row> {
    let row = |kind: Kind, dropout: f64, l2: f64| {
        let name = match l2 == L2 {
            true => format!("{}, dropout {dropout}", kind.name()),
            false => format!("{}, dropout {dropout}, L2 {l2}", kind.name()),
        };
        let mut row = Row::new(&name, kind, &Mistake::ALL, Rates::Notebook, dropout, SEEDS);
        row.variant.l2 = l2;
        row
    };
    let by_dropout = [0.0, 0.02, DROPOUT].into_iter().flat_map(|dropout| {
        let of_kind = move |kind| row(kind, dropout, L2);
        Kind::ALL.into_iter().map(of_kind)
    });
    let by_l2 = [0.0, 1e-3, 1e-2].map(|l2| row(Kind::Nesterov, 0.0, l2));
    by_dropout.chain(by_l2).collect()
}

/// Right code at sensible rates, and with one mistake at a time.
fn one_only() -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let mut add = |name: &str, mistakes: &[Mistake], dropout| {
            let seeds = COST_SEEDS;
            rows.push(Row::new(
                name,
                kind,
                mistakes,
                Rates::Sensible,
                dropout,
                seeds,
            ));
        };
        add("no mistake", &[], 0.0);
        add("no mistake, dropout 0.1", &[], DROPOUT);
        for mistake in Mistake::ALL
            .into_iter()
            .filter(|mistake| mistake.concerns(kind))
        {
            let dropout = if mistake == Mistake::Dropout {
                DROPOUT
            } else {
                0.0
            };
            add(mistake.name(), &[mistake], dropout);
        }
    }
    rows
}

/// The notebook's settings with all mistakes but one, and with none of them.
fn all_but_one() -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let mut add = |name: &str, mistakes: &[Mistake], dropout| {
            let seeds = COST_SEEDS;
            rows.push(Row::new(
                name,
                kind,
                mistakes,
                Rates::Notebook,
                dropout,
                seeds,
            ));
        };
        add("no mistake", &[], 0.0);
        add("no mistake, dropout 0.1", &[], DROPOUT);
        for mistake in Mistake::ALL
            .into_iter()
            .filter(|mistake| mistake.concerns(kind))
        {
            let rest: Vec<Mistake> = Mistake::ALL
                .into_iter()
                .filter(|other| *other != mistake)
                .collect();
            let dropout = if mistake == Mistake::Dropout {
                DROPOUT
            } else {
                0.0
            };
            add(mistake.name(), &rest, dropout);
        }
    }
    rows
}

/// Runs every row with every one of its seeds, side by side.
fn work(mut rows: Vec<&mut Row>, images: &Dataset<f32>, common: &Common) -> Result<()> {
    let jobs: Vec<(usize, u64)> = rows
        .iter()
        .enumerate()
        .flat_map(|(index, row)| (0..row.seeds).map(move |seed| (index, seed)))
        .collect();
    let variants: Vec<Variant> = rows.iter().map(|row| row.variant.clone()).collect();
    let bar = progress::bar("runs {pos}/{len} {bar:30}  {eta} left", common.quiet);
    bar.set_length(jobs.len() as u64);
    let first = common.seed.unwrap_or(0);
    let job = |&(index, seed): &(usize, u64)| {
        let (start, seed) = (Instant::now(), first.wrapping_add(seed));
        let key = Key::new(seed).derive("split", 0);
        let (train, validation) = split_rows(images.len(), 0.2, key)?;
        let data = (images.select(&train), images.select(&validation));
        let outcome = run(&variants[index], &data, seed)?;
        Ok((outcome, start.elapsed().as_secs_f64()))
    };
    parallel_map(common.threads(), &jobs, job, |&(index, seed), result| {
        let (outcome, seconds) = result.map_err(|error: anyhow::Error| error)?;
        rows[index].outcomes.push((seed, outcome));
        rows[index].seconds += seconds;
        bar.inc(1);
        anyhow::Ok(())
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn experiment(row: &mut Row) -> Experiment {
    let [_, train_loss] = row.variant.kind.printed();
    Experiment {
        name: row.name.clone(),
        dropout: row.variant.dropout,
        l2: row.variant.l2,
        notebook: Printed {
            train_loss,
            validation_loss: None,
        },
        ours: row.spread(),
        seconds: row.seconds / row.seeds as f64,
    }
}
