//! The program; all that it does is in the library.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    backprop_benchmarks::main()
}
