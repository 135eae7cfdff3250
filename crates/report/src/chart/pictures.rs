use crate::chart::frame::WIDTH;
use crate::figure::{Anchor, Canvas, Figure, number};
use crate::png::{self, Rgba};
use crate::text::{fixed, short};

/// What the values of a picture mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shades {
    /// Ink on paper: 0 is nothing, the largest value is the colour of the text.
    #[default]
    Ink,
    /// Two colours around 0: blue below, vermilion above, the stronger the further away.
    Diverging,
}

/// Small pictures side by side, such as the weights of a layer's neurons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureGrid {
    /// What stands above it.
    pub title: String,
    /// The width of each picture in pixels.
    pub width: usize,
    /// The height of each picture in pixels.
    pub height: usize,
    /// The pixels of each, row after row. A value that is not finite is left out.
    pub pictures: Vec<Vec<f64>>,
    /// What the values mean.
    pub shades: Shades,
}

/// More pictures than this make a page slow and tell little more.
const MOST: usize = 144;
/// Pictures with more pixels on a side than this are no small pictures, and are not drawn.
const SIDE: usize = 256;
/// Empty pixels between two pictures.
const GAP: usize = 2;
/// The share of values that may be stronger than the strongest colour.
const CLIPPED: f64 = 0.002;

impl PictureGrid {
    /// Draws it.
    pub fn figure(&self) -> Figure {
        let fits = self.width <= SIDE && self.height <= SIDE;
        let shown = if fits {
            self.pictures.len().min(MOST)
        } else {
            0
        };
        let pictures = &self.pictures[..shown];
        let columns = (shown as f64 * 2.0).sqrt().ceil().clamp(1.0, 16.0) as usize;
        let rows = shown.div_ceil(columns).max(1);
        let full_width = 2.0 * WIDTH;
        let (cell_w, cell_h) = (self.width.min(SIDE) + GAP, self.height.min(SIDE) + GAP);
        let zoom = (full_width - 16.0) / (columns * cell_w).max(1) as f64;
        let (w, h) = (columns * cell_w, rows * cell_h);
        let legend = if self.shades == Shades::Diverging {
            30.0
        } else {
            0.0
        };
        let size = (zoom * w as f64, zoom * h as f64);
        let mut canvas = Canvas::new(full_width, 40.0 + size.1 + legend + 8.0);
        canvas.title(&self.title);
        let most = strongest(pictures);
        let mut indices = vec![ZERO; w * h];
        for (k, picture) in pictures.iter().enumerate() {
            let (x, y) = (k % columns * cell_w, k / columns * cell_h);
            for (at, &value) in picture.iter().take(self.width * self.height).enumerate() {
                let place = (y + at / self.width) * w + x + at % self.width;
                indices[place] = index(value / most);
            }
        }
        image(
            &mut canvas,
            (8.0, 40.0),
            size,
            (w, h),
            &indices,
            self.shades,
        );
        for k in 0..shown {
            let at = (
                8.0 + zoom * (k % columns * cell_w) as f64,
                40.0 + zoom * (k / columns * cell_h) as f64,
            );
            let size = (zoom * self.width as f64, zoom * self.height as f64);
            canvas.rect("box", at, size, r##" fill="none" stroke="#888""##, "");
        }
        if legend > 0.0 {
            scale(&mut canvas, 40.0 + size.1 + 8.0, most);
        }
        let mut about = format!(
            "{} pictures of {} by {} pixels.",
            shown, self.width, self.height
        );
        let mut caption = String::new();
        if shown < self.pictures.len() {
            let all = fixed(self.pictures.len() as f64, 0);
            caption = format!("The first {shown} of {all}.");
            about = format!("{about} {caption}");
        }
        Figure::new(&self.title, about, canvas)
            .with_caption(caption)
            .wide()
    }
}

/// The palette's index of 0; 127 steps below and above it.
const ZERO: u8 = 127;

/// The palette's index of a value from -1 to 1.
fn index(part: f64) -> u8 {
    if part.is_finite() {
        (f64::from(ZERO) + (127.0 * part.clamp(-1.0, 1.0)).round()) as u8
    } else {
        ZERO
    }
}

/// Transparent at 0, so that it fits any background.
fn palette(shades: Shades) -> Vec<Rgba> {
    let colour = |index: i32| {
        let part = f64::from(index) / 127.0;
        let alpha = (255.0 * part.abs().powf(0.8)).round() as u8;
        match (shades, index < 0) {
            (Shades::Ink, true) => [0, 0, 0, 0],
            (Shades::Ink, false) => [0, 0, 0, (255.0 * part).round() as u8],
            (Shades::Diverging, true) => [0, 114, 178, alpha],
            (Shades::Diverging, false) => [213, 94, 0, alpha],
        }
    };
    (-127..=127).map(colour).collect()
}

/// The strength that gets the full colour: of all but the few strongest values.
fn strongest(pictures: &[Vec<f64>]) -> f64 {
    let finite = pictures.iter().flatten().filter(|value| value.is_finite());
    let mut strengths: Vec<f64> = finite.map(|value| value.abs()).collect();
    if strengths.is_empty() {
        return 1.0;
    }
    let at = ((1.0 - CLIPPED) * (strengths.len() - 1) as f64).ceil() as usize;
    let (_, most, _) = strengths.select_nth_unstable_by(at, f64::total_cmp);
    if *most > 0.0 { *most } else { 1.0 }
}

fn image(
    canvas: &mut Canvas,
    at: (f64, f64),
    size: (f64, f64),
    (w, h): (usize, usize),
    indices: &[u8],
    shades: Shades,
) {
    let class = if shades == Shades::Ink { "ink" } else { "glow" };
    let data = png::data_uri(w, h, indices, &palette(shades));
    let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(number);
    canvas.raw(&format!(
        "<image class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
         preserveAspectRatio=\"none\" href=\"{data}\"/>"
    ));
}

/// The colours with their values.
fn scale(canvas: &mut Canvas, top: f64, most: f64) {
    let indices: Vec<u8> = (0..=254).collect();
    let (from, to) = (8.0, 263.0);
    image(
        canvas,
        (from, top),
        (to - from, 10.0),
        (255, 1),
        &indices,
        Shades::Diverging,
    );
    canvas.rect(
        "box",
        (from, top),
        (to - from, 10.0),
        r##" fill="none" stroke="#888""##,
        "",
    );
    let texts = [
        (from, Anchor::Start, -most),
        ((from + to) / 2.0, Anchor::Middle, 0.0),
        (to, Anchor::End, most),
    ];
    for (x, anchor, value) in texts {
        canvas.text("m", (x, top + 24.0), anchor, &short(value));
    }
}

/// One picture of ink as an element of its own, for a list of pictures.
pub(crate) fn ink_picture(width: usize, height: usize, pixels: &[f64], alt: &str) -> String {
    let most = strongest(&[pixels.to_vec()]);
    let mut indices: Vec<u8> = pixels
        .iter()
        .map(|value| index((value / most).max(0.0)))
        .collect();
    indices.resize(width * height, ZERO);
    let data = png::data_uri(width, height, &indices, &palette(Shades::Ink));
    format!(
        "<img class=\"ink\" width=\"84\" height=\"84\" alt=\"{}\" src=\"{data}\">",
        crate::text::escape(alt)
    )
}
