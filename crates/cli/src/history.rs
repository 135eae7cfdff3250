//! The epochs of a run as a table.

use backprop_trainer::{Epoch, History};

use crate::output::csv_field;

/// The epoch that the validation rows choose; `None` without validation rows.
pub(crate) fn best_epoch(history: &History) -> Option<u64> {
    let best = history.best()?;
    best.validation_loss.map(|_| best.epoch)
}

/// The history as CSV; a missing figure is an empty field. The stop metric has a column where it is
/// neither the loss nor the accuracy.
pub(crate) fn history_csv(history: &[Epoch]) -> String {
    let has_score = history.iter().any(|epoch| epoch.validation_score.is_some());
    let name = if has_score { ",validation_score" } else { "" };
    let head = format!(
        "epoch,train_loss,validation_loss,validation_accuracy{name},learning_rate,seconds\n"
    );
    let lines = history.iter().map(|epoch| {
        let score = match has_score {
            true => format!(",{}", csv_field(epoch.validation_score)),
            false => String::new(),
        };
        format!(
            "{},{},{},{}{score},{},{}\n",
            epoch.epoch,
            epoch.train_loss,
            csv_field(epoch.validation_loss),
            csv_field(epoch.validation_accuracy),
            epoch.learning_rate,
            epoch.seconds
        )
    });
    head + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_a_table_with_empty_places() {
        let epoch = Epoch {
            epoch: 1,
            train_loss: 0.5,
            learning_rate: 0.1,
            ..Epoch::default()
        };
        let table = history_csv(&[epoch]);
        assert_eq!(table.lines().nth(1), Some("1,0.5,,,0.1,0"));
        let scored = Epoch {
            validation_score: Some(0.75),
            ..epoch
        };
        let table = history_csv(&[epoch, scored]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].contains("accuracy,validation_score,learning_rate"));
        assert_eq!(lines[1..], ["1,0.5,,,,0.1,0", "1,0.5,,,0.75,0.1,0"]);
    }
}
