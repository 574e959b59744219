//! The program `granary-aggregator`. What it can be asked is in [`granary_aggregator::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// What one thread takes another gives back here: snapshots are read by one, journaled by a second and folded by a third, which
/// is what the C library's allocator is slowest at.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    granary_aggregator::cli::run(std::env::args_os().collect(), environment)
}
