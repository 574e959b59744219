//! The parts of the benchmark: one file and one line in [`PARTS`] each.

pub(crate) mod limits;
pub(crate) mod ingest;
pub(crate) mod agent;
mod intake;
mod board;
mod console;
pub(crate) mod completeness;
pub(crate) mod forecast;
pub(crate) mod measures;
pub(crate) mod checks;
pub(crate) mod replay;
pub(crate) mod log;

use crate::{
    context::{Context, Outcome},
    row::Row,
};

/// One part.
pub(crate) struct Part {
    /// How it is chosen on the command line.
    pub(crate) name: &'static str,
    /// What it measures.
    pub(crate) what: &'static str,
    /// Whether it runs in a process of its own, because the growth of a heap that nobody has used yet says how much memory
    /// something takes.
    pub(crate) alone: bool,
    /// Measures it.
    pub(crate) run: fn(&Context) -> Outcome<Vec<Row>>,
}

/// Every part, in the order in which they run.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "checks",
        what: "judging every record by twenty edits and screens",
        alone: true,
        run: checks::run,
    },
    Part {
        name: "limits",
        what: "what the machine itself allows",
        alone: false,
        run: limits::run,
    },
    Part {
        name: "ingest",
        what: "durable snapshots over mutual TLS on loopback",
        alone: false,
        run: ingest::run,
    },
    Part {
        name: "agent",
        what: "the agent's memory, start and size",
        alone: false,
        run: agent::run,
    },
    Part {
        name: "intake",
        what: "reading a large workbook, and judging statements at the desk",
        alone: false,
        run: intake::run,
    },
    Part {
        name: "forecast",
        what: "the chance of every open slot to be late",
        alone: false,
        run: forecast::run,
    },
    Part {
        name: "measures",
        what: "every measure of every slot, with one year and with ten in memory",
        alone: true,
        run: measures::run,
    },
    Part {
        name: "completeness",
        what: "counting every slot in one query",
        alone: false,
        run: completeness::run,
    },
    Part {
        name: "replay",
        what: "checking and folding a whole journal again, as an auditor does",
        alone: false,
        run: replay::run,
    },
    Part {
        name: "console",
        what: "the console's pages, with a nation and ten years behind them",
        alone: false,
        run: console::run,
    },
    Part {
        name: "log",
        what: "receipts, and tiles over HTTP",
        alone: false,
        run: log::run,
    },
];

/// The parts with these names, in the order of [`PARTS`]; all, where there are no names.
pub(crate) fn chosen(names: &[String]) -> Outcome<Vec<&'static Part>> {
    let known = || {
        PARTS
            .iter()
            .map(|part| part.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !PARTS.iter().any(|part| part.name == *name))
    {
        return Err(format!("there is no part {unknown}; the parts are {}", known()).into());
    }
    let is_chosen = |part: &&Part| names.is_empty() || names.iter().any(|name| name == part.name);
    Ok(PARTS.iter().filter(is_chosen).collect())
}
