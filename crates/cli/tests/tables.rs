//! Tables as a user has them: training, evaluating and what is refused. Every table is made here.

mod common;

use approx::{abs_diff_ne, assert_abs_diff_eq, assert_relative_eq};
use common::{Place, sentence};
use serde_json::Value;

/// Quick, and enough for what these tables hold.
const TRAIN: &str = "train --dataset csv:table.csv --epochs 60 --batch-size 16 --hidden 16 \
                     --dropout 0 --learning-rate 0.02 --threads 1";

impl Place {
    fn fails(&self, line: &str) -> String {
        sentence(line, &self.run(line))
    }

    fn with(text: &str) -> Self {
        let place = Place::new();
        place.write("table.csv", text);
        place
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }
}

/// Numbers that look random, from 0 to 1.
fn noise(i: u32, stream: u32) -> f64 {
    let mut x = (i * 7 + stream).wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995;
    for _ in 0..3 {
        x ^= x >> 15;
        x = x.wrapping_mul(0x2c1b_3c6d);
    }
    f64::from(x) / f64::from(u32::MAX)
}

/// Houses whose price and rent depend on all features, in units that a network could not learn as
/// they are.
fn houses(header: bool) -> String {
    let mut text = String::new();
    if header {
        text += "area,city,age,price,rent\n";
    }
    for i in 0..300 {
        let (area, age) = (30.0 + 170.0 * noise(i, 1), (90.0 * noise(i, 2)).round());
        let (city, factor) = [("Bern", 1.5), ("Graz", 1.0), ("Ulm", 0.8)][i as usize % 3];
        let price = 3000.0 * area * factor - 500.0 * age;
        let rent = 8.0 + area / 10.0 * factor;
        text += &format!("{area:.1},{city},{age},{price:.0},{rent:.2}\n");
    }
    text
}

#[test]
fn several_numbers_are_learnt_in_their_own_units() {
    let place = Place::with(&houses(true));
    let stdout = place.succeeds(&format!(
        "{TRAIN} --target price,rent --run-dir run --report r.json"
    ));
    let learns = "from 2 columns of numbers and 1 column of text with 3 values, learns price, rent as \
                  numbers";
    assert!(stdout.lines().any(|line| line == learns), "{stdout}");
    assert!(
        stdout.contains("test loss ") && stdout.contains(", R² 0.9"),
        "{stdout}"
    );
    let test = &place.json("r.json")["test"];
    assert!(
        test["accuracy"].is_null() && test.get("classes").is_none(),
        "{test}"
    );
    let outputs = test["outputs"].as_array().unwrap();
    // Prices are 36,000 to 900,000 and rents 10 to 38, so errors of these sizes are a few percent.
    for (output, name, range) in [
        (&outputs[0], "price", 100.0..20_000.0),
        (&outputs[1], "rent", 0.01..1.0),
    ] {
        assert_eq!(output["name"], name);
        assert!(output["r2"].as_f64().unwrap() > 0.98, "{test}");
        let absolute = output["mean_absolute_error"].as_f64().unwrap();
        let root = output["mean_squared_error"].as_f64().unwrap().sqrt();
        assert!(range.contains(&absolute) && root >= absolute, "{test}");
        let line = format!("{name}: R² ");
        assert!(stdout.lines().any(|l| l.starts_with(&line)), "{stdout}");
    }
    // Beside the errors of always predicting the mean of the training rows.
    let baseline = &outputs[1]["baseline"];
    let error = baseline["mean_absolute_error"].as_f64().unwrap();
    assert!((3.0..10.0).contains(&error), "{test}");
    assert!(baseline["r2"].as_f64().unwrap() <= 0.0, "{test}");
    assert!(stdout.contains(" (always the training mean: "), "{stdout}");
    let mean = |of: &str| outputs.iter().map(|o| o[of].as_f64().unwrap()).sum::<f64>() / 2.0;
    for of in ["r2", "mean_squared_error", "mean_absolute_error"] {
        let (found, expected) = (test[of].as_f64().unwrap(), mean(of));
        assert_relative_eq!(found, expected, epsilon = 0.0, max_relative = 1e-12);
    }

    for (name, plot) in [("price", "predictions.svg"), ("rent", "predictions-2.svg")] {
        let svg = std::fs::read_to_string(place.path().join("run").join(plot)).unwrap();
        assert!(
            svg.contains(&format!("Predicted over true: {name}")),
            "{plot}"
        );
        // The axis is in the units of the table.
        let unit = if name == "price" { "00,000" } else { ">20<" };
        assert!(svg.contains(unit), "{plot} has no {unit}");
    }
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains("mean absolute error") && page.contains("R²"));

    for what in ["run", "run/model.safetensors --dataset csv:table.csv"] {
        place.succeeds(&format!("evaluate {what} --report again.json"));
        assert_eq!(place.json("again.json")["test"], *test, "{what}");
    }
}

#[test]
fn evaluating_uses_the_encoding_of_the_training() {
    let place = Place::with(&houses(true));
    place.succeeds(&format!(
        "{TRAIN} --target price --ignore rent --run-dir run --quiet"
    ));
    // A few rows, in another order, with a column more, of one city and one size: an encoding of
    // their own would be another one.
    let mut few = "note,price,city,age,area\n".to_owned();
    for (i, line) in houses(true).lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[1] == "Ulm" {
            few += &format!("n{i},{},Ulm,{},{}\n", cells[3], cells[2], cells[0]);
        }
    }
    place.write("few.csv", &few);
    let evaluate = "evaluate run/model.safetensors --dataset csv:few.csv --report few.json";
    place.succeeds(&format!("{evaluate} --all-rows"));
    let report = place.json("few.json");
    assert_eq!(report["test_samples"], 100);
    assert!(report["test"]["r2"].as_f64().unwrap() > 0.98, "{report}");
    assert_eq!(report["rows"], "all");
    let figures = report["test"].clone();
    // Another file than that of the training: all rows of it, and the line says why.
    let stdout = place.succeeds(evaluate);
    let report = place.json("few.json");
    assert_eq!(
        (&report["test"], &report["test_samples"]),
        (&figures, &100.into())
    );
    assert_eq!(report["rows"], "other-file");
    let why = "(100 rows, all of the file, which is not the training's)";
    assert!(stdout.contains(why), "{stdout}");
    // The training's own file under another name, by the model alone: its test rows.
    place.write("copy.csv", &houses(true));
    let copy = "evaluate run/model.safetensors --dataset csv:copy.csv --report copy.json";
    let stdout = place.succeeds(copy);
    let why =
        "(60 rows, those of the training's file that training never saw; --all-rows takes all)";
    assert!(stdout.contains(why), "{stdout}");
    assert_eq!(place.json("copy.json")["rows"], "held-out");
    place.succeeds("evaluate run --report run.json");
    assert_eq!(
        place.json("run.json")["test"],
        place.json("copy.json")["test"]
    );
    place.succeeds(&format!("{copy} --all-rows"));
    assert_eq!(place.json("copy.json")["test_samples"], 300);
    // One byte more, and it is another file.
    place.write("copy.csv", &(houses(true) + "\n"));
    place.succeeds(copy);
    assert_eq!(place.json("copy.json")["test_samples"], 300);
    let error = place.fails("evaluate run --seed 5");
    assert!(
        error.contains("--seed 5 draws other test rows than the training's seed 0"),
        "{error}"
    );
    place.succeeds(&format!("{evaluate} --target price"));

    for (line, expected) in [
        (
            format!("{evaluate} --target age"),
            "the model predicts price, not age",
        ),
        (
            "evaluate run/model.safetensors".into(),
            "was trained on a table; say which",
        ),
        (
            "evaluate run --dataset sample".into(),
            "was trained on a table; sample is none",
        ),
    ] {
        let error = place.fails(&line);
        assert!(error.contains(expected), "{error}");
    }
    place.write("tall.csv", &few.replace(",Ulm,", ",Paris,"));
    let error = place.fails("evaluate run --dataset csv:tall.csv");
    let expected = "tall.csv, line 2, column \"city\": expected one of the 3 values of the training \
                    rows (Bern, Graz, Ulm), found \"Paris\"; train with --unknown zeros to take it as none of \
                    them";
    assert!(error.contains(expected), "{error}");
    place.write(
        "words.csv",
        "area,city,age,price\nbig,Ulm,3,100\n1,Ulm,3,100\n",
    );
    let error = place.fails("evaluate run --dataset csv:words.csv --all-rows");
    assert!(
        error.contains(
            "words.csv, line 2, column \"area\": expected a finite number, found \"big\""
        )
    );
}

#[test]
fn predicting_takes_rows_as_training_did_and_answers_in_their_units() {
    let place = Place::with(&houses(true));
    place.succeeds(&format!(
        "{TRAIN} --target price,rent --run-dir run --quiet"
    ));
    // No targets, and another order.
    let (mut rows, mut truth) = ("city,age,area\n".to_owned(), Vec::new());
    for line in houses(true).lines().skip(1).take(50) {
        let cells: Vec<&str> = line.split(',').collect();
        rows += &format!("{},{},{}\n", cells[1], cells[2], cells[0]);
        truth.push([3, 4].map(|k| cells[k].parse::<f64>().unwrap()));
    }
    place.write("new.csv", &rows);
    let answers = place.succeeds("predict run new.csv --json");
    let answers: Vec<Value> = answers
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(answers.len(), 50);
    for (answer, truth) in answers.iter().zip(&truth) {
        assert_eq!(answer["columns"], serde_json::json!(["price", "rent"]));
        for k in 0..2 {
            let (value, spread) = (answer["values"][k].as_f64().unwrap(), [60_000.0, 3.0][k]);
            assert_abs_diff_eq!(value, truth[k], epsilon = spread);
        }
    }
    // The whole table, targets and all, gives the same answers.
    let whole = place.succeeds("predict run/model.safetensors table.csv --json");
    let first: Value = serde_json::from_str(whole.lines().next().unwrap()).unwrap();
    assert_eq!(first["values"], answers[0]["values"]);
    let sentence = place.succeeds("predict run new.csv");
    assert!(sentence.starts_with("new.csv, row 0: price "), "{sentence}");
    assert!(
        sentence.lines().next().unwrap().contains(", rent "),
        "{sentence}"
    );

    // The graph takes the columns as they are, or with --encoded the features.
    let stdout = place.succeeds("export run --to net.onnx");
    assert_eq!(stdout, "net.onnx: written from run/model.safetensors\n");
    let stdout = place.succeeds("export run --to encoded.onnx --encoded");
    let expected =
        "it takes the encoded features of its table, and gives target values standardised";
    assert!(stdout.contains(expected), "{stdout}");
    let stdout = place.succeeds("export run --to net.safetensors");
    assert!(stdout.contains(expected), "{stdout}");
    let error = place.fails("export run --to net.safetensors --encoded");
    let expected = "--encoded belongs to a model of a table as ONNX; leave it out";
    assert!(error.contains(expected), "{error}");
    let has = |file: &str, text: &str| {
        let bytes = std::fs::read(place.path().join(file)).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    for part in ["OneHotEncoder", "column.2.mean", "target.deviation"] {
        assert!(
            has("net.onnx", part) && !has("encoded.onnx", part),
            "{part}"
        );
    }

    place.write("bad.csv", "city,age,area\nUlm,old,50\n");
    let error = place.fails("predict run bad.csv");
    assert!(
        error.contains("bad.csv, line 2, column \"age\": expected a finite number, found \"old\"")
    );
    place.write("bad.csv", "city,age,area\nulm,3,50\n");
    let error = place.fails("predict run bad.csv");
    assert!(error.contains("expected one of the 3 values of the training rows (Bern, Graz, Ulm)"));

    place.succeeds(&format!(
        "{TRAIN} --target city --ignore price,rent --run-dir city --quiet"
    ));
    let answer = place.succeeds("predict city table.csv --json");
    let answer: Value = serde_json::from_str(answer.lines().next().unwrap()).unwrap();
    assert!(
        ["Bern", "Graz", "Ulm"].contains(&answer["class"].as_str().unwrap()),
        "{answer}"
    );
}

#[test]
fn a_table_without_a_header_is_known_by_the_numbers_of_its_columns() {
    let place = Place::with(&houses(false));
    place.succeeds(&format!(
        "{TRAIN} --no-header --target 4 --ignore 5 --run-dir run --report r.json"
    ));
    let report = place.json("r.json");
    assert!(report["test"]["r2"].as_f64().unwrap() > 0.98, "{report}");
    place.succeeds("evaluate run --report again.json");
    assert_eq!(place.json("again.json")["test"], report["test"]);
    let error = place.fails(&format!(
        "{TRAIN} --no-header --target price --run-dir other"
    ));
    assert!(
        error.contains(
            "expected the number of a column, from 1 to 5, as there is no header, found \"price\""
        ),
        "{error}"
    );
    let error = place.fails(&format!("{TRAIN} --target 4 --run-dir other"));
    assert!(
        error.contains("if that is a row, add --no-header"),
        "{error}"
    );
}

/// The mean and the deviation that the model keeps are those of the rows that were trained on: not
/// of the test set, and not of the validation set.
#[test]
fn the_encoding_is_fitted_on_training_rows_alone() {
    // The number of a row is its feature, so that the mean tells which rows it is of.
    let rows: Vec<f64> = (0..100).map(f64::from).collect();
    let mut text = "x,y\n".to_owned();
    for x in &rows {
        text += &format!("{x},{}\n", 0.5 + x);
    }
    let place = Place::with(&text);
    place.succeeds(&format!(
        "{TRAIN} --target y --run-dir run --report r.json --quiet"
    ));
    assert_eq!(place.json("r.json")["train_samples"], 64);
    let bytes = std::fs::read(place.path().join("run/model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let info: Value =
        serde_json::from_str(header["__metadata__"]["info"].as_str().unwrap()).unwrap();
    let number = |value: &Value| {
        let part = |name: &str| value[name].as_f64().unwrap();
        (part("mean"), part("deviation"))
    };
    let (mean, deviation) = number(&info["table"]["features"][0]["number"]);
    // 64 times the mean is a sum of 64 different whole numbers, and another one than of all rows.
    let sum = 64.0 * mean;
    assert_abs_diff_eq!(sum, sum.round(), epsilon = 1e-9);
    assert!(
        abs_diff_ne!(mean, 49.5, epsilon = 1e-3) && (20.0..35.0).contains(&deviation),
        "{mean} {deviation}"
    );
    let target = number(&info["table"]["target"]["values"][0]);
    assert_abs_diff_eq!(target.0, mean + 0.5, epsilon = 1e-9);
    assert_abs_diff_eq!(target.1, deviation, epsilon = 1e-9);
}

/// Classes in a ratio of 19 to 1 that overlap.
fn rare() -> String {
    let mut text = "a,b,w,kind\n".to_owned();
    for i in 0..1200 {
        let is_rare = i % 20 == 0;
        let centre = if is_rare { 1.5 } else { 0.0 };
        let spread = |stream: u32| (0..4).map(|k| noise(i, stream + k)).sum::<f64>() * 2.0 - 4.0;
        let (a, b) = (centre + spread(10), centre + spread(20));
        let (kind, weight) = if is_rare { ("rare", 10) } else { ("common", 1) };
        text += &format!("{a:.3},{b:.3},{weight},{kind}\n");
    }
    text
}

#[test]
fn weights_raise_the_recall_of_a_rare_class() {
    let place = Place::with(&rare());
    let line = TRAIN.replace("--epochs 60", "--epochs 20");
    let recall = |flags: &str, run: &str| {
        place.succeeds(&format!(
            "{line} --target kind {flags} --run-dir {run} --report {run}.json --quiet"
        ));
        let report = place.json(&format!("{run}.json"));
        let class = &report["test"]["classes"][1];
        assert_eq!(
            (&class["name"], class["rows"].is_u64()),
            (&"rare".into(), true)
        );
        class["recall"].as_f64().unwrap()
    };
    let plain = recall("--ignore w", "plain");
    let balanced = recall("--ignore w --class-weights balanced", "balanced");
    let column = recall("--class-weights column:w", "column");
    assert!(plain < 0.6, "{plain}");
    assert!(
        balanced > plain + 0.2,
        "{balanced} is not well above {plain}"
    );
    assert!(column > plain + 0.2, "{column} is not well above {plain}");
    let test = &place.json("plain.json")["test"];
    let stdout = place.succeeds("evaluate plain");
    let rows = |class: usize| test["classes"][class]["rows"].as_f64().unwrap();
    assert_eq!(test["majority_class"], "common");
    assert_eq!(test["majority_share"], rows(0) / (rows(0) + rows(1)));
    let mean = |of: &str| {
        let of = |class: usize| test["classes"][class][of].as_f64().unwrap();
        (of(0) + of(1)) / 2.0
    };
    assert_eq!(test["balanced_accuracy"], mean("recall"));
    assert_eq!(test["macro_f1"], mean("f1"));
    let percent = |of: &str| format!("{:.2} %", 100.0 * test[of].as_f64().unwrap());
    let expected = format!(
        "accuracy {} (always \"common\": {}), balanced accuracy {}, macro F1 {}",
        percent("accuracy"),
        percent("majority_share"),
        percent("balanced_accuracy"),
        percent("macro_f1")
    );
    assert!(stdout.contains(&expected), "{stdout}");
    // The column of weights is no feature: with two inputs, and w left out, it is the same network.
    let parameters = |run: &str| place.json(&format!("{run}.json"))["parameters"].clone();
    assert_eq!(parameters("column"), 2 * 16 + 16 + 16 * 2 + 2);
    assert_eq!(parameters("column"), parameters("plain"));
    // Evaluation knows the column, too.
    place.succeeds("evaluate column --report again.json");
    assert_eq!(
        place.json("again.json")["test"],
        place.json("column.json")["test"]
    );
}

/// A rare class that nothing tells from the other.
#[test]
fn an_accuracy_that_says_nothing_is_told_with_the_way_on() {
    let mut text = "a,b,kind\n".to_owned();
    for i in 0..400 {
        let kind = if noise(i, 3) < 0.1 { "odd" } else { "ok" };
        text += &format!("{:.3},{:.3},{kind}\n", noise(i, 1), noise(i, 2));
    }
    let place = Place::with(&text);
    let line = TRAIN.replace("--epochs 60", "--epochs 2");
    let stdout = place.succeeds(&format!(
        "{line} --target kind --run-dir run --report r.json"
    ));
    let test = &place.json("r.json")["test"];
    assert_eq!(test["accuracy"], test["majority_share"]);
    assert_eq!(test["balanced_accuracy"], 0.5);
    let hint = "the accuracy is no better than that of always saying \"ok\"; train with \
                --class-weights balanced, which makes rare classes weigh more";
    assert!(stdout.lines().any(|line| line == hint), "{stdout}");
    let validation = "always saying \"ok\" has an accuracy of ";
    assert!(
        stdout.lines().any(|line| line.starts_with(validation)),
        "{stdout}"
    );
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains("balanced accuracy") && page.contains("50.00 %"));
    let stdout = place.succeeds("evaluate run");
    assert!(stdout.lines().any(|line| line == hint), "{stdout}");

    // A stop metric that counts classes alike.
    place.succeeds(&format!(
        "{} --target kind --run-dir stop --report s.json --quiet --patience 8 \
         --stop-metric balanced-accuracy --class-weights balanced",
        line.replace("--epochs 2", "--epochs 8")
    ));
    let report = place.json("s.json");
    let scores = report["epochs"].as_array().unwrap().iter();
    let scores: Vec<f64> = scores
        .map(|e| e["validation_score"].as_f64().unwrap())
        .collect();
    let highest = scores.iter().copied().fold(0.0, f64::max);
    let best = scores.iter().position(|score| *score == highest).unwrap() + 1;
    assert_eq!(report["best_epoch"], best, "{scores:?}");
    let history = std::fs::read_to_string(place.path().join("stop/history.csv")).unwrap();
    assert!(
        history
            .starts_with("epoch,train_loss,validation_loss,validation_accuracy,validation_score,")
    );
    let error = place.fails(&format!("{line} --target kind --stop-metric accuracy"));
    assert!(
        error.contains("--stop-metric chooses the epoch that --patience goes back to"),
        "{error}"
    );
}

#[test]
fn what_is_missing_or_unknown_is_refused_unless_asked_for() {
    let mut text = houses(true);
    text = text
        .replacen("Bern", "", 1)
        .replacen("Graz", "Graz (old)", 1);
    let place = Place::with(&text);
    let train = format!("{TRAIN} --target price --ignore rent");
    let error = place.fails(&format!("{train} --run-dir run"));
    let expected = "table.csv, line 2, column \"city\": expected a value in every row, found an empty \
                    cell; train with --missing mean to take it as the mean of the training rows";
    assert!(error.contains(expected), "{error}");
    // Whether row 3 is one to train on is up to the seed; some seed holds it out.
    let refused = (0..20).find_map(|seed| {
        let line = format!("{train} --missing mean --seed {seed} --run-dir run{seed} --quiet");
        let output = place.run(&line);
        (!output.status.success()).then(|| (seed, sentence(&line, &output)))
    });
    let (seed, error) = refused.expect("a seed that holds row 3 out");
    let expected = "line 3, column \"city\": expected one of the 3 values of the training rows";
    assert!(error.contains(expected), "{error}");
    assert!(!place.path().join(format!("run{seed}")).exists());
    place.succeeds(&format!(
        "{train} --missing mean --unknown zeros --seed {seed} --run-dir run --report r.json"
    ));
    assert!(place.json("r.json")["test"]["r2"].as_f64().unwrap() > 0.98);
    place.succeeds("evaluate run --all-rows");
}

#[test]
fn whole_numbers_are_classes_or_not_as_the_user_says() {
    let mut text = "x,grade\n".to_owned();
    for i in 0..200 {
        text += &format!("{},{}\n", noise(i, 1) + f64::from(i % 5), i % 5);
    }
    let place = Place::with(&text);
    let stdout = place.succeeds(&format!(
        "{TRAIN} --target grade --run-dir a --report a.json"
    ));
    assert!(
        stdout.contains("learns grade as 5 classes (--task regression learns it as a number)"),
        "{stdout}"
    );
    assert!(place.json("a.json")["test"]["accuracy"].as_f64().unwrap() > 0.8);
    place.succeeds(&format!(
        "{TRAIN} --target grade --task regression --run-dir b --report b.json"
    ));
    let test = &place.json("b.json")["test"];
    assert!(
        test["accuracy"].is_null() && test["r2"].as_f64().unwrap() > 0.9,
        "{test}"
    );
}

#[test]
fn tables_that_make_no_sense_are_refused_in_one_sentence() {
    let place = Place::new();
    for (text, flags, expected) in [
        (
            "a,b\n1,2\n3,4\n5,6\n7,8\n9,9\n",
            "--target y",
            "line 1: expected a column named \"y\", found a, b",
        ),
        (
            "",
            "--target y",
            "line 1: expected a header row that names the columns, found an empty file",
        ),
        (
            "x,y\n",
            "--target y",
            "line 2: expected at least one row below the header, found none",
        ),
        (
            "x,y\n1,a\n2,a\n3,a\n4,a\n5,a\n",
            "--target y",
            "column \"y\": expected at least two different classes, found \"a\" in every row",
        ),
        (
            "x,y\n1,a\n2,\n3,b\n4,b\n5,a\n",
            "--target y",
            "line 3, column \"y\": expected a value in every row",
        ),
        (
            "x,y\n1,1\n2,2\n3,b\n4,4\n5,5\n",
            "--target y --task regression",
            "line 4, column \"y\": expected a finite number, found \"b\"",
        ),
        (
            "x,y\n1,2\n3,4\n5,6\n7,8\n9,9\n",
            "--target y --ignore z",
            "expected a column named \"z\", found x, y",
        ),
        ("x,y\n1,0.5\n", "--target y", "holding out 0.2 of 1 rows"),
        (
            "x,y\n1,0.5\n2,1.5\n3,1\n4,2\n5,1\n",
            "--target y --class-weights balanced",
            "have no balance",
        ),
    ] {
        place.write("table.csv", text);
        let error = place.fails(&format!(
            "train --dataset csv:table.csv {flags} --run-dir run"
        ));
        assert!(error.contains(expected), "{flags}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(
            !place.path().join("run").exists(),
            "{flags} leaves a run folder"
        );
    }
    for flag in [
        "--no-header",
        "--task regression",
        "--ignore a",
        "--missing mean",
        "--unknown zeros",
    ] {
        let error = place.fails(&format!("train --dataset sample {flag} --run-dir run"));
        assert!(error.contains("belongs to csv:FILE data sets"), "{error}");
    }
}

#[test]
fn a_run_on_a_table_goes_on_and_a_search_finds_settings_for_one() {
    let place = Place::with(&houses(true).replace(',', ";"));
    let line = format!("{TRAIN} --target price --ignore rent");
    place.succeeds(&format!("{line} --run-dir run --quiet"));
    place.succeeds("train --resume --run-dir run --ignore rent");
    let error = place.fails("train --resume --run-dir run --task classification");
    assert!(
        error.contains("--task \"classification\" cannot be resumed"),
        "{error}"
    );

    let line = line
        .replace("train ", "search ")
        .replace("--epochs 60", "--epochs 5");
    for (flags, run) in [("", "plain"), ("--folds 3", "folds")] {
        let line = line.replace("--learning-rate 0.02 ", "");
        place.succeeds(&format!(
            "{line} {flags} --trials 3 --run-dir {run} --quiet"
        ));
        assert!(place.json(&format!("{run}/search.json"))["best"].is_object());
    }
    let text = houses(false);
    place.write("table.csv", &text);
    let line = line.replace("--target price --ignore rent", "--target 4 --no-header");
    let line = line.replace("--learning-rate 0.02 ", "");
    place.succeeds(&format!("{line} --trials 2 --run-dir numbered --quiet"));
    let best = place.json("numbered/search.json")["best"]["command"].clone();
    let command = best.as_str().unwrap();
    assert!(command.contains(" --no-header "), "{command}");
    let flags = command.strip_prefix("backprop ").unwrap();
    place.succeeds(&format!("{flags} --run-dir best --quiet"));
}

/// Writes a table of two features and a target of this number of classes.
fn write_classes(place: &Place, name: &str, classes: usize) {
    let rows = (0..60).map(|row| format!("{},{},k{}\n", row % 7, row % 11, row % classes));
    let text = format!("a,b,kind\n{}", rows.collect::<String>());
    std::fs::write(place.path().join(name), text).unwrap();
}

fn fine_tune(dataset: &str, rest: &str) -> String {
    format!("train --dataset csv:{dataset} --target kind --threads 1 --epochs 1 {rest}")
}

#[test]
fn a_model_of_other_classes_gives_every_layer_that_fits() {
    let place = Place::new();
    write_classes(&place, "three.csv", 3);
    write_classes(&place, "two.csv", 2);
    place.succeeds(&fine_tune("three.csv", "--hidden 8,4 --run-dir three"));

    let from = "--from three/model.safetensors";
    let told = place.succeeds(&fine_tune(
        "two.csv",
        &format!("--hidden 8,4 {from} --run-dir two"),
    ));
    let expected =
        "from three/model.safetensors: layers 0, 3 kept; layer 6 of other shapes, drawn anew";
    assert!(told.contains(expected), "{told}");

    // The same classes: nothing to say.
    let told = place.succeeds(&fine_tune(
        "three.csv",
        &format!("--hidden 8,4 {from} --run-dir same"),
    ));
    assert!(!told.contains("drawn anew"), "{told}");

    let line = fine_tune("two.csv", &format!("--hidden 5,3 {from} --run-dir none"));
    let refused = sentence(&line, &place.run(&line));
    let expected = "the parameter 0.weight has the shape (5, 2) but the file's tensor (8, 2); it is of another network";
    assert!(refused.contains(expected), "{refused}");
}
