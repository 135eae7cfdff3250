//! The worst predictions of a classifier, as cards.

use backprop_metrics::{ClassPredictions, WorstPrediction};
use backprop_plot::text::{decimals, percent, truncate};
use backprop_plot::{gray_image_uri, rgb_image_uri};
use maud::{Markup, html};

use crate::image::{channel_means, channels};
use crate::page::Page;
use crate::table::safe;

/// The bars of a card: the most probable classes.
const BARS: usize = 4;
/// The longer side of an image on the page, in pixels.
const IMAGE_PIXELS: usize = 84;

pub(super) fn add(
    page: &mut Page,
    predictions: &ClassPredictions,
    image_size: Option<(usize, usize)>,
) {
    let predicted = predictions.predicted();
    let is_wrong = |row: usize| {
        let class = predicted.get(row);
        class.is_some_and(|class| *class != Some(predictions.labels[row]))
    };
    let worst = predictions.worst.iter().filter(|worst| is_wrong(worst.row));
    let cards: Vec<Card<'_>> = worst
        .map(|worst| Card::new(predictions, predicted[worst.row], worst))
        .collect();
    if cards.is_empty() {
        return;
    }
    page.section("Worst predictions");
    page.text(
        "The mistakes on the test set whose true class got the least probability, with the most \
         probable classes.",
    );
    page.markup(&html! {
        ul class="cards" { @for card in &cards { (card.render(image_size)) } }
    });
}

/// One row of the test set.
struct Card<'a> {
    worst: &'a WorstPrediction,
    names: &'a [String],
    label: usize,
    predicted: Option<usize>,
    probabilities: Vec<f64>,
}

impl<'a> Card<'a> {
    fn new(
        predictions: &'a ClassPredictions,
        predicted: Option<usize>,
        worst: &'a WorstPrediction,
    ) -> Self {
        Card {
            worst,
            names: &predictions.names,
            label: predictions.labels[worst.row],
            predicted,
            probabilities: predictions.probabilities().row(worst.row).to_vec(),
        }
    }

    fn name(&self, class: usize) -> &str {
        self.names.get(class).map_or("?", |name| name)
    }

    /// The most probable classes, the true class among them.
    fn classes(&self) -> Vec<usize> {
        let probabilities = &self.probabilities;
        let mut classes: Vec<usize> = (0..probabilities.len()).collect();
        classes.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        classes.truncate(BARS);
        if !classes.contains(&self.label) && self.label < probabilities.len() {
            classes.truncate(BARS - 1);
            classes.push(self.label);
        }
        classes
    }

    fn render(&self, image_size: Option<(usize, usize)>) -> Markup {
        let truth = truncate(self.name(self.label), 24);
        let predicted = self.predicted.map_or("no class", |class| self.name(class));
        let predicted = truncate(predicted, 24);
        html! {
            li {
                div class="what" {
                    b { (safe(&truth)) } " taken for " b { (safe(&predicted)) }
                    span { "test row " (decimals(self.worst.row as f64 + 1.0, 0)) }
                }
                div class="why" {
                    (self.image(image_size))
                    table { @for class in self.classes() { (self.bar(class)) } }
                }
            }
        }
    }

    fn image(&self, image_size: Option<(usize, usize)>) -> Markup {
        let pixels = &self.worst.pixels;
        let images = image_size.and_then(|(width, height)| {
            let channels = channels(pixels.len(), width, height)?;
            Some((width, height, channels))
        });
        let alt = format!(
            "test row {}, a {}",
            self.worst.row + 1,
            self.name(self.label)
        );
        html! {
            @if let Some((width, height, channels)) = images {
                @let (wide, high) = shown_size(width, height);
                @if channels == 3 {
                    img width=(wide) height=(high) alt=(safe(&alt))
                        src=(rgb_image_uri(width, height, pixels));
                } @else {
                    img class="gray" width=(wide) height=(high) alt=(safe(&alt))
                        src=(gray_image_uri(width, height, &channel_means(pixels, channels)));
                }
            }
        }
    }

    fn bar(&self, class: usize) -> Markup {
        let probability = self.probabilities[class];
        let kind = if class == self.label { "good" } else { "bad" };
        let width = if probability.is_finite() {
            (100.0 * probability).clamp(0.0, 100.0)
        } else {
            0.0
        };
        html! {
            tr {
                th scope="row" { (safe(&truncate(self.name(class), 14))) }
                td class="bar" { i class=(kind) style=(format!("width:{width:.1}%")) {} }
                td class="n" { (short_percent(probability)) }
            }
        }
    }
}

/// The size of an image on the page, its proportions kept.
fn shown_size(width: usize, height: usize) -> (usize, usize) {
    let longest = width.max(height);
    let side = |side: usize| (IMAGE_PIXELS * side).div_ceil(longest).max(1);
    (side(width), side(height))
}

/// A percentage with one decimal that tells very little from nothing, and nearly all from all.
fn short_percent(fraction: f64) -> String {
    if fraction > 0.0 && fraction < 0.0005 {
        "< 0.1 %".to_string()
    } else if fraction < 1.0 && fraction > 0.9995 {
        "> 99.9 %".to_string()
    } else {
        percent(fraction, 1)
    }
}
