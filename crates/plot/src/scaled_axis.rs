//! The ends and the round ticks of an axis.

use crate::axis::{Axis, Scale};
use crate::series::finite_range;
use crate::text::{decimals, power, significant, superscript};

/// The room between the extreme values and the ends of an axis.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Margin {
    /// None.
    None,
    /// 4 % of the range.
    Padded,
    /// To the next tick.
    ToTick,
}

pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// An axis whose ends and ticks are known.
pub(crate) struct ScaledAxis {
    log: bool,
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<Tick>,
}

/// The bound of values that are drawn: the difference of two larger ones could overflow.
const LARGEST: f64 = 1e300;

impl ScaledAxis {
    /// The axis that holds these values, with about `ticks` ticks.
    pub(crate) fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        margin: Margin,
        ticks: usize,
    ) -> Self {
        let log = axis.scale == Scale::Log;
        let range = finite_range(values.filter(|&value| is_drawable(log, value)));
        let unit = range.unwrap_or((0.0, 1.0));
        match &axis.scale {
            Scale::Names(names) => of_names(names),
            Scale::Log => of_log(range.unwrap_or((0.1, 1.0)), margin, ticks),
            Scale::Percent => of_percent(unit, margin, ticks),
            Scale::Whole => of_linear(unit, margin, ticks, true),
            Scale::Linear => of_linear(unit, margin, ticks, false),
        }
    }

    /// The position of a value, from 0 at the low end to 1 at the high one; `None` for a value that
    /// cannot be drawn.
    pub(crate) fn position(&self, value: f64) -> Option<f64> {
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

fn of_names(names: &[String]) -> ScaledAxis {
    let ticks = names.iter().enumerate().map(|(index, name)| Tick {
        value: index as f64,
        label: name.clone(),
    });
    ScaledAxis {
        log: false,
        low: -0.5,
        high: names.len().max(1) as f64 - 0.5,
        ticks: ticks.collect(),
    }
}

fn of_percent((low, high): (f64, f64), margin: Margin, ticks: usize) -> ScaledAxis {
    let mut axis = of_linear((100.0 * low, 100.0 * high), margin, ticks, false);
    // No fraction is above 100 %, and rounding must not suggest that one is.
    if high <= 1.0 {
        axis.high = axis.high.min(100.0);
    }
    if low >= 0.0 {
        axis.low = axis.low.max(0.0);
    }
    axis.low /= 100.0;
    axis.high /= 100.0;
    let (low, high) = (axis.low - 1e-9, axis.high + 1e-9);
    for tick in &mut axis.ticks {
        tick.value /= 100.0;
        tick.label.push_str(" %");
    }
    axis.ticks.retain(|tick| (low..=high).contains(&tick.value));
    axis
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

fn of_linear(
    (mut low, mut high): (f64, f64),
    margin: Margin,
    ticks: usize,
    whole: bool,
) -> ScaledAxis {
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
    match margin {
        // A tick just beyond the end is worth the little it takes to reach it.
        Margin::None => {
            let near = 0.02 * (high - low);
            let (below, above) = ((low / step).floor() * step, (high / step).ceil() * step);
            low = if low - below < near { below } else { low };
            high = if above - high < near { above } else { high };
        }
        Margin::Padded => {
            let pad = 0.04 * (high - low);
            low -= pad;
            high += pad;
        }
        Margin::ToTick => {
            low = (low / step + 1e-6).floor() * step;
            high = (high / step - 1e-6).ceil() * step;
        }
    }
    let largest = low.abs().max(high.abs());
    let ticks = multiples(low, high, step).map(|value| Tick {
        value,
        label: linear_label(value, step, largest),
    });
    ScaledAxis {
        log: false,
        low,
        high,
        ticks: ticks.collect(),
    }
}

/// The label of a tick, with the decimals that the step needs.
fn linear_label(value: f64, step: f64, largest: f64) -> String {
    let digits = |step: f64| (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize;
    if value == 0.0 {
        "0".to_string()
    } else if (1e-3..1e6).contains(&largest) {
        decimals(value, digits(step))
    } else {
        // The largest tick itself may be written 10·10ⁿ, but not all others 0.2·10ⁿ.
        let exponent = (0.999 * largest).log10().floor();
        let unit = 10_f64.powf(exponent);
        let mantissa = decimals(value / unit, digits(step / unit));
        format!("{mantissa}·10{}", superscript(exponent as i32))
    }
}

fn of_log((mut low, mut high): (f64, f64), margin: Margin, ticks: usize) -> ScaledAxis {
    if high / low < 1.0 + 1e-9 {
        (low, high) = (low / 2.0, high * 2.0);
    }
    let decades = (high / low).log10();
    let few = decades < 2.6;
    match margin {
        Margin::None => {}
        Margin::Padded => {
            let pad = 10_f64.powf(0.04 * decades);
            (low, high) = (low / pad, high * pad);
        }
        Margin::ToTick => (low, high) = (round_log(low, false), round_log(high, true)),
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
            let label = |value| Tick {
                value,
                label: significant(value),
            };
            ones.into_iter().map(label).collect()
        } else {
            of_linear((low, high), Margin::None, 4, false).ticks
        }
    } else {
        let powers = (first..=last)
            .step_by(stride)
            .map(|e| (10_f64.powi(e), power(e)));
        let powers = powers.filter(|(at, _)| inside(at));
        powers.map(|(value, label)| Tick { value, label }).collect()
    };
    ScaledAxis {
        log: true,
        low,
        high,
        ticks,
    }
}

/// The nearest of 1, 2 and 5 times a power of ten, at or above `value` if `up`, else at or below.
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
