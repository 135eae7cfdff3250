//! `--loss`: what a model learns by each, that it is kept, and what is refused.

mod common;

use approx::assert_relative_eq;
use common::{Place, sentence};
use serde_json::Value;

const TRAIN: &str = "train --dataset csv:table.csv --epochs 60 --batch-size 16 --hidden 16 \
                     --dropout 0 --learning-rate 0.02 --threads 1";

/// Visits: a count whose mean grows by the factor 2.7 with each unit of x, and every
/// tenth row an outlier of `y`.
fn visits() -> String {
    let mut text = "x,visits,y,kind\n".to_owned();
    for i in 0..400_u32 {
        let x = f64::from(i * 7 % 400) / 100.0;
        // Thirds of the mean up and down, as noise that sums to nothing.
        let mean = x.exp();
        let visits = (mean * [1.0, 0.7, 1.3][i as usize % 3]).round();
        let y = if i % 10 == 0 { 1000.0 } else { x };
        let kind = if x > 2.0 { "warm" } else { "cold" };
        text += &format!("{x},{visits},{y},{kind}\n");
    }
    text
}

fn place() -> Place {
    let place = Place::new();
    std::fs::write(place.path().join("table.csv"), visits()).unwrap();
    place
}

/// Trains, and checks that `evaluate` finds the same loss from the model alone.
fn train(place: &Place, loss: &str, more: &str) -> Value {
    let run = format!("{TRAIN} --loss {loss} {more} --run-dir run --report train.json");
    place.succeeds(&run);
    let model = "run/model.safetensors --dataset csv:table.csv";
    place.succeeds(&format!("evaluate {model} --report test.json"));
    let (trained, evaluated) = (place.json("train.json"), place.json("test.json"));
    assert_eq!(trained["test"]["loss"], evaluated["test"]["loss"], "{loss}");
    std::fs::rename(place.path().join("run"), place.path().join("old")).unwrap();
    std::fs::remove_dir_all(place.path().join("old")).unwrap();
    evaluated["test"].clone()
}

#[test]
fn counts_are_predicted_as_rates() {
    let place = place();
    place.succeeds(&format!(
        "{TRAIN} --target visits --loss poisson --ignore y,kind --run-dir run --report train.json"
    ));
    let test = &place.json("train.json")["test"];
    assert!(test["r2"].as_f64().unwrap() > 0.8, "{test}");
    // That of always predicting the training mean has no R2 worth the name, and it is not that of 0.
    let baseline = &test["baseline"]["r2"];
    assert!(baseline.as_f64().unwrap().abs() < 0.1, "{test}");
    std::fs::write(place.path().join("new.csv"), "x\n0\n2\n3.5\n").unwrap();
    let answers = place.succeeds("predict run new.csv --json");
    for (line, x) in answers.lines().zip([0.0_f64, 2.0, 3.5]) {
        let answer: Value = serde_json::from_str(line).unwrap();
        let rate = answer["values"][0].as_f64().unwrap();
        assert_relative_eq!(rate, x.exp(), max_relative = 0.3);
    }
    let page = std::fs::read_to_string(place.path().join("run/report.html")).unwrap();
    assert!(page.contains("of counts over their mean"));
}

#[test]
fn a_model_keeps_its_loss_and_the_constant_of_it() {
    let place = place();
    let of_y = "--target y --ignore visits,kind";
    let absolute = train(&place, "mean-absolute-error", of_y);
    let huber = train(&place, "huber:0.01", of_y);
    let squared = train(&place, "mean-squared-error", of_y);
    // One row in ten is an outlier: the mean of a row's y is above 100, its median is x.
    let error = |test: &Value| test["mean_absolute_error"].as_f64().unwrap();
    assert!(
        error(&absolute) < 0.8 * error(&squared),
        "{absolute} {squared}"
    );
    assert!(error(&huber) < 0.8 * error(&squared), "{huber} {squared}");
    let kind = "--target kind --ignore visits,y";
    for loss in ["label-smoothing:0.2", "focal:1", "softmax-cross-entropy"] {
        let test = train(&place, loss, kind);
        assert!(test["accuracy"].as_f64().unwrap() > 0.9, "{loss}: {test}");
    }
}

#[test]
fn quantiles_lie_on_both_sides_of_the_mean() {
    let place = place();
    std::fs::write(place.path().join("new.csv"), "x\n2\n").unwrap();
    let at_two = |loss: &str| {
        let visits = "--target visits --ignore y,kind";
        place.succeeds(&format!("{TRAIN} --loss {loss} {visits} --run-dir {loss}"));
        let answer: Value =
            serde_json::from_str(&place.succeeds(&format!("predict {loss} new.csv --json")))
                .unwrap();
        answer["values"][0].as_f64().unwrap() / 2.0_f64.exp()
    };
    // A third of the counts is 0.7 of the mean, and a third 1.3.
    let (low, high) = (at_two("quantile:0.1"), at_two("quantile:0.9"));
    assert!((0.5..0.9).contains(&low), "{low}");
    assert!((1.1..1.5).contains(&high), "{high}");
}

#[test]
fn a_loss_that_does_not_fit_is_refused_with_those_that_do() {
    let place = place();
    std::fs::write(place.path().join("below.csv"), "x,n\n1,2\n2,-1\n3,4\n").unwrap();
    for (flags, expected) in [
        (
            "--dataset csv:table.csv --target y --loss hubert",
            "there is no loss \"hubert\"; choose one of softmax-cross-entropy, ",
        ),
        (
            "--dataset csv:table.csv --target y --loss huber:0",
            "Huber takes a delta above 0, not 0",
        ),
        (
            "--dataset csv:table.csv --target y --loss quantile:2",
            "Quantile takes a quantile above 0 and below 1, not 2",
        ),
        (
            "--dataset csv:table.csv --target y --loss poisson:2",
            "Poisson has no constant; leave \":2\" out",
        ),
        (
            "--dataset csv:table.csv --target kind --loss cross-entropy",
            "CrossEntropy is not of this program's networks and data; choose \
             softmax-cross-entropy, label-smoothing:0.1 or focal:2 for classes",
        ),
        (
            "--dataset sample --loss huber",
            "--loss huber takes numbers as targets, but the targets are classes; choose \
             softmax-cross-entropy, label-smoothing:0.1 or focal:2, or leave --loss out",
        ),
        (
            "--dataset csv:table.csv --target y --task regression --loss focal",
            "--loss focal takes classes as targets, but the targets are numbers; choose \
             mean-squared-error, mean-absolute-error, huber:1, quantile:0.5 or poisson, or leave",
        ),
        (
            "--dataset csv:below.csv --target n --loss poisson",
            "below.csv, line 3, column \"n\": expected a count of at least 0, found \"-1\"",
        ),
    ] {
        let line = format!("train {flags} --run-dir run");
        let said = sentence(&line, &place.run(&line));
        assert!(said.contains(expected), "{line}: {said}");
        assert!(!place.path().join("run/model.safetensors").exists());
    }
}
