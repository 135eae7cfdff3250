//! Training that is killed, again and again and in the middle of writing, ends with the same bytes.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use backprop_trainer::formats::Checkpoint;
use backprop_trainer::tensor::Key;

/// Small steps and many checkpoints of a megabyte; a patience, so that they hold two networks.
const TRAIN: &str = "train --dataset sample --limit 150 --hidden 64,64 --epochs 25 --batch-size 60 \
                     --patience 25 --threads 2 --quiet --run-dir";

/// How a child comes to its end.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// So long after its start.
    After(Duration),
    /// While it writes for the `n`-th time that is noticed, when some bytes are there.
    InWrite(u32),
}

/// The counts of the kills.
#[derive(Debug, Default)]
struct Figures {
    runs: u32,
    kills: u32,
    /// Kills that left a temporary file behind.
    in_write: u32,
    /// Kills before the settings were written.
    before_settings: u32,
    /// Kills before the first checkpoint.
    before_checkpoint: u32,
}

/// All that must be the same in the end: model, history and checkpoint, timings aside.
#[derive(PartialEq)]
struct Outcome {
    model: Vec<u8>,
    history: Vec<String>,
    sections: Vec<(String, Vec<u8>)>,
}

fn start(folder: &Path, resume: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backprop"));
    if resume {
        command.args(["train", "--resume", "--quiet", "--run-dir"]);
    } else {
        command.args(TRAIN.split_whitespace());
    }
    command
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Runs to the end, undisturbed.
fn finish(folder: &Path, resume: bool) {
    let output = start(folder, resume).wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}

/// The temporary files of a run's folder, which is there or not.
fn temporaries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_temporary = |path: &PathBuf| path.extension().is_some_and(|end| end == "tmp");
    paths.filter(is_temporary).collect()
}

/// Waits until a file is being written, or the child has ended.
fn wait_for_write(child: &mut Child, folder: &Path) -> bool {
    loop {
        let mut files = temporaries(folder).into_iter();
        if files.any(|file| std::fs::metadata(file).is_ok_and(|file| file.len() > 0)) {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
}

/// Waits until nothing is being written, or the child has ended.
fn wait_for_pause(child: &mut Child, folder: &Path) {
    while !temporaries(folder).is_empty() && child.try_wait().unwrap().is_none() {}
}

/// Lets a child live until it is time; whether it was killed before it was done.
fn live_and_die(folder: &Path, resume: bool, kill: Kill) -> bool {
    let mut child = start(folder, resume);
    match kill {
        Kill::After(delay) => std::thread::sleep(delay),
        Kill::InWrite(times) => {
            for _ in 1..times {
                if wait_for_write(&mut child, folder) {
                    wait_for_pause(&mut child, folder);
                }
            }
            wait_for_write(&mut child, folder);
        }
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let code = output.status.code();
    let stderr = String::from_utf8_lossy(&output.stderr);
    // Killed, or done; nothing else.
    assert!(
        code.is_none() || code == Some(0),
        "{kill:?}: {code:?} {stderr}"
    );
    code.is_none()
}

fn outcome(folder: &Path) -> Outcome {
    let history = std::fs::read_to_string(folder.join("history.csv")).unwrap();
    let without_seconds = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
    let checkpoint = Checkpoint::load(folder.join("checkpoint"), 1 << 30).unwrap();
    let names = checkpoint.names().filter(|name| *name != "seconds");
    Outcome {
        model: std::fs::read(folder.join("model.safetensors")).unwrap(),
        history: history.lines().map(without_seconds).collect(),
        sections: names
            .map(|name| (name.to_owned(), checkpoint.require(name).unwrap().to_vec()))
            .collect(),
    }
}

/// Kills this number of times, in as many runs as that takes.
fn check(kills: u32) {
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("whole");
    let start = Instant::now();
    finish(&whole, false);
    let longest = start.elapsed();
    let expected = outcome(&whole);
    let names: Vec<&str> = expected.sections.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["best", "history", "moments", "network", "settings"]);
    assert_eq!(expected.history.len(), 26);

    let mut figures = Figures::default();
    let mut lives = 0;
    while figures.kills < kills {
        let folder = place.path().join(format!("run {}", figures.runs));
        figures.runs += 1;
        let mut was_killed = true;
        while was_killed && figures.kills < kills {
            let [draw, other, ..] = Key::new(7).random_block(lives);
            lives += 1;
            let kill = if other % 2 == 0 {
                // Mostly early, so that a run takes several kills.
                let share = f64::from(draw) / f64::from(u32::MAX);
                Kill::After(longest.mul_f64(share * share * 0.7))
            } else {
                Kill::InWrite(1 + draw % 9)
            };
            // As a user sees it: without settings there is nothing to go on with.
            let resume = folder.join("config.toml").exists();
            was_killed = live_and_die(&folder, resume, kill);
            figures.kills += u32::from(was_killed);
            if was_killed {
                figures.in_write += u32::from(!temporaries(&folder).is_empty());
                figures.before_settings += u32::from(!folder.join("config.toml").exists());
                let path = folder.join("checkpoint");
                figures.before_checkpoint += u32::from(!path.exists());
                if path.exists() {
                    Checkpoint::load(&path, 1 << 30).expect("a checkpoint is whole or not there");
                }
            }
        }
        if was_killed {
            finish(&folder, folder.join("config.toml").exists());
        }
        let found = outcome(&folder);
        let case = format!("run {} of {figures:?}", figures.runs);
        assert!(found.model == expected.model, "another model: {case}");
        assert!(found.history == expected.history, "another history: {case}");
        assert!(
            found.sections == expected.sections,
            "another checkpoint: {case}"
        );
        assert_eq!(
            temporaries(&folder),
            Vec::<PathBuf>::new(),
            "left over: {case}"
        );
    }
    println!("{figures:?}");
    let early = figures.before_settings > 0 && figures.before_checkpoint > 0;
    assert!(early || kills < 100, "none early: {figures:?}");
    assert!(
        figures.in_write * 10 >= kills,
        "too few in writes: {figures:?}"
    );
}

#[test]
fn killed_ten_times_training_ends_with_the_same_bytes() {
    check(10);
}

#[test]
#[ignore = "takes minutes"]
fn killed_a_hundred_and_fifty_times_training_ends_with_the_same_bytes() {
    check(150);
}

/// A run that was killed before it had settings is begun again in the same folder.
#[test]
fn what_a_killed_process_left_is_not_in_the_way_and_does_not_stay() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    std::fs::create_dir(&folder).unwrap();
    let left = folder.join(".backprop-x7Tq2a.tmp");
    std::fs::write(&left, "half of a che").unwrap();
    let note = folder.join("note.tmp");
    std::fs::write(&note, "mine").unwrap();
    let output = start(&folder, false).wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("is not empty"), "{stderr}");
    assert!(
        left.exists() && note.exists(),
        "a refused folder is as it was"
    );
    std::fs::remove_file(note).unwrap();
    finish(&folder, false);
    assert!(!left.exists());
}
