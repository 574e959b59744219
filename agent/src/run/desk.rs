//! The desk: everything that a running agent owns.

mod current;
mod upkept;
mod watched;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use granary_core::{digest::Digest, envelope::KeyRole, log::VerifierKey, text::Bilingual};
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::catalogue_cache::CatalogueCache;
use crate::durable::OsDisk;
use crate::evidence::Shower;
use crate::history::Reader;
use crate::identity::Identity;
use crate::inbox::{self, Context, Folder, Folders, Inbox, Spot, Step};
use crate::link::fetch::{Fetched, Fetcher, Held};
use crate::link::{Backoff, Courier, Line, News, Outbox, Signer, system_random};
use crate::receipts::{Receipts, Refused};
use crate::report::{Answer, Report};
use crate::run::recorder::Recorder;
use crate::run::settle::Settler;
use crate::run::spooler::Spooler;
use crate::run::{Event, StartError, Submitted, payloads};
use crate::settings::Settings;
use crate::spool::Spool;
use crate::status::{LastReceipt, Status, StatusFile};
use crate::upkeep::Upkeep;
use crate::waiting::WaitingFolder;
use crate::witness::{Fork, Watch};
use current::Current;

/// Name and version, as snapshots carry it.
pub(crate) const SOFTWARE: &str = concat!("granary-agent/", env!("CARGO_PKG_VERSION"));
/// The least time between two looks: a file that is settled may be open in a program, or wait for the catalogue, for long.
const LOOK_MIN: Duration = Duration::from_millis(50);
/// From this difference on, the clock is worth an alarm.
const CLOCK_DIFFERENCE_MS_MAX: i64 = 5 * 60 * 1_000;

/// Everything that a running agent owns. One task calls it.
pub struct Desk {
    settings: Settings,
    inbox: Inbox,
    courier: Courier<OsDisk>,
    fetcher: Fetcher,
    /// Shows evidence to the city by itself, for as long as the desk is there.
    _shower: Shower,
    witness: Watch,
    upkeep: Upkeep,
    log_key: VerifierKey,
    catalogue: CatalogueCache,
    current: Current,
    recorder: Recorder,
    history: Reader,
    signer: Signer,
    role: KeyRole,
    waiting: WaitingFolder,
    settler: Settler,
    status: Status,
    status_file: StatusFile,
    /// What has happened to files since somebody asked.
    steps: Vec<Step>,
    next_look: Instant,
    /// Whether files could be checked and numbered once; before that, what comes may make it possible.
    was_ready: bool,
    /// Files that could not be handled at the last look.
    blocked: usize,
    /// Whether the line has to be opened anew with a new certificate.
    renewed: bool,
}

/// The parts of a desk that sign and spool, borrowed apart from its inbox.
macro_rules! spooler {
    ($desk:expr) => {
        Spooler {
            outbox: $desk.courier.outbox(),
            signer: &$desk.signer,
            role: $desk.role,
            catalogue: $desk.catalogue.catalogue(),
            waiting: &$desk.waiting,
            revisions: $desk.settler.revisions(),
            recorder: &mut $desk.recorder,
        }
    };
}

impl Desk {
    /// Puts everything together and begins to connect.
    ///
    /// # Errors
    /// [`StartError`] where a folder or the address cannot be used.
    pub fn open(
        channel: Channel,
        settings: Settings,
        identity: Identity,
        spool: Spool<OsDisk>,
    ) -> Result<Self, StartError> {
        std::fs::create_dir_all(&settings.state)?;
        let receipts = Receipts::open(&settings.state)?;
        let outbox = Outbox::new(spool, receipts, identity.log_key.clone());
        let backoff = || Backoff::new(&settings.link, system_random());
        let line = Line::open(channel.clone(), settings.link, backoff());
        let courier = Courier::new(outbox, line, settings.link, backoff(), now_ms);
        let catalogue = CatalogueCache::open(&settings.state);
        let settler = Settler::open(&settings.state);
        let recorder = Recorder::open(&settings.state, &settings.unit, !settler.caught_up());
        let history = Reader::new(&settings.state, &settings.unit);
        let held = Held {
            catalogue: catalogue.version(),
            assessments: settler.next_index(),
            records: recorder.next_index(),
        };
        let fetcher = Fetcher::start(channel.clone(), settings.link, settings.poll, held);
        let witness_channel = channel.clone();
        let connection = fetcher.connection();
        let upkeep = upkept::start(&settings, &identity, channel.clone(), connection);
        let shower = Shower::start(channel, &settings, fetcher.connection());
        let inbox = Inbox::open(
            Folders::under(&settings.root, &settings.state),
            inbox_settings(&settings),
        )?;
        let status = Status {
            pid: std::process::id(),
            software: SOFTWARE.to_owned(),
            certificate_until_ms: upkept::certificate_until_ms(&identity),
            ..Status::default()
        };
        let status_file = StatusFile::open(&settings.state);
        let signer = || Signer::new(identity.signing.clone(), identity.unit.clone());
        let witness = watched::start(&settings, &identity, witness_channel, signer());
        let signer = signer();
        let waiting = WaitingFolder::under(&settings.root);
        let role = identity.role;
        let next_look = Instant::now();
        let steps = Vec::new();
        Ok(Self {
            settings,
            inbox,
            courier,
            fetcher,
            _shower: shower,
            witness,
            upkeep,
            log_key: identity.log_key,
            catalogue,
            current: Current::unknown(),
            recorder,
            history,
            signer,
            role,
            waiting,
            settler,
            status,
            status_file,
            steps,
            next_look,
            was_ready: false,
            blocked: 0,
            renewed: false,
        })
    }

    /// Finishes what a crash left half done. Called once, before anything else.
    pub fn recover(&mut self) {
        let steps = self.inbox.recover(&mut spooler!(self), now_ms());
        self.told(steps);
        match Fork::find(&self.settings.state) {
            Some(fork) => self.forked(&fork),
            None => self.hold_back(None),
        }
        for payload in self.inbox.awaiting().unwrap_or_default() {
            if let Some(refused) = self.courier.outbox().receipts().find_refusal(&payload) {
                let answer = Answer::Refused {
                    code: refused.code.clone(),
                    message: refused.message(),
                };
                self.settle(&payload, &answer);
            }
        }
        self.note_status();
    }

    /// Looks at the inbox.
    pub fn scan(&mut self) {
        let now_ms = now_ms();
        let (is_ready, is_current) = (self.is_ready(), self.is_current());
        if let Some(catalogue) = self.catalogue.catalogue().filter(|_| is_ready) {
            let mut submitter = spooler!(self);
            let unit = &self.settings.unit;
            let steps = self.inbox.scan(&mut Context {
                unit,
                catalogue,
                is_current,
                history: &self.history,
                submitter: &mut submitter,
                now_ms,
            });
            self.ask_if_outdated(&steps);
            self.count_blocked(&steps);
            self.told(steps);
            let alarms = spooler!(self).collect();
            self.raise_new(&alarms);
            let news = self.courier.wake();
            self.news(news);
        }
        let pause = Duration::from_millis(self.settings.poll.inbox_ms);
        let wanted = self.inbox.next_scan_at_ms().map_or(pause, |at_ms| {
            wait_ms(at_ms, now_ms).max(LOOK_MIN).min(pause)
        });
        self.next_look = Instant::now() + wanted;
        self.note_status();
    }

    /// Copies a file into the inbox.
    pub(super) fn take_in(&self, path: &Path) -> io::Result<PathBuf> {
        self.inbox.take_in(path, now_ms())
    }

    /// Handles a file of the inbox at once; where there is no time left for a newer catalogue, by the one that is held.
    pub(super) fn handle_taken(&mut self, taken: &Path, is_last: bool) -> Step {
        let is_current = is_last || self.is_current();
        let Some(catalogue) = self.catalogue.catalogue() else {
            let name = taken.display().to_string();
            return Step::Waiting { name };
        };
        let mut submitter = spooler!(self);
        let unit = &self.settings.unit;
        let step = self.inbox.handle_file(
            taken,
            &mut Context {
                unit,
                catalogue,
                is_current,
                history: &self.history,
                submitter: &mut submitter,
                now_ms: now_ms(),
            },
        );
        self.ask_if_outdated(std::slice::from_ref(&step));
        log_step(&step);
        let news = self.courier.wake();
        self.news(news);
        step
    }

    /// Reacts to an event.
    pub(super) fn handle(&mut self, event: Event) {
        match event {
            Event::Look => self.scan(),
            Event::Line(event) => {
                let news = self.courier.handle(event);
                self.news(news);
            }
            Event::Tick => {
                let news = self.courier.tick();
                self.news(news);
            }
            Event::Fetched(fetched) => self.fetched(fetched),
            Event::Witness(news) => self.witnessed(news),
            Event::Upkept(news) => self.upkept(news),
            Event::WriteStatus => self.write_status(),
            Event::Stop => self.stop_sending(),
        }
        self.note_status();
    }

    /// Writes the status now.
    pub(super) fn write_status(&mut self) {
        if let Err(error) = self.status_file.write(&self.status, now_ms()) {
            tracing::warn!(%error, "the status could not be written");
        }
    }

    pub(super) fn next_look(&self) -> Option<Instant> {
        Some(self.next_look)
    }

    pub(super) fn next_tick(&self) -> Option<Instant> {
        self.courier.next_tick()
    }

    pub(super) fn next_write(&self) -> Option<Instant> {
        let due_at_ms = self.status_file.due_at_ms(&self.status)?;
        Some(Instant::now() + wait_ms(due_at_ms, now_ms()))
    }

    pub(super) const fn sources(
        &mut self,
    ) -> (&mut Courier<OsDisk>, &mut Fetcher, &mut Watch, &mut Upkeep) {
        (
            &mut self.courier,
            &mut self.fetcher,
            &mut self.witness,
            &mut self.upkeep,
        )
    }

    pub(super) fn inbox_folder(&self) -> PathBuf {
        self.inbox.folders().path(Folder::Inbox)
    }

    pub(super) fn file(&self, spot: &Spot) -> PathBuf {
        self.inbox.folders().file(spot)
    }

    /// Whether files can be checked and numbered.
    pub(super) fn is_ready(&self) -> bool {
        self.catalogue.catalogue().is_some()
            && self.settler.caught_up()
            && !self.recorder.is_awaited()
    }

    pub(super) fn alarm(&self) -> Option<Bilingual> {
        self.status
            .alarms
            .front()
            .map(|alarm| Bilingual::new(&alarm.zh, &alarm.en))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.courier.in_flight()
    }

    pub(super) fn stop_sending(&mut self) {
        self.courier.stop_sending();
    }

    pub(super) const fn drain_max(&self) -> Duration {
        Duration::from_millis(self.settings.link.drain_ms_max)
    }

    pub(super) fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    /// What the city has not answered yet of what was handed in.
    pub(super) fn payloads(&self, submitted: &Submitted) -> Vec<Digest> {
        match submitted {
            Submitted::Placed { report, .. } => payloads(report),
            Submitted::NoCatalogue(_) | Submitted::NotTaken(_) => Vec::new(),
        }
    }

    /// Everything that a report says was signed.
    pub(super) fn payloads_of(&self, report: &Report) -> Vec<Digest> {
        let signed = report
            .statements
            .iter()
            .filter_map(|statement| statement.payload_sha256.as_ref());
        signed.filter_map(|hex| Digest::from_hex(hex)).collect()
    }

    fn news(&mut self, news: Vec<News>) {
        for news in news {
            self.one_news(news);
        }
    }

    fn one_news(&mut self, news: News) {
        let now_ms = now_ms();
        match news {
            News::Connected => {
                tracing::info!(server = %self.settings.server, "connected");
                self.status.connection = crate::status::Connection {
                    open: true,
                    since_ms: now_ms,
                    ..Default::default()
                };
                self.fetcher.set_connected(true);
                self.witness.set_connected(true);
            }
            News::Disconnected { reason, wait } => self.disconnected(reason, wait, now_ms),
            News::Receipted { receipted, path } => {
                self.watch_receipt(&receipted);
                let expected = receipted.expected();
                tracing::info!(slot = %expected.slot, revision = expected.revision, index = receipted.receipt().index, "receipted");
                self.status.receipt(LastReceipt {
                    slot: expected.slot.to_string(),
                    revision: expected.revision,
                    index: receipted.receipt().index,
                    received_at_ms: receipted.received_at_ms(),
                    file: path,
                });
                let steps = self.settler.receipt_came(
                    &mut self.inbox,
                    self.courier.outbox().receipts(),
                    expected,
                    now_ms,
                );
                self.told(steps);
            }
            News::Refused(refused) => self.refused(&refused),
            News::Postponed { message, wait } => {
                tracing::warn!(
                    message = message.en,
                    wait_ms = wait.as_millis(),
                    "the city takes nothing just now"
                );
                self.status.alarm(now_ms, &message);
            }
            News::Alarm(alarm) => self.raise(&alarm),
            News::Damage(damage) => {
                let en = format!("the spool is damaged: {damage}");
                self.raise(&Bilingual::new(
                    format!("待发队列有损坏，已隔离保存：{damage}"),
                    en,
                ));
            }
        }
    }

    fn disconnected(&mut self, reason: String, wait: Duration, now_ms: i64) {
        tracing::warn!(reason, wait_ms = wait.as_millis(), "not connected");
        self.fetcher.set_connected(false);
        self.witness.set_connected(false);
        self.look_at_refusal(&reason);
        let connection = &self.status.connection;
        let is_news = connection.open || connection.since_ms == 0;
        let since_ms = if is_news { now_ms } else { connection.since_ms };
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        self.status.connection = crate::status::Connection {
            open: false,
            since_ms,
            reason,
            next_attempt_at_ms: now_ms.saturating_add(wait_ms),
        };
    }

    fn refused(&mut self, refused: &Refused) {
        tracing::warn!(
            code = refused.code,
            dataset = refused.dataset,
            period = refused.period,
            "refused"
        );
        self.ask_if_stale(&refused.code);
        if let Some(payload) = Digest::from_hex(&refused.payload_sha256) {
            let answer = Answer::Refused {
                code: refused.code.clone(),
                message: refused.message(),
            };
            self.settle(&payload, &answer);
        }
    }

    fn fetched(&mut self, fetched: Fetched) {
        match fetched {
            Fetched::Catalogue {
                version,
                bundle,
                city_time_ms,
            } => {
                self.check_clock(now_ms().saturating_sub(city_time_ms));
                if let Some(version) = version.filter(|_| !bundle.is_empty()) {
                    self.keep_catalogue(&version, &bundle);
                }
                self.confirmed();
            }
            Fetched::Assessments {
                assessed,
                next_index,
                reply,
            } => {
                if !assessed.is_empty() {
                    // What was judged may be current now.
                    self.fetcher.refresh_records();
                }
                let receipts = self.courier.outbox().receipts();
                let caught_up = self.settler.caught_up();
                let steps = self.settler.assessed(
                    &mut self.inbox,
                    receipts,
                    assessed,
                    next_index,
                    now_ms(),
                );
                self.told(steps);
                if caught_up != self.settler.caught_up() {
                    self.look_if_ready();
                }
                // The task may have ended; then there is nobody to answer.
                let _ = reply.send(self.settler.fetch_from());
            }
            Fetched::Records { answer, reply } => {
                let next_index = self.recorder.fetched(&answer);
                self.look_if_ready();
                let _ = reply.send(next_index);
            }
            Fetched::NoRecords => {
                self.recorder.missed();
                self.look_if_ready();
            }
        }
    }

    /// Files may have waited for what came.
    fn look_if_ready(&mut self) {
        if self.is_ready() && !self.was_ready {
            self.was_ready = true;
            self.next_look = Instant::now();
        }
    }

    fn settle(&mut self, payload: &Digest, answer: &Answer) {
        match self.inbox.settle(payload, answer, now_ms()) {
            Ok(step) => self.told(step.into_iter().collect()),
            Err(error) => {
                tracing::error!(%error, "an answer could not be noted; it is noted at the next start")
            }
        }
    }

    /// Raises what is not shown already: a file that cannot be used is found at every look.
    fn raise_new(&mut self, alarms: &[Bilingual]) {
        for alarm in alarms {
            if self.status.alarms.iter().all(|shown| shown.en != alarm.en) {
                self.raise(alarm);
            }
        }
    }

    fn raise(&mut self, alarm: &Bilingual) {
        tracing::error!(alarm = alarm.get(self.settings.language), "alarm");
        self.status.alarm(now_ms(), alarm);
    }

    fn told(&mut self, steps: Vec<Step>) {
        /// Nobody asks in `run`; `submit` asks after each event.
        const STEPS_MAX: usize = 100;
        steps.iter().for_each(log_step);
        self.steps.extend(steps);
        let surplus = self.steps.len().saturating_sub(STEPS_MAX);
        self.steps.drain(..surplus);
    }

    fn note_status(&mut self) {
        let spool = self.courier.outbox().status();
        self.status.pending_records = spool.pending_records;
        self.status.used_bytes = spool.used_bytes;
        self.status.limit_bytes = spool.limit_bytes;
        self.status.in_flight = self.courier.in_flight();
        self.status.catalogue_version = self.catalogue.version().map(|version| version.to_string());
        self.note_facts();
    }
}

pub(crate) fn inbox_settings(settings: &Settings) -> inbox::Settings {
    inbox::Settings {
        language: settings.language,
        zone: settings.time_zone.clone(),
        settle_ms: i64::try_from(settings.poll.settle_ms).unwrap_or(i64::MAX),
        software: SOFTWARE.to_owned(),
    }
}

/// Now, in milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn wait_ms(at_ms: i64, now_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(at_ms.saturating_sub(now_ms)).unwrap_or(0))
}

fn log_step(step: &Step) {
    match step {
        Step::Waiting { name } => tracing::debug!(name, "not whole yet"),
        Step::Outdated { name } => tracing::info!(name, "waits for the catalogue in force"),
        Step::LeftAlone { name, reason } => tracing::info!(name, reason = reason.en, "left alone"),
        Step::Placed { spot, .. } => {
            tracing::info!(name = spot.name, folder = spot.folder.name(), "placed")
        }
        Step::Blocked { name, reason } => {
            tracing::warn!(name, reason, "blocked; it is tried again")
        }
        Step::Failed { name, error } => tracing::warn!(name, error, "failed; it is tried again"),
    }
}
