//! The figures of the book and the numbers in its text.

use std::thread;

mod chain_rule;
mod charts;
mod contents;
mod downhill;
mod draw;
mod idea;
mod layers;
mod overfitting;
mod promises;
mod runs;
mod start;

use contents::Outcome;
pub use contents::{Book, Number};
pub use promises::costs;

/// Makes all figures and numbers, in f64, from fixed seeds. Takes some seconds.
///
/// # Errors
/// If a run that should not diverge does.
///
/// # Panics
/// If the thread of a chapter panics.
pub fn make() -> Outcome<Book> {
    let chapters: [fn(&mut Book) -> Outcome<()>; 7] = [
        idea::add,
        chain_rule::add,
        layers::add,
        start::add,
        downhill::add,
        overfitting::add,
        promises::add,
    ];
    // Each on a thread of its own, so none of the trainers needs several.
    let parts = thread::scope(|scope| {
        let make = |add: fn(&mut Book) -> Outcome<()>| {
            let mut part = Book::default();
            match add(&mut part) {
                Ok(()) => Ok(part),
                Err(error) => Err(error.to_string()),
            }
        };
        let threads = chapters.map(|add| scope.spawn(move || make(add)));
        threads.map(|thread| thread.join().expect("a chapter does not panic"))
    });
    let mut book = Book::default();
    for part in parts {
        let part = part?;
        book.figures.extend(part.figures);
        book.numbers.extend(part.numbers);
    }
    Ok(book)
}
