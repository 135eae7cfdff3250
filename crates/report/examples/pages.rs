//! Writes a page of a search and one of experiments with made-up figures, to be looked at:
//! `cargo run -p backprop-report --example pages -- FOLDER`.

use std::path::PathBuf;

use backprop_report::plot::Series;
use backprop_report::{
    Comparison, Experiment, Experiments, Search, SearchedSetting, Trial, Value, search_page,
    table_page,
};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1);
    let folder = PathBuf::from(folder.unwrap_or_else(|| "pages".to_string()));
    std::fs::create_dir_all(&folder)?;
    let search = search_page(&search());
    std::fs::write(folder.join("search.html"), search.html)?;
    for (name, svg) in search.plots {
        std::fs::write(folder.join(name), svg)?;
    }
    let experiments = table_page(&experiments());
    std::fs::write(folder.join("experiments.html"), experiments.html)
}

fn search() -> Search {
    let names = [
        ("learning rate", true),
        ("hidden", false),
        ("dropout", false),
    ];
    let trial = |number: usize| {
        let part = (number as f64 * 0.618).fract();
        let rate = 10_f64.powf(7.0 * part - 6.0);
        let diverged = rate > 3.0;
        let hidden = ["64", "128,64", "256,128,64"][number % 3];
        Trial {
            number,
            values: vec![
                Value::Number(rate),
                Value::Text(hidden.to_string()),
                Value::Number(0.05 * (number % 9) as f64),
            ],
            validation_loss: if diverged {
                f64::NAN
            } else {
                0.07 + 0.3 * (rate.log10() + 1.0).powi(2)
            },
            validation_accuracy: if diverged {
                f64::NAN
            } else {
                0.9 + 0.08 * part
            },
            diverged,
            note: if [5, 10, 15].contains(&number) {
                "stopped after epoch 1".to_string()
            } else {
                String::new()
            },
            seconds: 1.25,
        }
    };
    Search {
        title: "Search: mnist, 30 trials".into(),
        lead: "Random search over learning rate, hidden layers and dropout; made-up figures."
            .into(),
        settings: vec![
            ("epochs".into(), "2".into()),
            ("batch size".into(), "50".into()),
        ],
        searched: names
            .map(|(name, log)| SearchedSetting {
                name: name.into(),
                log,
            })
            .to_vec(),
        trials: (1..=30).map(trial).collect(),
        command: Some(
            "cargo xtask train --learning-rate 0.1023 --hidden 128,64 --dropout 0.1".into(),
        ),
    }
}

fn experiments() -> Experiments {
    let losses = |base: f64| -> Vec<f64> { (1..=50).map(|e| base / f64::from(e)).collect() };
    let comparison = |quantity: &str, reference: &str, measured: &str| Comparison {
        quantity: quantity.into(),
        reference: reference.into(),
        measured: measured.into(),
    };
    let rows = [
        ("SGD, one epoch", "0.3187", "0.3021"),
        ("Nesterov, as in the notebook", "1.0331", "0.0042"),
        (
            "RMSProp, as in the notebook",
            "2.1619",
            "diverged in epoch 1",
        ),
        (
            "Adam, the notebook's mistakes put back",
            "1.5982",
            "1.6 to 1.8",
        ),
    ];
    Experiments {
        title: "The notebook's experiments".into(),
        lead: "Every experiment beside the figures that the notebook printed; made-up figures."
            .into(),
        headline: vec![(
            "all experiments".into(),
            "41 s".into(),
            "the notebook: over 5 min".into(),
        )],
        reference: "the notebook".into(),
        experiments: rows
            .map(|(name, reference, measured)| Experiment {
                name: name.into(),
                settings: "784-128-64-10, ReLU, batch size 50, 1,000 images, 20 % validation."
                    .into(),
                comparisons: vec![
                    comparison("training loss, last epoch", reference, measured),
                    comparison("validation loss", "", "0.52"),
                ],
                seconds: 3.4,
                notes: vec!["The notebook's ReLU returned 1 where its input was above 0.".into()],
                losses: vec![
                    Series::by_epoch("training", &losses(1.0)),
                    Series::by_epoch("validation", &losses(2.0)),
                ],
                figures: Vec::new(),
            })
            .to_vec(),
        settings: vec![("seed".into(), "0".into())],
    }
}
