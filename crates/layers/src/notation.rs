//! Layers as text, the way a command line or a message has them: `linear 128, leaky-relu 0.01, linear 10`.

use crate::{BuildError, LayerSpec};

/// Layers separated by commas.
///
/// ```
/// use backprop_layers::{leaky_relu, linear, parse_layers};
///
/// let layers = parse_layers("linear 128, leaky-relu, linear 10")?;
/// assert_eq!(layers, [linear(128), leaky_relu(0.01), linear(10)]);
/// assert_eq!(layers[1].to_string(), "leaky-relu 0.01");
///
/// let error = parse_layers("linear 128, prelu").unwrap_err().to_string();
/// assert!(error.starts_with("layer 1: \"prelu\" is no layer; "), "{error}");
/// # Ok::<(), backprop_layers::BuildError>(())
/// ```
///
/// # Errors
/// If an entry is no layer; the error has its index, from 0. Widths, slopes and probabilities are
/// checked when the network is built.
pub fn parse_layers(text: &str) -> Result<Vec<LayerSpec>, BuildError> {
    let entries = text.split(',').enumerate();
    entries
        .map(|(index, entry)| entry.parse().map_err(|error: BuildError| error.at(index)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::*;

    #[test]
    fn every_layer_is_read_as_it_is_written() {
        let layers = [
            (linear(128), "linear 128"),
            (linear(1).bias(false), "linear 1 no-bias"),
            (relu(), "relu"),
            (leaky_relu(0.2), "leaky-relu 0.2"),
            (gelu(), "gelu"),
            (gelu_tanh(), "gelu-tanh"),
            (silu(), "silu"),
            (elu(0.5), "elu 0.5"),
            (selu(), "selu"),
            (softplus(), "softplus"),
            (mish(), "mish"),
            (hard_swish(), "hard-swish"),
            (leaky_relu(-1e-300), &format!("leaky-relu {}", -1e-300)),
            (sigmoid(), "sigmoid"),
            (tanh(), "tanh"),
            (softmax(), "softmax"),
            (dropout(0.5), "dropout 0.5"),
        ];
        for (layer, text) in &layers {
            assert_eq!(layer.to_string(), *text);
            assert_eq!(text.parse(), Ok(layer.clone()));
        }
        let (specs, texts): (Vec<_>, Vec<_>) = layers.into_iter().unzip();
        assert_eq!(parse_layers(&texts.join(",")).unwrap(), specs);
        assert_eq!(parse_layers(&texts.join("  ,\t")).unwrap(), specs);
    }

    #[test]
    fn a_layer_of_another_crate_is_written_by_its_name() {
        let custom = LayerSpec::Custom(CustomSpec::new("Shift".to_owned(), String::new()));
        assert_eq!(custom.to_string(), "Shift");
    }

    #[test]
    fn another_text_is_refused_with_its_index() {
        for text in [
            "",
            "linear",
            "linear -1",
            "linear 1 bias",
            "linear 1 no-bias 2",
            "relu 1",
            "leaky-relu x",
            "leaky_relu",
            "dropout",
            "dropout p",
            "tanh, ",
        ] {
            let error = parse_layers(&format!("relu, {text}")).unwrap_err();
            let entry = text.rsplit(", ").next().unwrap();
            let index = 1 + text.matches(", ").count();
            let expected = BuildError::Notation(entry.to_owned()).at(index);
            assert_eq!(error, expected, "{text}");
        }
    }
}
