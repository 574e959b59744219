//! The running agent: one task that owns the inbox, the spool and everything that is kept, and reacts to events.
//!
//! Everything with a memory is in [`Desk`]. Other tasks only move messages: the line ([`crate::link::line`]) and the
//! questions ([`crate::link::fetch`]). If the city is down, everything still works up to "spooled". If this process dies at any
//! point, the next start finishes what was begun: first the inbox's intent, then refusals that were stored but not
//! told, then the spool from its oldest record, then the assessments from the last index that was dealt with.

mod desk;
mod recorder;
mod settle;
mod spooler;
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use granary_core::{digest::Digest, text::Bilingual};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::transport::Channel;

pub use desk::Desk;
pub(crate) use desk::{inbox_settings, now_ms};

use crate::durable::OsDisk;
use crate::identity::{Identity, IdentityError};
use crate::inbox::{Folder, Step, Watch};
use crate::link::fetch::Fetched;
use crate::link::{LineEvent, until};
use crate::page::Page;
use crate::report::Report;
use crate::settings::Settings;
use crate::spool::{OpenError, Spool};
use crate::tls;
use crate::upkeep::Upkept;
use crate::witness::WitnessNews;

/// How long a start waits for another agent that is just ending.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether the city has answered which catalogue is in force.
const LOOK: Duration = Duration::from_millis(200);

/// Why the agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Enrol first, or restore a file.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The settings name another unit than the key is enrolled for.
    #[error(
        "the settings say unit {settings}, and the key is enrolled for unit {enrolled}: correct agent.toml"
    )]
    AnotherUnit {
        /// In `agent.toml`.
        settings: String,
        /// In the identity.
        enrolled: String,
    },
    /// Another agent runs, or the spool's folder cannot be used.
    #[error(transparent)]
    Spool(#[from] OpenError),
    /// The address or a certificate cannot be used.
    #[error("the line cannot be prepared: {0}")]
    Line(#[from] tonic::transport::Error),
    /// A folder cannot be used.
    #[error("a folder cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// What can happen to a running agent.
enum Event {
    /// The system reports a change in the inbox, or it is time to look.
    Look,
    /// Something on the line.
    Line(LineEvent),
    /// The courier has waited long enough.
    Tick,
    /// Something was fetched.
    Fetched(Fetched),
    /// The log was looked at.
    Witness(WitnessNews),
    /// A heartbeat was taken, or the certificate was looked at.
    Upkept(Upkept),
    /// It is time to write the status.
    WriteStatus,
    /// Somebody wants the agent to end.
    Stop,
}

/// Opens the spool; waits up to `patience` for an agent that is just ending.
///
/// # Errors
/// [`OpenError::Locked`] where another agent goes on running.
pub async fn open_spool(
    settings: &Settings,
    patience: Duration,
) -> Result<Spool<OsDisk>, OpenError> {
    let folder = settings.state.join("spool");
    let begun = Instant::now();
    loop {
        match Spool::open(OsDisk, &folder, settings.spool) {
            Ok((spool, recovery)) => {
                for damage in &recovery.damage {
                    tracing::warn!(%damage, "the spool was damaged");
                }
                return Ok(spool);
            }
            Err(OpenError::Locked { .. }) if begun.elapsed() < patience => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Loads the identity and checks that it is the settings' unit.
///
/// # Errors
/// [`StartError`].
pub fn identity(settings: &Settings) -> Result<Identity, StartError> {
    let identity = Identity::load(&settings.identity)?;
    if identity.unit == settings.unit {
        return Ok(identity);
    }
    Err(StartError::AnotherUnit {
        settings: settings.unit.to_string(),
        enrolled: identity.unit.to_string(),
    })
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// Somebody wanted it.
    Stopped,
    /// A new certificate is in place, and the next run shows it.
    Renewed,
}

/// Runs until `stop` comes, then waits for the answers that are on their way.
///
/// # Errors
/// [`StartError`]; once started, it ends only by `stop`.
pub async fn run(settings: Settings, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    let mut stop = std::pin::pin!(stop);
    loop {
        crate::renew::settle(&settings.identity)?;
        let identity = identity(&settings)?;
        let channel = tls::enrolled_channel(&settings.server, &identity, &settings.link)?;
        match run_once(channel, settings.clone(), identity, stop.as_mut()).await? {
            Over::Stopped => return Ok(()),
            Over::Renewed => {}
        }
    }
}

/// As [`run`], over a channel to the city that is already prepared.
///
/// # Errors
/// [`StartError`].
pub async fn run_over(
    channel: Channel,
    settings: Settings,
    identity: Identity,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let stop = std::pin::pin!(stop);
    run_once(channel, settings, identity, stop).await.map(drop)
}

/// Until `stop` comes, or a new certificate.
async fn run_once(
    channel: Channel,
    settings: Settings,
    identity: Identity,
    mut stop: std::pin::Pin<&mut impl Future<Output = ()>>,
) -> Result<Over, StartError> {
    let spool = open_spool(&settings, LOCK_PATIENCE).await?;
    // Only whoever has the spool serves the page, so that a second start does not take its address away.
    let _page = Page::start(&settings).await;
    let mut desk = Desk::open(channel, settings, identity, spool)?;
    desk.recover();
    let (wake, mut woken) = mpsc::channel(1);
    let _watch = watch(&desk, wake);
    desk.scan();
    let over = loop {
        let event = tokio::select! {
            () = &mut stop => Event::Stop,
            Some(()) = woken.recv() => Event::Look,
            () = until(desk.next_look()) => Event::Look,
            event = next(&mut desk) => event,
        };
        if let Event::Stop = event {
            break Over::Stopped;
        }
        desk.handle(event);
        if desk.is_renewed() {
            break Over::Renewed;
        }
    };
    drain(&mut desk).await;
    Ok(over)
}

/// Hands one file in and waits for the city's answer, for `wait` at the longest. The report says how it stands then.
///
/// # Errors
/// [`StartError`], and those of copying the file.
pub async fn submit(
    settings: Settings,
    spool: Spool<OsDisk>,
    path: PathBuf,
    wait: Duration,
) -> Result<Submitted, StartError> {
    let identity = identity(&settings)?;
    let channel = tls::enrolled_channel(&settings.server, &identity, &settings.link)?;
    let desk = Desk::open(channel, settings, identity, spool)?;
    submit_at(desk, path, wait).await
}

/// As [`submit`], at a desk that is already open.
///
/// # Errors
/// Those of copying the file.
pub async fn submit_at(
    mut desk: Desk,
    path: PathBuf,
    wait: Duration,
) -> Result<Submitted, StartError> {
    desk.recover();
    let deadline = Instant::now() + wait;
    // On the first run the catalogue, and what the city knows of this unit's revisions, have to come over the line.
    while !desk.is_ready() {
        tokio::select! {
            event = next(&mut desk) => desk.handle(event),
            () = tokio::time::sleep_until(deadline) => return Ok(Submitted::NoCatalogue(desk.alarm())),
        }
    }
    let taken = desk.take_in(&path)?;
    let mut step = desk.handle_taken(&taken, false);
    if let Step::Outdated { .. } = step {
        while !desk.is_current() && Instant::now() < deadline {
            tokio::select! {
                event = next(&mut desk) => desk.handle(event),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        step = desk.handle_taken(&taken, true);
    }
    let Step::Placed { spot, report } = step else {
        return Ok(Submitted::NotTaken(step));
    };
    let mut submitted = Submitted::Placed {
        file: desk.file(&spot),
        report,
    };
    let mut waits_for = desk.payloads(&submitted);
    while !waits_for.is_empty() {
        tokio::select! {
            event = next(&mut desk) => desk.handle(event),
            () = tokio::time::sleep_until(deadline) => break,
        }
        for step in desk.take_steps() {
            if let Step::Placed { spot, report } = step
                && desk
                    .payloads_of(&report)
                    .iter()
                    .any(|payload| waits_for.contains(payload))
                && spot.folder != Folder::Sent
            {
                submitted = Submitted::Placed {
                    file: desk.file(&spot),
                    report,
                };
                waits_for.clear();
            }
        }
    }
    drain(&mut desk).await;
    Ok(submitted)
}

/// What became of a file that was handed in.
#[derive(Debug)]
pub enum Submitted {
    /// There is no catalogue yet, so that the file cannot be checked. The alarm says why, where it is known.
    NoCatalogue(Option<Bilingual>),
    /// It was copied into the inbox, and stays there for now.
    NotTaken(Step),
    /// It is in a folder, with its report.
    Placed {
        /// Where it is.
        file: PathBuf,
        /// What the report says.
        report: Box<Report>,
    },
}

async fn next(desk: &mut Desk) -> Event {
    let (tick, write) = (desk.next_tick(), desk.next_write());
    let (courier, fetcher, witness, upkeep) = desk.sources();
    tokio::select! {
        Some(event) = courier.event() => Event::Line(event),
        Some(fetched) = fetcher.fetched.recv() => Event::Fetched(fetched),
        news = witness.next() => Event::Witness(news),
        news = upkeep.next() => Event::Upkept(news),
        () = until(tick) => Event::Tick,
        () = until(write) => Event::WriteStatus,
    }
}

/// Waits for the answers that are on their way, and takes no new files meanwhile.
async fn drain(desk: &mut Desk) {
    desk.stop_sending();
    let deadline = Instant::now() + desk.drain_max();
    while desk.in_flight() > 0 {
        tokio::select! {
            event = next(desk) => desk.handle(event),
            () = tokio::time::sleep_until(deadline) => break,
        }
    }
    desk.write_status();
}

/// A watch saves waiting; without one the periodic look has to do.
fn watch(desk: &Desk, wake: mpsc::Sender<()>) -> Option<Watch> {
    // A wake-up that finds one waiting is one too many.
    let woken = move || {
        let _ = wake.try_send(());
    };
    let watched = crate::inbox::watch(&desk.inbox_folder(), woken);
    watched.inspect_err(|error| tracing::warn!(%error, "the inbox cannot be watched; it is looked at every few seconds")).ok()
}

/// The digests of what a report says was signed.
fn payloads(report: &Report) -> Vec<Digest> {
    let signed = report
        .statements
        .iter()
        .filter(|statement| statement.answer.is_none());
    signed
        .filter_map(|statement| Digest::from_hex(statement.payload_sha256.as_ref()?))
        .collect()
}
