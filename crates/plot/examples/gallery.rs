//! Writes one chart of each kind with made-up figures, and a page of them all, to be looked at:
//! `cargo run -p backprop-plot --example gallery -- FOLDER`.

use std::path::PathBuf;

use backprop_plot::{
    Axis, BarChart, Colormap, ConfusionMatrix, Figure, Histogram, ImageGrid, LineChart, Mark,
    ReliabilityBin, ReliabilityDiagram, Scale, Scatter, Series, Theme, style_sheet,
};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1);
    let folder = PathBuf::from(folder.unwrap_or_else(|| "gallery".to_string()));
    std::fs::create_dir_all(&folder)?;
    let figures = [
        ("line", seven_series()),
        ("mark", marked_line()),
        ("one-point", one_point()),
        ("empty", LineChart::default().figure()),
        ("bar", bars()),
        ("histogram", histogram()),
        ("scatter", scatter(false)),
        ("diagonal", scatter(true)),
        ("reliability", reliability()),
        ("confusion", confusion()),
        ("images", images()),
    ];
    for (name, figure) in &figures {
        std::fs::write(folder.join(format!("{name}.svg")), figure.to_svg())?;
    }
    let figures: String = figures
        .iter()
        .map(|(_, figure)| {
            let class = if figure.is_wide() {
                " class=\"wide\""
            } else {
                ""
            };
            let (svg, caption) = (figure.to_inline_svg(), figure.caption());
            format!("<figure{class}>{svg}<figcaption>{caption}</figcaption></figure>\n")
        })
        .collect();
    let (light, dark) = (Theme::LIGHT, Theme::DARK);
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Charts</title>\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<style>{}\
         body{{background:{};color:{};display:grid;grid-template-columns:1fr 1fr;gap:1rem;\
         font:15px sans-serif}}figure{{margin:0}}.wide{{grid-column:1/-1}}\
         @media screen and (prefers-color-scheme:dark){{body{{background:{};color:{}}}}}</style>\n\
         {figures}",
        style_sheet(),
        light.background,
        light.text,
        dark.background,
        dark.text
    );
    std::fs::write(folder.join("index.html"), page)
}

fn epoch_axis() -> Axis {
    Axis::new("epoch", Scale::Whole)
}

fn seven_series() -> Figure {
    let series = (1..=7).map(|k| {
        let values = (1..=30).map(|e| {
            if e == 9 + k && k < 3 {
                f64::NAN
            } else {
                f64::from(k) + (f64::from(e) / 4.0).sin()
            }
        });
        Series::by_epoch(format!("series {k}"), &values.collect::<Vec<_>>())
    });
    let chart = LineChart {
        title: "Seven series, two with a value missing".into(),
        x: epoch_axis(),
        y: Axis::new("speed (m/s)", Scale::Linear),
        series: series.collect(),
        mark: None,
    };
    chart.figure()
}

/// The label may not lie on the line.
fn marked_line() -> Figure {
    let accuracies: Vec<f64> = (1..=15).map(|e| 0.99 - 0.3 / f64::from(e * e)).collect();
    let chart = LineChart {
        title: "A line near the upper edge".into(),
        x: epoch_axis(),
        y: Axis::new("accuracy", Scale::Percent),
        series: vec![Series::by_epoch("validation", &accuracies)],
        mark: Some(Mark {
            series: 0,
            x: 12.0,
            label: "epoch 12, 98.79 %".into(),
        }),
    };
    chart.figure()
}

fn one_point() -> Figure {
    let chart = LineChart {
        title: "One epoch".into(),
        x: epoch_axis(),
        y: Axis::new("loss", Scale::Linear),
        series: vec![Series::by_epoch("training", &[0.4])],
        mark: None,
    };
    chart.figure()
}

fn bars() -> Figure {
    let bars = [
        ("1", 8e3),
        ("50", 9.1e4),
        ("a very long name", 1.2e5),
        ("1000", f64::NAN),
    ];
    let chart = BarChart {
        title: "Rows a second".into(),
        x: "batch size".into(),
        y: Axis::new("rows a second", Scale::Linear),
        bars: bars.map(|(name, value)| (name.to_string(), value)).to_vec(),
    };
    chart.figure()
}

fn histogram() -> Figure {
    let values = |offset: f64| -> Vec<f64> {
        let spread = |k: usize| (k * 7919 % 2000) as f64 / 1000.0 - 1.0;
        (0..2000).map(|k| spread(k).powi(3) + offset).collect()
    };
    let histogram = Histogram {
        title: "Two sets of values".into(),
        label: "value".into(),
        sets: vec![
            ("before".into(), values(0.0)),
            ("after".into(), values(0.4)),
        ],
    };
    histogram.figure()
}

fn scatter(diagonal: bool) -> Figure {
    let points = |name: &str| {
        let loss = |e: i32| 1.0 / (f64::from(e + 8) * name.len() as f64);
        (-6..2).map(|e| (10_f64.powi(e), loss(e))).collect()
    };
    let scatter = Scatter {
        title: "Far apart".into(),
        x: Axis::new("learning rate", Scale::Log),
        y: Axis::new("loss", Scale::Log),
        series: ["sgd", "adam"]
            .map(|name| Series::new(name, points(name)))
            .to_vec(),
        mark: Some((0.1, 1.0 / 28.0)),
        diagonal,
        invalid: String::new(),
    };
    scatter.figure()
}

fn reliability() -> Figure {
    let bins = (4..10).map(|k| {
        let from = f64::from(k) / 10.0;
        ReliabilityBin {
            from,
            to: from + 0.1,
            rows: 3_usize.pow(k as u32),
            confidence: from + 0.06,
            accuracy: from - 0.05,
        }
    });
    let diagram = ReliabilityDiagram {
        title: "Too sure".into(),
        bins: bins.collect(),
        calibration_error: 0.11,
    };
    diagram.figure()
}

fn confusion() -> Figure {
    let names = ["cat", "dog", "horse", "a very long name"];
    let counts = [[90, 7, 0, 1], [12, 80, 3, 0], [0, 1, 99, 0], [0, 0, 2, 998]];
    let matrix = ConfusionMatrix {
        title: "Pets".into(),
        names: names.map(String::from).to_vec(),
        counts: counts.map(|row| row.to_vec()).to_vec(),
    };
    matrix.figure()
}

fn images() -> Figure {
    let image = |k: usize| -> Vec<f64> {
        let wave =
            |x: usize, y: usize| ((x * (k % 5 + 1)) as f64 / 4.0).sin() * (y as f64 / 5.0).cos();
        (0..256).map(|p| wave(p % 16, p / 16)).collect()
    };
    let grid = ImageGrid {
        title: "Small images".into(),
        width: 16,
        height: 16,
        images: (0..24).map(image).collect(),
        colormap: Colormap::Diverging,
    };
    grid.figure()
}
