use crate::axes::WIDTH;
use crate::canvas::{Anchor, Canvas};
use crate::figure::Figure;
use crate::image::{Colormap, ZERO, full_scale, index_of, png_uri};
use crate::text::{decimals, significant};

/// Small images side by side, such as the weights of a layer's neurons.
///
/// ```
/// use backprop_plot::{Colormap, ImageGrid};
///
/// let grid = ImageGrid {
///     title: "Two neurons".into(),
///     width: 2,
///     height: 1,
///     images: vec![vec![0.5, -0.5], vec![1.0, 0.0]],
///     colormap: Colormap::Diverging,
/// };
/// assert_eq!(grid.figure().description(), "2 images of 2 by 1 pixels.");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageGrid {
    /// The title.
    pub title: String,
    /// The width of each image in pixels.
    pub width: usize,
    /// The height of each image in pixels.
    pub height: usize,
    /// The pixels of each image, row after row. A value that is not finite is left out.
    pub images: Vec<Vec<f64>>,
    /// The colours of the values.
    pub colormap: Colormap,
}

/// The most images that are drawn: more make a page slow and tell little more.
const MAX_IMAGES: usize = 144;
/// The longest side, in pixels, of an image that is drawn.
const MAX_SIDE: usize = 256;
/// The empty pixels between two images.
const GAP: usize = 2;
/// The most images in a row.
const MAX_COLUMNS: f64 = 16.0;
/// The margin around the grid on the canvas.
const MARGIN: f64 = 8.0;
/// The height of the title above the grid on the canvas.
const TITLE_HEIGHT: f64 = 40.0;
/// The height of the colours and their values below the grid on the canvas.
const SCALE_HEIGHT: f64 = 30.0;
const OUTLINE: &str = r##" fill="none" stroke="#888""##;

/// The cells of a grid: columns, rows, pixels of a cell, and canvas units of a pixel.
struct Layout {
    columns: usize,
    rows: usize,
    cell: (usize, usize),
    zoom: f64,
}

impl Layout {
    fn new(images: usize, width: usize, height: usize) -> Self {
        let columns = (images as f64 * 2.0).sqrt().ceil().clamp(1.0, MAX_COLUMNS) as usize;
        let cell = (width.min(MAX_SIDE) + GAP, height.min(MAX_SIDE) + GAP);
        Layout {
            columns,
            rows: images.div_ceil(columns).max(1),
            cell,
            zoom: (2.0 * WIDTH - 2.0 * MARGIN) / (columns * cell.0).max(1) as f64,
        }
    }

    /// The width and height of the grid in pixels.
    fn pixels(&self) -> (usize, usize) {
        (self.columns * self.cell.0, self.rows * self.cell.1)
    }

    /// The width and height of the grid on the canvas.
    fn size(&self) -> (f64, f64) {
        let (width, height) = self.pixels();
        (self.zoom * width as f64, self.zoom * height as f64)
    }

    /// The first column and row of pixels of image `k`.
    fn origin(&self, k: usize) -> (usize, usize) {
        (
            k % self.columns * self.cell.0,
            k / self.columns * self.cell.1,
        )
    }
}

impl ImageGrid {
    /// The figure, as wide as two others.
    pub fn figure(&self) -> Figure {
        let fits = self.width <= MAX_SIDE && self.height <= MAX_SIDE;
        let shown = if fits {
            self.images.len().min(MAX_IMAGES)
        } else {
            0
        };
        let images = &self.images[..shown];
        let layout = Layout::new(shown, self.width, self.height);
        let size = layout.size();
        let with_scale = self.colormap == Colormap::Diverging;
        let below = if with_scale { SCALE_HEIGHT } else { 0.0 };
        let height = TITLE_HEIGHT + size.1 + below + MARGIN;
        let mut canvas = Canvas::new(2.0 * WIDTH, height);
        canvas.heading(&self.title);
        let scale = full_scale(images.iter().flatten());
        self.draw_images(&mut canvas, &layout, images, scale);
        if with_scale {
            draw_scale(&mut canvas, TITLE_HEIGHT + size.1 + 8.0, scale);
        }
        let (w, h) = (self.width, self.height);
        let mut description = format!("{shown} images of {w} by {h} pixels.");
        let mut caption = String::new();
        if shown < self.images.len() {
            let all = decimals(self.images.len() as f64, 0);
            caption = format!("The first {shown} of {all}.");
            description = format!("{description} {caption}");
        }
        Figure::new(&self.title, description, canvas)
            .with_caption(caption)
            .wide()
    }

    /// All images as one, and a frame around each.
    fn draw_images(&self, canvas: &mut Canvas, layout: &Layout, images: &[Vec<f64>], scale: f64) {
        let (w, h) = layout.pixels();
        let mut indices = vec![ZERO; w * h];
        for (k, image) in images.iter().enumerate() {
            let (x, y) = layout.origin(k);
            for (at, &value) in image.iter().take(self.width * self.height).enumerate() {
                let pixel = (y + at / self.width) * w + x + at % self.width;
                indices[pixel] = index_of(value / scale);
            }
        }
        let uri = png_uri(w, h, &indices, self.colormap);
        let at = (MARGIN, TITLE_HEIGHT);
        canvas.image(self.colormap.class(), at, layout.size(), &uri);
        let zoom = layout.zoom;
        let size = (zoom * self.width as f64, zoom * self.height as f64);
        for k in 0..images.len() {
            let (x, y) = layout.origin(k);
            let at = (MARGIN + zoom * x as f64, TITLE_HEIGHT + zoom * y as f64);
            canvas.rect("box", at, size, OUTLINE, "");
        }
    }
}

/// The colours with their values.
fn draw_scale(canvas: &mut Canvas, top: f64, full_scale: f64) {
    let indices: Vec<u8> = (0..=254).collect();
    let (at, size) = ((MARGIN, top), (255.0, 10.0));
    let uri = png_uri(255, 1, &indices, Colormap::Diverging);
    canvas.image(Colormap::Diverging.class(), at, size, &uri);
    canvas.rect("box", at, size, OUTLINE, "");
    let labels = [
        (0.0, Anchor::Start, -full_scale),
        (0.5, Anchor::Middle, 0.0),
        (1.0, Anchor::End, full_scale),
    ];
    for (position, anchor, value) in labels {
        let below = (at.0 + position * size.0, top + 24.0);
        canvas.text("m", below, anchor, &significant(value));
    }
}
