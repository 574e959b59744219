//! `granary-bench`: how fast and how small Granary is on this machine, each figure beside the limit that the machine itself
//! sets, taken in the same run.
//!
//! ```text
//! granary-bench [--programs DIR] [--replay-entries N] [PART...]
//! ```
//! The replay of a million entries, which is to stay under 300 MB: `granary-bench --replay-entries 1000000 replay`.
//!
//! A part is one file in `parts/` and one line in [`parts::PARTS`]; without names all of them run. The table goes to
//! standard output, progress to standard error, and the rows to `bench/results.json` in the target folder. A
//! run of some parts leaves the rows of the others in that file, each with the instant at which it was measured.

mod row;
mod results;
mod table;
mod measure;
mod context;
mod tls;
mod programs;
mod process;
mod city;
mod load;
mod echo;
mod parts;

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use clap::Parser;

use context::{Context, Outcome};
use parts::Part;

/// Measures Granary against the limits of this machine.
#[derive(Parser)]
#[command(name = "granary-bench", max_term_width = 120)]
struct Arguments {
    /// A folder with granary-aggregator, granary-agent and granary-audit; otherwise they are built first.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Entries of the journal that the part replay checks.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    replay_entries: usize,
    /// Which parts to run; all, where none is named.
    #[arg(value_name = "PART")]
    parts: Vec<String>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context::say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Outcome<()> {
    let parts = parts::chosen(&arguments.parts)?;
    let (alone, together): (Vec<_>, Vec<_>) = parts
        .into_iter()
        .partition(|part| part.alone && arguments.parts.len() != 1);
    for part in alone {
        run_alone(part.name, &arguments)?;
    }
    if together.is_empty() {
        return Ok(());
    }
    run_together(&together, arguments)
}

/// Runs a part in a process of its own, which prints and stores its rows itself.
fn run_alone(part: &str, arguments: &Arguments) -> Outcome<()> {
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(programs) = &arguments.programs {
        command.arg("--programs").arg(programs);
    }
    let entries = arguments.replay_entries.to_string();
    command.args(["--replay-entries", &entries, part]);
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("the part {part} ended with {status}").into())
}

fn run_together(parts: &[&Part], arguments: Arguments) -> Outcome<()> {
    let context = Context::new(arguments.programs, arguments.replay_entries)?;
    let mut fresh = Vec::new();
    for part in parts {
        context::say(&format!("bench: {} ({})", part.name, part.what));
        fresh.extend(
            (part.run)(&context)?
                .into_iter()
                .map(|row| row.of(part.name, context.started_at())),
        );
    }
    show(&table::render(&fresh));
    let path = results::store(context.target(), fresh)?;
    show(&format!("written to {}", path.display()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is the program's output")]
fn show(text: &str) {
    println!("{text}");
}
