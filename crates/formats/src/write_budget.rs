use std::time::{Duration, Instant};

/// When a file that is out of date again and again is written: so seldom that writing it takes at most
/// half of the time, however slow the disk is.
///
/// ```
/// use backprop_formats::WriteBudget;
///
/// let mut budget = WriteBudget::default();
/// assert!(budget.is_due());
/// budget.write(|| std::thread::sleep(std::time::Duration::from_millis(200)));
/// // As long as the last time took.
/// assert!(!budget.is_due());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteBudget {
    /// The end of the last time, and how long it took.
    last: Option<(Instant, Duration)>,
}

impl WriteBudget {
    /// Whether as much time has gone by since the last time as it took, or there was none.
    pub fn is_due(&self) -> bool {
        self.last.is_none_or(|(end, took)| end.elapsed() >= took)
    }

    /// Writes, and takes the time.
    pub fn write<V>(&mut self, write: impl FnOnce() -> V) -> V {
        let start = Instant::now();
        let value = write();
        let end = Instant::now();
        self.last = Some((end, end - start));
        value
    }
}
