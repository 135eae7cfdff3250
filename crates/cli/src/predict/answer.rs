//! The answer of a network for one row, for people and for machines.

use std::path::Path;

use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::formats::ModelInfo;
use backprop_trainer::tensor::Scalar;
use serde::Serialize;

use super::inputs::RowKind;
use crate::output::probability;

/// One row's answer; its JSON is what `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    file: String,
    row: usize,
    #[serde(skip)]
    is_one_picture: bool,
    /// The pieces of a picture that was read as one, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pieces: Option<usize>,
    /// The first column and row, the width and height of a piece that was read alone.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    place: Option<[usize; 4]>,
    #[serde(flatten)]
    says: Says,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Says {
    Class {
        #[serde(flatten)]
        first: Guess,
        runner_up: Option<Guess>,
        /// Of all classes, in their order.
        probabilities: Vec<f64>,
    },
    Values {
        /// The columns of the table that they are of, if it was one.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        values: Vec<f64>,
    },
}

#[derive(Debug, Serialize)]
struct Guess {
    class: String,
    index: usize,
    probability: f64,
}

impl Answer {
    /// From a row of predictions: probabilities of classes, or values.
    pub(super) fn new<T: Scalar>(
        (file, kind): (&Path, &RowKind),
        row: usize,
        (info, encoding): (&ModelInfo, Option<&TableEncoding>),
        predictions: &[T],
    ) -> Self {
        let mut all: Vec<f64> = predictions.iter().map(|value| value.as_f64()).collect();
        let says = if info.is_classifier() {
            let first = largest(predictions, None);
            let second = largest(predictions, first);
            let guess = |index: usize| Guess {
                class: info.class_name(index),
                index,
                probability: predictions[index].as_f64(),
            };
            Says::Class {
                first: guess(first.unwrap_or(0)),
                runner_up: second.map(guess),
                probabilities: all,
            }
        } else {
            let mut columns = Vec::new();
            if let Some(encoding) = encoding {
                encoding.inverse_transform(&mut all);
                columns.extend(encoding.target.columns().into_iter().map(str::to_owned));
            }
            Says::Values {
                columns,
                values: all,
            }
        };
        Answer {
            file: file.display().to_string(),
            row,
            is_one_picture: matches!(kind, RowKind::Picture { .. }),
            pieces: match kind {
                RowKind::Picture { pieces } => Some(*pieces).filter(|pieces| *pieces > 1),
                RowKind::Rows | RowKind::Pieces(_) => None,
            },
            place: match kind {
                RowKind::Pieces(places) => places.get(row).copied(),
                RowKind::Rows | RowKind::Picture { .. } => None,
            },
            says,
        }
    }

    /// `7.png: 7 (99.31 %), then 2 (0.40 %)`.
    pub(super) fn sentence(&self) -> String {
        let pieces = self.pieces.map_or(String::new(), |pieces| {
            format!("; {pieces} separate pieces read as one (--segment reads them one by one)")
        });
        let place = if self.is_one_picture {
            self.file.clone()
        } else {
            format!("{}, row {}", self.file, self.row)
        };
        let guess = |guess: &Guess| format!("{} ({})", guess.class, probability(guess.probability));
        match &self.says {
            Says::Class {
                first, runner_up, ..
            } => {
                let then = runner_up
                    .as_ref()
                    .map_or(String::new(), |second| format!(", then {}", guess(second)));
                format!("{place}: {}{then}{pieces}", guess(first))
            }
            Says::Values { columns, values } if columns.is_empty() => {
                let values: Vec<String> = values.iter().map(f64::to_string).collect();
                format!("{place}: {}", values.join(", "))
            }
            Says::Values { columns, values } => {
                // As many digits as there may be of use.
                let named = columns.iter().zip(values);
                let named: Vec<String> = named
                    .map(|(column, value)| format!("{column} {}", *value as f32))
                    .collect();
                format!("{place}: {}", named.join(", "))
            }
        }
    }
}

/// The place of the largest value, apart from that at `except`; the first of several.
fn largest<T: Scalar>(values: &[T], except: Option<usize>) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (index, value) in values.iter().enumerate() {
        if Some(index) != except && best.is_none_or(|best| *value > values[best]) {
            best = Some(index);
        }
    }
    best
}
