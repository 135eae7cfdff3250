//! Processes that run at the same time: each has a folder of its own, and a folder has one writer.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{Place, sentence};

/// Processes that are started at once.
const PROCESSES: u64 = 6;

/// Starts a command and does not wait for it.
fn start(place: &Place, line: &str) -> Child {
    let mut command = place.command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The folders below `runs`, in order.
fn runs(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.path().join("runs")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Starts the command once for each seed; each must succeed and fill a folder with `files`.
fn check_own_folders(line: &str, files: &[&str]) {
    let place = Place::new();
    let children: Vec<Child> = (0..PROCESSES)
        .map(|seed| {
            start(
                &place,
                &format!("{line} --threads 1 --seed {seed} --report {seed}.json"),
            )
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {stderr}");
    }
    let folders = runs(&place);
    assert_eq!(folders.len() as u64, PROCESSES, "{line}: {folders:?}");
    let mut contents = BTreeSet::new();
    for folder in &folders {
        for file in files {
            assert!(folder.join(file).is_file(), "{}: {file}", folder.display());
        }
        contents.insert(std::fs::read(folder.join(files[0])).unwrap());
    }
    for seed in 0..PROCESSES {
        assert_eq!(place.json(&format!("{seed}.json"))["seed"], seed, "{line}");
    }
    // Another seed gives another result: no folder has the result of another process.
    assert_eq!(contents.len() as u64, PROCESSES, "{line}");
}

#[test]
fn processes_that_start_at_once_have_folders_and_results_of_their_own() {
    let data = "--dataset sample --limit 80 --hidden 8 --epochs 1 --quiet";
    let files = [
        "model.safetensors",
        "history.csv",
        "checkpoint",
        "report.html",
    ];
    check_own_folders(&format!("train {data}"), &files);
    let files = ["search.csv", "search.json", "search.toml", "report.html"];
    check_own_folders(&format!("search {data} --trials 2"), &files);
}

fn wait_for(file: &Path, child: &mut Child) {
    let start = Instant::now();
    while !file.is_file() {
        assert_eq!(child.try_wait().unwrap(), None, "ended early");
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{}",
            file.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// While `line` runs in the folder `run`, every other process is refused; once it is killed, another
/// one resumes.
fn check_one_writer(command: &str, flags: &str, settings: &str, resumed: &str) {
    let place = Place::new();
    let line = format!("{command} {flags} --run-dir run");
    let mut child = start(&place, &line);
    let settings = place.path().join("run").join(settings);
    wait_for(&settings, &mut child);
    let before = std::fs::read(&settings).unwrap();
    let resume = format!("{command} --resume --run-dir run");
    let error = sentence(&resume, &place.run(&resume));
    assert_eq!(
        error,
        "error: another process is writing to run; wait until the process ends, or choose another \
         --run-dir\n"
    );
    // Another run in the same folder is refused as before.
    let error = sentence(&line, &place.run(&line));
    assert!(error.contains("the run folder run is not empty"), "{error}");
    assert_eq!(std::fs::read(&settings).unwrap(), before);
    assert_eq!(child.try_wait().unwrap(), None, "the first process lives");

    // As by SIGKILL: nothing can be tidied up, and the system lets go of the lock.
    child.kill().unwrap();
    child.wait().unwrap();
    let left = place.path().join("run/.backprop-1-0.tmp");
    std::fs::write(&left, "half").unwrap();
    let mut child = start(&place, &resume);
    let start = Instant::now();
    while left.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing sweeps");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Long enough to print its first lines.
    std::thread::sleep(Duration::from_millis(500));
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(resumed), "{text}{error}");
}

#[test]
fn a_run_that_lives_is_not_resumed_and_one_that_was_killed_is() {
    let flags = "--dataset sample --limit 80 --hidden 8 --threads 1 --epochs 1000000";
    check_one_writer("train", flags, "config.toml", "resuming run after epoch");
    check_one_writer("search", flags, "search.toml", "run; if they are cut short");
}

/// The temporary file of a process that runs is in no danger: only the holder of the lock sweeps.
#[test]
fn a_folder_with_a_lock_that_nobody_holds_is_empty() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("run")).unwrap();
    std::fs::write(place.path().join("run/.lock"), "").unwrap();
    let line = "train --dataset sample --limit 80 --hidden 8 --epochs 1 --quiet --run-dir run";
    place.succeeds(line);
    assert!(place.path().join("run/model.safetensors").is_file());
}
