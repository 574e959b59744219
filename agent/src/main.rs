//! The county's program. Everything is in the library; this file only hands over what the process was given.

use std::process::ExitCode;

fn main() -> ExitCode {
    granary_agent::cli::main(std::env::args_os(), std::env::vars().collect())
}
