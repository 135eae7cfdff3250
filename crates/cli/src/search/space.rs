//! `--search NAME=VALUES`: what a search tries, and what a trial draws.

use anyhow::{Context, Result, anyhow, bail, ensure};
use backprop_trainer::search::{ParamRange, sample_choice};
use backprop_trainer::tensor::Key;
use clap::ValueEnum;

use crate::settings::{OptimizerKind, TrainArgs};

/// The space that is searched where no flag names another.
pub(crate) const DEFAULT: &str = "learning-rate=1e-6..10";

/// All that a search tries.
pub(crate) struct Space(Vec<Dimension>);

/// One setting and the values to try.
struct Dimension {
    /// The flag, without the dashes.
    name: &'static str,
    values: Values,
}

enum Values {
    LearningRate(Numbers),
    L2(Numbers),
    Dropout(Numbers),
    BatchSize(Numbers),
    Hidden(Vec<Vec<usize>>),
    Optimizer(Vec<OptimizerKind>),
}

enum Numbers {
    Range(ParamRange),
    List(Vec<f64>),
}

impl Space {
    /// Reads the arguments of `--search`.
    pub(crate) fn parse(texts: &[String]) -> Result<Self> {
        let mut dimensions: Vec<Dimension> = Vec::new();
        for text in texts {
            let dimension = Dimension::parse(text).with_context(|| format!("--search {text}"))?;
            let name = dimension.name;
            ensure!(
                dimensions.iter().all(|other| other.name != name),
                "{name} is searched for twice; give all its values in one --search"
            );
            dimensions.push(dimension);
        }
        Ok(Space(dimensions))
    }

    /// The names of the settings that are searched for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|dimension| dimension.name)
    }

    /// Whether a setting is drawn by order of magnitude.
    pub(crate) fn is_logarithmic(&self, name: &str) -> bool {
        let mut dimensions = self.0.iter().filter(|dimension| dimension.name == name);
        dimensions.any(|dimension| {
            let (Values::LearningRate(numbers) | Values::L2(numbers) | Values::BatchSize(numbers)) =
                &dimension.values
            else {
                return false;
            };
            matches!(numbers, Numbers::Range(range) if range.is_logarithmic())
        })
    }

    /// Refuses a setting that is both searched for and given.
    pub(crate) fn check(&self, given: &toml::Table) -> Result<()> {
        match self.names().find(|name| given.contains_key(*name)) {
            None => Ok(()),
            Some(name) => bail!("{name} is searched for, and --{name} gives it; leave one out"),
        }
    }

    /// The flags of the trial whose stream is that of `key`.
    pub(crate) fn sample(&self, args: &TrainArgs, key: Key) -> TrainArgs {
        let mut args = args.clone();
        for Dimension { name, values } in &self.0 {
            let key = key.derive(name, 0);
            match values {
                Values::LearningRate(numbers) => {
                    args.optimizer.learning_rate = Some(numbers.sample(key))
                }
                Values::L2(numbers) => args.optimizer.l2 = Some(numbers.sample(key)),
                Values::Dropout(numbers) => args.network.dropout = Some(numbers.sample(key)),
                Values::BatchSize(numbers) => {
                    args.training.batch_size = Some(numbers.sample(key).round() as usize);
                }
                Values::Hidden(list) => {
                    args.network.hidden = Some(sample_choice(list, key).clone())
                }
                Values::Optimizer(list) => {
                    let rule = *sample_choice(list, key);
                    args.optimizer.optimizer = Some(rule);
                    leave_out_unused(&mut args, rule, list);
                }
            }
        }
        args
    }
}

/// Takes away constants of another optimizer of the search, and of no other.
fn leave_out_unused(args: &mut TrainArgs, rule: OptimizerKind, list: &[OptimizerKind]) {
    let constants = &mut args.optimizer;
    for (name, value) in [
        ("momentum", &mut constants.momentum),
        ("decay rate", &mut constants.decay_rate),
        ("beta1", &mut constants.beta1),
        ("beta2", &mut constants.beta2),
        ("epsilon", &mut constants.epsilon),
    ] {
        let is_used = |kind: &OptimizerKind| kind.constant(name).is_some();
        if !is_used(&rule) && list.iter().any(is_used) {
            *value = None;
        }
    }
}

impl Dimension {
    fn parse(text: &str) -> Result<Self> {
        let (name, values) = text
            .split_once('=')
            .context("expected NAME=LOW..HIGH or NAME=A|B|C")?;
        let (name, values) = match name {
            "learning-rate" => (
                "learning-rate",
                Values::LearningRate(Numbers::parse(values, true)?),
            ),
            "l2" => ("l2", Values::L2(Numbers::parse(values, true)?)),
            "dropout" => ("dropout", Values::Dropout(Numbers::parse(values, false)?)),
            "batch-size" => (
                "batch-size",
                Values::BatchSize(Numbers::parse(values, true)?.whole()?),
            ),
            "hidden" => ("hidden", Values::Hidden(list(values, widths)?)),
            "optimizer" => (
                "optimizer",
                Values::Optimizer(list(values, |name| {
                    let known = OptimizerKind::from_str(name, false);
                    let expected = OptimizerKind::all();
                    known.map_err(|_| anyhow!("expected {expected}, found \"{name}\""))
                })?),
            ),
            _ => bail!(
                "\"{name}\" cannot be searched for; choose learning-rate, hidden, batch-size, \
                 dropout, l2 or optimizer"
            ),
        };
        Ok(Dimension { name, values })
    }
}

impl Numbers {
    /// `LOW..HIGH`, drawn by order of magnitude if `logarithmic`, or `A|B|C`.
    fn parse(text: &str, logarithmic: bool) -> Result<Self> {
        match text.split_once("..") {
            None => Ok(Numbers::List(list(text, number)?)),
            Some((low, high)) => {
                let (low, high) = (number(low)?, number(high)?);
                Ok(Numbers::Range(if logarithmic {
                    ParamRange::logarithmic(low, high)?
                } else {
                    ParamRange::linear(low, high)?
                }))
            }
        }
    }

    fn whole(self) -> Result<Self> {
        let ends = match &self {
            Numbers::Range(range) => vec![range.low(), range.high()],
            Numbers::List(list) => list.clone(),
        };
        match ends.iter().find(|end| end.fract() != 0.0 || **end < 1.0) {
            None => Ok(self),
            Some(end) => bail!("expected whole numbers from 1, found {end}"),
        }
    }

    /// Four significant digits, so that what is printed is what was tried.
    fn sample(&self, key: Key) -> f64 {
        match self {
            Numbers::List(list) => *sample_choice(list, key),
            Numbers::Range(range) => {
                let digits = format!("{:.3e}", range.sample(key));
                let rounded: f64 = digits.parse().expect("a number that was just written");
                rounded.clamp(range.low(), range.high())
            }
        }
    }
}

fn list<V>(text: &str, parse: impl Fn(&str) -> Result<V>) -> Result<Vec<V>> {
    ensure!(
        !text.is_empty(),
        "there are no values; give some, as in NAME=A|B|C"
    );
    text.split('|').map(parse).collect()
}

fn number(text: &str) -> Result<f64> {
    let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.with_context(|| format!("expected a finite number, found \"{text}\""))
}

fn widths(text: &str) -> Result<Vec<usize>> {
    let width = |width: &str| width.parse().ok().filter(|width| *width > 0);
    let widths: Option<Vec<usize>> = text.split(',').map(width).collect();
    widths.with_context(|| format!("expected widths such as 128,64, found \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(texts: &[&str]) -> Result<Space> {
        Space::parse(&texts.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn searching_for_more_changes_none_of_the_other_draws() {
        let (one, two) = (
            space(&["learning-rate=1e-6..10"]).unwrap(),
            space(&[
                "hidden=64|128,64",
                "learning-rate=1e-6..10",
                "batch-size=16..256",
            ])
            .unwrap(),
        );
        for trial in 0..50 {
            let key = Key::new(trial);
            let (one, two) = [&one, &two]
                .map(|space| space.sample(&TrainArgs::default(), key))
                .into();
            let rate = one.optimizer.learning_rate.unwrap();
            assert!((1e-6..=10.0).contains(&rate));
            assert_eq!(one.optimizer.learning_rate, two.optimizer.learning_rate);
            assert_eq!(format!("{rate:.3e}").parse(), Ok(rate));
            assert!((16..=256).contains(&two.training.batch_size.unwrap()));
            assert!([vec![64], vec![128, 64]].contains(&two.network.hidden.unwrap()));
        }
    }

    #[test]
    fn a_constant_goes_to_the_optimizer_that_has_it() {
        let space = space(&["optimizer=sgd|nesterov"]).unwrap();
        let mut given = TrainArgs::default();
        given.optimizer.momentum = Some(0.8);
        given.optimizer.beta1 = Some(0.5);
        for trial in 0..20 {
            let args = space.sample(&given, Key::new(trial));
            let expected =
                (args.optimizer.optimizer == Some(OptimizerKind::Nesterov)).then_some(0.8);
            assert_eq!(args.optimizer.momentum, expected);
            // Neither of the two has it: still there, to be refused.
            assert_eq!(args.optimizer.beta1, Some(0.5));
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, expected) in [
            ("learning-rate", "expected NAME=LOW..HIGH or NAME=A|B|C"),
            ("learning-rate=", "there are no values"),
            (
                "learning-rate=1..x",
                "expected a finite number, found \"x\"",
            ),
            ("learning-rate=10..1", "the lower end of a range is 10"),
            (
                "learning-rate=0..1",
                "a logarithmic range is 0; it must be above 0",
            ),
            (
                "learning-rate=0.1||0.2",
                "expected a finite number, found \"\"",
            ),
            ("l2=NaN", "expected a finite number, found \"NaN\""),
            ("batch-size=0..5", "above 0"),
            (
                "batch-size=1.5|2",
                "expected whole numbers from 1, found 1.5",
            ),
            ("hidden=64|0", "expected widths such as 128,64, found \"0\""),
            ("hidden=64..128", "expected widths"),
            ("hidden=", "there are no values"),
            (
                "optimizer=sgd|lamb",
                "expected adam, sgd, nesterov, rmsprop, momentum, adagrad, adamw, nadam or lion, found \"lamb\"",
            ),
            (
                "widht=3",
                "\"widht\" cannot be searched for; choose learning-rate",
            ),
        ] {
            let error = format!("{:#}", space(&[text]).err().unwrap());
            assert!(error.starts_with(&format!("--search {text}: ")), "{error}");
            assert!(error.contains(expected), "{error}");
        }
        let twice = space(&["l2=0|1", "l2=2|3"]).err().unwrap();
        assert!(twice.to_string().contains("l2 is searched for twice"));
    }
}
