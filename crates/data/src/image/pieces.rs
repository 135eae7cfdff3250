//! The separate pieces of a drawing: connected components of its foreground, from left to right.

use super::fit::Glyph;
use super::pixels::{GrayImage, Image};
use crate::DataError;

/// A component of less mass than this fraction of the largest is a speck: a grain of the paper, a fibre.
const SPECK: f64 = 0.02;
/// A piece has at least this fraction of the mass of the largest.
const LEAST: f64 = 0.1;

/// A piece of a drawing, such as one digit of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The first column of the picture that it is on.
    pub left: usize,
    /// The first row.
    pub top: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The foreground alone, light on black, with a margin of one pixel.
    pub(crate) drawing: GrayImage,
}

/// An 8-connected component of the foreground; its mass is the sum of the foreground over its pixels.
#[derive(Clone, Debug)]
struct Component {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    mass: f64,
    labels: Vec<u32>,
}

impl Component {
    fn add(&mut self, other: &Component) {
        self.left = self.left.min(other.left);
        self.right = self.right.max(other.right);
        self.top = self.top.min(other.top);
        self.bottom = self.bottom.max(other.bottom);
        self.mass += other.mass;
        self.labels.extend(&other.labels);
    }

    /// Whether one lies above the other for half of the narrower's width, as a dot above its stem.
    fn is_above_or_below(&self, other: &Component) -> bool {
        let common = self.right.min(other.right) as i64 - self.left.max(other.left) as i64;
        let narrower = (self.right - self.left).min(other.right - other.left);
        2 * common >= narrower as i64
    }
}

/// The pieces of a drawing, from left to right; `name` is for errors. What lies above or below a piece
/// belongs to it; specks are left out.
///
/// # Errors
/// If all pixels are of one shade.
pub(crate) fn pieces(picture: &GrayImage, name: &str) -> Result<Vec<Piece>, DataError> {
    let glyph = Glyph::on(picture, name)?;
    let (labels, components) = label(picture, &glyph);
    let most = |components: &[Component]| components.iter().map(|c| c.mass).fold(0.0, f64::max);
    let speck = SPECK * most(&components);
    let components = components.into_iter().filter(|one| one.mass >= speck);
    let mut groups: Vec<Component> = Vec::new();
    for mut one in components {
        while let Some(at) = groups.iter().position(|other| one.is_above_or_below(other)) {
            one.add(&groups.swap_remove(at));
        }
        groups.push(one);
    }
    let least = LEAST * most(&groups);
    groups.retain(|group| group.mass >= least);
    groups.sort_by_key(|group| (group.left, group.right));
    let piece = |group: &Component| crop(picture, &glyph, &labels, group);
    groups.iter().map(piece).collect()
}

/// The component of each pixel, numbered from 1, and all components; 0 is the background.
fn label(picture: &GrayImage, glyph: &Glyph<'_>) -> (Vec<u32>, Vec<Component>) {
    let (width, height) = (picture.width(), picture.height());
    let mut labels = vec![0_u32; width * height];
    let mut components = Vec::new();
    let mut open = Vec::new();
    for start in 0..labels.len() {
        if labels[start] != 0 || glyph.foreground(start % width, start / width) == 0.0 {
            continue;
        }
        let number = components.len() as u32 + 1;
        let mut found = Component {
            left: width,
            right: 0,
            top: height,
            bottom: 0,
            mass: 0.0,
            labels: vec![number],
        };
        labels[start] = number;
        open.push(start);
        while let Some(at) = open.pop() {
            let (x, y) = (at % width, at / width);
            found.left = found.left.min(x);
            found.right = found.right.max(x + 1);
            found.top = found.top.min(y);
            found.bottom = found.bottom.max(y + 1);
            found.mass += glyph.foreground(x, y);
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if labels[next] == 0 && glyph.foreground(column, row) > 0.0 {
                        labels[next] = number;
                        open.push(next);
                    }
                }
            }
        }
        components.push(found);
    }
    (labels, components)
}

/// The foreground of a group alone.
fn crop(
    picture: &GrayImage,
    glyph: &Glyph<'_>,
    labels: &[u32],
    group: &Component,
) -> Result<Piece, DataError> {
    let (width, height) = (group.right - group.left, group.bottom - group.top);
    let mut pixels = vec![0; (width + 2) * (height + 2)];
    for y in 0..height {
        for x in 0..width {
            let (column, row) = (group.left + x, group.top + y);
            if group
                .labels
                .contains(&labels[row * picture.width() + column])
            {
                let shade = glyph.foreground(column, row).round() as u8;
                pixels[(y + 1) * (width + 2) + x + 1] = shade;
            }
        }
    }
    Ok(Piece {
        left: group.left,
        top: group.top,
        width,
        height,
        drawing: Image::new(width + 2, height + 2, 1, pixels)?.into_gray(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of characters: a dot is paper, anything else ink.
    fn picture(rows: &[&str]) -> GrayImage {
        let shade = |c: u8| if c == b'.' { 250 } else { 20 };
        let pixels = rows.concat().bytes().map(shade).collect();
        GrayImage::new(rows[0].len(), rows.len(), pixels).unwrap()
    }

    fn boxes(rows: &[&str]) -> Vec<(usize, usize, usize, usize)> {
        let pieces = pieces(&picture(rows), "p").unwrap();
        let place = |p: &Piece| (p.left, p.top, p.width, p.height);
        pieces.iter().map(place).collect()
    }

    #[test]
    fn pieces_are_read_from_left_to_right() {
        let rows = [
            "..............",
            ".....##..###..",
            ".#..#..#...#..",
            ".#..#..#..#...",
            ".#...##..#....",
            "..............",
        ];
        assert_eq!(boxes(&rows), [(1, 2, 1, 3), (4, 1, 4, 4), (9, 1, 3, 4)]);
    }

    #[test]
    fn a_dot_and_a_bar_belong_to_what_is_below() {
        let rows = [
            "..............",
            "..#....####...",
            "..............",
            "..#....#......",
            "..#....###....",
            "..#......#....",
            "..#....##.....",
            "..............",
        ];
        assert_eq!(boxes(&rows), [(2, 1, 1, 6), (7, 1, 4, 6)]);
    }

    #[test]
    fn specks_are_left_out_and_the_ink_of_neighbours_too() {
        let mut rows = vec!["..............................".to_owned(); 20];
        let mut draw = |x: usize, y: usize| rows[y].replace_range(x..=x, "#");
        for y in 2..18 {
            for x in 2..10 {
                draw(x, y);
            }
            // An angle around a block: their boxes overlap, their ink does not.
            draw(14, y);
        }
        for x in 14..28 {
            draw(x, 17);
        }
        for (x, y) in [(1, 0), (12, 9), (28, 1)] {
            draw(x, y);
        }
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert_eq!(boxes(&rows), [(2, 2, 8, 16), (14, 2, 14, 16)]);
        let pieces = pieces(&picture(&rows), "p").unwrap();
        let angle = &pieces[1].drawing;
        assert_eq!((angle.width(), angle.height()), (16, 18));
        let ink = angle.pixels().iter().filter(|shade| **shade == 255).count();
        assert_eq!(ink, 16 + 14 - 1);
        assert_eq!(
            angle.pixels().iter().filter(|shade| **shade == 0).count(),
            16 * 18 - ink
        );
    }
}
