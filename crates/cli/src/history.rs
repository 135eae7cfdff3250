//! The epochs of a run as a table.

use backprop_trainer::{Epoch, History};

use crate::output::csv_field;

/// The epoch that the validation rows choose; `None` without validation rows.
pub(crate) fn best_epoch(history: &History) -> Option<u64> {
    let best = history.best()?;
    best.validation_loss.map(|_| best.epoch)
}

/// The history as CSV; a missing figure is an empty field.
pub(crate) fn history_csv(history: &[Epoch]) -> String {
    let head = "epoch,train_loss,validation_loss,validation_accuracy,learning_rate,seconds\n";
    let lines = history.iter().map(|epoch| {
        format!(
            "{},{},{},{},{},{}\n",
            epoch.epoch,
            epoch.train_loss,
            csv_field(epoch.validation_loss),
            csv_field(epoch.validation_accuracy),
            epoch.learning_rate,
            epoch.seconds
        )
    });
    head.to_string() + &lines.collect::<String>()
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
    }
}
