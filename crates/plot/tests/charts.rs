//! Every chart is well-formed, whatever the data.

use backprop_plot::{
    Axis, BarChart, Colormap, ConfusionMatrix, Figure, Histogram, ImageGrid, LineChart, Mark,
    ReliabilityBin, ReliabilityDiagram, Scale, Scatter, Series,
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

/// The lists of values that every chart must survive.
fn lists() -> [Vec<f64>; 5] {
    [
        vec![],
        vec![0.3],
        vec![f64::NAN],
        vec![2.0, 2.0],
        invalid_numbers(),
    ]
}

#[test]
fn charts_with_axes_are_well_formed_whatever_the_numbers() {
    let names = Scale::Names(vec![HOSTILE.to_string(), String::new()]);
    let scales = [
        Scale::Linear,
        Scale::Log,
        Scale::Whole,
        Scale::Percent,
        names,
    ];
    for list in &lists() {
        for scale in &scales {
            check_line(list, scale);
            check_scatter(list, scale);
            let bars = BarChart {
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
    }
}

fn points(list: &[f64]) -> Vec<(f64, f64)> {
    list.iter().copied().zip(invalid_numbers()).collect()
}

fn check_line(list: &[f64], scale: &Scale) {
    let line = LineChart {
        title: HOSTILE.into(),
        x: Axis::new(HOSTILE, scale.clone()),
        y: Axis::new(HOSTILE, scale.clone()),
        series: vec![
            Series::by_epoch(HOSTILE, list),
            Series::new("other", points(list)),
        ],
        mark: Some(Mark {
            series: 0,
            x: 1.0,
            label: HOSTILE.into(),
        }),
    };
    check("line", &line.figure().to_svg());
}

fn check_scatter(list: &[f64], scale: &Scale) {
    for diagonal in [false, true] {
        let scatter = Scatter {
            title: HOSTILE.into(),
            x: Axis::new(HOSTILE, scale.clone()),
            y: Axis::new(HOSTILE, scale.clone()),
            series: vec![Series::new(HOSTILE, points(list))],
            mark: points(list).first().copied(),
            diagonal,
            invalid: HOSTILE.into(),
        };
        check("scatter", &scatter.figure().to_svg());
    }
}

#[test]
fn charts_of_many_values_are_well_formed_whatever_the_numbers() {
    for list in &lists() {
        let histogram = Histogram {
            title: HOSTILE.into(),
            label: HOSTILE.into(),
            sets: vec![
                (HOSTILE.into(), list.clone()),
                ("other".into(), vec![1.0; 5]),
            ],
        };
        check("histogram", &histogram.figure().to_svg());
        for colormap in [Colormap::Gray, Colormap::Diverging] {
            let images = ImageGrid {
                title: HOSTILE.into(),
                width: 3,
                height: 3,
                images: vec![list.clone(); 5],
                colormap,
            };
            check("images", &images.figure().to_svg());
        }
    }
    check("stack", &Figure::stack(HOSTILE, &[]).to_svg());
}

#[test]
fn charts_of_classes_are_well_formed_whatever_the_numbers() {
    for accuracy in invalid_numbers() {
        let bin = ReliabilityBin {
            from: 0.5,
            to: accuracy,
            rows: 3,
            confidence: accuracy,
            accuracy,
        };
        let diagram = ReliabilityDiagram {
            title: HOSTILE.into(),
            bins: vec![bin; 2],
            calibration_error: accuracy,
        };
        check("reliability", &diagram.figure().to_svg());
    }
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
fn values_that_cannot_be_drawn_are_counted_and_marked() {
    let line = LineChart {
        series: vec![Series::by_epoch(
            "training",
            &[0.5, f64::NAN, 0.4, f64::INFINITY],
        )],
        ..LineChart::default()
    };
    let svg = line.figure().to_svg();
    assert_eq!(svg.matches("class=\"invalid\"").count(), 2);
    assert!(svg.contains("Crosses at the upper edge: 2 not finite"));
}
