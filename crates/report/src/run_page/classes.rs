//! The predicted classes of a test set.

use backprop_metrics::{
    Calibration, ClassMetrics, ClassPredictions, MajorityClass, balanced_accuracy, class_metrics,
    macro_average, wilson_interval,
};
use backprop_plot::text::{decimals, percent, truncate};
use backprop_plot::{ConfusionMatrix, Figure, ReliabilityBin, ReliabilityDiagram};

use crate::document::DocumentBuilder;
use crate::table::{Column, Table};

/// The bins of the reliability diagram.
const BINS: usize = 10;
/// The most classes whose confusion matrix is drawn: with more, its cells are too small to read.
const MAX_DRAWN_CLASSES: usize = 100;

pub(super) fn headline(predictions: &ClassPredictions) -> Vec<(String, String, String)> {
    let rows = predictions.rows() as u64;
    if rows == 0 {
        return Vec::new();
    }
    let correct = predictions.correct();
    let correct = correct.into_iter().filter(|&correct| correct).count() as u64;
    let (low, high) = wilson_interval(correct, rows);
    let (low, high) = (decimals(100.0 * low, 2), percent(high, 2));
    let mut items = vec![(
        "test accuracy".to_string(),
        percent(predictions.accuracy(), 2),
        format!("95 % interval {low} to {high}"),
    )];
    let confusion = predictions.confusion_matrix();
    if let Some(majority) = MajorityClass::new(&confusion) {
        let name = predictions.names.get(majority.class);
        let name = name.map_or("?", |name| name);
        items.push((
            "baseline".to_string(),
            percent(majority.share, 2),
            format!("always \u{201c}{}\u{201d}", truncate(name, 24)),
        ));
        if majority.is_uneven() {
            items.push((
                "balanced accuracy".to_string(),
                percent(balanced_accuracy(&confusion), 2),
                "mean recall of the classes".to_string(),
            ));
        }
    }
    items
}

pub(super) fn add(document: &mut DocumentBuilder, predictions: &ClassPredictions) {
    if predictions.rows() == 0 {
        return;
    }
    document.page.section("Test set");
    let confusion = predictions.confusion_matrix();
    let metrics = class_metrics(&confusion);
    let mut figures = Vec::new();
    if predictions.names.len() <= MAX_DRAWN_CLASSES {
        let matrix = ConfusionMatrix {
            title: "Confusion matrix of the test set".to_string(),
            names: predictions.names.clone(),
            counts: confusion,
        };
        let figure = matrix.figure();
        let caption = figure.description().to_string();
        figures.push(("confusion.svg".to_string(), figure.with_caption(caption)));
    }
    let reliability = reliability(&predictions.calibration(BINS));
    figures.push(("calibration.svg".to_string(), reliability));
    document.figures(figures);
    document.page.text(
        "Precision is the fraction of the rows taken for a class that belong to it, recall the \
         fraction of the rows of a class that were found, F1 their harmonic mean.",
    );
    let table = table(&predictions.names, &metrics, predictions.rows());
    document.page.table(&table);
}

fn reliability(calibration: &Calibration) -> Figure {
    let bin = |bin: &backprop_metrics::CalibrationBin| ReliabilityBin {
        from: bin.from,
        to: bin.to,
        rows: bin.rows,
        confidence: bin.confidence,
        accuracy: bin.accuracy,
    };
    let diagram = ReliabilityDiagram {
        title: "Reliability of the probabilities".to_string(),
        bins: calibration.bins.iter().map(bin).collect(),
        calibration_error: calibration.expected_error,
    };
    let error = percent(calibration.expected_error, 2);
    diagram.figure().with_caption(format!(
        "Expected calibration error {error}. On the dashed line, a prediction given 80 % is right in \
         80 of 100 cases. The numbers in the bars count the predictions."
    ))
}

fn table(names: &[String], metrics: &[ClassMetrics], total: usize) -> Table {
    let row = |name: &str, fractions: [f64; 3], rows: f64| {
        let mut row = vec![name.to_string()];
        row.extend(fractions.map(|fraction| percent(fraction, 2)));
        row.push(decimals(rows, 0));
        row
    };
    let classes = names.iter().zip(metrics).map(|(name, class)| {
        let fractions = [class.precision, class.recall, class.f1];
        row(name, fractions, class.rows as f64)
    });
    let mut rows: Vec<Vec<String>> = classes.collect();
    let means = [
        macro_average(metrics, |class| class.precision),
        macro_average(metrics, |class| class.recall),
        macro_average(metrics, |class| class.f1),
    ];
    rows.push(row("mean of all classes", means, total as f64));
    let mut columns = vec![Column::text("class")];
    columns.extend(["precision", "recall", "F1", "rows"].map(Column::number));
    Table {
        caption: "Each class of the test set".to_string(),
        columns,
        marked: Some(rows.len() - 1),
        rows,
    }
}
