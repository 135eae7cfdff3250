use crate::axis::{Axis, Fit, Scale};
use crate::chart::frame::{Frame, Side, Swatch};
use crate::figure::Figure;
use crate::text::{fixed, short};
use crate::theme::SERIES;

/// How often values occur, for one or several sets of values, such as weights before and after
/// training.
///
/// ```
/// use backprop_report::Histogram;
///
/// let weights = Histogram {
///     title: "Weights".into(),
///     label: "weight".into(),
///     sets: vec![("before".into(), vec![0.1, 0.2]), ("after".into(), vec![-0.3, f64::NAN])],
/// };
/// assert!(weights.figure().to_svg().contains("not finite"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// What stands above it.
    pub title: String,
    /// What the values are.
    pub label: String,
    /// Names and values; each set is an area of its own.
    pub sets: Vec<(String, Vec<f64>)>,
}

const BINS: usize = 60;
/// Below this a difference of two values cannot overflow.
const LARGEST: f64 = 1e300;

impl Histogram {
    /// Draws it.
    pub fn figure(&self) -> Figure {
        let usable = |values: &[f64]| -> Vec<f64> {
            let finite = values.iter().copied();
            finite
                .filter(|value| value.is_finite() && value.abs() < LARGEST)
                .collect()
        };
        let sets: Vec<Vec<f64>> = self.sets.iter().map(|(_, values)| usable(values)).collect();
        let all = || sets.iter().flatten().copied();
        let (mut low, mut high) = (
            all().fold(f64::INFINITY, f64::min),
            all().fold(f64::NEG_INFINITY, f64::max),
        );
        if low > high {
            (low, high) = (-1.0, 1.0);
        }
        if high - low < 1e-9 * low.abs().max(high.abs()).max(1e-290) {
            let around = (0.1 * high.abs()).max(1e-3);
            (low, high) = (low - around, high + around);
        }
        let bins = bins_for(sets.iter().map(Vec::len).max().unwrap_or(0));
        let step = (high - low) / bins as f64;
        let counts: Vec<Vec<usize>> = sets
            .iter()
            .map(|values| {
                let mut counts = vec![0; bins];
                for value in values {
                    let bin = ((value - low) / step) as usize;
                    counts[bin.min(bins - 1)] += 1;
                }
                counts
            })
            .collect();
        let axis = Axis::new(&self.label, Scale::Linear);
        let x = Side {
            axis: &axis,
            values: vec![low, high],
            fit: Fit::Padded,
        };
        let y_axis = Axis::new("how many", Scale::Whole);
        let heights = counts.iter().flatten().map(|&count| count as f64);
        let y = Side {
            axis: &y_axis,
            values: heights.chain([0.0]).collect(),
            fit: Fit::Round,
        };
        let legend: Vec<_> = self
            .sets
            .iter()
            .enumerate()
            .map(|(k, (name, _))| (Swatch::Area, k % SERIES, &**name))
            .collect();
        let mut frame = Frame::new(&self.title, &legend, x, y);
        for (k, counts) in counts.iter().enumerate() {
            draw(&mut frame, k % SERIES, counts, low, step);
        }
        let odd: usize = self
            .sets
            .iter()
            .zip(&sets)
            .map(|((_, all), usable)| all.len() - usable.len())
            .sum();
        let note = match odd {
            0 => String::new(),
            _ => format!(
                "{} values are not finite and not counted.",
                fixed(odd as f64, 0)
            ),
        };
        let about: Vec<String> = self
            .sets
            .iter()
            .zip(&sets)
            .map(|((name, _), values)| about(name, values))
            .collect();
        let about = format!("{} {note}", about.join(" "));
        Figure::new(&self.title, about.trim().to_string(), frame.canvas).with_caption(note)
    }
}

/// Fewer bins for fewer values.
fn bins_for(values: usize) -> usize {
    (2.0 * (values as f64).sqrt()).clamp(8.0, BINS as f64) as usize
}

fn draw(frame: &mut Frame, colour: usize, counts: &[usize], low: f64, step: f64) {
    let mut outline = Vec::with_capacity(2 * counts.len() + 2);
    for (bin, &count) in counts.iter().enumerate() {
        let edges = [low + bin as f64 * step, low + (bin + 1) as f64 * step];
        for edge in edges {
            outline.extend(frame.point((edge, count as f64)));
        }
    }
    let (Some(&first), Some(&last)) = (outline.first(), outline.last()) else {
        return;
    };
    let floor = frame.bottom;
    outline.insert(0, (first.0, floor));
    outline.push((last.0, floor));
    frame.canvas.shape(&format!("f{colour} soft"), &outline);
    frame.canvas.path(&format!("edge l{colour}"), &outline);
}

fn about(name: &str, values: &[f64]) -> String {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    let low = values.iter().copied().fold(f64::NAN, f64::min);
    let high = values.iter().copied().fold(f64::NAN, f64::max);
    format!(
        "{name}: {} values from {} to {}, mean {}, standard deviation {}.",
        fixed(count, 0),
        short(low),
        short(high),
        short(mean),
        short(square.sqrt()),
    )
}
