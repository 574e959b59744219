//! The courier: carries spooled statements over the line and brings their answers home.
//!
//! In: events of the line, and word that the spool has something new. Out: [`News`]. Durable after: a receipt or a final
//! refusal is a file before its record is settled ([`super::outbox`]). On crash: the records come again, in order.
//!
//! What an answer does:
//! - a receipt that holds is stored, and the record settled;
//! - a receipt that does not hold raises an alarm, the record stays and is set aside until the next stream;
//! - a final refusal is stored, and the record settled;
//! - a refusal that may pass postpones all sending, because its reasons are the city's and not the record's;
//! - an answer that nothing waits for is passed over.

use std::path::PathBuf;
use std::time::Duration;

use granary_core::{ledger::RefusalCode, text::Bilingual};
use granary_proto::v1::{self, push_answer};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::durable::Disk;
use crate::link::backoff::Backoff;
use crate::link::line::{Line, LineEvent};
use crate::link::outbox::{Outbox, SettleFailure};
use crate::link::proof::Receipted;
use crate::link::session::{InFlight, Session};
use crate::receipts::Refused;
use crate::settings::LinkSettings;
use crate::spool::Damage;

/// The clock: milliseconds since 1970-01-01T00:00:00Z.
pub type Clock = fn() -> i64;

/// What happened, for the inbox, the status and the log.
#[derive(Debug)]
pub enum News {
    /// A stream is open.
    Connected,
    /// The stream has ended, or none could be opened.
    Disconnected {
        /// Why, in English.
        reason: String,
        /// How long until the next attempt.
        wait: Duration,
    },
    /// A receipt was verified and stored.
    Receipted {
        /// What it proves.
        receipted: Box<Receipted>,
        /// Its file.
        path: PathBuf,
    },
    /// The city will never take the statement in this form; the refusal is stored.
    Refused(Box<Refused>),
    /// The city cannot take anything just now.
    Postponed {
        /// Why.
        message: Bilingual,
        /// How long until the next attempt.
        wait: Duration,
    },
    /// Somebody has to look. The record stays in the spool.
    Alarm(Bilingual),
    /// The spool met damage while reading.
    Damage(Damage),
}

/// Carries statements. One owner: the task that owns the inbox.
pub struct Courier<D: Disk> {
    outbox: Outbox<D>,
    line: Line,
    settings: LinkSettings,
    /// For refusals that may pass.
    backoff: Backoff,
    clock: Clock,
    stream: Option<Stream>,
    /// Set when the agent is about to end: what is on its way is waited for, and nothing more is sent.
    ending: bool,
}

/// An open stream.
struct Stream {
    session: Session,
    requests: mpsc::Sender<v1::PushRequest>,
    /// Nothing is sent before this.
    postponed_until: Option<Instant>,
    /// When the line counts as dead, unless an answer comes before.
    answer_due: Option<Instant>,
}

impl<D: Disk> Courier<D> {
    /// Carries what is in `outbox` over `line`.
    #[must_use]
    pub const fn new(
        outbox: Outbox<D>,
        line: Line,
        settings: LinkSettings,
        backoff: Backoff,
        clock: Clock,
    ) -> Self {
        Self {
            outbox,
            line,
            settings,
            backoff,
            clock,
            stream: None,
            ending: false,
        }
    }

    /// The spool and the receipts.
    pub const fn outbox(&mut self) -> &mut Outbox<D> {
        &mut self.outbox
    }

    /// The next event of the line; never `None` while the line runs. Cancelling the wait loses nothing.
    pub async fn event(&mut self) -> Option<LineEvent> {
        self.line.events.recv().await
    }

    /// When [`Courier::tick`] has something to do.
    #[must_use]
    pub fn next_tick(&self) -> Option<Instant> {
        let stream = self.stream.as_ref()?;
        [stream.postponed_until, stream.answer_due]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many statements wait for their answer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.stream
            .as_ref()
            .map_or(0, |stream| stream.session.in_flight())
    }

    /// Takes one event of the line, and sends what has room then.
    pub fn handle(&mut self, event: LineEvent) -> Vec<News> {
        let mut news = Vec::new();
        match event {
            LineEvent::Opened { window, requests } => {
                let session = Session::new(&window, &self.settings);
                self.stream = Some(Stream {
                    session,
                    requests,
                    postponed_until: None,
                    answer_due: None,
                });
                news.push(News::Connected);
            }
            LineEvent::Answer(answer) => news.extend(self.answer(answer)),
            LineEvent::Closed { reason, wait } => {
                if let Some(stream) = self.stream.take() {
                    for sent in stream.session.unanswered() {
                        in_vain(sent, "unanswered");
                    }
                }
                news.push(News::Disconnected { reason, wait });
            }
        }
        self.pump(&mut news);
        news
    }

    /// Sends nothing more; answers are still taken.
    pub const fn stop_sending(&mut self) {
        self.ending = true;
    }

    /// Sends what was appended meanwhile.
    pub fn wake(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        self.pump(&mut news);
        news
    }

    /// Takes up postponed sending, or hangs up where answers do not come.
    pub fn tick(&mut self) -> Vec<News> {
        let now = Instant::now();
        if let Some(stream) = &mut self.stream {
            if stream.answer_due.is_some_and(|due| due <= now) {
                stream.answer_due = None;
                self.line.hang_up();
                return Vec::new();
            }
            if stream.postponed_until.is_some_and(|until| until <= now) {
                stream.postponed_until = None;
                stream.session.rewind();
            }
        }
        self.wake()
    }

    /// Fills the window from the spool.
    fn pump(&mut self, news: &mut Vec<News>) {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.ending) else {
            return;
        };
        while stream.postponed_until.is_none()
            && let Some(room) = stream.session.room()
        {
            let parcels = self
                .outbox
                .next(&mut stream.session.cursor, room.records, room.bytes);
            news.extend(parcels.damage.into_iter().map(News::Damage));
            for id in parcels.foreign {
                stream.session.hold(id);
                news.push(News::Alarm(foreign(id.get())));
            }
            for parcel in parcels.parcels {
                let Some(request) = stream.session.send(parcel) else {
                    continue;
                };
                // The queue holds as many as the window: it is only ever closed, and then the line says so itself.
                if stream.requests.try_send(request).is_err() {
                    return;
                }
                let patience = Duration::from_millis(self.settings.answer_timeout_ms);
                stream
                    .answer_due
                    .get_or_insert_with(|| Instant::now() + patience);
            }
            if parcels.exhausted {
                return;
            }
        }
    }

    fn answer(&mut self, answer: v1::PushAnswer) -> Vec<News> {
        let Some(stream) = &mut self.stream else {
            return Vec::new();
        };
        let Some(sent) = stream.session.answered(answer.sequence) else {
            tracing::warn!(
                sequence = answer.sequence,
                "an answer that nothing waits for was passed over"
            );
            return Vec::new();
        };
        let patience = Duration::from_millis(self.settings.answer_timeout_ms);
        stream.answer_due = (stream.session.in_flight() > 0).then(|| Instant::now() + patience);
        match answer.result {
            Some(push_answer::Result::Receipt(receipt)) => vec![self.receipt(sent, &receipt)],
            Some(push_answer::Result::Refusal(refusal)) => vec![self.refusal(sent, refusal)],
            None => vec![self.hold(&sent, unknown_answer())],
        }
    }

    fn receipt(&mut self, sent: InFlight, receipt: &v1::Receipt) -> News {
        match self.outbox.receipt(sent.id, sent.expected.clone(), receipt) {
            Ok((receipted, path)) => {
                self.backoff.reset();
                if let Some(journey) = &sent.journey {
                    journey.receipted(receipted.receipt().index);
                }
                News::Receipted {
                    receipted: Box::new(receipted),
                    path,
                }
            }
            Err(SettleFailure::Proof(error)) => {
                let alarm = not_proven(&sent, &error.to_string());
                self.hold(&sent, alarm)
            }
            Err(SettleFailure::Storage(error)) => {
                let alarm = not_stored(&error.to_string());
                self.hold(&sent, alarm)
            }
        }
    }

    fn refusal(&mut self, sent: InFlight, refusal: v1::Refusal) -> News {
        if refusal.retryable {
            in_vain(&sent, "postponed");
            return self.postpone(&refusal);
        }
        let refused = refused(&sent, refusal, (self.clock)());
        match self.outbox.refusal(sent.id, &refused) {
            Ok(()) => {
                if let Some(journey) = &sent.journey {
                    journey.refused(&refused.code);
                }
                News::Refused(Box::new(refused))
            }
            Err(error) => {
                let alarm = not_stored(&error.to_string());
                self.hold(&sent, alarm)
            }
        }
    }

    /// The record stays; it is not sent again on this stream.
    fn hold(&mut self, sent: &InFlight, alarm: Bilingual) -> News {
        in_vain(sent, "held");
        if let Some(stream) = &mut self.stream
            && !stream.session.hold(sent.id)
        {
            self.line.hang_up();
        }
        News::Alarm(alarm)
    }

    fn postpone(&mut self, refusal: &v1::Refusal) -> News {
        let least = Duration::from_millis(refusal.retry_after_ms.into());
        let already = self
            .stream
            .as_ref()
            .and_then(|stream| stream.postponed_until);
        // Several refusals of one window are one reason to wait, not several.
        let until = already.unwrap_or_else(|| Instant::now() + self.backoff.next_wait().max(least));
        if let Some(stream) = &mut self.stream {
            stream.postponed_until = Some(until);
        }
        let wait = until.saturating_duration_since(Instant::now());
        let message = Bilingual::new(&refusal.message_zh, &refusal.message_en);
        News::Postponed { message, wait }
    }
}

/// Tells the statement's trace, where it is told, that this push has come to nothing.
fn in_vain(sent: &InFlight, why: &str) {
    if let Some(journey) = &sent.journey {
        journey.in_vain(why);
    }
}

fn refused(sent: &InFlight, refusal: v1::Refusal, refused_at_ms: i64) -> Refused {
    let slot = &sent.expected.slot;
    let code = RefusalCode::from_number(refusal.code);
    Refused {
        payload_sha256: sent.expected.payload_sha256.to_string(),
        unit: slot.unit.to_string(),
        dataset: slot.dataset.to_string(),
        period: slot.period.to_string(),
        revision: sent.expected.revision,
        code: code.map_or_else(
            || format!("code {}", refusal.code),
            |code| code.word().to_owned(),
        ),
        message_zh: refusal.message_zh,
        message_en: refusal.message_en,
        refused_at_ms,
    }
}

fn not_proven(sent: &InFlight, error: &str) -> Bilingual {
    let slot = &sent.expected.slot;
    Bilingual::new(
        format!(
            "{slot} 的回执未通过验证（{error}）。报送数据仍保存在本机，尚不能证明已报送。请打电话告知市局，不要删除任何文件"
        ),
        format!(
            "the receipt for {slot} does not hold ({error}). The statement is still kept here, and it is not proven that it \
             was reported. Ring the city's office, and delete nothing"
        ),
    )
}

fn not_stored(error: &str) -> Bilingual {
    Bilingual::new(
        format!("市局的答复无法写入本机磁盘（{error}）。请检查磁盘空间；恢复后会自动再取一次"),
        format!(
            "the city's answer could not be written to this disk ({error}): make room; it is fetched again by itself"
        ),
    )
}

fn unknown_answer() -> Bilingual {
    Bilingual::new(
        "市局的答复本程序看不懂，可能需要升级。报送数据仍保存在本机",
        "the city gave an answer that this program does not know: it may need an update. The statement is still kept here",
    )
}

fn foreign(id: u64) -> Bilingual {
    Bilingual::new(
        format!(
            "待发队列的第 {id} 条记录不是报送数据，已搁置。请把 state/spool 文件夹复制一份并联系技术支持"
        ),
        format!(
            "record {id} of the spool is no statement and was set aside: copy the folder state/spool and ask for support"
        ),
    )
}
