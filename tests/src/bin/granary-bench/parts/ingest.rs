//! Durable ingest: a real server process, a real catalogue with edits and a roll-up, a key for each unit, pre-signed
//! snapshots over mutual TLS on loopback. Server and load generator share the machine's cores.

use std::time::{Duration, Instant};

use granary_proto::v1;
use tokio::runtime;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::limits::{CONNECTIONS, GROUP, Limits};
use crate::{
    city::{City, catalogue::Shape, snapshots::Press, visitor::Visitor},
    context::{Context, Outcome, say},
    load::{self, Measured, Plan},
    measure::millis,
    process,
    row::Row,
};

/// 301 units, each with a key; 30 observations in a snapshot; 361,200 slots.
const SHAPE: Shape = Shape {
    districts: 20,
    counties: 14,
    datasets: 10,
    indicators: 30,
    periods: 120,
    edits: true,
};
const WARM_UP: Duration = Duration::from_millis(700);
const RUN: Duration = Duration::from_secs(4);
/// People at the console, and pages that each has open.
const PEOPLE: usize = 25;
const PAGES_EACH: usize = 8;
/// How long the snapshots of a load are prepared, at the most.
const PREPARING: Duration = Duration::from_secs(15);

/// How the snapshots travel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Stream,
    Unary,
}

/// One load.
#[derive(Clone, Copy)]
struct Load {
    /// What its rows end with.
    name: &'static str,
    wire: Wire,
    in_flight: usize,
    /// More a second than this are not prepared.
    per_s_max: usize,
}

const LOADS: [Load; 5] = [
    Load {
        name: "1",
        wire: Wire::Stream,
        in_flight: 1,
        per_s_max: 5_000,
    },
    Load {
        name: "16",
        wire: Wire::Stream,
        in_flight: 16,
        per_s_max: 16_000,
    },
    Load {
        name: "256",
        wire: Wire::Stream,
        in_flight: 256,
        per_s_max: 26_000,
    },
    Load {
        name: "512",
        wire: Wire::Stream,
        in_flight: 512,
        per_s_max: 26_000,
    },
    Load {
        name: "unary_64",
        wire: Wire::Unary,
        in_flight: 64,
        per_s_max: 16_000,
    },
];

/// Where the figure of a peer is known: PostgreSQL, one row a snapshot.
const POSTGRESQL_PER_S: f64 = 8_900.0;

/// What one load came to.
struct Run {
    load: Load,
    measured: Measured,
    /// Receipts whose proof was checked afterwards.
    verified: usize,
    /// Entries that were not folded when the last answer came, and how long that took.
    lag: (u64, Duration),
    /// CPU time a snapshot, of the server and of this process, in microseconds.
    cpu_us: (f64, f64),
}

struct Bench {
    city: City,
    operator: Channel,
    press: Press,
    /// Signed for an earlier load that had no time for them.
    spare: Vec<v1::Envelope>,
}

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let limits = *context.limits()?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(measure(context, &limits))
}

async fn measure(context: &Context, limits: &Limits) -> Outcome<Vec<Row>> {
    let city = City::found(context, &SHAPE).await?;
    say(&format!(
        "  {} units enrolled with process {}",
        city.enrolled.len(),
        city.process()
    ));
    let reporters = city
        .enrolled
        .iter()
        .map(|unit| unit.reporter.clone())
        .collect();
    let press = Press::new(&SHAPE, &city.bundle, reporters)?;
    let operator = city.operator_channel().await?;
    let mut bench = Bench {
        city,
        operator,
        press,
        spare: Vec::new(),
    };
    let mut rows = Vec::new();
    let mut full_per_s = 0.0;
    for load in LOADS {
        let run = bench.measure(load, None).await?;
        if load.name == "512" {
            full_per_s = run.measured.rate_per_s();
        }
        rows.extend(run.rows(limits));
    }
    let half = Load {
        name: "half_load",
        wire: Wire::Stream,
        in_flight: 512,
        per_s_max: 26_000,
    };
    let run = bench.measure(half, Some(full_per_s / 2.0)).await?;
    rows.extend(run.latency_rows(&format!(
        "paced at half of ingest_durable_512; aim for p99: 10 ms; {}",
        run.story()
    )));
    rows.extend(watched(&mut bench, half, (&run, full_per_s / 2.0)).await?);
    Ok(rows)
}

/// The same load while people have the console's first page open, which follows by itself.
async fn watched(bench: &mut Bench, load: Load, (quiet, pace): (&Run, f64)) -> Outcome<Vec<Row>> {
    let mut people = Vec::new();
    for person in 0..PEOPLE {
        people.push(Visitor::invited(&bench.city, &format!("person{person:02}")).await?);
    }
    let until = Instant::now() + WARM_UP + RUN + PREPARING;
    let mut open = JoinSet::new();
    for visitor in people {
        for _ in 0..PAGES_EACH {
            let visitor = visitor.clone();
            open.spawn(async move { visitor.follow("/", until).await });
        }
    }
    let load = Load {
        name: "half_load_watched",
        ..load
    };
    let run = bench.measure(load, Some(pace)).await?;
    let mut pages = 0;
    for asked in open.join_all().await {
        pages += asked?;
    }
    let rows = run.latency_rows(&format!(
        "the same pace with {} pages of {PEOPLE} people open, which were made anew {pages} times; limit: without them; {}",
        PEOPLE * PAGES_EACH,
        run.story()
    ));
    let limits = quiet.latency_rows("");
    let beside = |(row, limit): (Row, Row)| row.limit(limit.value);
    Ok(rows.into_iter().zip(limits).map(beside).collect())
}

impl Bench {
    async fn measure(&mut self, load: Load, pace_per_s: Option<f64>) -> Outcome<Run> {
        let seconds = (WARM_UP + RUN).as_secs_f64().ceil();
        let mut envelopes = std::mem::take(&mut self.spare);
        let wanted = load.per_s_max * whole(seconds);
        envelopes.extend(self.press.print(wanted.saturating_sub(envelopes.len()))?);
        let connections = load.in_flight.min(CONNECTIONS);
        let channels = self.city.agent_channels(connections).await?;
        let before = self.city.progress(&self.operator).await?;
        let plan = Plan {
            in_flight: load.in_flight,
            warm_up: WARM_UP,
            run: RUN,
            pace_per_s,
        };
        let cpu_before = self.cpu_s()?;
        let mut measured = push(&channels, envelopes, load.wire, plan).await?;
        let lag = self.city.drain(&self.operator).await?;
        let cpu_after = self.cpu_s()?;
        let grown = self.city.progress(&self.operator).await?.journaled - before.journaled;
        if grown != measured.receipted {
            return Err(format!(
                "{} receipts, but the journal grew by {grown}",
                measured.receipted
            )
            .into());
        }
        self.spare = std::mem::take(&mut measured.unsent);
        let verified = measured.verify(&self.city.log_key)?;
        let each =
            |seconds: f64| seconds * 1e6 / f64::from(u32::try_from(grown).unwrap_or(u32::MAX));
        let cpu_us = (
            each(cpu_after.0 - cpu_before.0),
            each(cpu_after.1 - cpu_before.1),
        );
        let run = Run {
            load,
            measured,
            verified,
            lag,
            cpu_us,
        };
        say(&format!(
            "  {}: {:.0}/s; {}",
            load.name,
            run.measured.rate_per_s(),
            run.story()
        ));
        Ok(run)
    }

    fn cpu_s(&self) -> Outcome<(f64, f64)> {
        Ok((
            process::cpu_s(self.city.process())?,
            process::cpu_s(std::process::id())?,
        ))
    }
}

async fn push(
    channels: &[Channel],
    envelopes: Vec<v1::Envelope>,
    wire: Wire,
    plan: Plan,
) -> Outcome<Measured> {
    match wire {
        Wire::Stream => load::stream::run(channels, envelopes, plan).await,
        Wire::Unary => load::unary::run(channels, envelopes, plan).await,
    }
}

impl Run {
    fn rows(&self, limits: &Limits) -> Vec<Row> {
        let (limit, name) = self.limit(limits);
        let note = format!(
            "limit: {name}; (a) {:.0} signature checks/s on two threads, (b) {:.0} fdatasync/s of 4 KiB, {:.0}/s of {GROUP} \
             snapshots, (c) echo {:.0}/s stream, {:.0}/s unary; {}",
            limits.verify_2,
            limits.fsync_4k,
            limits.fsync_group,
            limits.stream_echo,
            limits.unary_echo,
            self.story(),
        );
        let rate = Row::higher(
            format!("ingest_durable_{}", self.load.name),
            self.measured.rate_per_s(),
            "snapshots/s",
        )
        .limit(limit);
        let rate = match self.load.name {
            "512" => rate.peer(POSTGRESQL_PER_S).note(format!("{note}; peer: PostgreSQL 15, one row a snapshot, measured on another day on two such cores")),
            _ => rate.note(note),
        };
        let aim = match self.load.name {
            "1" => {
                "aim for p50: 0.8 ms; limit of p50: one fdatasync, one signature check and one echo"
            }
            "512" => "aim for p99: 100 ms",
            _ => "",
        };
        let mut rows = vec![rate];
        rows.extend(self.latency_rows(aim));
        if self.load.in_flight == 1 {
            let alone_ms =
                1e3 / limits.fsync_4k + 1e3 / limits.verify_1 + 1e3 / limits.stream_echo_1;
            rows[1] = rows[1].clone().limit(alone_ms);
        }
        if self.load.name == "512" {
            let note = "entries journaled and not yet folded when the last answer came";
            rows.push(Row::lower("ingest_fold_lag_512", float(self.lag.0), "entries").note(note));
            rows.push(
                Row::lower("ingest_fold_drain_512", millis(self.lag.1), "ms")
                    .note("until all of them were folded"),
            );
        }
        rows
    }

    fn latency_rows(&self, note: &str) -> Vec<Row> {
        let row = |name: &str, share| {
            Row::lower(
                format!("ingest_{name}_{}", self.load.name),
                self.measured.latency_ms(share),
                "ms",
            )
        };
        vec![row("p50", 0.5), row("p99", 0.99).note(note)]
    }

    /// What binds first at this load.
    fn limit(&self, limits: &Limits) -> (f64, &'static str) {
        let in_flight = float(self.load.in_flight as u64);
        let disk = if self.load.in_flight < GROUP {
            limits.fsync_4k * in_flight
        } else {
            limits.fsync_group * in_flight
        };
        let echo = match (self.load.wire, self.load.in_flight) {
            (Wire::Stream, 1) => limits.stream_echo_1,
            (Wire::Stream, _) => limits.stream_echo,
            (Wire::Unary, _) => limits.unary_echo,
        };
        let all = [
            (limits.verify_2, "signature checks"),
            (disk, "fdatasync, one for all in flight"),
            (echo, "echo"),
        ];
        all.into_iter()
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or((limits.verify_2, "signature checks"))
    }

    fn story(&self) -> String {
        let m = &self.measured;
        format!(
            "p50 {:.2} ms, p99 {:.2} ms, slowest half second {:.0}/s, {} receipts of which {} verified, fold behind by {} at the \
             end and even after {:.0} ms, CPU a snapshot: server {:.0} µs, generator {:.0} µs",
            m.latency_ms(0.5),
            m.latency_ms(0.99),
            m.slowest_per_s(),
            m.receipted,
            self.verified,
            self.lag.0,
            millis(self.lag.1),
            self.cpu_us.0,
            self.cpu_us.1,
        )
    }
}

/// Counts of a benchmark are small.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few seconds"
)]
fn whole(seconds: f64) -> usize {
    seconds as usize
}
