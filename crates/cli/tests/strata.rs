//! Splits by class and by size: each part has its share of each.

mod common;

use common::{Place, sentence};

const TRAIN: &str = "train --dataset csv:table.csv --target y --epochs 2 --hidden 4 --threads 1";

impl Place {
    fn with(text: &str) -> Self {
        let place = Place::new();
        std::fs::write(place.path().join("table.csv"), text).unwrap();
        place
    }
}

/// The rows of each class in the test set.
fn test_rows(place: &Place, seed: u64) -> Vec<u64> {
    place.succeeds(&format!(
        "{TRAIN} --seed {seed} --run-dir run{seed} --report r.json --quiet"
    ));
    let report = place.json("r.json");
    let classes = report["test"]["classes"].as_array().unwrap();
    classes
        .iter()
        .map(|class| class["rows"].as_u64().unwrap())
        .collect()
}

#[test]
fn each_part_has_its_share_of_each_class() {
    let mut text = "x,y\n".to_owned();
    for i in 0..200 {
        let class = match i % 40 {
            0 => "rare",
            1..10 => "some",
            _ => "many",
        };
        text += &format!("{},{class}\n", i * 7 % 200);
    }
    let place = Place::with(&text);
    for seed in 0..5 {
        // Of 150, 5 and 45 rows.
        assert_eq!(test_rows(&place, seed), [30, 1, 9]);
    }
    // Evaluation finds the same rows by the model alone.
    place.succeeds("evaluate run4/model.safetensors --dataset csv:table.csv --report e.json");
    assert_eq!(place.json("e.json")["test"], place.json("r.json")["test"]);
}

#[test]
fn a_class_with_fewer_rows_than_parts_is_named() {
    let mut text = "x,y\n".to_owned();
    for i in 0..60 {
        let class = if i % 30 == 7 { "c" } else { ["a", "b"][i % 2] };
        text += &format!("{i},{class}\n");
    }
    let place = Place::with(&text);
    let stdout = place.succeeds(&format!("{TRAIN} --run-dir run"));
    let line = "\"c\" has 2 rows in all, fewer than the 3 parts: none for validation";
    assert!(stdout.lines().any(|l| l == line), "{stdout}");
    for seed in 1..6 {
        assert_eq!(test_rows(&place, seed)[2], 1);
    }
    // The file has too few rows for a part of their own.
    let line = format!("{TRAIN} --test-fraction 0.001 --run-dir other");
    let error = sentence(&line, &place.run(&line));
    assert!(
        error.contains("holding out 0.001 of 60 rows means 0 rows"),
        "{error}"
    );
    let whole = "--validation-fraction 0 --test-fraction 0 --run-dir whole";
    let stdout = place.succeeds(&format!("{TRAIN} {whole}"));
    assert!(!stdout.contains("parts"), "{stdout}");
}

#[test]
fn each_part_has_small_and_large_numbers() {
    let mut text = "x,y\n".to_owned();
    for i in 0..100 {
        text += &format!("{i},{}.5\n", i * i);
    }
    let place = Place::with(&text);
    for seed in 0..5 {
        place.succeeds(&format!(
            "{TRAIN} --seed {seed} --run-dir run{seed} --quiet"
        ));
        let plot = place.path().join(format!("run{seed}/predictions.svg"));
        assert!(plot.exists());
        place.succeeds(&format!("evaluate run{seed} --report e.json"));
        let report = place.json("e.json");
        assert_eq!(report["test_samples"], 20);
        // A mean absolute distance from the mean of a fifth of each fifth, near that of all rows.
        let error = report["test"]["baseline"]["mean_absolute_error"]
            .as_f64()
            .unwrap();
        assert!((2200.0..3000.0).contains(&error), "{seed}: {error}");
    }
}
