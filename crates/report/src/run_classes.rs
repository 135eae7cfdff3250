//! What a run's page says about predicted classes.

use crate::chart::ink_picture;
use crate::metrics::{
    Calibration, calibration, class_scores, confusion, largest, macro_mean, wilson,
};
use crate::run::{Outcome, Run, Worst, add};
use crate::text::{cut, escape, fixed, percent};
use crate::{Column, ConfusionMatrix, Page, ReliabilityDiagram, Table};

const BINS: usize = 10;
/// With more classes than this, a confusion matrix tells nothing any more.
const DRAWN: usize = 100;
/// The bars of a wrong prediction: its most probable classes.
const BARS: usize = 4;

/// What follows from labels and probabilities.
struct Found<'a> {
    names: &'a [String],
    labels: &'a [usize],
    guesses: Vec<usize>,
    confidences: Vec<f64>,
    rows: Vec<&'a [f64]>,
    worst: &'a [Worst],
}

fn found(run: &Run) -> Option<Found<'_>> {
    let Outcome::Classes {
        names,
        labels,
        probabilities,
        worst,
    } = &run.outcome
    else {
        return None;
    };
    let rows: Vec<&[f64]> = probabilities
        .chunks_exact(names.len().max(1))
        .take(labels.len())
        .collect();
    let guesses: Vec<usize> = rows.iter().map(|row| largest(row)).collect();
    let confidences = rows.iter().zip(&guesses).map(|(row, &guess)| row[guess]);
    Some(Found {
        names,
        labels: &labels[..rows.len()],
        confidences: confidences.collect(),
        guesses,
        rows,
        worst,
    })
}

impl Found<'_> {
    fn right(&self) -> Vec<bool> {
        let pairs = self.guesses.iter().zip(self.labels);
        pairs.map(|(guess, label)| guess == label).collect()
    }

    fn hits(&self) -> u64 {
        self.right().into_iter().filter(|&right| right).count() as u64
    }

    fn calibration(&self) -> Calibration {
        calibration(&self.confidences, &self.right(), BINS)
    }
}

pub(crate) fn headline(run: &Run) -> Vec<(String, String, String)> {
    let Some(found) = found(run).filter(|found| !found.labels.is_empty()) else {
        return Vec::new();
    };
    let rows = found.labels.len() as u64;
    let hits = found.hits();
    let (low, high) = wilson(hits, rows);
    vec![(
        "test accuracy".to_string(),
        percent(hits as f64 / rows as f64, 2),
        format!(
            "95 % interval {} to {}",
            fixed(100.0 * low, 2),
            percent(high, 2)
        ),
    )]
}

pub(crate) fn sections(page: &mut Page, plots: &mut Vec<(String, String)>, run: &Run) {
    let Some(found) = found(run).filter(|found| !found.labels.is_empty()) else {
        return;
    };
    page.section("What it gets right");
    let counts = confusion(found.labels, &found.guesses, found.names.len());
    let calibration = found.calibration();
    let error = percent(calibration.expected_error, 2);
    let mut figures = Vec::new();
    if found.names.len() <= DRAWN {
        let matrix = ConfusionMatrix {
            title: "Confusion matrix of the test set".to_string(),
            names: found.names.to_vec(),
            counts: counts.clone(),
        };
        let figure = matrix.figure();
        let about = figure.about().to_string();
        figures.push(("confusion.svg", figure.with_caption(about)));
    }
    let diagram = ReliabilityDiagram {
        title: "Reliability of the probabilities".to_string(),
        calibration,
    };
    let caption = format!(
        "Expected calibration error {error}. On the dashed line, a prediction given 80 % is right \
         in 80 of 100 cases. The numbers in the bars count the predictions."
    );
    figures.push(("calibration.svg", diagram.figure().with_caption(caption)));
    add(page, plots, figures);
    page.text(
        "Precision is the share of what was taken for a class that is right, recall the share of the \
         class that was found, F1 their harmonic mean.",
    );
    page.table(&scores(&found, &counts));
    mistakes(page, run, &found);
}

fn scores(found: &Found<'_>, counts: &[Vec<u64>]) -> Table {
    let scores = class_scores(counts);
    let mut rows: Vec<Vec<String>> = found
        .names
        .iter()
        .zip(&scores)
        .map(|(name, score)| {
            let shares = [score.precision, score.recall, score.f1].map(|share| percent(share, 2));
            let rows = fixed(score.rows as f64, 0);
            [name.clone()]
                .into_iter()
                .chain(shares)
                .chain([rows])
                .collect()
        })
        .collect();
    let means = [
        macro_mean(&scores, |score| score.precision),
        macro_mean(&scores, |score| score.recall),
        macro_mean(&scores, |score| score.f1),
    ];
    let total = fixed(found.labels.len() as f64, 0);
    let means = means.map(|mean| percent(mean, 2));
    rows.push(
        ["mean of all classes".to_string()]
            .into_iter()
            .chain(means)
            .chain([total])
            .collect(),
    );
    let numbers = ["precision", "recall", "F1", "rows"];
    Table {
        caption: "Each class of the test set".to_string(),
        columns: [Column::text("class")]
            .into_iter()
            .chain(numbers.map(Column::number))
            .collect(),
        marked: Some(rows.len() - 1),
        rows,
    }
}

/// The rows that it is most wrong about, as cards.
fn mistakes(page: &mut Page, run: &Run, found: &Found<'_>) {
    let rows = found
        .worst
        .iter()
        .filter(|worst| worst.row < found.rows.len());
    let rows: Vec<&Worst> = rows
        .filter(|worst| found.guesses[worst.row] != found.labels[worst.row])
        .collect();
    if rows.is_empty() {
        return;
    }
    page.section("What it is most wrong about");
    page.text("The rows of the test set whose true class got the least probability, with the classes it thought of.");
    let mut html = String::from("<ul class=\"cards\">\n");
    for worst in rows {
        html.push_str(&card(run, found, worst));
    }
    html.push_str("</ul>\n");
    page.raw(&html);
}

fn card(run: &Run, found: &Found<'_>, worst: &Worst) -> String {
    let (probabilities, label) = (found.rows[worst.row], found.labels[worst.row]);
    let name = |class: usize| found.names.get(class).map_or("?", |name| name);
    let truth = name(label);
    let picture = match run.picture {
        Some((width, height)) if Some(worst.pixels.len()) == width.checked_mul(height) => {
            let alt = format!("test row {}, a {truth}", worst.row + 1);
            ink_picture(width, height, &worst.pixels, &alt)
        }
        _ => String::new(),
    };
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    order.truncate(BARS);
    if !order.contains(&label) && label < probabilities.len() {
        order.truncate(BARS - 1);
        order.push(label);
    }
    let bars: String = order
        .iter()
        .map(|&class| {
            let share = probabilities[class];
            let kind = if class == label { "good" } else { "bad" };
            let width = if share.is_finite() {
                (100.0 * share).clamp(0.0, 100.0)
            } else {
                0.0
            };
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"bar\"><i class=\"{kind}\" \
                 style=\"width:{width:.1}%\"></i></td><td class=\"n\">{}</td></tr>",
                escape(&cut(name(class), 14)),
                small_percent(share)
            )
        })
        .collect();
    format!(
        "<li><div class=\"what\"><b>{}</b> taken for <b>{}</b><span>test row {}</span></div>\
         <div class=\"why\">{picture}<table>{bars}</table></div></li>\n",
        escape(&cut(truth, 24)),
        escape(&cut(name(found.guesses[worst.row]), 24)),
        fixed(worst.row as f64 + 1.0, 0)
    )
}

/// A percentage that tells very little from nothing.
fn small_percent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        "< 0.1 %".to_string()
    } else if share < 1.0 && share > 0.9995 {
        "> 99.9 %".to_string()
    } else {
        percent(share, 1)
    }
}
