//! The program; all that it does is in the library, where tests can reach it.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    backprop_cli::main()
}
