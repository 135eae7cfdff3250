use backprop_plot::text::seconds;
use backprop_plot::{Axis, Figure, LineChart, Scale, Series};
use maud::{Markup, html};

use crate::document::{Document, DocumentBuilder};
use crate::range::spans;
use crate::table::{safe, scrolling};

/// Experiments whose measured values stand beside reference values, for [`table_page`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiments {
    /// The heading of the page.
    pub title: String,
    /// The sentence below the heading.
    pub lead: String,
    /// The name, value and remark of the figures at the top.
    pub headline: Vec<(String, String, String)>,
    /// The source of the reference values, such as `the notebook`; empty for `reference`.
    pub reference: String,
    /// The experiments, in order.
    pub experiments: Vec<Experiment>,
    /// The names and values of seed, versions and machine.
    pub settings: Vec<(String, String)>,
}

/// One experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// The name.
    pub name: String,
    /// The settings, in a line.
    pub settings: String,
    /// The measured values beside the reference values.
    pub comparisons: Vec<Comparison>,
    /// The duration in seconds; NaN if unknown.
    pub seconds: f64,
    /// The remarks, such as why values differ; a paragraph each.
    pub notes: Vec<String>,
    /// The losses over epochs, drawn in one chart; may be empty.
    pub losses: Vec<Series>,
    /// More charts.
    pub figures: Vec<Figure>,
}

/// One quantity of an experiment, its values as text: `0.0543`, `1.6 to 1.8`, `diverged`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The quantity, such as `training loss, epoch 5`.
    pub quantity: String,
    /// The reference value; empty for none.
    pub reference: String,
    /// The measured value.
    pub measured: String,
}

/// The ratio of the largest to the least loss from which the axis is logarithmic.
const LOG_RATIO: f64 = 20.0;

/// The page of a table of experiments: the table, then each experiment with its losses and charts.
///
/// ```
/// use backprop_report::{Comparison, Experiment, Experiments, table_page};
///
/// let document = table_page(&Experiments {
///     reference: "the paper".into(),
///     experiments: vec![Experiment {
///         name: "two layers".into(),
///         comparisons: vec![Comparison {
///             quantity: "test accuracy".into(),
///             reference: "98.2 %".into(),
///             measured: "98.3 %".into(),
///         }],
///         ..Experiment::default()
///     }],
///     ..Experiments::default()
/// });
/// assert!(document.html.contains("the paper") && document.html.contains("98.3 %"));
/// ```
pub fn table_page(experiments: &Experiments) -> Document {
    let mut document = DocumentBuilder::new(&experiments.title);
    document.page.lead(&experiments.lead);
    if !experiments.headline.is_empty() {
        document.page.headline(&experiments.headline);
    }
    document.page.section("All experiments");
    document.page.markup(&table(experiments));
    for (number, experiment) in (1..).zip(&experiments.experiments) {
        document.page.section(&experiment.name);
        if !experiment.settings.is_empty() {
            document.page.text(&experiment.settings);
        }
        for note in &experiment.notes {
            document.page.text(note);
        }
        let figures = losses(experiment).into_iter();
        let figures = figures.chain(experiment.figures.iter().cloned());
        let name = |k: usize| format!("experiment-{number}-{k}.svg");
        let named = (1..).zip(figures).map(|(k, figure)| (name(k), figure));
        document.figures(named.collect());
    }
    if !experiments.settings.is_empty() {
        let heading = "Settings and versions";
        document.page.section(heading);
        document.page.facts(heading, &experiments.settings);
    }
    document.finish()
}

/// The table of all comparisons, the name and the time of an experiment once.
fn table(experiments: &Experiments) -> Markup {
    let reference = match &*experiments.reference {
        "" => "reference",
        reference => reference,
    };
    let table = html! {
        table class="groups" {
            thead { tr {
                th scope="col" { "experiment" }
                th scope="col" { "quantity" }
                th scope="col" class="n" { (safe(reference)) }
                th scope="col" class="n" { "measured" }
                th scope="col" class="n" { "time" }
            } }
            @for experiment in &experiments.experiments {
                (experiment.row_group())
            }
        }
    };
    scrolling("All experiments", &table)
}

impl Experiment {
    fn row_group(&self) -> Markup {
        let none = [Comparison::default()];
        let rows = match &self.comparisons[..] {
            [] => &none[..],
            comparisons => comparisons,
        };
        let span = rows.len();
        html! {
            tbody {
                @for (k, row) in rows.iter().enumerate() {
                    tr {
                        @if k == 0 { th scope="rowgroup" rowspan=(span) { (safe(&self.name)) } }
                        td { (safe(&row.quantity)) }
                        td class="n" { (safe(row.reference_or_dash())) }
                        td class="n" { (safe(&row.measured)) }
                        @if k == 0 { td class="n" rowspan=(span) { (seconds(self.seconds)) } }
                    }
                }
            }
        }
    }
}

impl Comparison {
    fn reference_or_dash(&self) -> &str {
        match &*self.reference {
            "" => "–",
            reference => reference,
        }
    }
}

/// The chart of the losses, if there are points.
fn losses(experiment: &Experiment) -> Option<Figure> {
    let points = || experiment.losses.iter().flat_map(|series| &series.points);
    points().next()?;
    let (scale, label) = if spans(points().map(|point| point.1), LOG_RATIO) {
        (Scale::Log, "loss, logarithmic")
    } else {
        (Scale::Linear, "loss")
    };
    let chart = LineChart {
        title: "Loss".to_string(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new(label, scale),
        series: experiment.losses.clone(),
        mark: None,
    };
    Some(chart.figure())
}
