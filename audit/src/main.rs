//! `granary-audit`: see [`granary_audit::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    granary_audit::cli::run(std::env::args_os().collect(), &|name| {
        std::env::var(name).ok()
    })
}
