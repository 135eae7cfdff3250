//! The book of `backprop`, as far as it is made by a program: its figures, and the numbers in its
//! text, each from a run that a reader can repeat.
//!
//! `cargo figures` writes them to `docs/book/figures`; a test compares. The chapters' snippets are
//! compiled and run as tests of this crate. The numbered examples lie beside the folder `src`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod book;

macro_rules! chapters {
    ($($name:ident $file:literal)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../docs/book/", $file))]
            mod $name {}
        )*
        /// The text of each chapter of the book, by file name.
        pub const CHAPTERS: &[(&str, &str)] =
            &[$(($file, include_str!(concat!("../../docs/book/", $file)))),*];
    };
}

chapters! {
    contents "README.md"
    idea "01-the-idea.md"
    chain_rule "02-the-chain-rule.md"
    layers "03-layers.md"
    start "04-where-to-start.md"
    downhill "05-downhill.md"
    overfitting "06-overfitting.md"
    promises "07-promises.md"
}

/// The examples of the READMEs of crates that do not include theirs.
#[cfg(doctest)]
mod readmes {
    #[doc = include_str!("../../crates/tensor/README.md")]
    mod tensor {}
    #[doc = include_str!("../../crates/layers/README.md")]
    mod layers {}
    #[doc = include_str!("../../crates/losses/README.md")]
    mod losses {}
    #[doc = include_str!("../README.md")]
    mod examples {}
}
