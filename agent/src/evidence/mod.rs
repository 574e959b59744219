//! Evidence: files that statements name and that stay with the unit, until the city asks to see one.
//!
//! In: what the city asks for, by name and SHA-256. Out: the file's bytes, or why there are none. Durable after: nothing here;
//! the city keeps what it has checked. On crash: the city is asked again, and the file goes on from where it broke off.
//!
//! A name from the city is used only where it is a bare file name, and only a file whose SHA-256 is the one asked for ever
//! leaves the machine: the digest stands in a statement that this unit has signed, so nothing else can be drawn out.
//! What was asked and what became of it is told to the clerk in `evidence/requests.report.txt` and in the log.

mod find;
mod send;
mod tell;

use std::path::PathBuf;
use std::time::Duration;

use granary_core::{digest::Digest, text::Bilingual};
use granary_proto::v1::{
    AnswerEvidenceRequest, EvidenceState, ListEvidenceRequestsRequest, PendingEvidence,
    evidence_service_client::EvidenceServiceClient,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status, transport::Channel};

pub use find::{Found, find};

use crate::enrol::explain;
use crate::settings::Settings;

/// The least time between two questions, whatever the city answers.
const PAUSE: Duration = Duration::from_millis(500);

/// A task that asks while the line is open. Dropping it ends it.
#[derive(Debug)]
pub struct Shower(JoinHandle<()>);

/// Where files are, how large they may be, and how long an answer may take.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The folder with `evidence/` and the clerk's folders.
    pub root: PathBuf,
    /// The largest file that is handed in, in bytes.
    pub bytes_max: u64,
    /// How long an answer may take.
    pub patience: Duration,
}

/// What became of one file that was asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What was asked.
    pub pending: PendingEvidence,
    /// What became of it.
    pub outcome: Outcome,
}

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The city holds it.
    Sent,
    /// It cannot be handed in, and the city was told so.
    Missing(EvidenceState),
    /// It did not arrive; it is tried again.
    Failed(Bilingual),
}

impl Shower {
    /// Begins to ask, once `connected` says that the line is open.
    #[must_use]
    pub fn start(
        channel: Channel,
        settings: &Settings,
        mut connected: watch::Receiver<bool>,
    ) -> Self {
        let shelf = Shelf::of(settings);
        let (language, zone) = (settings.language, settings.time_zone.clone());
        let pause = Duration::from_millis(settings.poll.catalogue_ms);
        Self(tokio::spawn(async move {
            while connected.wait_for(|connected| *connected).await.is_ok() {
                match exchange(channel.clone(), &shelf).await {
                    Ok(shown) => tell::tell(&shelf.root, &shown, language, &zone),
                    Err(reason) => {
                        tracing::warn!(
                            reason,
                            "asking for evidence requests failed; it is tried again"
                        );
                    }
                }
                tokio::select! {
                    () = sleep(pause) => {}
                    // The line went or came back: to wait longer would only delay the answer.
                    _ = connected.changed() => sleep(PAUSE).await,
                }
            }
        }))
    }
}

impl Drop for Shower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Shelf {
    fn of(settings: &Settings) -> Self {
        Self {
            root: settings.root.clone(),
            bytes_max: settings.evidence_bytes_max,
            patience: Duration::from_millis(settings.link.answer_timeout_ms),
        }
    }
}

/// Asks once what is wanted, and hands in or answers each of it.
///
/// # Errors
/// Why the city could not be asked, in English; a city that does not know the question asks for nothing.
pub async fn exchange(channel: Channel, shelf: &Shelf) -> Result<Vec<Shown>, String> {
    let mut client = EvidenceServiceClient::new(channel);
    let asked = client.list_evidence_requests(ListEvidenceRequestsRequest {});
    let listed = match timeout(shelf.patience, asked).await {
        Ok(Ok(listed)) => listed.into_inner(),
        Ok(Err(status)) if status.code() == Code::Unimplemented => return Ok(Vec::new()),
        Ok(Err(status)) => return Err(explain(&status)),
        Err(_) => return Err("no answer in time".to_owned()),
    };
    let bytes_max = shelf.bytes_max.min(listed.bytes_max);
    let mut shown = Vec::new();
    for pending in listed.pending {
        let outcome = show(&mut client, shelf, &pending, bytes_max).await;
        let outcome = outcome.unwrap_or_else(|reason| {
            Outcome::Failed(Bilingual::new(
                format!("未能送到：{reason}"),
                format!("it did not arrive: {reason}"),
            ))
        });
        shown.push(Shown { pending, outcome });
    }
    Ok(shown)
}

type Client = EvidenceServiceClient<Channel>;

async fn show(
    client: &mut Client,
    shelf: &Shelf,
    pending: &PendingEvidence,
    bytes_max: u64,
) -> Result<Outcome, String> {
    let sha256 = Digest::from_slice(&pending.sha256).ok_or("the city's request has no digest")?;
    let (root, name) = (shelf.root.clone(), pending.name.clone());
    let found = tokio::task::spawn_blocking(move || find(&root, &name, &sha256, bytes_max));
    let state = match found.await.map_err(|error| error.to_string())? {
        Found::File { path, size } => {
            return send::send(client, (path, size), pending, shelf.patience).await;
        }
        Found::Gone => EvidenceState::Gone,
        Found::Changed => EvidenceState::Changed,
        Found::TooLarge => EvidenceState::TooLarge,
    };
    if pending.answered() != state {
        let answer = AnswerEvidenceRequest {
            sha256: pending.sha256.clone(),
            request_index: pending.request.as_ref().map_or(0, |request| request.index),
            state: state.into(),
        };
        let answered = timeout(shelf.patience, client.answer_evidence(answer)).await;
        answered
            .map_err(|_| "no answer in time".to_owned())?
            .map_err(|status: Status| explain(&status))?;
    }
    Ok(Outcome::Missing(state))
}
