//! Losses as text, for command lines and saved models.

use backprop_tensor::Scalar;

use crate::{Loss, LossError, all};

/// The loss of a text: its [name](Loss::name), or the name in lower case with hyphens, and after a colon its
/// constant, if it has one: `Huber:1.5`, `mean-absolute-error`.
///
/// ```
/// use backprop_losses::{notation, parse};
///
/// let loss = parse::<f32>("huber:1.5")?;
/// assert_eq!(notation(&*loss), "Huber:1.5");
/// assert_eq!(notation(&*parse::<f32>("Huber")?), "Huber:1");
/// let error = parse::<f32>("quantile:2").unwrap_err().to_string();
/// assert_eq!(error, "Quantile takes a quantile above 0 and below 1, not 2");
/// # Ok::<(), backprop_losses::LossError>(())
/// ```
///
/// # Errors
/// If this crate has no loss of this name, or the loss takes no such constant.
#[inline(never)]
pub fn parse<T: Scalar>(text: &str) -> Result<Box<dyn Loss<T>>, LossError> {
    let (name, constant) = match text.split_once(':') {
        Some((name, constant)) => (name, Some(constant)),
        None => (text, None),
    };
    let is_it = |loss: &dyn Loss<T>| loss.name() == name || hyphenated(loss.name()) == name;
    let Some((loss, with)) = all::<T>().into_iter().find(|(loss, _)| is_it(&**loss)) else {
        return Err(LossError::Unknown {
            found: name.to_owned(),
            known: option_names().join(", "),
        });
    };
    let Some(constant) = constant else {
        return Ok(loss);
    };
    let (loss, text) = (loss.name(), constant.to_owned());
    let Some(with) = with else {
        return Err(LossError::NoConstant { loss, text });
    };
    match constant.parse() {
        Ok(value) => with(value),
        Err(_) => Err(LossError::NotANumber { loss, text }),
    }
}

/// The loss of this crate with this [name](Loss::name) and constant, as a trained model keeps it.
///
/// ```
/// use backprop_losses::{Loss, by_name};
///
/// let loss = by_name::<f32>("MeanSquaredError").unwrap();
/// assert_eq!(loss.name(), "MeanSquaredError");
/// assert!(by_name::<f32>("MyOwnLoss").is_none());
/// ```
#[inline(never)]
pub fn by_name<T: Scalar>(name: &str) -> Option<Box<dyn Loss<T>>> {
    parse(name).ok()
}

/// The text of a loss, from which [`parse`] makes it again: its name, with its constant if it has one.
pub fn notation<T: Scalar>(loss: &dyn Loss<T>) -> String {
    match loss.constant() {
        None => loss.name().to_owned(),
        Some(constant) => format!("{}:{constant}", loss.name()),
    }
}

/// The names of all losses of this crate as a command line writes them, in lower case with hyphens.
///
/// ```
/// use backprop_losses::{option_names, parse};
///
/// assert!(option_names().contains(&"mean-squared-error".to_owned()));
/// assert!(option_names().iter().all(|name| parse::<f64>(name).is_ok()));
/// ```
pub fn option_names() -> Vec<String> {
    let all = all::<f32>();
    all.iter()
        .map(|(loss, _)| hyphenated(loss.name()))
        .collect()
}

/// `MeanSquaredError` as `mean-squared-error`.
fn hyphenated(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
