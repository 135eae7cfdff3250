//! `cargo xtask predict`: a trained network on files of one's own.

mod answer;
mod inputs;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use backprop_trainer::layers::Workspace;
use backprop_trainer::ndarray::{ArrayView2, ArrayViewMut2};
use backprop_trainer::tensor::Scalar;
use clap::Args;

use crate::common::Common;
use crate::model::{ModelArgs, ModelFile};
use crate::output::say;
use crate::pictures;
use crate::settings::Precision;
use answer::Answer;
use inputs::Reader;

/// Rows that go through the network at a time.
const BATCH: usize = 1024;

/// Flags of `predict`.
#[derive(Args)]
#[command(after_help = "\
Files are told apart by their ending or their first bytes:
  PNG, JPEG
       one picture, for models that were trained on pictures; what is transparent is white. A JPEG
       file is shown upright, as its camera says.
       For a model of drawings, such as digits, one of the model's size is taken as it is, any other
       made as MNIST's digits were: fitted into 20/28 of the sides, centred by its centre of mass. It
       may be drawn dark on light or light on dark. For a model of photographs the middle of the
       picture is taken, with the model's proportions, and scaled to its size. A model that does not
       know its pictures' size takes squares of as many pixels as it has inputs
  IDX  any number of rows, plain or packed with gzip; each as many values as the network has inputs
  CSV  a row of numbers a line, as many as the network has inputs, with or without a header; for a
       model that was trained on a table, rows of such a table, with or without the target. Columns
       are then found by name, and cells encoded as they were in training

A drawing of several pieces, such as the digits of a number, is read as one, and the answer says how many
there are; --segment reads them one by one, from left to right, a row each. What lies above or below a
piece belongs to it; specks, and pieces of less than a tenth of the largest one's ink, are left out.

Raw inputs, such as pixels from 0 to 255, are scaled as the model says.

With --json each row of each file becomes one line, a JSON object of its own:
  {\"file\":\"7.png\",\"row\":0,\"class\":\"7\",\"index\":7,\"probability\":0.99,
   \"runner_up\":{\"class\":\"2\",\"index\":2,\"probability\":0.01},
   \"probabilities\":[..]}
A picture of several pieces adds \"pieces\":2, and each row of --segment its place in the picture in
pixels, \"box\":[left,top,width,height]. Rows count from 0; the probabilities are in the order of the
classes. Models that predict values give {\"file\":..,\"row\":..,\"values\":[..]} instead, in the units
of the table they learnt from.")]
pub(crate) struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// PNG, JPEG, IDX or CSV files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Exchange rows and columns of the pictures of IDX files, as in training with --transpose
    #[arg(long)]
    transpose: bool,
    /// Read the pieces of each drawing one by one, from left to right, such as the digits of a number
    #[arg(long)]
    segment: bool,
    /// The encoding of the bytes of CSV files, for example latin1 [default: utf-8; utf-16 after a
    /// byte-order mark]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// Print one JSON object a line for each row, even with --quiet
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &PredictArgs, common: &Common) -> Result<ExitCode> {
    let model = ModelFile::read(&args.model)?;
    match model.precision {
        Precision::F32 => predict::<f32>(args, common, &model)?,
        Precision::F64 => predict::<f64>(args, common, &model)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn predict<T: Scalar>(args: &PredictArgs, common: &Common, file: &ModelFile) -> Result<()> {
    let (network, info) = file.model::<T>()?.into_parts();
    let encoding = crate::table::encoding(&file.name, &info)?;
    let (width, outputs) = (network.input_width(), network.output_width());
    let reader = Reader {
        info: &info,
        table: encoding.as_ref(),
        images: pictures::encoding(&file.name, &info, (width, outputs))?,
        width,
        text_encoding: args.encoding.as_deref(),
        transpose: args.transpose,
        segment: args.segment,
    };
    let mut workspace = Workspace::new(common.pool());
    let mut predictions = vec![T::zero(); BATCH * outputs];
    for file in &args.files {
        let rows = reader.read::<T>(file)?;
        let mut row = 0;
        for batch in rows.values.chunks(BATCH * width) {
            let count = batch.len() / width;
            let predictions = &mut predictions[..count * outputs];
            let input = ArrayView2::from_shape((count, width), batch)?;
            let output = ArrayViewMut2::from_shape((count, outputs), &mut *predictions)?;
            network.predict_into(&mut workspace, input, output);
            info.activate(outputs, predictions);
            for predictions in predictions.chunks(outputs) {
                let model = (&info, encoding.as_ref());
                let answer = Answer::new((file, &rows.kind), row, model, predictions);
                if args.json {
                    say!("{}", serde_json::to_string(&answer)?);
                } else if !common.quiet {
                    say!("{}", answer.sentence());
                }
                row += 1;
            }
        }
    }
    Ok(())
}
