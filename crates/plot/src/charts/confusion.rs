use crate::axes::{FONT_SIZE, WIDTH};
use crate::canvas::{Anchor, Canvas, coord};
use crate::figure::Figure;
use crate::text::{decimals, text_width, truncate};

/// The confusion matrix of a classifier: which classes were taken for which.
///
/// ```
/// use backprop_plot::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix {
///     title: "Pets".into(),
///     names: vec!["cat".into(), "dog".into()],
///     counts: vec![vec![8, 2], vec![0, 9]],
/// };
/// let words = "The most frequent mistakes: cat taken for dog (2 times).";
/// assert_eq!(matrix.figure().description(), words);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfusionMatrix {
    /// The title.
    pub title: String,
    /// The names of the classes.
    pub names: Vec<String>,
    /// The number of rows (label, prediction): how many of the first class were taken for the second.
    pub counts: Vec<Vec<u64>>,
}

/// The most classes whose counts are written into the cells.
const NUMBERED_CLASSES: usize = 16;
/// The most characters of a class name.
const NAME_CHARS: usize = 14;
/// The highest cell in pixels.
const MAX_CELL_HEIGHT: f64 = 34.0;

/// The coordinates of the cells.
struct Layout {
    left: f64,
    top: f64,
    cell: (f64, f64),
    names: Vec<String>,
    turned: bool,
}

impl Layout {
    fn new(names: &[String]) -> Self {
        let names: Vec<String> = names
            .iter()
            .map(|name| truncate(name, NAME_CHARS))
            .collect();
        let widths = names.iter().map(|name| text_width(name, FONT_SIZE));
        let longest = widths.fold(8.0, f64::max);
        let left = 36.0 + longest;
        let classes = names.len().max(1) as f64;
        let mut width = (WIDTH - left - 12.0) / classes;
        let turned = longest + 4.0 > width;
        if turned {
            // The last name begins above the middle of its cells, and may not run over the edge.
            width = width.min((WIDTH - left - 0.75 * longest) / (classes - 0.5));
        }
        Layout {
            left,
            top: 76.0 + if turned { 0.75 * longest } else { 0.0 },
            cell: (width, width.min(MAX_CELL_HEIGHT)),
            names,
            turned,
        }
    }

    fn size(&self) -> (f64, f64) {
        let classes = self.names.len() as f64;
        (self.cell.0 * classes, self.cell.1 * classes)
    }

    fn draw_names(&self, canvas: &mut Canvas) {
        let (width, height) = self.cell;
        canvas.text("m", (self.left, 44.0), Anchor::Start, "taken for");
        let middle = (18.0, self.top + self.size().1 / 2.0);
        canvas.turned_text("m", middle, Anchor::Middle, -90.0, "true class");
        let stride = (12.0 / height.min(width)).ceil().max(1.0) as usize;
        for (k, name) in self.names.iter().enumerate().step_by(stride) {
            let y = self.top + (k as f64 + 0.5) * height + 4.0;
            canvas.text("", (self.left - 7.0, y), Anchor::End, name);
            let x = self.left + (k as f64 + 0.5) * width;
            let above = self.top - 8.0;
            if self.turned {
                canvas.turned_text("", (x - 2.0, above), Anchor::Start, -45.0, name);
            } else {
                canvas.text("", (x, above), Anchor::Middle, name);
            }
        }
    }
}

impl ConfusionMatrix {
    /// The figure. A cell is as dark as its fraction of its row.
    pub fn figure(&self) -> Figure {
        let layout = Layout::new(&self.names);
        let size = layout.size();
        let mut canvas = Canvas::new(WIDTH, layout.top + size.1 + 12.0);
        canvas.heading(&self.title);
        layout.draw_names(&mut canvas);
        let classes = self.names.len();
        for (label, counts) in self.counts.iter().enumerate().take(classes) {
            let rows = counts.iter().sum::<u64>().max(1) as f64;
            for (class, &count) in counts.iter().enumerate().take(classes) {
                if count > 0 {
                    self.draw_cell(&mut canvas, &layout, (label, class), count, rows);
                }
            }
        }
        let outline = r##" fill="none" stroke="#888""##;
        canvas.rect("box", (layout.left, layout.top), size, outline, "");
        Figure::new(&self.title, self.describe(), canvas)
    }

    fn draw_cell(
        &self,
        canvas: &mut Canvas,
        layout: &Layout,
        (label, class): (usize, usize),
        count: u64,
        rows: f64,
    ) {
        let (width, height) = layout.cell;
        let fraction = count as f64 / rows;
        // Mistakes are rare, and should show all the same.
        let (colour, opacity, light_text_from) = if label == class {
            ("f0", 0.15 + 0.85 * fraction, 0.75)
        } else {
            ("f1", (0.15 + 4.0 * fraction).min(1.0), 0.9)
        };
        let attributes = format!(r#" fill-opacity="{}""#, coord(opacity));
        let title = format!(
            "{} taken for {}: {}",
            self.names[label],
            self.names[class],
            decimals(count as f64, 0)
        );
        let left = layout.left + class as f64 * width;
        let top = layout.top + label as f64 * height;
        let at = (left + 0.5, top + 0.5);
        canvas.rect(colour, at, (width - 1.0, height - 1.0), &attributes, &title);
        if self.names.len() <= NUMBERED_CLASSES {
            let on = if opacity > light_text_from { "on" } else { "" };
            let small = if width < 30.0 { "s" } else { "" };
            let middle = (left + width / 2.0, top + height / 2.0 + 4.0);
            let class = format!("{on} {small}");
            canvas.text(class.trim(), middle, Anchor::Middle, &count.to_string());
        }
    }

    /// The most frequent mistakes in words.
    fn describe(&self) -> String {
        let rows = self.counts.iter().enumerate();
        let cells = rows.flat_map(|(label, counts)| {
            let cells = counts.iter().enumerate();
            cells.map(move |(class, &count)| (count, label, class))
        });
        let mut mistakes: Vec<_> = cells
            .filter(|&(count, label, class)| count > 0 && label != class)
            .collect();
        mistakes.sort_by_key(|&(count, label, class)| (u64::MAX - count, label, class));
        let name = |class: usize| self.names.get(class).map_or("?", |name| name);
        let most_frequent: Vec<String> = mistakes
            .iter()
            .take(3)
            .map(|&(count, label, class)| {
                let (label, class) = (name(label), name(class));
                format!("{label} taken for {class} ({count} times)")
            })
            .collect();
        match most_frequent.is_empty() {
            true => "No mistakes.".to_string(),
            false => format!("The most frequent mistakes: {}.", most_frequent.join(", ")),
        }
    }
}
