//! `granary-sql`: everything is in the library; this file only hands over what the process was given.

use std::process::ExitCode;

fn main() -> ExitCode {
    granary_sql::cli::main(std::env::args_os(), std::env::vars().collect())
}
