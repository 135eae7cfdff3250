//! `cargo xtask evaluate`: a trained network on a test set.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use backprop_trainer::Trainer;
use backprop_trainer::data::Dataset;
use backprop_trainer::data::csv::TableEncoding;
use backprop_trainer::data::images::ImageEncoding;
use backprop_trainer::formats::{ModelInfo, OutputKind, TrainingFile};
use backprop_trainer::losses::{
    CrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy, by_name,
};
use backprop_trainer::optimizers::Sgd;
use backprop_trainer::tensor::Scalar;
use clap::Args;
use serde::Serialize;

use crate::common::Common;
use crate::data;
use crate::model::{ModelArgs, ModelFile};
use crate::output::{say, thousands, write_json};
use crate::settings::{Precision, Settings};
use crate::source::{self, Source};
use crate::test_metrics::{self, TestMetrics};
use crate::training_file;
use crate::{pictures, table};

/// Flags of `evaluate`.
#[derive(Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The data set whose test part is used: auto, mnist, fashion-mnist, sample, csv:FILE, which
    /// is encoded as in training, idx:IMAGES,LABELS[,TEST_IMAGES,TEST_LABELS] or folder:DIR. The file
    /// or folder that the model was trained on is recognised by its bytes; of any other all rows are
    /// used [default: that of the run; auto for a model file]
    #[arg(long, value_name = "NAME")]
    dataset: Option<Source>,
    /// Use all rows of the file that the model was trained on, not only its test rows
    #[arg(long)]
    all_rows: bool,
    /// Exchange rows and columns of the pictures of --dataset idx:
    #[arg(long)]
    transpose: bool,
    /// The column of a CSV file that is predicted, as a check [default: what the model was trained
    /// to predict]
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The encoding of the bytes of a CSV file, for example latin1 [default: that of the run; utf-8 for
    /// a model file]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// The folder that data sets are kept in [default: that of the run, or data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Write all figures to this JSON file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    model: String,
    dataset: String,
    rows: ChosenRows,
    test_samples: usize,
    precision: &'static str,
    test: TestMetrics,
}

pub(crate) fn run(args: &EvaluateArgs, common: &Common) -> Result<ExitCode> {
    let file = ModelFile::read(&args.model)?;
    match file.precision {
        Precision::F64 => evaluate::<f64>(args, common, &file),
        Precision::F32 => evaluate::<f32>(args, common, &file),
    }
}

fn evaluate<T: Scalar>(args: &EvaluateArgs, common: &Common, file: &ModelFile) -> Result<ExitCode> {
    let (name, settings) = (&*file.name, file.settings.as_ref());
    let (network, info) = file.model::<T>()?.into_parts();
    let subject = Subject {
        args,
        name,
        encoding: table::encoding(name, &info)?,
        images: pictures::encoding(name, &info, (network.input_width(), network.output_width()))?,
        outputs: network.output_width(),
        info: &info,
        settings,
    };
    let source = subject.source(common)?;
    let (test, chosen) = subject.rows::<T>(&source, common.seed)?;
    let trainer = Trainer::new(network, loss::<T>(&info), Sgd::default())?.with_pool(common.pool());
    let (evaluation, predictions) = test_metrics::predictions(&trainer, &test, false)
        .with_context(|| format!("{name} on {source}"))?;
    let figures = TestMetrics::new(evaluation, &predictions);
    if !common.quiet {
        let (summary, rows) = (figures.summary(), thousands(evaluation.rows));
        let (loss, why) = (figures.loss, chosen.reason());
        say!("{source}: test loss {loss:.4}{summary} ({rows} rows{why})");
        let more = figures.outputs().into_iter().chain(figures.hint());
        more.for_each(|line| say!("{line}"));
    }
    if let Some(path) = &args.report {
        let report = Report {
            model: name.to_string(),
            dataset: source.to_string(),
            rows: chosen,
            test_samples: evaluation.rows,
            precision: T::NAME,
            test: figures,
        };
        write_json(path, &report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows that a model is evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum ChosenRows {
    /// The test set that comes with the data set.
    TestSet,
    /// The rows of the file that the model was trained on which training never saw.
    HeldOut,
    /// All rows of a file that the model was not trained on.
    OtherFile,
    /// All rows of a file, where the model does not say which file it was trained on.
    UnknownFile,
    /// All rows, as the flag asks.
    All,
}

impl ChosenRows {
    /// The words after the number of rows.
    fn reason(self) -> &'static str {
        match self {
            ChosenRows::TestSet => "",
            ChosenRows::HeldOut => {
                ", those of the training's file that training never saw; --all-rows takes all"
            }
            ChosenRows::OtherFile => ", all of the file, which is not the training's",
            ChosenRows::UnknownFile => {
                ", all of the file; the model does not say which file it was trained on"
            }
            ChosenRows::All => ", all of the file, as --all-rows asks",
        }
    }
}

/// The model that is evaluated, with what is known of it.
struct Subject<'a> {
    args: &'a EvaluateArgs,
    /// The name of the model's file, for errors.
    name: &'a str,
    info: &'a ModelInfo,
    encoding: Option<TableEncoding>,
    images: Option<ImageEncoding>,
    outputs: usize,
    settings: Option<&'a Settings>,
}

impl Subject<'_> {
    /// The data set to evaluate on, which is there.
    fn source(&self, common: &Common) -> Result<Source> {
        let source = match (&self.args.dataset, self.settings) {
            (Some(source), _) => source.clone(),
            // The file of --test, or that of the training.
            (None, Some(settings)) => match &settings.data.test {
                Some(file) => Source::Csv(file.clone()),
                None => settings.data.dataset.clone(),
            },
            (None, None) if self.encoding.is_some() => bail!(
                "{} was trained on a table; say which to use with --dataset csv:FILE",
                self.name
            ),
            (None, None) => Source::Auto,
        };
        source::resolve(&source, self.data_dir(), common.quiet)
    }

    fn data_dir(&self) -> &Path {
        match (&self.args.data_dir, self.settings) {
            (Some(folder), _) => folder,
            (None, Some(settings)) => &settings.data.data_dir,
            (None, None) => Path::new("data"),
        }
    }

    /// The rows to evaluate on.
    fn rows<T: Scalar>(
        &self,
        source: &Source,
        seed: Option<u64>,
    ) -> Result<(Dataset<T>, ChosenRows)> {
        let name = self.name;
        match (source, &self.encoding) {
            (Source::Csv(file), Some(encoding)) => self.table_rows((source, file), encoding, seed),
            (Source::Csv(_), None) => {
                bail!("{name} was not trained on a table, but {source} is one")
            }
            (_, Some(_)) => bail!("{name} was trained on a table; {source} is none"),
            _ if self.args.target.is_some() => {
                bail!("--target belongs to csv:FILE data sets; leave it out")
            }
            _ if self.args.all_rows && !source.has_no_test_rows() => {
                bail!(
                    "--all-rows belongs to data sets without test rows of their own; leave it out"
                )
            }
            _ if self.args.transpose && !matches!(source, Source::Idx(_)) => {
                bail!("--transpose belongs to idx: data sets; leave it out")
            }
            (Source::Idx(_) | Source::Folder(_), None) => self.picture_rows(source, seed),
            _ => {
                let test = source::images(source, self.data_dir())?.test;
                Ok((test, ChosenRows::TestSet))
            }
        }
    }

    /// The test set of the file that the model was trained on, all rows of another.
    fn table_rows<T: Scalar>(
        &self,
        (source, file): (&Source, &Path),
        encoding: &TableEncoding,
        seed: Option<u64>,
    ) -> Result<(Dataset<T>, ChosenRows)> {
        check_target(self.args.target.as_deref(), encoding)?;
        let (chosen, held_out) = self.choose(source, seed)?;
        Ok((
            data::table_test(file, encoding, held_out, self.text_encoding())?,
            chosen,
        ))
    }

    /// The test files, or of the pictures that the model was trained on the test set, or all.
    fn picture_rows<T: Scalar>(
        &self,
        source: &Source,
        seed: Option<u64>,
    ) -> Result<(Dataset<T>, ChosenRows)> {
        ensure!(
            !self.args.transpose || self.args.dataset.is_some(),
            "--transpose goes with --dataset idx:IMAGES,LABELS; those of the run are read as in training"
        );
        // Those of the run, unless the flag names others.
        let of_run = self.settings.filter(|_| self.args.dataset.is_none());
        let of_run = of_run.is_some_and(|settings| settings.data.transpose == Some(true));
        let transpose = self.args.transpose || of_run;
        let (chosen, held_out) = match source {
            source if source.has_no_test_rows() => self.choose(source, seed)?,
            _ => (ChosenRows::TestSet, None),
        };
        let images = self.images.as_ref();
        let rows = pictures::for_model(source, transpose, self.info, images, self.outputs)?;
        Ok(match held_out {
            None => (rows, chosen),
            Some(training) => {
                let (fraction, seed) = (training.test_fraction, training.seed);
                let (_, test) = data::split_test(&rows.strata(), fraction, seed)?;
                (rows.select(&test), chosen)
            }
        })
    }

    /// The rows to evaluate on of files without test rows of their own; with the training's file, where
    /// they are its test set.
    fn choose(
        &self,
        source: &Source,
        seed: Option<u64>,
    ) -> Result<(ChosenRows, Option<&TrainingFile>)> {
        let training = self.info.training_file.as_ref();
        let chosen = match training {
            _ if self.args.all_rows => ChosenRows::All,
            None => ChosenRows::UnknownFile,
            Some(training)
                if training_file::sha256_of(source)?.as_ref() == Some(&training.sha256) =>
            {
                ChosenRows::HeldOut
            }
            Some(_) => ChosenRows::OtherFile,
        };
        let held_out = training.filter(|_| chosen == ChosenRows::HeldOut);
        ensure!(
            held_out.is_none_or(|training| training.test_fraction > 0.0),
            "{} was trained on all rows of {source}; name other rows with --dataset, or add --all-rows",
            self.name,
        );
        if let (Some(training), Some(seed)) = (held_out, seed)
            && training.seed != seed
        {
            bail!(
                "--seed {seed} draws other test rows than the training's seed {}; leave --seed out",
                training.seed
            );
        }
        Ok((chosen, held_out))
    }

    /// The encoding of a table's bytes.
    fn text_encoding(&self) -> Option<&str> {
        let asked = self.args.encoding.as_deref();
        asked.or_else(|| {
            self.settings
                .and_then(|settings| settings.data.encoding.as_deref())
        })
    }
}

/// The loss that the model was trained with; for a model that does not name one of ours, the loss
/// that fits its outputs.
fn loss<T: Scalar>(info: &ModelInfo) -> Box<dyn Loss<T>> {
    let named = info.loss.as_deref().and_then(by_name::<T>);
    named.unwrap_or_else(|| match info.output {
        OutputKind::Logits => Box::new(SoftmaxCrossEntropy),
        OutputKind::Probabilities => Box::new(CrossEntropy),
        OutputKind::Values => Box::new(MeanSquaredError),
    })
}

/// Refuses a target that is not what the model predicts.
fn check_target(asked: Option<&str>, encoding: &TableEncoding) -> Result<()> {
    let target = encoding.target.columns().join(",");
    match asked {
        Some(asked) if asked != target => {
            bail!("the model predicts {target}, not {asked}; leave --target out")
        }
        _ => Ok(()),
    }
}
