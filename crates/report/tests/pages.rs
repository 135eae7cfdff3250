//! Every chart and page is well-formed, whatever the data.

use backprop_report::{
    Axis, Bars, Column, Compared, ConfusionMatrix, Curves, Document, Experiment, Experiments,
    Figure, Histogram, LineChart, LinearLayer, Mark, Outcome, Page, PictureGrid, Run, Scale,
    Scatter, Search, Searched, Series, Shades, Table, Trial, Value, Worst, run_page, search_page,
    table_page,
};

const HOSTILE: &str = "</title><script>alert(\"1\")</script>&amp;'\u{0}\u{1b}]]><!--";

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

const SVG: &str = "http://www.w3.org/2000/svg";

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

fn odd_numbers() -> Vec<f64> {
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

#[test]
fn figures_are_well_formed_whatever_the_numbers() {
    let odd = odd_numbers();
    let lists = [
        vec![],
        vec![0.3],
        vec![f64::NAN],
        vec![2.0, 2.0],
        odd.clone(),
    ];
    let names = Scale::Names(vec![HOSTILE.to_string(), String::new()]);
    let scales = [
        Scale::Linear,
        Scale::Log,
        Scale::Whole,
        Scale::Percent,
        names,
    ];
    for list in &lists {
        for scale in &scales {
            let points: Vec<(f64, f64)> = list.iter().copied().zip(odd.iter().copied()).collect();
            let line = LineChart {
                title: HOSTILE.into(),
                x: Axis::new(HOSTILE, scale.clone()),
                y: Axis::new(HOSTILE, scale.clone()),
                series: vec![
                    Series::by_epoch(HOSTILE, list),
                    Series::new("other", points.clone()),
                ],
                mark: Some(Mark {
                    series: 0,
                    x: 1.0,
                    label: HOSTILE.into(),
                }),
            };
            check("line", &line.figure().to_svg());
            for diagonal in [false, true] {
                let scatter = Scatter {
                    title: HOSTILE.into(),
                    x: Axis::new(HOSTILE, scale.clone()),
                    y: Axis::new(HOSTILE, scale.clone()),
                    series: vec![Series::new(HOSTILE, points.clone())],
                    mark: points.first().copied(),
                    diagonal,
                    odd: HOSTILE.into(),
                };
                check("scatter", &scatter.figure().to_svg());
            }
            let bars = Bars {
                title: HOSTILE.into(),
                x: HOSTILE.into(),
                y: Axis::new(HOSTILE, scale.clone()),
                bars: list
                    .iter()
                    .map(|&value| (HOSTILE.to_string(), value))
                    .collect(),
            };
            check("bars", &bars.figure().to_svg());
        }
        let histogram = Histogram {
            title: HOSTILE.into(),
            label: HOSTILE.into(),
            sets: vec![
                (HOSTILE.into(), list.clone()),
                ("other".into(), vec![1.0; 5]),
            ],
        };
        check("histogram", &histogram.figure().to_svg());
        for shades in [Shades::Ink, Shades::Diverging] {
            let pictures = PictureGrid {
                title: HOSTILE.into(),
                width: 3,
                height: 3,
                pictures: vec![list.clone(); 5],
                shades,
            };
            check("pictures", &pictures.figure().to_svg());
        }
    }
    check("stack", &Figure::stack(HOSTILE, &[]).to_svg());
    for classes in [0, 1, 20, 60] {
        let matrix = ConfusionMatrix {
            title: HOSTILE.into(),
            names: vec![HOSTILE.to_string(); classes],
            counts: vec![vec![3; classes]; classes],
        };
        check("confusion", &matrix.figure().to_svg());
    }
}

#[test]
fn values_without_a_place_are_counted_and_marked() {
    let line = LineChart {
        series: vec![Series::by_epoch(
            "training",
            &[0.5, f64::NAN, 0.4, f64::INFINITY],
        )],
        ..LineChart::default()
    };
    let svg = line.figure().to_svg();
    assert_eq!(svg.matches("class=\"odd\"").count(), 2);
    assert!(svg.contains("Crosses at the upper edge: 2 not finite"));
}

fn run(outcome: Outcome, epochs: usize) -> Run {
    let losses: Vec<f64> = (0..epochs).map(|epoch| 1.0 / (epoch + 1) as f64).collect();
    Run {
        title: format!("A run of {HOSTILE}"),
        lead: HOSTILE.into(),
        curves: Curves {
            train_loss: losses.clone(),
            validation_loss: losses.clone(),
            validation_accuracy: losses.clone(),
            learning_rate: losses.iter().map(|&x| (x, x)).collect(),
            seconds: losses.clone(),
            best_epoch: Some(epochs as u64),
            loss_unit: "nats".into(),
        },
        layers: vec![LinearLayer {
            name: HOSTILE.into(),
            inputs: 4,
            before: vec![0.1; 8],
            after: odd_numbers()[..8].to_vec(),
        }],
        picture: Some((2, 2)),
        test_loss: 0.1,
        outcome,
        settings: vec![(HOSTILE.into(), HOSTILE.into())],
        versions: vec![("seed".into(), "0".into())],
        timings: Vec::new(),
    }
}

fn classes() -> Outcome {
    Outcome::Classes {
        names: vec![HOSTILE.into(), "b".into()],
        labels: vec![0, 1, 1],
        probabilities: vec![0.9, 0.1, 0.8, 0.2, f64::NAN, f64::NAN],
        worst: [1, 2, 99]
            .map(|row| Worst {
                row,
                pixels: vec![0.0, 1.0, f64::NAN, 0.5],
            })
            .to_vec(),
    }
}

fn values() -> Outcome {
    Outcome::Values {
        names: vec![HOSTILE.into()],
        targets: vec![1.0, 2.0, 3.0],
        predictions: vec![1.5, f64::NAN, 2.0],
    }
}

#[test]
fn a_run_has_a_page_however_short_or_broken_it_was() {
    for outcome in [classes(), values(), Outcome::default()] {
        for epochs in [0, 1, 3] {
            check_page(&run_page(&run(outcome.clone(), epochs)));
        }
    }
    check_page(&run_page(&Run::default()));
    let mut broken = run(classes(), 3);
    broken.curves.train_loss = vec![f64::NAN; 3];
    broken.curves.validation_loss = vec![f64::INFINITY, f64::NAN, 0.1];
    broken.curves.validation_accuracy = vec![f64::NAN; 3];
    broken.curves.best_epoch = Some(99);
    broken.layers[0].inputs = 0;
    check_page(&run_page(&broken));
    if let Outcome::Classes { labels, .. } = &mut broken.outcome {
        *labels = vec![7; 9];
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
    regression.curves.validation_accuracy.clear();
    regression.picture = None;
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
            .map(|(name, log)| Searched {
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
        theirs: "notebook".into(),
        experiments: vec![
            Experiment {
                name: "SGD, ten epochs".into(),
                compared: ["epoch 5", "epoch 10"]
                    .map(|what| Compared {
                        what: what.into(),
                        theirs: String::new(),
                        ours: HOSTILE.into(),
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
fn a_page_of_ones_own_is_well_formed() {
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
