//! The console's pages with a nation behind them: 3,001 units, 20 monthly datasets, ten years of imported arrivals, in the real server.
//!
//! The browser is this process, over plain HTTP on loopback. The limit of a page is the least that any request costs: its style sheet.

use std::{fmt::Write as _, fs, time::Instant};

use granary_core::{catalogue::Catalogue, ledger::history};
use jiff::Timestamp;
use tokio::runtime;

use super::board::{SHAPE, plan};
use crate::{
    city::{
        City,
        catalogue::Shape,
        visitor::{Answer, Visitor},
    },
    context::{Context, Outcome, say},
    measure::{median, megabytes, millis},
    process, programs,
    row::Row,
};

/// The board's nation, with deadlines on both sides of this day.
const NATION: Shape = Shape {
    periods: 144,
    ..SHAPE
};
/// Periods of each dataset with arrivals.
const PERIODS: usize = 120;
const REPETITIONS: usize = 15;

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(measure(context))
}

async fn measure(context: &Context) -> Outcome<Vec<Row>> {
    let city = City::without_agents(context, &NATION).await?;
    let start = Instant::now();
    let arrivals = import(context, &city)?;
    let took = start.elapsed().as_secs_f64();
    let memory = process::memory(city.process())?;
    say(&format!("  {arrivals} arrivals imported in {took:.0} s"));
    let visitor = Visitor::invited(&city, "operator").await?;
    let (least, _) = asked(&visitor, "/console.css").await?;
    let last = Timestamp::now().strftime("%Y-M%m").to_string();
    let mut rows = Vec::new();
    for (name, path, what) in [
        ("today", "/".to_owned(), "Today"),
        (
            "heat_map",
            format!("/completeness?last={last}"),
            "units by datasets, a page of units and the counts of all",
        ),
        (
            "heat_map_year",
            "/completeness?dataset=monthly-00".to_owned(),
            "units by the last twelve periods of a dataset",
        ),
        ("unit", "/unit/D00-000".to_owned(), "one unit"),
    ] {
        let (first_byte, weight) = asked(&visitor, &path).await?;
        rows.push(
            Row::lower(format!("console_{name}_first_byte"), first_byte, "ms")
                .limit(least)
                .note(format!(
                    "{what}; {arrivals} arrivals behind it; median of {REPETITIONS}; limit: the style sheet"
                )),
        );
        rows.push(
            Row::lower(format!("console_{name}_weight"), weight, "kB")
                .limit(150.0)
                .note("page, style sheet and script as they are sent; limit: the aim"),
        );
    }
    rows.push(
        Row::lower("console_nation_memory", megabytes(memory.resident), "MB")
            .note("the server's resident memory with all of it"),
    );
    Ok(rows)
}

/// The median time to the first byte in milliseconds, and what a first visit sends, in thousands of bytes.
async fn asked(visitor: &Visitor, path: &str) -> Outcome<(f64, f64)> {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..REPETITIONS {
        let Answer {
            first_byte, body, ..
        } = visitor.get(path).await?;
        times.push(millis(first_byte));
        bytes = body.len();
    }
    for file in ["/console.css", "/console.js"] {
        bytes += visitor.get(file).await?.body.len();
    }
    Ok((median(times), f64::from(u32::try_from(bytes)?) / 1e3))
}

/// Imports the arrivals of every dataset, as an operator does, and gives their number.
fn import(context: &Context, city: &City) -> Outcome<usize> {
    let catalogue = Catalogue::parse(&city.bundle).map_err(|faults| format!("{faults:?}"))?;
    let folder = context.folder()?;
    let (now_ms, mut count) = (Timestamp::now().as_millisecond(), 0);
    for dataset in catalogue.datasets() {
        let mut text = String::from("unit,period,arrived_at\n");
        let due = history::periods(dataset, None, None, now_ms)
            .filter_map(|period| Some((period, dataset.due_at_ms(period)?)));
        let mut due: Vec<_> = due.filter(|(_, due_at_ms)| *due_at_ms < now_ms).collect();
        let from = due.len().saturating_sub(PERIODS);
        for (number, (period, due_at_ms)) in due.drain(from..).enumerate() {
            for (unit, known) in catalogue.units().iter().enumerate() {
                let at_ms = plan(unit, number, due_at_ms).accepted_at_ms;
                if at_ms >= now_ms {
                    continue;
                }
                count += 1;
                let at = Timestamp::from_millisecond(at_ms)?;
                writeln!(text, "{},{period},{at}", known.code())?;
            }
        }
        let file = folder.path().join(format!("{}.csv", dataset.code()));
        fs::write(&file, text)?;
        let mut command = city.command(&["history", "import"]);
        command.args(["--dataset", dataset.code().as_str()]);
        command.args(["--source", "synthetic"]);
        programs::finish(command.arg(&file))?;
    }
    Ok(count)
}
