//! The parts of a data set: training, validation and test rows, by fraction or by file, or none.

mod common;

use common::{Place, sentence};

const TRAIN: &str = "train --dataset csv:table.csv --target kind --hidden 4 --epochs 3 --threads 1";

impl Place {
    fn fails(&self, line: &str) -> String {
        sentence(line, &self.run(line))
    }

    /// The numbers of training, validation and test rows in `r.json`.
    fn rows(&self) -> [u64; 3] {
        let report = self.json("r.json");
        ["train_samples", "validation_samples", "test_samples"]
            .map(|name| report[name].as_u64().unwrap())
    }
}

/// A table of two classes with this number of rows.
fn table(rows: usize) -> String {
    let mut text = "x,y,kind\n".to_string();
    for i in 0..rows {
        let (x, kind) = [(1.0, "low"), (3.0, "high")][i % 2];
        text += &format!("{},{},{kind}\n", x + (i % 7) as f64 / 10.0, i % 5);
    }
    text
}

fn place() -> Place {
    let place = Place::new();
    for (file, rows) in [("table.csv", 50), ("test.csv", 14), ("validation.csv", 8)] {
        std::fs::write(place.path().join(file), table(rows)).unwrap();
    }
    place
}

#[test]
fn a_run_may_train_on_every_row() {
    let place = place();
    let flags = "--validation-fraction 0 --test-fraction 0 --run-dir run --report r.json";
    let stdout = place.succeeds(&format!("{TRAIN} {flags}"));
    assert!(
        stdout.contains("50 training, no validation and no test rows"),
        "{stdout}"
    );
    assert!(stdout.contains("\nnot tested; "), "{stdout}");
    assert_eq!(place.rows(), [50, 0, 0]);
    let report = place.json("r.json");
    assert!(report["test"].is_null() && report["best_epoch"].is_null());
    assert!(report["epochs"][2]["validation_loss"].is_null());
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains("not validated, not tested"), "{page}");
    assert!(!page.contains("best epoch") && !page.contains("test loss"));
    place.succeeds("train --resume --run-dir run --test-fraction 0");
    let error = place.fails("evaluate run");
    assert!(
        error.contains("was trained on all rows of csv:table.csv; name"),
        "{error}"
    );
    place.succeeds("evaluate run --all-rows");

    let flags = "--validation-fraction 0 --run-dir all --report r.json";
    let images = "train --dataset sample --limit 40 --hidden 4 --epochs 1 --threads 1";
    place.succeeds(&format!("{images} {flags}"));
    assert_eq!(place.rows(), [40, 0, 1000]);
    assert!(place.json("r.json")["test"]["accuracy"].is_f64());
}

#[test]
fn the_fraction_of_test_rows_can_be_set_and_is_a_fifth() {
    let place = place();
    for (flags, rows) in [
        ("--run-dir a", [32, 8, 10]),
        ("--test-fraction 0.2 --run-dir b", [32, 8, 10]),
        ("--test-fraction 0.5 --run-dir c", [20, 5, 25]),
    ] {
        place.succeeds(&format!("{TRAIN} {flags} --report r.json"));
        assert_eq!(place.rows(), rows, "{flags}");
    }
    let model = |run: &str| std::fs::read(place.path().join(run).join("model.safetensors"));
    assert!(model("a").unwrap() == model("b").unwrap());
    place.succeeds("evaluate c --report e.json");
    assert_eq!(place.json("e.json")["test"], place.json("r.json")["test"]);
    assert_eq!(place.json("e.json")["test_samples"], 25);
}

#[test]
fn test_and_validation_rows_can_have_files() {
    let place = place();
    let files = "--test test.csv --validation validation.csv --patience 2";
    place.succeeds(&format!("{TRAIN} {files} --run-dir run --report r.json"));
    assert_eq!(place.rows(), [50, 8, 14]);
    let report = place.json("r.json");
    for line in [
        "evaluate run",
        "evaluate run --dataset csv:test.csv --all-rows",
    ] {
        place.succeeds(&format!("{line} --report e.json"));
        let again = place.json("e.json");
        assert_eq!(
            (&again["test"], &again["test_samples"]),
            (&report["test"], &14.into())
        );
    }
    let line = "evaluate run --dataset csv:validation.csv --all-rows --report e.json";
    place.succeeds(line);
    let best = report["best_epoch"].as_u64().unwrap() as usize;
    let validated = &report["epochs"][best - 1]["validation_loss"];
    assert_eq!(&place.json("e.json")["test"]["loss"], validated);
    place.succeeds("train --resume --run-dir run --test test.csv");
    let error = place.fails("train --resume --run-dir run --test validation.csv");
    assert!(error.contains("cannot be resumed"), "{error}");
    // The files are read as the table is: by the names of the columns.
    std::fs::write(place.path().join("short.csv"), "x,kind\n1,low\n").unwrap();
    let error = place.fails(&format!("{TRAIN} --test short.csv --run-dir short"));
    assert!(
        error.contains("short.csv") && error.contains("\"y\""),
        "{error}"
    );
    assert!(!place.path().join("short").exists());
}

#[test]
fn parts_that_make_no_sense_are_refused_in_one_sentence() {
    let place = place();
    for (flags, expected) in [
        (
            "--patience 2 --validation-fraction 0",
            "--patience needs validation rows",
        ),
        (
            "--validation-fraction 1",
            "--validation-fraction is 1; it must be at least 0 and below 1",
        ),
        (
            "--validation-fraction=-0.1",
            "--validation-fraction is -0.1",
        ),
        (
            "--test-fraction 1",
            "--test-fraction is 1; it must be at least 0 and below 1",
        ),
        ("--test-fraction NaN", "--test-fraction is NaN"),
        ("--test-fraction 0.5 --test test.csv", "cannot be used with"),
        (
            "--validation-fraction 0.5 --validation test.csv",
            "cannot be used with",
        ),
        ("--test none.csv", "none.csv"),
    ] {
        let error = place.fails(&format!("{TRAIN} {flags} --run-dir run"));
        assert!(error.contains(expected), "{flags}: {error}");
        assert!(!place.path().join("run").exists(), "{flags}");
    }
    for flags in [
        "--test-fraction 0.5",
        "--test test.csv",
        "--validation test.csv",
    ] {
        let error = place.fails(&format!("train --dataset sample {flags} --run-dir run"));
        assert!(error.contains("belongs to"), "{error}");
    }
    let search = TRAIN.replace("train", "search");
    let error = place.fails(&format!("{search} --validation-fraction 0 --run-dir run"));
    assert!(error.contains("search judges its trials"), "{error}");
    let error = place.fails(&format!(
        "{search} --validation test.csv --folds 3 --run-dir run"
    ));
    assert!(error.contains("leave --validation out"), "{error}");
}

#[test]
fn a_new_network_learns_the_validation_rows_too() {
    let place = place();
    let line = TRAIN.replace("--epochs 3", "--epochs 40 --patience 3 --learning-rate 0.3");
    let stdout = place.succeeds(&format!("{line} --refit --run-dir run --report r.json"));
    let report = place.json("r.json");
    let best = report["best_epoch"].as_u64().unwrap();
    let refit = &report["refit"];
    assert_eq!(
        (refit["epochs"].as_u64(), refit["train_samples"].as_u64()),
        (Some(best), Some(40))
    );
    assert_eq!(place.rows(), [32, 8, 10]);
    let line_of_results = format!(" (trained again on 40 rows for {best} epochs); ");
    assert!(stdout.contains(&line_of_results), "{stdout}");
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains("all 40 rows but the test set"), "{page}");
    // It is the network that a training on these rows gives.
    let plain = TRAIN.replace(
        "--epochs 3",
        &format!("--epochs {best} --learning-rate 0.3"),
    );
    place.succeeds(&format!(
        "{plain} --validation-fraction 0 --run-dir plain --quiet"
    ));
    let model =
        |run: &str| std::fs::read(place.path().join(run).join("model.safetensors")).unwrap();
    assert!(model("run") == model("plain"));
    place.succeeds("evaluate run --report e.json");
    assert_eq!(place.json("e.json")["test"], report["test"]);
    // Resuming a finished run comes to the same.
    place.succeeds("train --resume --run-dir run --quiet");
    assert!(model("run") == model("plain"));
    for flags in ["--validation-fraction 0", "--validation validation.csv"] {
        let error = place.fails(&format!("{TRAIN} --refit {flags} --run-dir other"));
        let expected = "--refit trains on the validation rows too, but";
        assert!(error.contains(expected), "{error}");
    }
    let error = place.fails("search --dataset csv:table.csv --target kind --refit");
    assert!(error.contains("--refit belongs to train"), "{error}");
}
