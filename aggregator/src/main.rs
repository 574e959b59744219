//! The program `granary-aggregator`. What it can be asked is in [`granary_aggregator::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    granary_aggregator::cli::run(std::env::args_os().collect(), environment)
}
