//! Writes the figures of the book, and the numbers in its text, to `docs/book/figures`; with
//! `--costs` prints what the promises cost on this machine instead.

use std::path::Path;
use std::process::ExitCode;

use backprop_examples::book;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        ["--costs"] => {
            for line in book::costs()? {
                println!("{line}");
            }
            return Ok(ExitCode::SUCCESS);
        }
        _ => {
            eprintln!("usage: cargo figures [--costs]");
            return Ok(ExitCode::FAILURE);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/book/figures");
    std::fs::create_dir_all(&folder)?;
    let book = book::make()?;
    for (name, svg) in &book.figures {
        std::fs::write(folder.join(name), svg)?;
    }
    std::fs::write(folder.join("numbers.txt"), book.numbers_text())?;
    print!("{}", book.numbers_text());
    println!("{} figures in docs/book/figures", book.figures.len());
    Ok(ExitCode::SUCCESS)
}
