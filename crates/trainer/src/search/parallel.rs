use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Calls `work` once for each item, on up to `threads` threads at a time, and `done` on the
/// caller's thread with each result as it comes.
///
/// Items are begun in their order and finish in any order; `work` must give results that do not
/// depend on the order.
///
/// ```
/// use backprop_trainer::search::parallel_map;
///
/// let mut squares = [0; 5];
/// let keep = |&item: &usize, square| -> Result<(), ()> { Ok(squares[item] = square) };
/// parallel_map(3, &[0, 1, 2, 3, 4], |item| item * item, keep).unwrap();
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// ```
///
/// # Errors
/// The first error of `done`. Items that are begun are finished then, and no others are begun.
///
/// # Panics
/// If `work` does.
pub fn parallel_map<I: Sync, R: Send, E>(
    threads: usize,
    items: &[I],
    work: impl Fn(&I) -> R + Sync,
    mut done: impl FnMut(&I, R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            let (sender, work, next) = (sender.clone(), &work, &next);
            scope.spawn(move || {
                // The receiver is gone once `done` has failed.
                let mut is_wanted = true;
                while is_wanted {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    is_wanted = sender.send((index, work(item))).is_ok();
                }
            });
        }
        drop(sender);
        results
            .into_iter()
            .try_for_each(|(index, result)| done(&items[index], result))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_on_any_number_of_threads() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [0, 1, 3, 200] {
            let mut counts = vec![0; 100];
            let done = |&item: &usize, double: usize| -> Result<(), ()> {
                assert_eq!(double, 2 * item);
                counts[item] += 1;
                Ok(())
            };
            parallel_map(threads, &items, |item| 2 * item, done).unwrap();
            assert_eq!(counts, vec![1; 100]);
        }
        parallel_map(2, &[] as &[usize], |_| (), |_, ()| Err("never called")).unwrap();
    }

    #[test]
    fn an_error_stops_what_has_not_begun() {
        let begun = AtomicUsize::new(0);
        let items: Vec<usize> = (0..1000).collect();
        let work = |&item: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(1));
            item
        };
        let result = parallel_map(
            2,
            &items,
            work,
            |_, item| if item > 3 { Err(item) } else { Ok(()) },
        );
        assert!(matches!(result, Err(4..=6)), "{result:?}");
        assert!(begun.into_inner() < 900);
    }
}
