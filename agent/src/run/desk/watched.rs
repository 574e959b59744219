//! The desk's side of the witness: starting the watch, and what its news do to pushing, status and the clerk's folder.

use std::time::Duration;

use granary_core::{log::VerifierKey, text::Bilingual};
use tonic::transport::Channel;

use super::{Desk, now_ms};
use crate::identity::Identity;
use crate::link::{Receipted, Signer};
use crate::receipts::Receipts;
use crate::settings::Settings;
use crate::status::{Alarm, Cosigned};
use crate::witness::{Book, BookError, Fork, Head, Pace, Watch, Witness, WitnessNews, book};

/// Stored receipts whose heads are compared at a start.
const STORED_HEADS_MAX: usize = 8;

/// Begins to watch the log. Where that cannot be, reporting goes on without: the log says why.
pub(super) fn start(
    settings: &Settings,
    identity: &Identity,
    channel: Channel,
    signer: Signer,
) -> Watch {
    if Fork::find(&settings.state).is_some() {
        return Watch::idle();
    }
    match prepare(settings, identity) {
        Ok(Some((witness, book))) => {
            let pace = Pace {
                interval: Duration::from_millis(settings.poll.witness_ms),
                patience: Duration::from_millis(settings.link.answer_timeout_ms),
            };
            let state = settings.state.clone();
            let watch = Watch::start(channel, (witness, signer), book, state, pace, now_ms);
            compare_stored(&watch, settings, &identity.log_key);
            watch
        }
        Ok(None) => Watch::idle(),
        Err(error) => {
            tracing::error!(%error, "this agent is no witness until that is mended");
            Watch::idle()
        }
    }
}

/// A receipt may have come under a head that the watch had not looked at when the agent ended. The newest ones are compared with what
/// the city shows now, before anything is cosigned, so that nobody escapes by having the agent restarted.
fn compare_stored(watch: &Watch, settings: &Settings, log_key: &VerifierKey) {
    let Ok(receipts) = Receipts::open(&settings.state) else {
        return;
    };
    let heads = receipts.newest_heads(STORED_HEADS_MAX);
    for head in heads
        .iter()
        .filter_map(|note| Head::open(note, log_key).ok())
    {
        watch.receipted(head);
    }
}

fn prepare(settings: &Settings, identity: &Identity) -> Result<Option<(Witness, Book)>, BookError> {
    let key = book::signing_key(&settings.identity)?;
    let log_key = identity.log_key.clone();
    let book = Book::open(&settings.state, &settings.identity, &log_key)?;
    let witness = Witness::new(key, identity.unit.clone(), log_key);
    Ok(witness.map(|witness| (witness, book)))
}

impl Desk {
    /// A receipt's head must be one history with the heads that are shown later.
    pub(super) fn watch_receipt(&self, receipted: &Receipted) {
        let note = &receipted.receipt().checkpoint;
        if let Ok(head) = Head::open(note, &self.log_key) {
            self.witness.receipted(head);
        }
    }

    /// Takes what the watch found.
    pub(super) fn witnessed(&mut self, news: WitnessNews) {
        match news {
            WitnessNews::Cosigned { size, time_s } => {
                tracing::info!(size, "cosigned the city's log");
                let at_ms = i64::try_from(time_s).unwrap_or(0).saturating_mul(1_000);
                self.status.cosigned = Some(Cosigned { size, at_ms });
            }
            WitnessNews::NotSigned(error) => self.raise(&Bilingual::new(
                format!("市局出示的日志检查点没有市局日志密钥的有效签名（{error}）。请打电话告知市局"),
                format!("what the city shows as the head of its log is not signed by the log's key ({error}): ring the city's office"),
            )),
            WitnessNews::Forked(fork) => self.forked(&fork),
        }
    }

    /// The log shows two histories: nothing more is pushed, and the clerk is told where he looks.
    pub(super) fn forked(&mut self, fork: &Fork) {
        self.stop_sending();
        let (root, state) = (self.settings.root.clone(), self.settings.state.clone());
        let words = fork.words(&state);
        self.raise(&words);
        self.hold_back(Some(&words));
        self.status.fork = Some(Alarm {
            at_ms: fork.found_at_ms,
            zh: words.zh,
            en: words.en,
        });
        if let Err(error) = fork.tell(&root, &state) {
            tracing::error!(%error, "the notice about the fork could not be written");
        }
    }

    /// Has the reports of files that wait say why nothing is sent, or that it is.
    pub(super) fn hold_back(&mut self, why: Option<&Bilingual>) {
        if let Err(error) = self.inbox.hold_back(why, now_ms()) {
            tracing::error!(%error, "a report of a file that waits could not be put right");
        }
    }
}
