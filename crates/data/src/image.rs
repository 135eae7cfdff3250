//! Pictures in memory: in grey or in colour, and the foreground of a drawing.

mod fit;
#[cfg(feature = "jpeg")]
mod orient;
mod pieces;
mod pixels;
mod scale;

pub(crate) use fit::Glyph;
#[cfg(feature = "jpeg")]
pub(crate) use orient::{Orientation, upright};
pub use pieces::Piece;
pub(crate) use pieces::pieces;
pub use pixels::{GrayImage, Image};
pub(crate) use scale::scaled;
