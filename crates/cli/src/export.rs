//! `cargo xtask export`: a trained network for other programs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use backprop_trainer::data::csv::{Feature, Missing, TableEncoding, Target as Learnt, Unknown};
use backprop_trainer::formats::{OnnxColumn, OnnxTable, OnnxTarget, save_onnx, save_onnx_table};
use backprop_trainer::tensor::Scalar;
use clap::Args;

use crate::common::Common;
use crate::model::{ModelArgs, ModelFile};
use crate::output::say;
use crate::settings::Precision;
use crate::table;

/// Flags of `export`.
#[derive(Args)]
#[command(after_help = "\
An ONNX file takes raw inputs (pixels from 0 to 255): the scaling is part of its graph. It gives \
`probabilities` and `logits`, or `values` for a regression; the size of the batch is free. For a \
model of a table it takes each column as an input of its name, numbers as doubles and texts as \
strings, both of the shape (batch, 1), and gives `label` and `probabilities`, or each target by \
its name and in its unit. A number that is missing is NaN, a text that is missing \"\". A \
column of dates is one input for each of its numbers: `day.days` since 1970, `day.year`, and sine \
and cosine of `day.month`, `day.weekday`, `day.yearday` and `day.time`. A safetensors file has the parameters by PyTorch's names and shapes, and takes scaled inputs: what is \
to be known of it is in its metadata, see docs/interop.md.")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The file to write, ending in .safetensors or .onnx; one that is there is replaced
    #[arg(long, value_name = "FILE", value_parser = target)]
    to: Target,
    /// For a model of a table as ONNX: take the encoded features as one input, and give target
    /// values standardised, as a safetensors file does
    #[arg(long)]
    encoded: bool,
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
    let is_encoded = match model.precision {
        Precision::F32 => export::<f32>(&model, args)?,
        Precision::F64 => export::<f64>(&model, args)?,
    };
    if !common.quiet {
        say!("{}: written from {}", args.to.path.display(), model.name);
        if is_encoded {
            say!(
                "it takes the encoded features of its table, and gives target values standardised; the \
                 encoding is the \"table\" of its metadata \"info\""
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the network was trained on a table, which the file that is written does not encode.
fn export<T: Scalar>(file: &ModelFile, args: &ExportArgs) -> Result<bool> {
    let model = file.model::<T>()?;
    let (network, info) = (model.network(), model.info());
    let path: &Path = &args.to.path;
    let encoding = table::encoding(&file.name, info)?;
    match (args.to.format, &encoding) {
        (Format::Onnx, Some(encoding)) if !args.encoded => {
            save_onnx_table(path, network, info, &onnx_table(encoding))?;
            return Ok(false);
        }
        (Format::Safetensors, _) | (_, None) if args.encoded => {
            bail!("--encoded belongs to a model of a table as ONNX; leave it out")
        }
        (Format::Safetensors, _) => model.save(path)?,
        (Format::Onnx, _) => save_onnx(path, network, info)?,
    }
    Ok(encoding.is_some())
}

/// The encoding of a table as the graph has to know it.
fn onnx_table(encoding: &TableEncoding) -> OnnxTable {
    let is_optional = encoding.missing == Missing::Mean;
    let number = |name: String, (mean, deviation): (f64, f64)| OnnxColumn::Number {
        name,
        mean,
        deviation,
        is_optional,
    };
    let columns = encoding.features.iter().flat_map(|feature| match feature {
        Feature::Number(of) => vec![number(of.column.clone(), (of.mean, of.deviation))],
        // No operator reads a date: its numbers are columns of their own.
        Feature::Date(date) => {
            let moments = date.moments().into_iter();
            let moments = moments.chain(std::iter::repeat((0.0, 1.0)));
            let names = date.feature_names().into_iter();
            names
                .zip(moments)
                .map(|(name, of)| number(name, of))
                .collect()
        }
        Feature::Categories { column, values } => vec![OnnxColumn::Text {
            name: column.clone(),
            values: values.clone(),
            is_optional,
            takes_any: encoding.unknown == Unknown::Zeros,
        }],
    });
    let targets = match &encoding.target {
        Learnt::Classes { .. } => &[],
        Learnt::Values(numbers) => numbers.as_slice(),
    };
    OnnxTable {
        columns: columns.collect(),
        targets: targets
            .iter()
            .map(|number| OnnxTarget {
                name: number.column.clone(),
                mean: number.mean,
                deviation: number.deviation,
            })
            .collect(),
    }
}
