//! The page of a table of experiments.

use crate::text::{escape, seconds};
use crate::{Axis, Document, Figure, LineChart, Page, Scale, Series};

/// Experiments beside the figures that somebody else had for them, for [`table_page`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiments {
    /// The heading of the page.
    pub title: String,
    /// A sentence below it.
    pub lead: String,
    /// Name, value and remark of the figures at the top.
    pub headline: Vec<(String, String, String)>,
    /// What the other figures are called in the table, such as `the notebook`.
    pub theirs: String,
    /// The experiments, in order.
    pub experiments: Vec<Experiment>,
    /// Names and values: seed, versions, machine.
    pub settings: Vec<(String, String)>,
}

/// One experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// Its settings, in a line.
    pub settings: String,
    /// Figures side by side.
    pub compared: Vec<Compared>,
    /// How long ours took; NaN if unknown.
    pub seconds: f64,
    /// Why the figures differ, or whatever else there is to say; a paragraph each.
    pub notes: Vec<String>,
    /// Losses over epochs, drawn in one chart; may be empty.
    pub losses: Vec<Series>,
    /// More charts.
    pub figures: Vec<Figure>,
}

/// One figure of an experiment, theirs and ours, as text: `0.0543`, `1.6 to 1.8`, `diverged`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// What it is, such as `training loss, epoch 5`.
    pub what: String,
    /// Theirs; empty where they have none.
    pub theirs: String,
    /// Ours.
    pub ours: String,
}

/// The page of a table of experiments: the table, then each with its losses and charts.
pub fn table_page(experiments: &Experiments) -> Document {
    let mut page = Page::new(&experiments.title);
    page.lead(&experiments.lead);
    if !experiments.headline.is_empty() {
        page.headline(&experiments.headline);
    }
    page.section("All experiments");
    page.raw(&table(experiments));
    let mut plots = Vec::new();
    for (number, experiment) in (1..).zip(&experiments.experiments) {
        page.section(&experiment.name);
        if !experiment.settings.is_empty() {
            page.text(&experiment.settings);
        }
        for note in &experiment.notes {
            page.text(note);
        }
        let mut figures = Vec::new();
        if experiment
            .losses
            .iter()
            .any(|series| !series.points.is_empty())
        {
            figures.push(losses(experiment));
        }
        figures.extend(experiment.figures.iter().cloned());
        page.figures(&figures);
        for (k, figure) in (1..).zip(&figures) {
            plots.push((format!("experiment-{number}-{k}.svg"), figure.to_svg()));
        }
    }
    if !experiments.settings.is_empty() {
        page.section("Settings and versions");
        page.facts("Settings and versions", &experiments.settings);
    }
    Document {
        html: page.to_html(),
        plots,
    }
}

/// Each experiment has a row for each of its figures, and its name and time once.
fn table(experiments: &Experiments) -> String {
    let theirs = match &*experiments.theirs {
        "" => "theirs",
        theirs => theirs,
    };
    let mut html = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"All experiments\">\
         <table class=\"groups\"><thead><tr><th scope=\"col\">experiment</th>\
         <th scope=\"col\">figure</th><th scope=\"col\" class=\"n\">{}</th>\
         <th scope=\"col\" class=\"n\">ours</th><th scope=\"col\" class=\"n\">time</th></tr></thead>\n",
        escape(theirs)
    );
    let empty = [Compared::default()];
    for experiment in &experiments.experiments {
        let compared = match &experiment.compared[..] {
            [] => &empty[..],
            compared => compared,
        };
        let span = compared.len();
        html.push_str("<tbody>");
        for (k, figure) in compared.iter().enumerate() {
            html.push_str("<tr>");
            if k == 0 {
                let name = escape(&experiment.name);
                html.push_str(&format!(
                    "<th scope=\"rowgroup\" rowspan=\"{span}\">{name}</th>"
                ));
            }
            let theirs = if figure.theirs.is_empty() {
                "–"
            } else {
                &figure.theirs
            };
            html.push_str(&format!(
                "<td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
                escape(&figure.what),
                escape(theirs),
                escape(&figure.ours)
            ));
            if k == 0 {
                let time = seconds(experiment.seconds);
                html.push_str(&format!("<td class=\"n\" rowspan=\"{span}\">{time}</td>"));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n");
    }
    html.push_str("</table></div>\n");
    html
}

fn losses(experiment: &Experiment) -> Figure {
    let points = || experiment.losses.iter().flat_map(|series| &series.points);
    let finite = || {
        points()
            .map(|point| point.1)
            .filter(|loss| loss.is_finite())
    };
    let (low, high) = (
        finite().fold(f64::NAN, f64::min),
        finite().fold(f64::NAN, f64::max),
    );
    let (scale, label) = if low > 0.0 && high > 20.0 * low {
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
    chart.figure()
}
