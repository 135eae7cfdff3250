//! Where the numbers of an axis lie, and its round ticks.

use crate::text::{fixed, power, short, superscript};

/// What an axis measures and how it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// The quantity with its unit, such as `seconds (s)`.
    pub label: String,
    /// How values turn into places.
    pub scale: Scale,
}

/// How the values of an axis turn into places.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Scale {
    /// Evenly, with ticks at 1, 2 or 5 times a power of ten.
    #[default]
    Linear,
    /// By the logarithm; values that are not positive cannot be drawn.
    Log,
    /// Evenly, with ticks at whole numbers alone.
    Whole,
    /// Evenly; a share of 0.5 is written 50 %.
    Percent,
    /// The value 0 is the first of these names, 1 the second.
    Names(Vec<String>),
}

impl Axis {
    /// An axis with this label and scale.
    pub fn new(label: impl Into<String>, scale: Scale) -> Self {
        Axis {
            label: label.into(),
            scale,
        }
    }
}

/// How far an axis reaches beyond its values.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fit {
    /// Not at all.
    Exact,
    /// A little.
    Padded,
    /// To the next tick.
    Round,
}

pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// An axis whose ends and ticks are settled.
pub(crate) struct Placed {
    log: bool,
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<Tick>,
}

/// Beyond this a difference of two values could overflow.
const LARGEST: f64 = 1e300;

impl Placed {
    /// Settles an axis for these values, with about so many ticks.
    pub(crate) fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        fit: Fit,
        ticks: usize,
    ) -> Self {
        if let Scale::Names(names) = &axis.scale {
            return of_names(names);
        }
        let log = axis.scale == Scale::Log;
        let drawable = values.filter(|&value| is_drawable(log, value));
        let range = drawable.fold(None, |range: Option<(f64, f64)>, value| {
            Some(range.map_or((value, value), |(low, high)| {
                (low.min(value), high.max(value))
            }))
        });
        match axis.scale {
            Scale::Log => of_log(range.unwrap_or((0.1, 1.0)), fit, ticks),
            Scale::Percent => {
                let (low, high) = range.unwrap_or((0.0, 1.0));
                let mut placed = of_linear((100.0 * low, 100.0 * high), fit, ticks, false);
                // No share is above 100 %, and rounding must not suggest it.
                if high <= 1.0 {
                    placed.high = placed.high.min(100.0);
                }
                if low >= 0.0 {
                    placed.low = placed.low.max(0.0);
                }
                placed.low /= 100.0;
                placed.high /= 100.0;
                let (low, high) = (placed.low - 1e-9, placed.high + 1e-9);
                for tick in &mut placed.ticks {
                    tick.at /= 100.0;
                    tick.label.push_str(" %");
                }
                placed.ticks.retain(|tick| (low..=high).contains(&tick.at));
                placed
            }
            Scale::Whole => of_linear(range.unwrap_or((0.0, 1.0)), fit, ticks, true),
            _ => of_linear(range.unwrap_or((0.0, 1.0)), fit, ticks, false),
        }
    }

    /// Where a value lies, from 0 at the low end to 1 at the high one; `None` if it has no place.
    pub(crate) fn part(&self, value: f64) -> Option<f64> {
        if !is_drawable(self.log, value) {
            return None;
        }
        Some(if self.log {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        })
    }
}

fn is_drawable(log: bool, value: f64) -> bool {
    value.is_finite() && value.abs() < LARGEST && (!log || value > 1.0 / LARGEST)
}

fn of_names(names: &[String]) -> Placed {
    let ticks = names.iter().enumerate().map(|(at, name)| Tick {
        at: at as f64,
        label: name.clone(),
    });
    Placed {
        log: false,
        low: -0.5,
        high: names.len().max(1) as f64 - 0.5,
        ticks: ticks.collect(),
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `value`.
fn nice(value: f64) -> f64 {
    let unit = 10_f64.powi(value.log10().floor() as i32);
    let steps = [1.0, 2.0, 5.0, 10.0];
    let fits = steps.into_iter().find(|step| step * unit >= value * 0.9999);
    fits.unwrap_or(10.0) * unit
}

/// The multiples of `step` from `low` to `high`, a rounding error beyond them included.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step - 1e-6).ceil();
    let count = ((high / step + 1e-6).floor() - first).clamp(0.0, 100.0) as usize;
    (0..=count).map(move |k| {
        // Not -0, and not 0.30000000000000004 where a text shows it.
        let at = (first + k as f64) * step;
        if at == 0.0 { 0.0 } else { at }
    })
}

fn of_linear((mut low, mut high): (f64, f64), fit: Fit, ticks: usize, whole: bool) -> Placed {
    if high - low <= (1e-9 * low.abs().max(high.abs())).max(1.0 / LARGEST) {
        let around = match (whole, high.abs().max(low.abs())) {
            (true, _) => 0.5,
            (_, largest) if largest < 1.0 / LARGEST => 1.0,
            (_, largest) => 0.1 * largest,
        };
        low -= around;
        high += around;
    }
    let step = nice((high - low) / ticks.max(1) as f64);
    let step = if whole { step.max(1.0) } else { step };
    match fit {
        // A tick just beyond the end is worth the little it takes to reach it.
        Fit::Exact => {
            let near = 0.02 * (high - low);
            let (below, above) = ((low / step).floor() * step, (high / step).ceil() * step);
            low = if low - below < near { below } else { low };
            high = if above - high < near { above } else { high };
        }
        Fit::Padded => {
            let pad = 0.04 * (high - low);
            low -= pad;
            high += pad;
        }
        Fit::Round => {
            low = (low / step + 1e-6).floor() * step;
            high = (high / step - 1e-6).ceil() * step;
        }
    }
    let largest = low.abs().max(high.abs());
    let ticks = multiples(low, high, step).map(|at| Tick {
        at,
        label: linear_label(at, step, largest),
    });
    Placed {
        log: false,
        low,
        high,
        ticks: ticks.collect(),
    }
}

/// A tick's number, with the decimals that the step needs.
fn linear_label(at: f64, step: f64, largest: f64) -> String {
    let decimals = |step: f64| (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
    if at == 0.0 {
        "0".to_string()
    } else if (1e-3..1e6).contains(&largest) {
        fixed(at, decimals(step))
    } else {
        // The largest tick itself may be written 10·10ⁿ, but not all others 0.2·10ⁿ.
        let exponent = (0.999 * largest).log10().floor();
        let unit = 10_f64.powf(exponent);
        let digits = fixed(at / unit, decimals(step / unit));
        format!("{digits}·10{}", superscript(exponent as i32))
    }
}

fn of_log((mut low, mut high): (f64, f64), fit: Fit, ticks: usize) -> Placed {
    if high / low < 1.0 + 1e-9 {
        (low, high) = (low / 2.0, high * 2.0);
    }
    let decades = (high / low).log10();
    let few = decades < 2.6;
    match fit {
        Fit::Exact => {}
        Fit::Padded => {
            let pad = 10_f64.powf(0.04 * decades);
            (low, high) = (low / pad, high * pad);
        }
        Fit::Round => (low, high) = (round_log(low, false), round_log(high, true)),
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let stride = usize::try_from(last - first)
        .unwrap_or(1)
        .div_ceil(ticks.max(1))
        .max(1);
    let inside = |at: &f64| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(at);
    let ticks: Vec<Tick> = if few {
        let ones = (first..=last).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(e)));
        let ones: Vec<f64> = ones.filter(inside).collect();
        if ones.len() >= 2 {
            let label = |at| Tick {
                at,
                label: short(at),
            };
            ones.into_iter().map(label).collect()
        } else {
            of_linear((low, high), Fit::Exact, 4, false).ticks
        }
    } else {
        let powers = (first..=last)
            .step_by(stride)
            .map(|e| (10_f64.powi(e), power(e)));
        let powers = powers.filter(|(at, _)| inside(at));
        powers.map(|(at, label)| Tick { at, label }).collect()
    };
    Placed {
        log: true,
        low,
        high,
        ticks,
    }
}

/// The next of 1, 2 and 5 times a power of ten, below or above.
fn round_log(value: f64, up: bool) -> f64 {
    let unit = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let nearly = |step: &&f64| {
        if up {
            **step * unit >= value * (1.0 - 1e-9)
        } else {
            **step * unit <= value * (1.0 + 1e-9)
        }
    };
    let found = if up {
        steps.iter().find(nearly)
    } else {
        steps.iter().rev().find(nearly)
    };
    found.map_or(value, |step| step * unit)
}

#[cfg(test)]
mod tests;
