use crate::axes::{Axes, AxisInput, LegendEntry, LegendKey, PLOT_HEIGHT};
use crate::axis::{Axis, Scale};
use crate::figure::Figure;
use crate::scaled_axis::Margin;
use crate::series::finite_range;
use crate::text::{decimals, significant};
use crate::theme::SERIES;

/// A histogram of one or several sets of values, such as weights before and after training.
///
/// ```
/// use backprop_plot::Histogram;
///
/// let weights = Histogram {
///     title: "Weights".into(),
///     label: "weight".into(),
///     sets: vec![("before".into(), vec![0.1, 0.2]), ("after".into(), vec![-0.3, f64::NAN])],
/// };
/// assert_eq!(weights.figure().caption(), "1 values are not finite and not counted.");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The title.
    pub title: String,
    /// The quantity, below the horizontal axis.
    pub label: String,
    /// The names and values of the sets; each is an area of its own colour.
    pub sets: Vec<(String, Vec<f64>)>,
}

const MIN_BINS: f64 = 8.0;
const MAX_BINS: f64 = 60.0;
/// The bound of values that are counted: the difference of two larger ones could overflow.
const LARGEST: f64 = 1e300;

/// Bins of equal width.
struct Bins {
    low: f64,
    width: f64,
    count: usize,
}

impl Bins {
    /// The bins for all sets; fewer for fewer values.
    fn new(sets: &[Vec<f64>]) -> Self {
        let values = sets.iter().flatten().copied();
        let (mut low, mut high) = finite_range(values).unwrap_or((-1.0, 1.0));
        if high - low < 1e-9 * low.abs().max(high.abs()).max(1e-290) {
            let around = (0.1 * high.abs()).max(1e-3);
            (low, high) = (low - around, high + around);
        }
        let largest_set = sets.iter().map(Vec::len).max().unwrap_or(0);
        let count = (2.0 * (largest_set as f64).sqrt()).clamp(MIN_BINS, MAX_BINS) as usize;
        Bins {
            low,
            width: (high - low) / count as f64,
            count,
        }
    }

    /// The lower edge of a bin; that of the bin after the last is the upper end.
    fn edge(&self, bin: usize) -> f64 {
        self.low + bin as f64 * self.width
    }

    fn counts(&self, values: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.count];
        for value in values {
            let bin = ((value - self.low) / self.width) as usize;
            counts[bin.min(self.count - 1)] += 1;
        }
        counts
    }
}

impl Histogram {
    /// The figure.
    pub fn figure(&self) -> Figure {
        let usable = |values: &[f64]| -> Vec<f64> {
            let finite = values.iter().copied();
            finite
                .filter(|value| value.is_finite() && value.abs() < LARGEST)
                .collect()
        };
        let sets: Vec<Vec<f64>> = self.sets.iter().map(|(_, values)| usable(values)).collect();
        let bins = Bins::new(&sets);
        let counts: Vec<Vec<usize>> = sets.iter().map(|values| bins.counts(values)).collect();
        let mut axes = self.axes(&bins, &counts);
        for (k, counts) in counts.iter().enumerate() {
            draw_area(&mut axes, k % SERIES, counts, &bins);
        }
        let given = self.sets.iter().map(|(_, values)| values.len());
        let invalid = given.sum::<usize>() - sets.iter().map(Vec::len).sum::<usize>();
        let note = match invalid {
            0 => String::new(),
            _ => {
                let count = decimals(invalid as f64, 0);
                format!("{count} values are not finite and not counted.")
            }
        };
        let names = self.sets.iter().map(|(name, _)| name);
        let words: Vec<String> = names
            .zip(&sets)
            .map(|(name, values)| describe(name, values))
            .collect();
        let description = format!("{} {note}", words.join(" "));
        Figure::new(&self.title, description.trim().to_string(), axes.canvas).with_caption(note)
    }

    fn axes(&self, bins: &Bins, counts: &[Vec<usize>]) -> Axes {
        let x_axis = Axis::new(&self.label, Scale::Linear);
        let x = AxisInput {
            axis: &x_axis,
            values: vec![bins.low, bins.edge(bins.count)],
            margin: Margin::Padded,
        };
        let y_axis = Axis::new("how many", Scale::Whole);
        let heights = counts.iter().flatten().map(|&count| count as f64);
        let y = AxisInput {
            axis: &y_axis,
            values: heights.chain([0.0]).collect(),
            margin: Margin::ToTick,
        };
        let sets = self.sets.iter().enumerate();
        let legend: Vec<LegendEntry<'_>> = sets
            .map(|(k, (name, _))| (LegendKey::Area, k % SERIES, &**name))
            .collect();
        Axes::new(&self.title, &legend, x, y, PLOT_HEIGHT)
    }
}

fn draw_area(axes: &mut Axes, colour: usize, counts: &[usize], bins: &Bins) {
    let mut outline = Vec::with_capacity(2 * counts.len() + 2);
    for (bin, &count) in counts.iter().enumerate() {
        for edge in [bins.edge(bin), bins.edge(bin + 1)] {
            outline.extend(axes.point((edge, count as f64)));
        }
    }
    let (Some(&first), Some(&last)) = (outline.first(), outline.last()) else {
        return;
    };
    outline.insert(0, (first.0, axes.bottom));
    outline.push((last.0, axes.bottom));
    axes.canvas.shape(&format!("f{colour} soft"), &outline);
    axes.canvas.path(&format!("edge l{colour}"), &outline);
}

fn describe(name: &str, values: &[f64]) -> String {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    let variance = squares.sum::<f64>() / count;
    let (low, high) = finite_range(values.iter().copied()).unwrap_or((f64::NAN, f64::NAN));
    format!(
        "{name}: {} values from {} to {}, mean {}, standard deviation {}.",
        decimals(count, 0),
        significant(low),
        significant(high),
        significant(mean),
        significant(variance.sqrt()),
    )
}
