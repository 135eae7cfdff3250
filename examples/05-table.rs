//! A table from a CSV file: which species is a penguin of these measures? Numbers are brought to
//! mean 0 and deviation 1, text becomes columns of 0 and 1, and the answers are checked on penguins
//! that the network has not seen.

use backprop::data::csv::{Header, Missing, Options, Table};
use backprop::data::{Limits, split_rows};
use backprop::prelude::*;
use backprop::tensor::Key;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/penguins.csv");
    let table = Table::read(path, Header::Present, Limits::default())?;

    // A quarter of the rows is the test set, drawn at random: the file is sorted by species.
    let (train, test) = split_rows(table.len(), 0.25, Key::new(0).derive("split", 0))?;

    // How a row becomes numbers is found out on the training rows alone. Two penguins were not
    // measured, so a number may be missing; the year of the visit is left out.
    let mut options = Options::new("species");
    options.missing = Missing::Mean;
    options.ignore = vec!["year".into()];
    let encoding = table.fit(&options, &train)?;
    let features = encoding.feature_names();
    println!("{} rows, {} features:", table.len(), features.len());
    println!("{}", features.join(", "));

    let all = table.dataset::<f32>(&encoding)?;
    let (train, test) = (all.select(&train), all.select(&test));
    let layers = [linear(16), relu(), linear(all.target_width())];
    let network = Sequential::new(all.width(), layers, 0)?;
    let trainer = Trainer::new(network, SoftmaxCrossEntropy, Adam::new(3e-3))?;
    let mut trainer = trainer
        .epochs(40)
        .batch_size(16)
        .schedule(Schedule::Constant);
    trainer.fit_with(&train, None, &mut ())?;
    let accuracy = 100.0 * trainer.evaluate(&test)?.accuracy.unwrap_or(0.0);
    println!("{} unseen penguins: {accuracy:.1} % right", test.len());
    assert!(accuracy > 95.0);

    // A penguin that was met later: the same columns in any order, and no species.
    let met = "island,sex,body_mass_g,flipper_length_mm,bill_depth_mm,bill_length_mm\n\
               Biscoe,female,4900,215,14.2,46\n";
    let met = Table::parse("met", met, Header::Present, Limits::default())?;
    let class = trainer.classify(met.features(&encoding)?.view())?[0];
    let names = encoding.class_names().ok_or("species are classes")?;
    println!("the one on Biscoe is of the species {}", names[class]);
    assert_eq!(names[class], "Gentoo");
    Ok(())
}
