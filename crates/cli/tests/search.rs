//! `cargo xtask search` as a user types it: the same table for any number of threads, and after any
//! kill.

mod common;

use common::{Place, sentence};
use serde_json::Value;

/// A search of a second or so; sometimes a rate is so high that training diverges.
const SHORT: &str = "search --dataset sample --limit 300 --hidden 16 --dropout 0 --optimizer sgd \
                     --schedule constant --epochs 4 --quiet";

impl Place {
    /// Runs what must fail with one line; gives the line.
    fn fails(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let stderr = sentence(line, &output);
        assert_eq!(stderr.lines().count(), 1, "{line}: {stderr}");
        stderr
    }

    /// The table of a search without its last column, the seconds.
    fn table(&self, run: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join(run).join("search.csv")).unwrap();
        let lines = text.lines().map(|line| line.rsplit_once(',').unwrap());
        lines.map(|(line, _)| line.to_string()).collect()
    }

    /// `search.json` without timings and the number of threads.
    fn results(&self, run: &str) -> Value {
        let mut results = self.json(&format!("{run}/search.json"));
        let fields = results.as_object_mut().unwrap();
        fields.remove("seconds");
        fields.remove("threads");
        fields["best"]
            .as_object_mut()
            .map(|best| best.remove("seconds"));
        for trial in fields["trials"].as_array_mut().unwrap() {
            trial.as_object_mut().unwrap().remove("seconds");
        }
        results
    }
}

#[test]
fn any_number_of_threads_gives_the_same_table() {
    let place = Place::new();
    for (name, flags) in [
        ("plain", "--trials 8"),
        ("folded", "--trials 5 --folds 3"),
        (
            "halved",
            "--trials 8 --halving --folds 2 --search optimizer=sgd|adam --search l2=1e-6..1e-2 \
             --search hidden=8|16,8",
        ),
    ] {
        let line = SHORT
            .replace("--optimizer sgd", "")
            .replace("--hidden 16", "");
        let line = if name == "halved" { &line } else { SHORT };
        for threads in [1, 2, 3] {
            let run = format!("{name}-{threads}");
            place.succeeds(&format!(
                "{line} {flags} --threads {threads} --run-dir {run}"
            ));
            assert_eq!(place.table(&run), place.table(&format!("{name}-1")));
            assert_eq!(place.results(&run), place.results(&format!("{name}-1")));
        }
    }
}

#[test]
fn the_first_trials_of_a_longer_search_are_those_of_a_shorter_one() {
    let place = Place::new();
    place.succeeds(&format!("{SHORT} --trials 3 --run-dir three"));
    place.succeeds(&format!("{SHORT} --trials 6 --run-dir six"));
    place.succeeds(&format!("{SHORT} --trials 3 --seed 1 --run-dir other"));
    let (three, six) = (place.table("three"), place.table("six"));
    assert_eq!((three.len(), six.len()), (4, 7));
    assert_eq!(three[..], six[..4]);
    assert_ne!(three, place.table("other"));
}

#[test]
fn a_trial_that_diverges_is_recorded_and_the_search_goes_on() {
    let place = Place::new();
    let flags = "--search learning-rate=1e30|0.05 --trials 6 --run-dir run --report report.json";
    place.succeeds(&format!("{SHORT} {flags}"));
    let report = place.json("report.json");
    let trials = report["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 6);
    let (mut diverged, mut whole) = (0, 0);
    for trial in trials {
        let is_high = trial["learning_rate"] == 1e30;
        assert_eq!(trial["diverged"], is_high, "{trial}");
        assert_eq!(trial["validation_loss"].is_null(), is_high, "{trial}");
        *if is_high { &mut diverged } else { &mut whole } += 1;
    }
    assert!(diverged > 0 && whole > 0, "{report}");
    assert_eq!(report["best"]["learning_rate"], 0.05);

    place.succeeds(&format!(
        "{SHORT} --search learning-rate=1e30 --trials 2 --run-dir none"
    ));
    assert!(place.json("none/search.json")["best"].is_null());
}

/// The printed flags can be pasted, and train to the same loss.
#[test]
fn the_best_settings_train_as_the_trial_did() {
    let place = Place::new();
    let search = "search --dataset sample --limit 300 --epochs 3 --trials 4 --seed 5 \
                  --search hidden=8|16,8 --search optimizer=sgd|adam|nesterov --momentum 0.8 \
                  --search dropout=0..0.3 --search batch-size=8..64 --patience 2 --run-dir run";
    let stdout = place.succeeds(search);
    let command = stdout.lines().last().unwrap();
    let best = &place.json("run/search.json")["best"];
    assert_eq!(best["command"], command);
    let train = command.strip_prefix("backprop ").unwrap();
    place.succeeds(&format!(
        "{train} --run-dir train --report train.json --quiet"
    ));
    let report = place.json("train.json");
    let epochs = report["epochs"].as_array().unwrap();
    let in_place = report["best_epoch"].as_u64().unwrap() as usize;
    assert_eq!(
        epochs[in_place - 1]["validation_loss"],
        best["validation_loss"]
    );
}

#[test]
fn halving_lets_the_better_half_go_on_and_changes_no_figure() {
    let place = Place::new();
    place.succeeds(&format!("{SHORT} --trials 8 --run-dir all"));
    place.succeeds(&format!("{SHORT} --trials 8 --halving --run-dir halved"));
    let (all, halved) = (place.results("all"), place.results("halved"));
    let rungs: Vec<(u64, u64)> = halved["rungs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rung| {
            (
                rung["trials"].as_u64().unwrap(),
                rung["epochs"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rungs, [(8, 1), (4, 2), (2, 4)]);
    let trials = |results: &Value| results["trials"].as_array().unwrap().clone();
    let mut to_epoch = [0; 5];
    for (whole, trial) in trials(&all).iter().zip(trials(&halved)) {
        assert_eq!(trial["learning_rate"], whole["learning_rate"]);
        to_epoch[trial["epochs"].as_u64().unwrap() as usize] += 1;
        if trial["epochs"] == 4 {
            assert_eq!(trial["validation_loss"], whole["validation_loss"]);
        }
    }
    assert_eq!(to_epoch[4], 2);
    assert!(!place.path().join("halved/checkpoints").exists());
}

#[test]
fn flags_that_make_no_sense_are_refused_in_one_sentence() {
    let place = Place::new();
    for (flags, expected) in [
        (
            "--search learning-rate=10..1",
            "the lower end of a range is 10",
        ),
        ("--search learning-rate=0..1", "must be above 0"),
        (
            "--search learning-rate=a..b",
            "expected a finite number, found \"a\"",
        ),
        (
            "--search learning-rate",
            "expected NAME=LOW..HIGH or NAME=A|B|C",
        ),
        ("--search hidden=", "there are no values"),
        ("--search hidden=64|", "expected widths"),
        ("--search optimizer=lamb", "found \"lamb\""),
        ("--search depth=1|2", "\"depth\" cannot be searched for"),
        ("--search l2=1|2 --search l2=3", "l2 is searched for twice"),
        ("--learning-rate 0.1", "learning-rate is searched for"),
        ("--search hidden=8|16 --hidden 8", "leave one out"),
        ("--search dropout=0.5|1", "--dropout is 1"),
        ("--search learning-rate=-1|-2", "--learning-rate is -"),
        ("--trials 0", "--trials is 0"),
        ("--folds 1", "--folds is 1"),
        ("--folds 500 --limit 300", "--folds is 500"),
        (
            "--momentum 0.9 --optimizer adam",
            "--momentum belongs to nesterov",
        ),
        ("--epochs 0", "--epochs is 0"),
        ("--resume", "--resume needs --run-dir"),
    ] {
        let run = if flags == "--resume" {
            ""
        } else {
            "--run-dir run"
        };
        let error = place.fails(&format!("search --dataset sample {flags} {run}"));
        assert!(error.contains(expected), "{flags}: {error}");
        assert!(
            !place.path().join("run").exists(),
            "{flags} leaves a folder"
        );
    }
    let error = place.fails("search --resume --run-dir none");
    assert!(
        error.contains("none is not the folder of a search"),
        "{error}"
    );
}

#[test]
fn a_search_goes_on_with_its_own_settings_only() {
    let place = Place::new();
    place.succeeds(&format!("{SHORT} --trials 2 --run-dir run"));
    let before = place.results("run");
    let error = place.fails(&format!("{SHORT} --trials 2 --run-dir run"));
    assert!(error.contains("not empty; add --resume"), "{error}");
    let error = place.fails("search --resume --run-dir run --trials 3");
    assert!(error.contains("--trials 3 cannot be resumed"), "{error}");
    let error = place.fails("search --resume --run-dir run --seed 3");
    assert!(error.contains("--seed 3 cannot be resumed"), "{error}");
    place.succeeds("search --resume --run-dir run --threads 2 --quiet");
    assert_eq!(place.results("run"), before);
}

#[cfg(unix)]
mod killed {
    use std::time::{Duration, Instant};

    use super::*;

    /// Kills the search again and again, each time a little later, until it gets through.
    fn kill_and_go_on(place: &Place, line: &str, run: &str, step: Duration) -> u32 {
        for kills in 0.. {
            let resume = if kills == 0 { "" } else { "--resume" };
            let start = Instant::now();
            let mut child = place
                .command(&format!("{line} {resume} --run-dir {run}"))
                .spawn()
                .unwrap();
            while start.elapsed() < step * (kills + 1) {
                if let Some(status) = child.try_wait().unwrap() {
                    assert!(status.success());
                    return kills;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            // SIGKILL.
            child.kill().unwrap();
            child.wait().unwrap();
        }
        unreachable!()
    }

    #[test]
    fn a_search_of_30_trials_killed_at_any_moment_ends_with_the_same_table() {
        let place = Place::new();
        for (name, flags) in [
            ("plain", "--trials 30 --threads 2"),
            ("halved", "--trials 30 --threads 2 --halving --folds 2"),
        ] {
            let line = format!("{SHORT} {flags}");
            let start = Instant::now();
            place.succeeds(&format!("{line} --run-dir {name}-whole"));
            // However fast the machine: 1 + 2 + ... + 6 of these steps are less than the whole.
            let step = start.elapsed() / 25;
            let run = format!("{name}-cut");
            let kills = kill_and_go_on(&place, &line, &run, step);
            assert!(kills > 3, "{kills} kills");
            let whole = format!("{name}-whole");
            assert_eq!(place.table(&run).len(), 31);
            assert_eq!(place.table(&run), place.table(&whole));
            assert_eq!(place.results(&run), place.results(&whole));
            // Nothing is left of what was being written.
            let names = |run: &str| {
                let mut names: Vec<_> = std::fs::read_dir(place.path().join(run))
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name())
                    .collect();
                names.sort();
                names
            };
            assert_eq!(names(&run), names(&whole));
        }
    }
}
