//! The desk: the task of the server that tells notices.
//!
//! It sleeps until the next instant at which something may come due, or until entries are folded, looks at the slots, and
//! sends. One message at a time goes over a channel; channels do not wait for each other.
//!
//! - In: the slots as the projector publishes them, the clock.
//! - Out: messages over the channels.
//! - Durable after, on crash: see [`super::outbox`].

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use granary_core::{
    ledger::{FoldError, LogIndex},
    notices::{Plan, Sheet, Situation},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    channel::{Carrier, ChannelError, Channels, Parcel},
    dispatch::{Dispatcher, Random, Report, Turn},
    events,
    outbox::OutboxError,
    settings::NoticeSettings,
};
use crate::{clock::Clock, pipeline::Handle, project::Stopped};

/// The longest sleep: the clock may be set, and the machine may have been asleep itself.
const SLEEP_MAX: Duration = Duration::from_secs(600);
/// What arrives is looked at together: at most one look in this time.
const CHANGE_INTERVAL: Duration = Duration::from_secs(10);
/// After a failure of the store.
const FAILURE_WAIT: Duration = Duration::from_secs(30);
/// How long a look waits for the fold of what the journal holds.
const FOLD_WAIT_MAX: Duration = Duration::from_secs(60);
/// How long messages under way may take after a stop.
const STOP_WAIT_MAX: Duration = Duration::from_secs(5);
/// Outcomes that wait to be noted.
const REPORTS_MAX: usize = 64;

/// The task, ready to run.
pub struct Desk {
    dispatcher: Dispatcher,
    handle: Handle,
    clock: Arc<dyn Clock>,
    carrier: Arc<dyn Carrier>,
}

/// Why notices cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The outbox cannot be used.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// A channel cannot be set up.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The slots cannot be read.
    #[error(transparent)]
    Slots(#[from] FoldError),
    /// Nothing is folded any more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The fold is far behind the journal.
    #[error("the fold is behind the journal")]
    Behind,
    /// A look was lost.
    #[error("a look at the slots was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
}

impl Desk {
    /// Opens the outbox and sets the channels up; nothing is sent before [`Self::run`].
    ///
    /// # Errors
    /// [`NoticeError`].
    pub fn open(
        data: &Path,
        settings: NoticeSettings,
        handle: Handle,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NoticeError> {
        let carrier = Arc::new(Channels::new(&settings.channels, Arc::clone(&clock))?);
        let random: Random = Box::new(|| getrandom::u64().unwrap_or(0));
        Self::open_with(data, settings, handle, clock, carrier, random)
    }

    pub(super) fn open_with(
        data: &Path,
        settings: NoticeSettings,
        handle: Handle,
        clock: Arc<dyn Clock>,
        carrier: Arc<dyn Carrier>,
        random: Random,
    ) -> Result<Self, NoticeError> {
        let dispatcher = Dispatcher::open(data, Arc::new(settings), clock.now_ms(), random)?;
        Ok(Self {
            dispatcher,
            handle,
            clock,
            carrier,
        })
    }

    /// Tells notices until `stop` becomes true; then notes what comes of the messages under way.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let Self {
            dispatcher,
            handle,
            clock,
            carrier,
        } = self;
        let (sender, mut reports) = mpsc::channel(REPORTS_MAX);
        let mut desk = Some(dispatcher);
        while let Some(dispatcher) = desk.take() {
            let (looked_at, seen) = (Instant::now(), handle.applied());
            let (mut dispatcher, turn) = look(dispatcher, &handle, clock.now_ms()).await;
            let wake = match turn {
                Ok(turn) => {
                    let wake = wake(&turn, clock.now_ms());
                    carry(turn.parcels, &carrier, &sender);
                    wake
                }
                Err(error) => {
                    events::TurnFailed { error: &error }.emit();
                    FAILURE_WAIT
                }
            };
            let changed = async {
                if handle.wait_applied(LogIndex(seen)).await.is_err() {
                    std::future::pending::<()>().await;
                }
                sleep_until(looked_at + CHANGE_INTERVAL).await;
            };
            let is_stopping = tokio::select! {
                // An error means that the sender is gone, which is a stop as well.
                _ = stop.wait_for(|stop| *stop) => true,
                Some(report) = reports.recv() => {
                    note(&mut dispatcher, report, &mut reports, clock.now_ms());
                    false
                }
                () = changed => false,
                () = sleep_until(looked_at + wake) => false,
            };
            if is_stopping {
                return drain(dispatcher, reports, &clock).await;
            }
            desk = Some(dispatcher);
        }
    }
}

/// Looks at the slots and takes a turn, away from the tasks that move bytes.
async fn look(
    mut dispatcher: Dispatcher,
    handle: &Handle,
    now_ms: i64,
) -> (Dispatcher, Result<Turn, NoticeError>) {
    if let Err(error) = caught_up(handle).await {
        return (dispatcher, Err(error));
    }
    let reading = handle.clone();
    let plan = dispatcher.plan().clone();
    let situation = tokio::task::spawn_blocking(move || situation(&reading, &plan, now_ms)).await;
    let situation = match situation {
        Ok(Ok(situation)) => situation,
        Ok(Err(error)) => return (dispatcher, Err(error.into())),
        Err(error) => return (dispatcher, Err(error.into())),
    };
    // Before a catalogue is published there is nothing to tell.
    let Some(situation) = situation else {
        let turn = Turn {
            parcels: Vec::new(),
            next_at_ms: None,
        };
        return (dispatcher, Ok(turn));
    };
    let turn = dispatcher.turn(&situation);
    (dispatcher, turn.map_err(Into::into))
}

/// What was received by now must be folded, or somebody would be called missing who was in time.
async fn caught_up(handle: &Handle) -> Result<(), NoticeError> {
    let Some(last) = handle.status().size.checked_sub(1) else {
        return Ok(());
    };
    let waited = timeout(FOLD_WAIT_MAX, handle.wait_applied(LogIndex(last))).await;
    Ok(waited.map_err(|_| NoticeError::Behind)??)
}

/// The situation by the published board, read in parts so that folding does not wait long.
fn situation(handle: &Handle, plan: &Plan, now_ms: i64) -> Result<Option<Situation>, FoldError> {
    let outline = handle.board(|board| {
        let outline = Situation::outline(board, plan, now_ms);
        (Arc::clone(board.catalogue()), outline)
    });
    let Some((catalogue, outline)) = outline else {
        return Ok(None);
    };
    let mut situation = Situation::empty(catalogue, now_ms);
    for ((dataset, period), due_at_ms) in outline {
        let slots = handle.board(|board| Situation::sheet(board, &dataset, period, now_ms));
        let slots = slots.unwrap_or_default();
        situation.add(dataset, period, Sheet { due_at_ms, slots });
    }
    if plan.returned_ms.is_some() {
        situation.read_returned(&handle.view())?;
    }
    Ok(Some(situation))
}

/// How long to sleep.
fn wake(turn: &Turn, now_ms: i64) -> Duration {
    let wait_ms = turn
        .next_at_ms
        .map(|next_at_ms| next_at_ms.saturating_sub(now_ms).max(0));
    let wait = wait_ms
        .and_then(|ms| u64::try_from(ms).ok())
        .map(Duration::from_millis);
    wait.map_or(SLEEP_MAX, |wait| wait.min(SLEEP_MAX))
}

/// Carries parcels: one task for each channel, one message after the other.
fn carry(parcels: Vec<Parcel>, carrier: &Arc<dyn Carrier>, reports: &mpsc::Sender<Report>) {
    let mut by_channel: BTreeMap<String, Vec<Parcel>> = BTreeMap::new();
    for parcel in parcels {
        by_channel
            .entry(parcel.channel.clone())
            .or_default()
            .push(parcel);
    }
    for parcels in by_channel.into_values() {
        let (carrier, reports) = (Arc::clone(carrier), reports.clone());
        tokio::spawn(async move {
            for parcel in parcels {
                let outcome = carrier.carry(&parcel).await;
                let id = parcel.id;
                if reports.send(Report { id, outcome }).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Notes an outcome, and those that have come with it.
fn note(
    dispatcher: &mut Dispatcher,
    first: Report,
    reports: &mut mpsc::Receiver<Report>,
    now_ms: i64,
) {
    let mut next = Some(first);
    while let Some(report) = next {
        if let Err(error) = dispatcher.settle(report, now_ms) {
            events::TurnFailed { error: &error }.emit();
        }
        next = reports.try_recv().ok();
    }
}

/// Notes what comes of the messages that are under way at a stop.
async fn drain(
    mut dispatcher: Dispatcher,
    mut reports: mpsc::Receiver<Report>,
    clock: &Arc<dyn Clock>,
) {
    let until = Instant::now() + STOP_WAIT_MAX;
    while dispatcher.is_busy() {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(Some(report)) = timeout(left, reports.recv()).await else {
            return;
        };
        note(&mut dispatcher, report, &mut reports, clock.now_ms());
    }
}
