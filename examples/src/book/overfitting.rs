//! Chapter 6: learning by heart, how it shows, what helps.

use backprop::data::{Batch, BatchSampler, Dataset, Targets};
use backprop::datasets::mnist;
use backprop::layers::{LayerSpec, dropout, linear, relu};
use backprop::optimizers::Adam;
use backprop::tensor::{Key, rand::RngExt};
use backprop::trainer::{Epoch, TrainConfig};
use backprop_plot::{Axis, LineChart, Mark, Scale, Series};

use super::charts::{by_epoch, over_epochs};
use super::contents::{Book, Outcome};
use super::runs::{config, epochs, network};

const CHAPTER: &str = "06-overfitting";
const EPOCHS: u64 = 40;

pub(super) fn add(book: &mut Book) -> Outcome<()> {
    let (digits, _) = mnist::sample::<f64>();
    let (train, validation) = digits.split(0.2, 0)?;
    let few = train.limit(500);
    let plain = run(&few, &validation, 0.0, 0.0)?;
    by_heart(book, &plain)?;
    noise(book, &few, &validation)?;
    cures(book, plain, &train, &few, &validation)
}

fn layers(p: f64) -> Vec<LayerSpec> {
    let hidden = |width| [linear(width), relu(), dropout(p)];
    let layers = [hidden(128), hidden(64)].into_iter().flatten();
    layers.chain([linear(10)]).collect()
}

fn run(
    train: &Dataset<f64>,
    validation: &Dataset<f64>,
    p: f64,
    weight_decay: f64,
) -> Outcome<Vec<Epoch>> {
    let config = TrainConfig {
        weight_decay,
        ..config(EPOCHS, 50)
    };
    epochs(
        network(784, &layers(p))?,
        Adam::new(1e-3),
        config,
        train,
        Some(validation),
    )
}

fn validation_loss(epoch: &Epoch) -> f64 {
    epoch.validation_loss.unwrap_or(f64::NAN)
}

fn best(epochs: &[Epoch]) -> Option<&Epoch> {
    epochs
        .iter()
        .min_by(|a, b| validation_loss(a).total_cmp(&validation_loss(b)))
}

fn by_heart(book: &mut Book, run: &[Epoch]) -> Outcome<()> {
    let best = best(run).ok_or("no epochs")?;
    let last = run.last().ok_or("no epochs")?;
    book.number(CHAPTER, "plain: best epoch", best.epoch.to_string());
    book.number(
        CHAPTER,
        "plain: best validation loss",
        format!("{:.3}", validation_loss(best)),
    );
    book.number(
        CHAPTER,
        "plain: last training loss",
        format!("{:.4}", last.train_loss),
    );
    book.number(
        CHAPTER,
        "plain: last validation loss",
        format!("{:.3}", validation_loss(last)),
    );
    for (name, epoch) in [("best", best), ("last", last)] {
        let share = 100.0 * epoch.validation_accuracy.unwrap_or(0.0);
        book.number(
            CHAPTER,
            format!("plain: validation accuracy, {name} epoch, percent"),
            format!("{share:.1}"),
        );
    }
    let chart = LineChart {
        title: "500 digits, learnt by heart".into(),
        x: Axis::new("epoch", Scale::Whole),
        y: Axis::new("loss (nats)", Scale::Linear),
        series: vec![
            by_epoch("training", run, |epoch| epoch.train_loss),
            by_epoch("validation", run, validation_loss),
        ],
        mark: Some(Mark {
            series: 1,
            x: best.epoch as f64,
            label: format!("lowest: epoch {}", best.epoch),
        }),
    };
    book.figure("overfitting", chart.figure().to_svg());
    Ok(())
}

/// The digits with labels that were drawn by lot: there is nothing to learn but the rows.
fn noise(book: &mut Book, few: &Dataset<f64>, validation: &Dataset<f64>) -> Outcome<()> {
    let mut batch = Batch::new();
    let mut rows = BatchSampler::new(few.len(), few.len(), None);
    few.gather(rows.next_batch().ok_or("no rows")?, &mut batch);
    let mut lot = Key::new(0).derive("labels", 0).generator();
    let labels = (0..few.len()).map(|_| lot.random_range(0..10)).collect();
    let inputs = batch.inputs().iter().copied().collect();
    let drawn = Dataset::from_values(
        784,
        inputs,
        Targets::Classes {
            labels,
            num_classes: 10,
        },
    )?;
    let run = run(&drawn, validation, 0.0, 0.0)?;
    let last = run.last().ok_or("no epochs")?;
    book.number(
        CHAPTER,
        "labels by lot: last training loss",
        format!("{:.3}", last.train_loss),
    );
    book.number(
        CHAPTER,
        "labels by lot: last validation loss",
        format!("{:.2}", validation_loss(last)),
    );
    let share = 100.0 * last.validation_accuracy.unwrap_or(0.0);
    book.number(
        CHAPTER,
        "labels by lot: validation accuracy, percent",
        format!("{share:.1}"),
    );
    let series = vec![
        by_epoch("training", &run, |epoch| epoch.train_loss),
        by_epoch("validation", &run, validation_loss),
    ];
    let title = "The same digits with labels drawn by lot";
    book.figure(
        "labels-by-lot",
        over_epochs(title, "loss (nats)", Scale::Linear, series),
    );
    Ok(())
}

fn cures(
    book: &mut Book,
    plain: Vec<Epoch>,
    train: &Dataset<f64>,
    few: &Dataset<f64>,
    validation: &Dataset<f64>,
) -> Outcome<()> {
    let runs = [
        ("nothing", plain),
        ("weight decay 2", run(few, validation, 0.0, 2.0)?),
        ("dropout 0.4", run(few, validation, 0.4, 0.0)?),
        (
            "2,000 digits",
            run(&train.limit(2000), validation, 0.0, 0.0)?,
        ),
    ];
    for (name, run) in &runs {
        let last = run.last().map_or(f64::NAN, validation_loss);
        let best = best(run).map_or(f64::NAN, validation_loss);
        book.number(
            CHAPTER,
            format!("{name}: last validation loss"),
            format!("{last:.3}"),
        );
        book.number(
            CHAPTER,
            format!("{name}: lowest validation loss"),
            format!("{best:.3}"),
        );
    }
    // The first epochs are as high for all of them, and would press the rest flat.
    let series = runs.iter().map(|(name, run)| {
        let points = run[3..]
            .iter()
            .map(|epoch| (epoch.epoch as f64, validation_loss(epoch)));
        Series::new(*name, points.collect())
    });
    let series = series.collect();
    let title = "What helps: the validation loss from epoch 4 on";
    book.figure(
        "cures",
        over_epochs(title, "validation loss (nats)", Scale::Linear, series),
    );
    Ok(())
}
