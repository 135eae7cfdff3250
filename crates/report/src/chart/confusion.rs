use crate::chart::frame::WIDTH;
use crate::figure::{Anchor, Canvas, Figure, number};
use crate::text::{cut, fixed, width};

/// Which classes were taken for which.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfusionMatrix {
    /// What stands above it.
    pub title: String,
    /// The classes.
    pub names: Vec<String>,
    /// How often a row of the class of the first index was taken for the class of the second.
    pub counts: Vec<Vec<u64>>,
}

/// With more classes than this, the numbers and then the names no longer fit.
const NUMBERED: usize = 16;

impl ConfusionMatrix {
    /// Draws it. A cell is as dark as its share of its row.
    pub fn figure(&self) -> Figure {
        let classes = self.names.len();
        let names: Vec<String> = self.names.iter().map(|name| cut(name, 14)).collect();
        let longest = names
            .iter()
            .map(|name| width(name, 13.0))
            .fold(8.0, f64::max);
        let left = 36.0 + longest;
        let cell = (WIDTH - left - 12.0) / classes.max(1) as f64;
        let height = cell.min(34.0);
        let turned = longest + 4.0 > cell;
        let top = 76.0 + if turned { 0.75 * longest } else { 0.0 };
        let bottom = top + height * classes as f64;
        let mut canvas = Canvas::new(WIDTH, bottom + 12.0);
        canvas.title(&self.title);
        canvas.text("m", (left, 44.0), Anchor::Start, "taken for");
        let middle = (top + bottom) / 2.0;
        canvas.turned_text("m", (18.0, middle), Anchor::Middle, -90.0, "true class");
        let stride = (12.0 / height.min(cell)).ceil().max(1.0) as usize;
        for (k, name) in names.iter().enumerate().step_by(stride) {
            let y = top + (k as f64 + 0.5) * height + 4.0;
            canvas.text("", (left - 7.0, y), Anchor::End, name);
            let x = left + (k as f64 + 0.5) * cell;
            if turned {
                canvas.turned_text("", (x - 2.0, top - 8.0), Anchor::Start, -45.0, name);
            } else {
                canvas.text("", (x, top - 8.0), Anchor::Middle, name);
            }
        }
        for (truth, counts) in self.counts.iter().enumerate().take(classes) {
            let total: u64 = counts.iter().sum();
            for (guess, &count) in counts.iter().enumerate().take(classes) {
                let share = count as f64 / total.max(1) as f64;
                let at = (left + guess as f64 * cell, top + truth as f64 * height);
                self.cell(
                    &mut canvas,
                    at,
                    (cell, height),
                    (truth, guess, count),
                    share,
                );
            }
        }
        let size = (cell * classes as f64, height * classes as f64);
        canvas.rect(
            "box",
            (left, top),
            size,
            r##" fill="none" stroke="#888""##,
            "",
        );
        Figure::new(&self.title, self.about(), canvas)
    }

    fn cell(
        &self,
        canvas: &mut Canvas,
        at: (f64, f64),
        size: (f64, f64),
        (truth, guess, count): (usize, usize, u64),
        share: f64,
    ) {
        if count == 0 {
            return;
        }
        // Mistakes are rare, and should show all the same.
        let (colour, opacity) = if truth == guess {
            ("f0", 0.15 + 0.85 * share)
        } else {
            ("f1", (0.15 + 4.0 * share).min(1.0))
        };
        let more = format!(r#" fill-opacity="{}""#, number(opacity));
        let title = format!(
            "{} taken for {}: {}",
            self.names[truth],
            self.names[guess],
            fixed(count as f64, 0)
        );
        let inner = (at.0 + 0.5, at.1 + 0.5);
        canvas.rect(colour, inner, (size.0 - 1.0, size.1 - 1.0), &more, &title);
        if self.names.len() <= NUMBERED {
            let on = if opacity > 0.55 { "on" } else { "" };
            let small = if size.0 < 30.0 { "s" } else { "" };
            let place = (at.0 + size.0 / 2.0, at.1 + size.1 / 2.0 + 4.0);
            let class = format!("{on} {small}");
            canvas.text(class.trim(), place, Anchor::Middle, &count.to_string());
        }
    }

    /// The most frequent mistakes in words.
    fn about(&self) -> String {
        let rows = self.counts.iter().enumerate();
        let cells = rows.flat_map(|(truth, counts)| {
            let cells = counts.iter().enumerate();
            cells.map(move |(guess, &count)| (count, truth, guess))
        });
        let mut mistakes: Vec<_> = cells
            .filter(|&(count, truth, guess)| count > 0 && truth != guess)
            .collect();
        mistakes.sort_by_key(|&(count, truth, guess)| (u64::MAX - count, truth, guess));
        let name = |class: usize| self.names.get(class).map_or("?", |name| name);
        let most: Vec<String> = mistakes
            .iter()
            .take(3)
            .map(|&(count, truth, guess)| {
                format!("{} taken for {} ({count} times)", name(truth), name(guess))
            })
            .collect();
        match most.is_empty() {
            true => "No mistakes.".to_string(),
            false => format!("The most frequent mistakes: {}.", most.join(", ")),
        }
    }
}
