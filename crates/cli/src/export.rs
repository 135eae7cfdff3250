//! `cargo xtask export`: a trained network for other programs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use backprop_trainer::formats::save_onnx;
use backprop_trainer::tensor::Scalar;
use clap::Args;

use crate::common::Common;
use crate::model::{ModelArgs, ModelFile};
use crate::output::say;
use crate::settings::Precision;

/// Flags of `export`.
#[derive(Args)]
#[command(after_help = "\
An ONNX file takes raw inputs (pixels from 0 to 255): the scaling is part of its graph. It gives \
`probabilities` and `logits`, or `values` for a regression; the size of the batch is free. A \
safetensors file has the parameters by PyTorch's names and shapes, and takes scaled inputs: what is \
to be known of it is in its metadata, see docs/interop.md.")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The file to write, ending in .safetensors or .onnx; one that is there is replaced
    #[arg(long, value_name = "FILE", value_parser = target)]
    to: Target,
}

/// A file and its format.
#[derive(Clone, Debug)]
struct Target {
    path: PathBuf,
    format: Format,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Safetensors,
    Onnx,
}

fn target(text: &str) -> Result<Target, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let format = match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("safetensors") => Format::Safetensors,
        Some("onnx") => Format::Onnx,
        _ => return Err("the file must end in .safetensors or .onnx".to_owned()),
    };
    Ok(Target { path, format })
}

pub(crate) fn run(args: &ExportArgs, common: &Common) -> Result<ExitCode> {
    let model = ModelFile::read(&args.model)?;
    let is_of_table = match model.precision {
        Precision::F32 => export::<f32>(&model, &args.to)?,
        Precision::F64 => export::<f64>(&model, &args.to)?,
    };
    if !common.quiet {
        say!("{}: written from {}", args.to.path.display(), model.name);
        if is_of_table {
            say!(
                "it takes the encoded features of its table, and gives target values standardised; the \
                 encoding is the \"table\" of its metadata \"info\""
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the network was trained on a table, which a file of it does not encode.
fn export<T: Scalar>(file: &ModelFile, to: &Target) -> Result<bool> {
    let model = file.model::<T>()?;
    let path: &Path = &to.path;
    match to.format {
        Format::Safetensors => model.save(path)?,
        Format::Onnx => save_onnx(path, model.network(), model.info())?,
    }
    Ok(model.info().table.is_some())
}
