//! Every page is well-formed, whatever the data.

use backprop_report::metrics::{ClassPredictions, Predictions, ValuePredictions, WorstPrediction};
use backprop_report::plot::Series;
use backprop_report::{
    Column, Comparison, Document, Experiment, Experiments, HistoryColumns, LayerWeights, Page, Run,
    Search, SearchedSetting, Table, Trial, Value, run_page, search_page, table_page,
};

const HOSTILE: &str = "</title><script>alert(\"1\")</script>&amp;'\u{0}\u{1b}]]><!--";
const SVG: &str = "http://www.w3.org/2000/svg";

/// Parses a figure as XML and checks that no attribute holds a number that is not one.
fn check(name: &str, svg: &str) {
    let document =
        roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{name}: {error}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert!(root.attribute("aria-label").is_some(), "{name}");
    assert!(
        root.children()
            .any(|child| child.has_tag_name((SVG, "title"))),
        "{name}"
    );
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        let tag = element.tag_name().name();
        assert_ne!(tag, "script", "{name}");
        for attribute in element.attributes() {
            let value = attribute.value();
            let is_free_text = matches!(attribute.name(), "aria-label" | "href");
            let bad = value.contains("NaN") || value.contains("inf");
            assert!(
                is_free_text || !bad,
                "{name}: {tag} {}={value}",
                attribute.name()
            );
        }
    }
}

/// Checks all plots of a page, those within it too, and that it asks for nothing from outside.
fn check_page(document: &Document) {
    for (name, svg) in &document.plots {
        check(name, svg);
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)),
            "{name}"
        );
    }
    let html = &document.html;
    assert!(!html.contains("<script") && !html.contains("alert(\"1\")"));
    assert!(!html.contains("http://") && !html.contains("https://"));
    let mut rest = &html[..];
    while let Some(start) = rest.find("<svg") {
        let end = start + rest[start..].find("</svg>").expect("an end") + "</svg>".len();
        roxmltree::Document::parse(&rest[start..end]).expect("well-formed");
        rest = &rest[end..];
    }
    // What follows the style sheet is XML but for the elements that have no end.
    let body = &html[html.find("<body>").expect("a body")..html.find("</html>").expect("an end")];
    let closed: Vec<String> = body
        .split("<img ")
        .enumerate()
        .map(|(k, part)| match (k, part.split_once('>')) {
            (0, _) | (_, None) => part.to_string(),
            (_, Some((image, after))) => format!("<img {image}/>{after}"),
        })
        .collect();
    roxmltree::Document::parse(&closed.concat()).expect("a well-formed body");
}

fn invalid_numbers() -> Vec<f64> {
    vec![
        0.5,
        f64::NAN,
        f64::INFINITY,
        -1.0,
        f64::NEG_INFINITY,
        1e308,
        0.0,
        5e-324,
        -1e308,
    ]
}

fn run(predictions: Predictions, epochs: usize) -> Run {
    let losses: Vec<f64> = (0..epochs).map(|epoch| 1.0 / (epoch + 1) as f64).collect();
    Run {
        title: format!("A run of {HOSTILE}"),
        lead: HOSTILE.into(),
        history: HistoryColumns {
            train_loss: losses.clone(),
            validation_loss: losses.clone(),
            validation_accuracy: losses.clone(),
            learning_rate: losses.iter().map(|&x| (x, x)).collect(),
            seconds: losses.clone(),
            best_epoch: Some(epochs as u64),
            loss_unit: "nats".into(),
        },
        layers: vec![LayerWeights {
            name: HOSTILE.into(),
            inputs: 4,
            before: vec![0.1; 8],
            after: invalid_numbers()[..8].to_vec(),
        }],
        image_size: Some((2, 2)),
        test_loss: 0.1,
        predictions: Some(predictions),
        settings: vec![(HOSTILE.into(), HOSTILE.into())],
        versions: vec![("seed".into(), "0".into())],
        timings: Vec::new(),
    }
}

fn classes() -> Predictions {
    Predictions::Classes(ClassPredictions {
        names: vec![HOSTILE.into(), "b".into()],
        labels: vec![0, 1, 1],
        probabilities: vec![0.9, 0.1, 0.8, 0.2, f64::NAN, f64::NAN],
        worst: [1, 2, 99]
            .map(|row| WorstPrediction {
                row,
                pixels: vec![0.0, 1.0, f64::NAN, 0.5],
            })
            .to_vec(),
    })
}

fn values() -> Predictions {
    Predictions::Values(ValuePredictions {
        names: vec![HOSTILE.into()],
        targets: vec![1.0, 2.0, 3.0],
        predictions: vec![1.5, f64::NAN, 2.0],
        training_means: Vec::new(),
    })
}

#[test]
fn a_run_has_a_page_however_short_or_broken_it_was() {
    for predictions in [classes(), values(), Predictions::default()] {
        for epochs in [0, 1, 3] {
            check_page(&run_page(&run(predictions.clone(), epochs)));
        }
    }
    check_page(&run_page(&Run::default()));
    let mut untested = run(classes(), 3);
    untested.predictions = None;
    let page = run_page(&untested);
    check_page(&page);
    assert!(!page.html.contains("test loss") && !page.html.contains("Test set"));
    let mut broken = run(classes(), 3);
    broken.history.train_loss = vec![f64::NAN; 3];
    broken.history.validation_loss = vec![f64::INFINITY, f64::NAN, 0.1];
    broken.history.validation_accuracy = vec![f64::NAN; 3];
    broken.history.best_epoch = Some(99);
    broken.layers[0].inputs = 0;
    check_page(&run_page(&broken));
    if let Some(Predictions::Classes(classes)) = &mut broken.predictions {
        classes.labels = vec![7; 9];
    }
    check_page(&run_page(&broken));
}

#[test]
fn a_run_with_classes_and_one_with_values_have_the_plots_that_are_promised() {
    let names = |document: Document| -> Vec<String> {
        document.plots.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(
        names(run_page(&run(classes(), 2))),
        [
            "loss.svg",
            "accuracy.svg",
            "learning-rate.svg",
            "confusion.svg",
            "calibration.svg",
            "weights.svg",
            "first-layer.svg"
        ]
    );
    let mut regression = run(values(), 2);
    regression.history.validation_accuracy.clear();
    regression.image_size = None;
    let expected = [
        "loss.svg",
        "learning-rate.svg",
        "predictions.svg",
        "weights.svg",
    ];
    assert_eq!(names(run_page(&regression)), expected);
}

#[test]
fn a_search_lists_its_trials_best_first() {
    let trial = |number, loss: f64, rate: f64| Trial {
        number,
        values: vec![Value::Number(rate), Value::Text(HOSTILE.into())],
        validation_loss: loss,
        validation_accuracy: f64::NAN,
        diverged: !loss.is_finite(),
        note: String::new(),
        seconds: 1.0,
    };
    let search = Search {
        title: HOSTILE.into(),
        lead: String::new(),
        settings: vec![("epochs".into(), "2".into())],
        searched: [("learning rate", true), (HOSTILE, false)]
            .map(|(name, log)| SearchedSetting {
                name: name.into(),
                log,
            })
            .to_vec(),
        trials: vec![
            trial(1, 0.5, 1e-3),
            trial(2, f64::NAN, 9.0),
            trial(3, 0.125, 0.1),
        ],
        command: Some("cargo xtask train --learning-rate 0.1 && echo '<done>'".into()),
    };
    let document = search_page(&search);
    check_page(&document);
    let place = |text: &str| document.html.find(text).unwrap_or_else(|| panic!("{text}"));
    let row = |rank: u32, number: u32| {
        place(&format!(
            "<th scope=\"row\" class=\"n\">{rank}</th><td class=\"n\">{number}</td>"
        ))
    };
    assert!(row(1, 3) < row(2, 1) && row(2, 1) < row(3, 2));
    assert!(
        document.plots[0]
            .1
            .contains("Crosses at the upper edge: 1 diverged")
    );
    check_page(&search_page(&Search::default()));
    let none = Search {
        searched: search.searched.clone(),
        ..Search::default()
    };
    check_page(&search_page(&none));
}

#[test]
fn a_table_of_experiments_names_each_once() {
    let experiments = Experiments {
        title: HOSTILE.into(),
        reference: "notebook".into(),
        experiments: vec![
            Experiment {
                name: "SGD, ten epochs".into(),
                comparisons: ["epoch 5", "epoch 10"]
                    .map(|quantity| Comparison {
                        quantity: quantity.into(),
                        reference: String::new(),
                        measured: HOSTILE.into(),
                    })
                    .to_vec(),
                seconds: 3.0,
                losses: vec![Series::by_epoch("training", &[1.0, 0.01])],
                notes: vec![HOSTILE.into()],
                ..Experiment::default()
            },
            Experiment::default(),
        ],
        ..Experiments::default()
    };
    let document = table_page(&experiments);
    check_page(&document);
    assert_eq!(
        document
            .html
            .matches("rowspan=\"2\">SGD, ten epochs")
            .count(),
        1
    );
    assert_eq!(document.plots[0].0, "experiment-1-1.svg");
    check_page(&table_page(&Experiments::default()));
}

#[test]
fn a_page_that_a_caller_builds_is_well_formed() {
    let mut page = Page::new(HOSTILE);
    page.text("Before any section.");
    page.section(HOSTILE);
    page.code(HOSTILE);
    page.facts(HOSTILE, &[]);
    page.folded_table(
        HOSTILE,
        &Table {
            caption: HOSTILE.into(),
            columns: vec![Column::text(HOSTILE), Column::number("n")],
            rows: vec![vec![HOSTILE.into()], vec![]],
            marked: Some(7),
        },
    );
    check_page(&Document {
        html: page.to_html(),
        plots: Vec::new(),
    });
}
