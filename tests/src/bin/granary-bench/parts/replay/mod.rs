//! An auditor replays a synthetic journal: every signature checked, every entry folded, beside bare hashing and bare
//! signature checks of the same run.
//!
//! The journal is made in process and written as an archive; the replay is the real `granary-audit`, whose memory is read
//! while it runs. 301 units, 30 observations in a snapshot, one snapshot of ten revises another.

mod journal;

use std::{
    hint::black_box,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use granary_core::{digest::Digest, log::leaf_hash};

use crate::{
    city::catalogue::Shape,
    context::{Context, Outcome, say},
    measure::{megabytes, per_s, rate_per_s},
    process,
    row::Row,
};

/// 1 city, 10 districts, 290 counties.
const SHAPE: Shape = Shape {
    districts: 10,
    counties: 29,
    datasets: 12,
    indicators: 30,
    periods: 120,
    edits: true,
};
/// Memory that the replay of a million entries is to stay under.
const MEMORY_AIM_MB: f64 = 300.0;
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// One stretch of hashing.
const STRETCH: Duration = Duration::from_millis(200);

/// What one run of the auditor's program came to.
struct Replayed {
    entries: usize,
    observations: usize,
    took: Duration,
    peak_bytes: u64,
}

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let folder = context.folder()?;
    let path = folder.path().join("journal.granary");
    let start = Instant::now();
    let sample = journal::write(&path, &SHAPE, context.replay_entries())?;
    let bytes = path.metadata()?.len();
    say(&format!(
        "  {} entries written to {:.0} MB in {:.1} s",
        context.replay_entries(),
        megabytes(bytes),
        start.elapsed().as_secs_f64()
    ));
    let replayed = replay(context, &path, folder.path())?;
    let hashing = rate_per_s(STRETCH, || {
        for (entry, payload) in &sample {
            black_box((leaf_hash(entry), Digest::of(payload)));
        }
        sample.len()
    });
    let limits = context.limits()?;
    let rate = per_s(replayed.entries, replayed.took);
    let what = format!(
        "{} entries of {} units, an archive of {:.0} MB, in {:.1} s",
        replayed.entries,
        SHAPE.units()?.len(),
        megabytes(bytes),
        replayed.took.as_secs_f64()
    );
    Ok(vec![
        Row::higher("replay_entries", rate, "entries/s")
            .limit(limits.verify_2)
            .note(format!(
                "{what}; the limit is bare signature checks on two threads"
            )),
        Row::higher(
            "replay_observations",
            per_s(replayed.observations, replayed.took),
            "observations/s",
        )
        .note("the same run"),
        Row::higher("replay_bare_hashing", hashing, "entries/s")
            .note("the same entries' leaf hashes and payload digests, one thread, in memory"),
        Row::lower("replay_peak_memory", megabytes(replayed.peak_bytes), "MB")
            .limit(MEMORY_AIM_MB)
            .note("resident at the most; the limit is the aim for a million entries"),
    ])
}

/// Runs the auditor's program and watches its memory.
fn replay(context: &Context, path: &Path, scratch: &Path) -> Outcome<Replayed> {
    let mut command = Command::new(context.programs()?.auditor());
    command.arg("replay").arg(path).arg("--json");
    command.arg("--scratch").arg(scratch);
    let start = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let peak_bytes = watch(&mut child)?;
    let took = start.elapsed();
    let output = child.wait_with_output()?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    if said["holds"] != true {
        return Err(format!("the journal does not hold: {said}").into());
    }
    let number = |name: &str| {
        let number = said[name].as_u64().and_then(|n| usize::try_from(n).ok());
        number.ok_or_else(|| format!("the replay does not say {name}"))
    };
    Ok(Replayed {
        entries: number("entries")?,
        observations: number("observations")?,
        took,
        peak_bytes,
    })
}

/// The most memory that was resident before the program ended.
fn watch(child: &mut Child) -> Outcome<u64> {
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        // Between the two looks it may have ended, and then there is nothing more to read.
        if let Ok(memory) = process::memory(child.id()) {
            peak = memory.peak.max(peak);
        }
        std::thread::park_timeout(LOOK_INTERVAL);
    }
    Ok(peak)
}
