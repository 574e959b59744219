//! The agent as a county's office server sees it: resident memory idle and with a backlog, time to the first push, size.
//!
//! The agent is the real program, enrolled with a real server. The backlog is written with the agent's own spool while
//! the server is down.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use granary_agent::{
    durable::OsDisk,
    identity::Identity,
    spool::{Limits, Spool},
};
use prost::Message as _;
use tempfile::TempDir;
use tokio::{runtime, time::sleep};

use crate::{
    city::{
        City,
        catalogue::{Shape, SyntheticUnit},
        snapshots::{Press, Reporter},
    },
    context::{Context, Outcome, say},
    measure::{median, megabytes, millis, per_s},
    process::{self, Memory},
    programs::Running,
    row::Row,
};

/// 3 units; 30 observations in a snapshot; enough slots that no snapshot comes twice.
const SHAPE: Shape = Shape {
    districts: 1,
    counties: 1,
    datasets: 4,
    indicators: 30,
    periods: 120,
    edits: true,
};
/// Snapshots in the backlog.
const BACKLOG: usize = 100_000;
/// What the memory is to stay under.
const MEMORY_AIM_MB: f64 = 15.0;
/// How long an agent runs before its memory is read.
const SETTLE: Duration = Duration::from_secs(3);
/// How long the backlog is watched while it goes out.
const WATCH: Duration = Duration::from_secs(4);
/// How long an idle agent's work is counted, after it has settled.
const IDLE: Duration = Duration::from_secs(60);
/// What an agent's start may take.
const READY_AIM_MS: f64 = 50.0;
const STARTS: usize = 5;
const ASK_INTERVAL: Duration = Duration::from_millis(1);
const FIRST_PUSH_MAX: Duration = Duration::from_secs(30);

struct Office {
    program: PathBuf,
    folder: TempDir,
    press: Press,
}

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(measure(context))
}

async fn measure(context: &Context) -> Outcome<Vec<Row>> {
    let mut city = City::found(context, &SHAPE).await?;
    let mut office = Office::enrol(context, &city)?;
    let mut rows = vec![ready(&office).await?, first_push(&city, &mut office).await?];
    rows.extend(idle_minute(&office).await?);
    rows.extend(memory_rows(
        "idle",
        "connected, nothing to send",
        office.settled(&city).await?,
    ));
    city.stop();
    let start = Instant::now();
    office.spool(BACKLOG)?;
    say(&format!(
        "  {BACKLOG} snapshots spooled in {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    let what = format!("{BACKLOG} spooled snapshots of 30 observations, server down");
    rows.extend(memory_rows("backlog", &what, office.settled(&city).await?));
    city.start_again().await?;
    rows.extend(draining(&city, &office).await?);
    rows.extend(sizes(context, &office.program)?);
    Ok(rows)
}

/// From the start of the process to the moment at which its status says that spool and inbox are open.
async fn ready(office: &Office) -> Outcome<Row> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let agent = office.start()?;
        while !office.is_ready(agent.id()) {
            if start.elapsed() > FIRST_PUSH_MAX {
                return Err("the agent did not become ready".into());
            }
            sleep(ASK_INTERVAL).await;
        }
        times.push(millis(start.elapsed()));
    }
    let note = format!(
        "from the start of the process until its status stands in the state folder: spool open, inbox looked at; median of {STARTS}; limit: the aim"
    );
    Ok(Row::lower("agent_ready", median(times), "ms")
        .limit(READY_AIM_MS)
        .note(note))
}

/// What a connected agent with nothing to do costs in a minute.
async fn idle_minute(office: &Office) -> Outcome<Vec<Row>> {
    let mut agent = office.start()?;
    sleep(SETTLE).await;
    let (cpu, switches) = (process::cpu_s(agent.id())?, process::switches(agent.id())?);
    sleep(IDLE).await;
    agent.must_run()?;
    let (cpu, switches) = (
        process::cpu_s(agent.id())? - cpu,
        process::switches(agent.id())? - switches,
    );
    Ok(vec![
        Row::lower("agent_cpu_idle_minute", cpu * 1_000.0, "ms")
            .note("CPU time of a connected agent with nothing to do, in one minute, with its heartbeat; counted in hundredths of a second; the aim is none measurable"),
        Row::lower("agent_wakeups_idle_minute", switches as f64, "times")
            .note("voluntary context switches of all its threads in the same minute"),
    ])
}

/// From the start of the process to the moment at which a spooled snapshot stands in the journal.
async fn first_push(city: &City, office: &mut Office) -> Outcome<Row> {
    let operator = city.operator_channel().await?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        office.spool(1)?;
        let before = city.progress(&operator).await?.journaled;
        let start = Instant::now();
        let _agent = office.start()?;
        while city.progress(&operator).await?.journaled == before {
            if start.elapsed() > FIRST_PUSH_MAX {
                return Err("the agent did not push".into());
            }
            sleep(ASK_INTERVAL).await;
        }
        times.push(millis(start.elapsed()));
    }
    let note = format!(
        "from the start of the process until its spooled snapshot is in the journal; median of {STARTS}"
    );
    Ok(Row::lower("agent_first_push", median(times), "ms").note(note))
}

/// The agent's memory while it sends the backlog, and how fast that goes.
async fn draining(city: &City, office: &Office) -> Outcome<Vec<Row>> {
    let operator = city.operator_channel().await?;
    let agent = office.start()?;
    let before = city.progress(&operator).await?.journaled;
    let start = Instant::now();
    sleep(WATCH).await;
    let sent = city.progress(&operator).await?.journaled - before;
    let took = start.elapsed();
    let memory = process::memory(agent.id())?;
    let rate = per_s(usize::try_from(sent)?, took);
    let mut rows = memory_rows(
        "draining",
        &format!("while sending that backlog; {sent} journaled so far"),
        memory,
    );
    rows.push(Row::higher("agent_push", rate, "snapshots/s").note("one agent emptying its backlog: every receipt verified and stored before its snapshot is let go"));
    Ok(rows)
}

fn memory_rows(name: &str, what: &str, memory: Memory) -> Vec<Row> {
    let row = |kind: &str, bytes: u64, note: &str| {
        Row::lower(format!("agent_{kind}_{name}"), megabytes(bytes), "MB")
            .limit(MEMORY_AIM_MB)
            .note(format!("{what}; {note}; limit: the aim"))
    };
    vec![
        row(
            "rss",
            memory.resident,
            &format!(
                "VmRSS, file pages of the program included; peak {:.1} MB",
                megabytes(memory.peak)
            ),
        ),
        row("pss", memory.proportional, "PSS of /proc/<id>/smaps_rollup"),
    ]
}

/// The profile by whose folder cargo names it.
fn profile(program: &Path) -> String {
    let folder = program.parent().and_then(Path::file_name);
    folder
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn sizes(context: &Context, program: &Path) -> Outcome<Vec<Row>> {
    let whole = fs::metadata(program)?.len();
    let mut rows = vec![
        Row::lower("agent_binary", megabytes(whole), "MB").note(format!(
            "the program that was measured, built by this run in the profile {}, with line tables",
            profile(program)
        )),
    ];
    let folder = context.folder()?;
    let stripped = folder.path().join("granary-agent");
    let strip = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(program)
        .stdin(Stdio::null())
        .status();
    if strip.is_ok_and(|status| status.success()) {
        let bytes = fs::metadata(&stripped)?.len();
        rows.push(
            Row::lower("agent_binary_stripped", megabytes(bytes), "MB")
                .note("the same after `strip`; the release profile is smaller still"),
        );
    }
    Ok(rows)
}

impl Office {
    /// Enrols an agent for the last unit with a token from the command line.
    fn enrol(context: &Context, city: &City) -> Outcome<Self> {
        let programs = context.programs()?;
        let folder = context.folder()?;
        let unit = city
            .enrolled
            .last()
            .ok_or("a city without units")?
            .reporter
            .unit
            .clone();
        let token = token(&programs.aggregator(), city, &unit)?;
        crate::programs::finish(
            Command::new(programs.agent())
                .args([
                    "enrol",
                    "--server",
                    &city.url(),
                    "--token",
                    &token,
                    "--unit",
                    unit.code.as_str(),
                ])
                .arg("--dir")
                .arg(folder.path()),
        )?;
        let key = Identity::load(&folder.path().join("identity"))?.signing;
        let press = Press::new(&SHAPE, &city.bundle, vec![Reporter { unit, key }])?;
        Ok(Self {
            program: programs.agent(),
            folder,
            press,
        })
    }

    fn start(&self) -> Outcome<Running> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("agent.log"))?;
        Running::start(
            Command::new(&self.program)
                .arg("run")
                .arg("--dir")
                .arg(self.folder.path())
                .stdout(Stdio::null())
                .stderr(log),
        )
    }

    /// Whether the process with this id has written its status.
    fn is_ready(&self, id: u32) -> bool {
        let status = granary_agent::status::Status::read(&self.folder.path().join("state"));
        status.is_some_and(|status| status.pid == id)
    }

    /// The memory of an agent that has run for a while.
    async fn settled(&self, _: &City) -> Outcome<Memory> {
        let mut agent = self.start()?;
        sleep(SETTLE).await;
        agent.must_run()?;
        process::memory(agent.id())
    }

    /// Appends new signed snapshots to the agent's spool. A large backlog is written in memory first and then moved: each
    /// append is synced, and the disk is not what is measured here.
    fn spool(&mut self, count: usize) -> Outcome<()> {
        let own = self.folder.path().join("state/spool");
        let memory = Path::new("/dev/shm");
        if count == 1 || !memory.is_dir() {
            return self.append(&own, count);
        }
        let folder = tempfile::Builder::new()
            .prefix("granary-bench-")
            .tempdir_in(memory)?;
        self.append(folder.path(), count)?;
        fs::remove_dir_all(&own)?;
        copy(folder.path(), &own)
    }

    fn append(&mut self, folder: &Path, count: usize) -> Outcome<()> {
        let limits = Limits {
            disk_free_bytes_min: 0,
            ..Limits::default()
        };
        let (mut spool, _) =
            Spool::open(OsDisk, folder, limits).map_err(|error| error.to_string())?;
        for envelope in self.press.print(count)? {
            spool
                .append(&envelope.encode_to_vec())
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

fn token(program: &Path, city: &City, unit: &SyntheticUnit) -> Outcome<String> {
    let mut command = Command::new(program);
    command
        .args([
            "token",
            "--unit",
            unit.code.as_str(),
            "--server",
            &city.url(),
            "--operator",
        ])
        .arg(city.operator());
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("granary1."));
    Ok(line
        .ok_or_else(|| format!("no token: {}", String::from_utf8_lossy(&output.stderr)))?
        .to_owned())
}

/// Copies a folder, folders in it included.
fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
