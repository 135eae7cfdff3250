//! Rows for a network from a file: a picture, IDX or CSV.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use backprop_trainer::data::Limits;
use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::data::idx::{self, Values};
use backprop_trainer::data::images::{self, ImageEncoding, Piece};
use backprop_trainer::formats::ModelInfo;
use backprop_trainer::tensor::Scalar;

use super::table;

/// The memory that a picture may take: 8000 x 5000 pixels in colour fit.
const PICTURE: Limits = Limits {
    max_bytes: 512 << 20,
};

/// The inputs of a file, scaled, row after row.
pub(super) struct Rows<T> {
    pub(super) values: Vec<T>,
    pub(super) kind: RowKind,
}

/// The rows of a file.
pub(super) enum RowKind {
    /// Any number of rows.
    Rows,
    /// One picture, and the number of its pieces, where it is a drawing that was fitted in.
    Picture { pieces: usize },
    /// The pieces of a picture: first column and row, width and height.
    Pieces(Vec<[usize; 4]>),
}

/// The pixels on a side of the pictures of MNIST.
const MNIST_SIDE: usize = 28;

/// The memory that an array may take: 300,000 images of MNIST's size fit.
const ARRAY: Limits = Limits {
    max_bytes: 256 << 20,
};

enum Kind {
    Picture,
    Idx,
    Table,
}

/// A network's way to make rows of files.
pub(super) struct Reader<'a> {
    pub(super) info: &'a ModelInfo,
    /// The encoding of the table that the network was trained on, if it was.
    pub(super) table: Option<&'a TableEncoding>,
    /// The pictures that the network was trained on, if it was.
    pub(super) images: Option<ImageEncoding>,
    /// The network's inputs.
    pub(super) width: usize,
    /// The encoding of the bytes of tables.
    pub(super) text_encoding: Option<&'a str>,
    /// Whether rows and columns of pictures in IDX files are exchanged.
    pub(super) transpose: bool,
    /// Whether the pieces of a drawing are rows of their own.
    pub(super) segment: bool,
}

impl Reader<'_> {
    /// Reads the rows of a file.
    pub(super) fn read<T: Scalar>(&self, file: &Path) -> Result<Rows<T>> {
        let (kind, width) = (kind(file)?, self.width);
        let mut rows = RowKind::Rows;
        let mut values: Vec<T> = match kind {
            Kind::Picture | Kind::Idx if self.table.is_some() => bail!(
                "{} is no CSV file, but the model was trained on a table",
                file.display()
            ),
            Kind::Picture => {
                let (pixels, found) = self.picture(file)?;
                rows = found;
                pixels.into_iter().map(T::from_u8).collect()
            }
            _ if self.segment => bail!(
                "--segment takes pictures apart, but {} is none; leave it out",
                file.display()
            ),
            Kind::Idx => self.array(file)?,
            Kind::Table => match self.table {
                Some(encoding) => table::encoded(encoding, (width, self.text_encoding), file)?,
                None => table::inputs(width, file)?,
            },
        };
        ensure!(!values.is_empty(), "{} holds no rows", file.display());
        for (place, value) in values.iter().enumerate() {
            ensure!(
                value.is_finite(),
                "{}, row {}: input {} is {value}; all must be finite numbers of type {}",
                file.display(),
                place / width,
                place % width,
                T::NAME
            );
        }
        let scale = T::from_f64(self.info.input_scale);
        values.iter_mut().for_each(|value| *value *= scale);
        Ok(Rows { values, kind: rows })
    }

    /// The inputs of a picture, or of each of its pieces.
    fn picture(&self, file: &Path) -> Result<(Vec<u8>, RowKind)> {
        let (picture, name) = (images::read(file, PICTURE)?, file.display().to_string());
        // A model that does not know its pictures' size may be one of MNIST's.
        let mnist = || ImageEncoding::drawings(MNIST_SIDE, MNIST_SIDE);
        let is_mnist = self.images.is_none() && self.width == MNIST_SIDE * MNIST_SIDE;
        let encoding = self.images.clone().or_else(|| is_mnist.then(mnist));
        let Some(encoding) = encoding.filter(ImageEncoding::is_of_drawings) else {
            ensure!(
                !self.segment,
                "--segment needs a model of drawings in grey, which {name} is not read by; leave it out"
            );
            let pixels = match &self.images {
                Some(encoding) => encoding.inputs(&name, picture)?,
                None => picture.into_gray().to_inputs(&name, self.width)?,
            };
            return Ok((pixels, RowKind::Picture { pieces: 1 }));
        };
        if self.segment {
            let pieces = picture.into_gray().pieces(&name)?;
            let mut pixels = Vec::new();
            for piece in &pieces {
                pixels.extend(encoding.piece_inputs(&name, piece)?);
            }
            let place = |piece: &Piece| [piece.left, piece.top, piece.width, piece.height];
            return Ok((pixels, RowKind::Pieces(pieces.iter().map(place).collect())));
        }
        let fits = (picture.width(), picture.height()) == (encoding.width, encoding.height);
        let pieces = if fits {
            1
        } else {
            picture.clone().into_gray().pieces(&name)?.len()
        };
        Ok((
            encoding.inputs(&name, picture)?,
            RowKind::Picture { pieces },
        ))
    }

    /// The rows of an IDX file: its first dimension counts them.
    fn array<T: Scalar>(&self, file: &Path) -> Result<Vec<T>> {
        let (width, array) = (self.width, idx::read(file, ARRAY)?);
        let each = match &array.shape[..] {
            [_, each @ ..] => each
                .iter()
                .try_fold(1, |size: usize, &side| size.checked_mul(side)),
            [] => None,
        };
        ensure!(
            each == Some(width),
            "{}: the network takes rows of {width} inputs, but this is an array of the shape {:?}",
            file.display(),
            array.shape
        );
        let mut values = match array.values {
            Values::U8(values) => values.into_iter().map(T::from_u8).collect(),
            Values::I8(values) => numbers(values),
            Values::I16(values) => numbers(values),
            Values::I32(values) => numbers(values),
            Values::F32(values) => numbers(values),
            Values::F64(values) => numbers(values),
        };
        if self.transpose {
            let (height, width, channels) = match array.shape[..] {
                [_, height, width] => (height, width, 1),
                [_, height, width, channels] => (height, width, channels),
                _ => bail!(
                    "--transpose needs pictures of rows and columns, but {} is an array of the shape {:?}",
                    file.display(),
                    array.shape
                ),
            };
            images::transpose(&mut values, (width, height), channels);
        }
        Ok(values)
    }
}

/// By the ending, or the first bytes where that says nothing.
fn kind(file: &Path) -> Result<Kind> {
    let ending = file.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("png" | "jpg" | "jpeg") => return Ok(Kind::Picture),
        Some("csv") => return Ok(Kind::Table),
        _ => {}
    }
    let mut start = Vec::new();
    File::open(file)
        .and_then(|contents| contents.take(4).read_to_end(&mut start))
        .with_context(|| format!("{} cannot be read", file.display()))?;
    match &start[..] {
        [0x89, b'P', b'N', b'G'] | [0xff, 0xd8, 0xff, _] => Ok(Kind::Picture),
        [0, 0, ..] | [0x1f, 0x8b, ..] => Ok(Kind::Idx),
        _ => bail!(
            "{} is neither PNG, JPEG nor IDX, plain or packed with gzip; the name of a table must end in .csv",
            file.display()
        ),
    }
}

fn numbers<T: Scalar>(values: Vec<impl Into<f64>>) -> Vec<T> {
    values
        .into_iter()
        .map(|value| T::from_f64(value.into()))
        .collect()
}
