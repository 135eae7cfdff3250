//! Files: networks as safetensors and ONNX, checkpoints with checksums, and writing whole or not at all.
//!
//! The key decision: a saved network is an ordinary safetensors file, so PyTorch, JAX and every
//! safetensors library read its weights, by name and in (out, in) order, and what they do not need
//! (the layers, the kind of output, a checksum) is in the metadata that the format sets aside. A
//! format of our own, or a dump of the structs, was turned down: it would tie a trained network
//! to this crate and to one version of it. What only runs a network gets ONNX (`onnx_bytes`, behind
//! the feature `onnx`), which is written and never read here. A [`Checkpoint`] is the opposite case, read by the
//! program that wrote it alone, so it is a plain list of named sections of bytes.
//!
//! Bytes from outside never panic, and nothing is allocated because a header says so: a length is
//! compared with what the file holds first. A file is written by [`write_atomic`] alone, so after
//! a crash there is the old one or the new one, never half of one.
//!
//! ```
//! use backprop_formats::{ModelInfo, OutputKind, load_model, save_model};
//! use backprop_layers::{Sequential, linear, relu};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("model.safetensors");
//! let network = Sequential::<f32>::new(4, [linear(8), relu(), linear(3)], 0)?;
//! let info = ModelInfo::new(OutputKind::Logits).with_class_names(["ant", "bee", "cat"]);
//! save_model(&path, &network, &info)?;
//!
//! let (loaded, found) = load_model::<f32>(&path)?;
//! assert_eq!(loaded.specs(), network.specs());
//! assert_eq!(found.class_names, ["ant", "bee", "cat"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod checkpoint;
mod error;
mod files;
mod info;
mod model;
#[cfg(feature = "onnx")]
mod onnx;
mod safetensors_file;
mod trained;

pub use backprop_losses::OutputKind;
pub use checkpoint::Checkpoint;
pub use error::FormatError;
pub use files::{read_limited, write_atomic};
pub use info::ModelInfo;
pub use model::{
    MODEL_LIMIT, dtype_of, load_model, load_parameters, model_bytes, model_from_bytes, model_info,
    save_model,
};
#[cfg(feature = "onnx")]
pub use onnx::{onnx_bytes, save_onnx};
pub use trained::Model;
