//! The program as a user types it, on the sample that comes with it. Nothing here needs a network.

mod common;

use std::process::{Command, Stdio};

use common::{Place, sentence};

impl Place {
    /// Runs what must fail with one sentence; gives the sentence.
    fn fails(&self, line: &str) -> String {
        sentence(line, &self.run(line))
    }
}

const SHORT: &str = "train --dataset sample --limit 400 --hidden 16 --epochs 2 --threads 1";

#[test]
fn train_reports_every_figure_and_evaluate_finds_the_same() {
    let place = Place::new();
    let stdout = place.succeeds(&format!("{SHORT} --run-dir run --report report.json"));
    assert_eq!(
        stdout
            .lines()
            .filter(|line| line.starts_with("epoch "))
            .count(),
        2,
        "{stdout}"
    );
    let report = place.json("report.json");
    assert_eq!(report["dataset"], "sample");
    assert_eq!(report["train_samples"], 320);
    assert_eq!(report["validation_samples"], 80);
    assert_eq!(report["test_samples"], 1000);
    assert_eq!(report["parameters"], 784 * 16 + 16 + 16 * 10 + 10);
    assert_eq!(
        (&report["seed"], &report["threads"]),
        (&0.into(), &1.into())
    );
    assert_eq!(report["precision"], "f32");
    assert_eq!(report["epochs"].as_array().unwrap().len(), 2);
    for field in [
        "train_loss",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
        "seconds",
    ] {
        assert!(report["epochs"][1][field].is_f64(), "{field}: {report}");
    }
    assert!(report["seconds"].is_f64() && report["best_epoch"].is_u64());
    for file in [
        "config.toml",
        "history.csv",
        "model.safetensors",
        "checkpoint",
    ] {
        assert!(place.path().join("run").join(file).is_file(), "{file}");
    }
    let history = std::fs::read_to_string(place.path().join("run/history.csv")).unwrap();
    assert_eq!(history.lines().count(), 3);
    for what in ["run", "run/model.safetensors --dataset sample"] {
        place.succeeds(&format!("evaluate {what} --report again.json"));
        assert_eq!(place.json("again.json")["test"], report["test"]);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads_and_another_seed_others() {
    let place = Place::new();
    let model =
        |run: &str| std::fs::read(place.path().join(run).join("model.safetensors")).unwrap();
    place.succeeds(&format!("{SHORT} --run-dir one"));
    let line = SHORT.replace("--threads 1", "--threads 3");
    place.succeeds(&format!("{line} --run-dir three"));
    place.succeeds(&format!("{SHORT} --seed 1 --run-dir other"));
    assert!(model("one") == model("three"));
    assert!(model("one") != model("other"));
}

#[test]
fn a_run_of_double_precision_evaluates_as_such() {
    let place = Place::new();
    place.succeeds(&format!("{SHORT} --precision f64 --run-dir run"));
    place.succeeds("evaluate run --report report.json");
    assert_eq!(place.json("report.json")["precision"], "f64");
}

#[test]
fn quiet_is_quiet() {
    let place = Place::new();
    let output = place.run(&format!("{SHORT} --quiet --run-dir run"));
    assert!(output.status.success());
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn a_run_that_nobody_listens_to_goes_on() {
    let place = Place::new();
    let mut command = place.command(&format!("{SHORT} --run-dir run"));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(place.path().join("run/model.safetensors").is_file());
}

#[test]
fn settings_that_make_no_sense_are_refused_in_one_sentence() {
    let place = Place::new();
    for (flags, expected) in [
        (
            "--learning-rate 0",
            "--learning-rate is 0; it must be above 0",
        ),
        ("--learning-rate NaN", "--learning-rate is NaN"),
        ("--learning-rate=-1", "--learning-rate is -1"),
        ("--batch-size 0", "--batch-size is 0"),
        ("--epochs 0", "--epochs is 0"),
        ("--optimizer nesterov --momentum 1", "--momentum is 1"),
        ("--optimizer rmsprop --decay-rate 1", "--decay-rate is 1"),
        ("--beta1 1", "--beta1 is 1"),
        ("--beta2 1", "--beta2 is 1"),
        ("--weight-decay -1", "--weight-decay is -1"),
        (
            "--optimizer adamw --weight-decay -1",
            "--weight-decay is -1",
        ),
        ("--optimizer momentum --momentum 1", "--momentum is 1"),
        ("--optimizer lion --beta2 1", "--beta2 is 1"),
        (
            "--optimizer lion --epsilon 1e-8",
            "--epsilon belongs to adam, rmsprop, adagrad, adamw and nadam, but the optimizer is lion",
        ),
        ("--schedule step --step-factor 0", "--step-factor is 0"),
        ("--limit 1", "choose another --validation-fraction"),
        ("--epsilon 0", "--epsilon is 0"),
        ("--dropout 1", "--dropout is 1"),
        ("--dropout NaN", "--dropout is NaN"),
        ("--hidden 16,0", "a width of --hidden is 0"),
        (
            "--hidden 1000000000000",
            "layer 0: a weight of 1000000000000 x 784 numbers is more than there is memory for",
        ),
        ("--validation-fraction 1", "fraction"),
        ("--validation-fraction 0.0001 --limit 100", "fraction"),
        ("--l2=-1", "--l2 is -1"),
        ("--clip 0", "--clip is 0"),
        ("--patience 0", "--patience is 0"),
        ("--schedule step --step-every 0", "--step-every is 0"),
        (
            "--momentum 0.9",
            "--momentum belongs to nesterov and momentum",
        ),
        (
            "--optimizer sgd --beta1 0.9",
            "--beta1 belongs to adam, adamw, nadam and lion",
        ),
        (
            "--optimizer sgd --epsilon 1e-8",
            "--epsilon belongs to adam, rmsprop, adagrad, adamw and nadam",
        ),
        (
            "--step-every 3",
            "--step-every belongs to the step schedule",
        ),
        ("--target y", "--target belongs to csv"),
        ("--dataset csv:none.csv", "needs --target"),
        ("--dataset csv:none.csv --target y", "none.csv"),
        ("--class-weights column:w", "belongs to csv"),
        (
            "--dataset nothing",
            "expected auto, mnist, fashion-mnist, sample, csv:FILE, idx:IMAGES,LABELS or folder:DIR",
        ),
        ("--from none.safetensors", "none.safetensors"),
    ] {
        let dataset = if flags.contains("--dataset") {
            ""
        } else {
            "--dataset sample"
        };
        let error = place.fails(&format!("train {dataset} {flags} --run-dir run"));
        assert!(error.contains(expected), "{flags}: {error}");
        assert!(
            !place.path().join("run").exists(),
            "{flags} leaves a run folder"
        );
    }
}

#[test]
fn divergence_is_told_with_epoch_step_and_rate() {
    let place = Place::new();
    let flags = "--optimizer sgd --learning-rate 1e30 --schedule constant --run-dir run";
    let error = place.fails(&format!("{SHORT} {flags}"));
    assert!(
        error.contains("training diverged in epoch 1 at step "),
        "{error}"
    );
    assert!(!place.path().join("run/model.safetensors").exists());
}

#[test]
fn a_run_folder_that_holds_something_is_refused() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("run")).unwrap();
    std::fs::write(place.path().join("run/note"), "mine").unwrap();
    let error = place.fails(&format!("{SHORT} --run-dir run"));
    assert!(
        error.contains("the run folder run is not empty; add --resume"),
        "{error}"
    );
    assert_eq!(
        std::fs::read_dir(place.path().join("run")).unwrap().count(),
        1
    );
    std::fs::write(place.path().join("file"), "mine").unwrap();
    assert!(
        place
            .fails(&format!("{SHORT} --run-dir file"))
            .contains("file")
    );
}

#[test]
fn resuming_with_other_settings_is_refused_and_names_them() {
    let place = Place::new();
    place.succeeds(&format!("{SHORT} --run-dir run"));
    let error = place.fails("train --resume --run-dir run --epochs 5");
    assert!(error.contains("--epochs 5 cannot be resumed"), "{error}");
    assert!(error.contains("started with 2"), "{error}");
    assert!(
        place
            .fails("train --resume --run-dir run --seed 3")
            .contains("--seed 3")
    );
    let stdout = place.succeeds("train --resume --run-dir run --epochs 2 --threads 2");
    assert!(stdout.contains("after epoch 2 of 2"), "{stdout}");
    assert!(
        place
            .fails("train --resume --run-dir none")
            .contains("none is not the folder of a run")
    );
    assert!(place.fails("train --resume").contains("--run-dir"));
    let path = place.path().join("run/checkpoint");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(
        place
            .fails("train --resume --run-dir run")
            .contains("checkpoint")
    );
}

#[test]
fn evaluating_what_is_no_model_is_refused() {
    let place = Place::new();
    assert!(place.fails("evaluate none").contains("none"));
    std::fs::write(place.path().join("text"), "not a model").unwrap();
    assert!(
        place
            .fails("evaluate text --dataset sample")
            .contains("text")
    );
    std::fs::create_dir(place.path().join("empty")).unwrap();
    assert!(
        place
            .fails("evaluate empty")
            .contains("empty is not the folder of a run")
    );
}

#[test]
fn damaged_data_is_named_and_never_replaced_by_the_sample() {
    let place = Place::new();
    let folder = place.path().join("data/mnist");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"] {
        // Says that it holds 60,000 images of 28 x 28.
        let head = [0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28];
        std::fs::write(folder.join(name), head).unwrap();
    }
    for name in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        std::fs::write(folder.join(name), [0, 0, 8, 1, 0, 0, 0, 0]).unwrap();
    }
    for dataset in ["auto", "mnist"] {
        let error = place.fails(&format!("train --dataset {dataset} --run-dir run"));
        assert!(error.contains("train-images-idx3-ubyte"), "{error}");
        assert!(error.contains("backprop download"), "{error}");
    }
}

#[test]
fn a_table_trains_as_classes_and_as_values() {
    let place = Place::new();
    let mut rows = "size,colour,kind,price\n".to_string();
    for i in 0..200 {
        let (size, colour) = (i % 20, if i % 3 == 0 { "red" } else { "blue" });
        let kind = if size > 9 { "large" } else { "small" };
        rows += &format!("{}.5,{colour},{kind},{}.25\n", size, 2 * size);
    }
    std::fs::write(place.path().join("table.csv"), rows).unwrap();
    let line = "train --dataset csv:table.csv --epochs 60 --batch-size 16 --hidden 16 --dropout 0 --learning-rate 0.02";
    place.succeeds(&format!(
        "{line} --target kind --run-dir kind --report kind.json"
    ));
    assert!(
        place.json("kind.json")["test"]["accuracy"]
            .as_f64()
            .unwrap()
            > 0.9
    );
    place.succeeds(&format!(
        "{line} --target price --run-dir price --report price.json"
    ));
    let report = place.json("price.json");
    assert!(
        report["test"]["accuracy"].is_null() && report["test"]["loss"].is_f64(),
        "{report}"
    );
    place.succeeds("evaluate kind --report again.json");
    assert_eq!(
        place.json("again.json")["test"],
        place.json("kind.json")["test"]
    );
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;

    use super::*;

    const LONG: &str = "train --dataset sample --hidden 32 --epochs 12 --threads 1";

    #[test]
    fn after_ctrl_c_a_run_goes_on_to_the_same_bytes() {
        let place = Place::new();
        place.succeeds(&format!("{LONG} --run-dir whole"));
        let mut child = place
            .command(&format!("{LONG} --run-dir cut"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines
            .find(|line| line.as_ref().unwrap().starts_with("epoch  2/"))
            .unwrap()
            .unwrap();
        let killed = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        lines.by_ref().for_each(drop);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        assert!(stderr.contains("train --resume --run-dir cut"), "{stderr}");
        assert!(place.fails("evaluate cut").contains("has not finished"));
        place.succeeds("train --resume --run-dir cut");
        let read = |path: &str| std::fs::read(place.path().join(path)).unwrap();
        assert!(read("whole/model.safetensors") == read("cut/model.safetensors"));
        let columns = |path: &str| -> Vec<String> {
            let text = String::from_utf8(read(path)).unwrap();
            text.lines()
                .map(|line| line.rsplit_once(',').unwrap().0.to_string())
                .collect()
        };
        assert_eq!(columns("whole/history.csv"), columns("cut/history.csv"));
    }

    /// No file may grow beyond a limit, as on a full disk.
    #[test]
    fn a_full_disk_is_told_and_leaves_nothing_half_written() {
        let place = Place::new();
        let program = env!("CARGO_BIN_EXE_backprop");
        let line =
            format!("trap '' XFSZ; ulimit -f 40; exec {program} {SHORT} --hidden 64 --run-dir run");
        let line = line.replace("--hidden 16 ", "");
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(place.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains("checkpoint"),
            "{stderr}"
        );
        let names = std::fs::read_dir(place.path().join("run")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name());
        let names: Vec<_> = names.filter(|name| name != ".lock").collect();
        assert_eq!(names, ["config.toml"]);
    }

    #[test]
    fn a_run_folder_that_cannot_be_made_is_told() {
        let place = Place::new();
        std::fs::write(place.path().join("file"), "mine").unwrap();
        let error = place.fails(&format!("{SHORT} --run-dir file/run"));
        assert!(error.contains("file/run"), "{error}");
        // Another user than root meets the same with a folder that is read-only.
        let folder = place.path().join("locked");
        std::fs::create_dir(&folder).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o555);
        std::fs::set_permissions(&folder, mode).unwrap();
        std::fs::set_permissions(
            place.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        let mut command = place.command(&format!("{SHORT} --run-dir locked/run"));
        if is_root() {
            command.uid(65534).gid(65534);
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("locked/run"), "{stderr}");
    }

    fn is_root() -> bool {
        let output = Command::new("id").arg("-u").output().unwrap();
        output.stdout.starts_with(b"0\n")
    }
}
