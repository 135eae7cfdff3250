//! The weights of a network.

use backprop_plot::{Colormap, Figure, Histogram, ImageGrid};

use crate::document::DocumentBuilder;
use crate::image::{channel_means, channels};
use crate::run::LayerWeights;

pub(super) fn add(
    document: &mut DocumentBuilder,
    layers: &[LayerWeights],
    image_size: Option<(usize, usize)>,
) {
    if layers.is_empty() {
        return;
    }
    document.page.section("Weights");
    document
        .page
        .text("How often each weight occurs, before and after training.");
    let figures: Vec<Figure> = layers.iter().map(histogram).collect();
    document.plot("weights.svg", &Figure::stack("Weights", &figures));
    document.page.figures(&figures);
    if let Some(figure) = first_layer(layers, image_size) {
        document.page.text(
            "Each image is a neuron of the first layer, each pixel the weight of that input, in colour \
             images the mean over the channels: vermilion is positive, blue negative. Pixels that are empty in all training images keep \
             their initial weights.",
        );
        document.figures(vec![("first-layer.svg".to_string(), figure)]);
    }
}

fn histogram(layer: &LayerWeights) -> Figure {
    let sets = [
        ("before training", &layer.before),
        ("after training", &layer.after),
    ];
    let sets = sets.into_iter().filter(|(_, values)| !values.is_empty());
    let histogram = Histogram {
        title: format!("Weights of {}", layer.name),
        label: "weight".to_string(),
        sets: sets
            .map(|(name, values)| (name.to_string(), values.clone()))
            .collect(),
    };
    histogram.figure()
}

/// The weights of each neuron of the first layer as an image, if the inputs are one.
fn first_layer(layers: &[LayerWeights], image_size: Option<(usize, usize)>) -> Option<Figure> {
    let (width, height) = image_size?;
    let layer = layers.first()?;
    let channels = channels(layer.inputs, width, height)?;
    let neurons = layer.after.chunks_exact(layer.inputs);
    let grid = ImageGrid {
        title: "Weights of the first layer as images".to_string(),
        width,
        height,
        images: neurons
            .map(|weights| channel_means(weights, channels))
            .collect(),
        colormap: Colormap::Diverging,
    };
    Some(grid.figure())
}
