//! Files: networks as safetensors and ONNX, checkpoints with checksums, and writing whole or not at all.
//!
//! The key decision: a saved network is an ordinary safetensors file. PyTorch, JAX and every
//! safetensors library read its weights, by name and in (out, in) order; the rest (the layers, the
//! kind of output, a checksum) is in the metadata that the format sets aside. A format of our own, or
//! a dump of the structs, would tie a trained network to this crate and to one version of it. A
//! [`Checkpoint`] uses the same container, with sections of bytes as tensors. Runtimes get ONNX
//! (`onnx_bytes`, behind the feature `onnx`), which this crate writes and never reads.
//!
//! Bytes from outside never panic, and nothing is allocated because a header says so: a length is
//! compared with the size of the file first. Files are written by [`write_atomic`] alone, so after
//! a crash there is the old file or the new file, never half of one.
//!
//! ```
//! use backprop_formats::{Model, ModelInfo, OutputKind};
//! use backprop_layers::{Sequential, linear, relu};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("model.safetensors");
//! let network = Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], 0)?;
//! let info = ModelInfo::new(OutputKind::Logits).with_class_names(["ant", "bee", "cat"]);
//! let model = Model::new(network, info)?;
//! model.save(&path)?;
//!
//! let loaded = Model::<f32>::load(&path)?;
//! assert_eq!(loaded.network().specs(), model.network().specs());
//! assert_eq!(loaded.info().class_names, ["ant", "bee", "cat"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod checkpoint;
mod container;
mod error;
mod files;
mod half_precision;
mod info;
mod model;
mod network;
#[cfg(feature = "onnx")]
mod onnx;
mod parameters;
mod rename;
mod safetensors_file;
mod safetensors_writer;
mod write_budget;

pub use backprop_losses::OutputKind;
pub use checkpoint::Checkpoint;
pub use error::FormatError;
pub use files::{is_temporary, read_limited, remove_leftovers, write_atomic};
pub use info::{ModelInfo, TrainingFile};
pub use model::{MODEL_LIMIT, Model};
pub use network::dtype_of;
#[cfg(feature = "onnx")]
pub use onnx::{
    OnnxColumn, OnnxTable, OnnxTarget, onnx_bytes, onnx_table_bytes, save_onnx, save_onnx_table,
};
pub use parameters::{MatchedLayers, load_matching_parameters, load_parameters};
pub use rename::Rename;
pub use write_budget::WriteBudget;
