//! Writes a page of a search, one of experiments and one of charts with made-up figures, to be
//! looked at: `cargo run -p backprop-report --example gallery -- FOLDER`.

use std::path::PathBuf;

use backprop_report::{
    Axis, Bars, Compared, Experiment, Experiments, Histogram, LineChart, Page, Scale, Scatter,
    Search, Searched, Series, Trial, Value, search_page, table_page,
};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "gallery".to_string()),
    );
    std::fs::create_dir_all(&folder)?;
    let search = search_page(&search());
    std::fs::write(folder.join("search.html"), search.html)?;
    for (name, svg) in search.plots {
        std::fs::write(folder.join(name), svg)?;
    }
    std::fs::write(
        folder.join("experiments.html"),
        table_page(&experiments()).html,
    )?;
    std::fs::write(folder.join("charts.html"), charts().to_html())
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
            .map(|(name, log)| Searched {
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
    let compared = |what: &str, theirs: &str, ours: &str| Compared {
        what: what.into(),
        theirs: theirs.into(),
        ours: ours.into(),
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
        theirs: "the notebook".into(),
        experiments: rows
            .map(|(name, theirs, ours)| Experiment {
                name: name.into(),
                settings: "784-128-64-10, ReLU, batch size 50, 1,000 images, 20 % validation."
                    .into(),
                compared: vec![
                    compared("training loss, last epoch", theirs, ours),
                    compared("validation loss", "", "0.52"),
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

fn charts() -> Page {
    let mut page = Page::new("Charts");
    let curves = (1..=7).map(|k| {
        let values = (1..=30).map(|e| {
            if e == 9 + k && k < 3 {
                f64::NAN
            } else {
                f64::from(k) + (f64::from(e) / 4.0).sin()
            }
        });
        Series::by_epoch(format!("series {k}"), &values.collect::<Vec<_>>())
    });
    let line = LineChart {
        title: "Seven series, two with a value missing".into(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new("something (m/s)", Scale::Linear),
        series: curves.collect(),
        mark: None,
    };
    let bars = Bars {
        title: "Rows a second".into(),
        x: "batch size".into(),
        y: Axis::new("rows a second", Scale::Linear),
        bars: [
            ("1", 8e3),
            ("50", 9.1e4),
            ("a very long name", 1.2e5),
            ("1000", f64::NAN),
        ]
        .map(|(name, value)| (name.to_string(), value))
        .to_vec(),
    };
    let values: Vec<f64> = (0..2000)
        .map(|k| ((k * 7919 % 2000) as f64 / 1000.0 - 1.0).powi(3))
        .collect();
    let histogram = Histogram {
        title: "A histogram".into(),
        label: "value".into(),
        sets: vec![("values".into(), values)],
    };
    let scatter = Scatter {
        title: "Far apart".into(),
        x: Axis::new("learning rate", Scale::Log),
        y: Axis::new("loss", Scale::Log),
        series: ["sgd", "adam"]
            .map(|name| {
                Series::new(
                    name,
                    (-6..2)
                        .map(|e| (10_f64.powi(e), 1.0 / (f64::from(e + 8) * name.len() as f64)))
                        .collect(),
                )
            })
            .to_vec(),
        mark: Some((0.1, 1.0 / 28.0)),
        diagonal: false,
        odd: String::new(),
    };
    let one = LineChart {
        title: "One epoch".into(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new("loss", Scale::Linear),
        series: vec![Series::by_epoch("training", &[0.4])],
        mark: None,
    };
    page.section("All kinds");
    page.figures(&[
        line.figure(),
        bars.figure(),
        histogram.figure(),
        scatter.figure(),
        one.figure(),
        LineChart {
            title: "None".into(),
            ..LineChart::default()
        }
        .figure(),
    ]);
    page
}
