//! What the agent does by itself beside reporting: it tells the city how it is, and renews its certificate in time.
//!
//! In: [`Facts`] from the desk. Out: [`Upkept`] for the desk. Durable after: a certificate is in place ([`crate::renew`]) before it is
//! told. On crash: the next start looks again. One task, which wakes once a heartbeat and once an hour; it holds no state that matters.
//!
//! The certificate's end is judged by the city's clock where that is known, so that a wrong clock here renews neither too late nor for
//! ever anew. Where the city says that the certificate has expired although this clock does not think so, it is asked for without one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use granary_core::text::Bilingual;
use granary_proto::v1::{HeartbeatRequest, fleet_service_client::FleetServiceClient};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::{Code, transport::Channel};

use crate::certificate::Certificate;
use crate::enrol::explain;
use crate::identity::Identity;
use crate::link::Clock;
use crate::renew::{RenewError, renew};
use crate::settings::LinkSettings;
use crate::tls;

/// Between two looks at the certificate.
const LOOK_PAUSE: Duration = Duration::from_secs(3_600);
/// Between two attempts to renew it.
const RETRY_PAUSE: Duration = Duration::from_secs(600);

/// How the agent stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Statements in the spool.
    pub spooled_records: u64,
    /// Bytes of them.
    pub spooled_bytes: u64,
    /// Files and alarms that somebody has to look at.
    pub problems: u32,
}

/// What the upkeep has to tell.
#[derive(Debug)]
pub enum Upkept {
    /// The city took a heartbeat.
    Beaten {
        /// How far this computer's clock is ahead of the city's.
        clock_ahead_ms: i64,
    },
    /// A new certificate is in place: connect anew with it.
    Renewed {
        /// Until when it lasts.
        until_ms: i64,
    },
    /// It could not be renewed; it is tried again.
    NotRenewed {
        /// Until when the one in use lasts.
        until_ms: i64,
        /// Whether that is over.
        expired: bool,
        /// Why.
        why: Bilingual,
    },
}

/// What the task works with.
pub struct Duty {
    /// The city: `https://host:port`.
    pub server: String,
    /// The folder `identity`.
    pub folder: PathBuf,
    /// Who this is.
    pub identity: Identity,
    /// The line's settings.
    pub link: LinkSettings,
    /// Between two heartbeats.
    pub heartbeat: Duration,
    /// Name and version of the program.
    pub software: &'static str,
    /// This machine's clock.
    pub clock: Clock,
}

/// The running task. Dropping it ends it.
pub struct Upkeep {
    news: mpsc::Receiver<Upkept>,
    facts: watch::Sender<Facts>,
    expired: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Upkeep {
    /// Begins. `connection` tells whether the line over `channel` is open.
    #[must_use]
    pub fn start(channel: Channel, duty: Duty, connection: watch::Receiver<bool>) -> Self {
        let (sender, news) = mpsc::channel(4);
        let (facts, told) = watch::channel(Facts::default());
        let expired = Arc::new(Notify::new());
        let keeper = Keeper {
            certificate: Certificate::from_pem(&duty.identity.certificate_pem).ok(),
            channel,
            duty,
            connection,
            facts: told,
            expired: Arc::clone(&expired),
            news: sender,
            clock_ahead_ms: None,
        };
        Self {
            news,
            facts,
            expired,
            task: tokio::spawn(keeper.run()),
        }
    }

    /// The next thing to tell. Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> Upkept {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// Says how the agent stands, for the next heartbeat.
    pub fn set(&self, facts: Facts) {
        self.facts.send_replace(facts);
    }

    /// The city says that the certificate has expired.
    pub fn certificate_expired(&self) {
        self.expired.notify_one();
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Keeper {
    channel: Channel,
    duty: Duty,
    certificate: Option<Certificate>,
    connection: watch::Receiver<bool>,
    facts: watch::Receiver<Facts>,
    expired: Arc<Notify>,
    news: mpsc::Sender<Upkept>,
    clock_ahead_ms: Option<i64>,
}

impl Keeper {
    async fn run(mut self) {
        let (mut beat_at, mut look_at) = (Instant::now(), Instant::now());
        loop {
            tokio::select! {
                () = connected_at(&mut self.connection, beat_at) => {
                    beat_at = Instant::now() + self.beat().await;
                }
                () = sleep_until(look_at) => look_at = Instant::now() + self.look(false).await,
                () = self.expired.notified() => {
                    look_at = Instant::now() + self.look(true).await;
                }
            }
        }
    }

    /// Tells the city how the agent stands; gives the pause until the next time.
    async fn beat(&mut self) -> Duration {
        let request = self.heartbeat();
        let mut client = FleetServiceClient::new(self.channel.clone());
        let (begun, sent_at_ms) = (Instant::now(), (self.duty.clock)());
        let answer = timeout(self.patience(), client.heartbeat(request)).await;
        match answer {
            Ok(Ok(response)) => {
                let half_ms = i64::try_from(begun.elapsed().as_millis() / 2).unwrap_or(0);
                let city_ms = response.into_inner().city_time_ms;
                let clock_ahead_ms = sent_at_ms.saturating_add(half_ms).saturating_sub(city_ms);
                self.clock_ahead_ms = Some(clock_ahead_ms);
                self.tell(Upkept::Beaten { clock_ahead_ms }).await;
                self.duty.heartbeat
            }
            Ok(Err(status)) if status.code() == Code::Unimplemented => {
                tracing::debug!("the city's program takes no heartbeats yet");
                self.duty.heartbeat.max(LOOK_PAUSE)
            }
            Ok(Err(status)) => {
                tracing::debug!(reason = explain(&status), "a heartbeat was not taken");
                self.duty.heartbeat
            }
            Err(_) => self.duty.heartbeat,
        }
    }

    fn heartbeat(&self) -> HeartbeatRequest {
        let facts = *self.facts.borrow();
        HeartbeatRequest {
            key_id: self.duty.identity.key_id().as_bytes().to_vec(),
            software: self.duty.software.to_owned(),
            spooled_records: facts.spooled_records,
            spooled_bytes: facts.spooled_bytes,
            clock_ahead_ms: self.clock_ahead_ms,
            problems: facts.problems,
            certificate_until_ms: self.certificate.as_ref().map_or(0, |known| known.until_ms),
        }
    }

    /// Renews the certificate where it is time; gives the pause until the next look.
    async fn look(&mut self, told_expired: bool) -> Duration {
        let Some(certificate) = &self.certificate else {
            return LOOK_PAUSE;
        };
        let now_ms = (self.duty.clock)().saturating_sub(self.clock_ahead_ms.unwrap_or(0));
        if !told_expired && now_ms < certificate.renew_from_ms() {
            return LOOK_PAUSE;
        }
        let (until_ms, expired) = (
            certificate.until_ms,
            told_expired || certificate.is_expired(now_ms),
        );
        match self.renew(expired, now_ms).await {
            Ok(until_ms) => {
                self.tell(Upkept::Renewed { until_ms }).await;
                LOOK_PAUSE
            }
            Err(why) => {
                let news = Upkept::NotRenewed {
                    until_ms,
                    expired,
                    why,
                };
                self.tell(news).await;
                RETRY_PAUSE
            }
        }
    }

    async fn renew(&self, expired: bool, now_ms: i64) -> Result<i64, Bilingual> {
        let duty = &self.duty;
        let channel = if expired {
            tls::authority_channel(&duty.server, &duty.identity.authority_pem, &duty.link)
                .map_err(|error| same(&error.to_string()))?
        } else {
            self.channel.clone()
        };
        let asked = timeout(
            self.patience(),
            renew(channel, &duty.folder, &duty.identity, now_ms),
        )
        .await;
        match asked {
            Ok(Ok(until_ms)) => Ok(until_ms),
            Ok(Err(RenewError::Refused(words))) => Err(words),
            Ok(Err(error)) => Err(same(&error.to_string())),
            Err(_) => Err(Bilingual::new("市局没有应答", "the city does not answer")),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.duty.link.answer_timeout_ms)
    }

    /// The desk may be gone; then there is nobody to tell.
    async fn tell(&self, news: Upkept) {
        let _ = self.news.send(news).await;
    }
}

fn same(text: &str) -> Bilingual {
    Bilingual::new(text, text)
}

/// Resolves once the line is open and the instant has come; never after the desk is gone.
async fn connected_at(connection: &mut watch::Receiver<bool>, at: Instant) {
    sleep_until(at).await;
    if connection.wait_for(|open| *open).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use granary_core::envelope::{KeyRole, SecretKey, Suite};
    use rcgen::KeyPair;

    use super::*;
    use crate::certificate::tests::made;
    use crate::link::tests::support::{CITY_BEHIND_MS, City, Manner, UNIT, log_key};

    const DAY_MS: i64 = 86_400_000;

    /// By this clock it is 2026-01-03, noon.
    fn third_of_january() -> i64 {
        1_767_225_600_000 + 2 * DAY_MS + DAY_MS / 2
    }

    /// An agent whose certificate lasts from `from` to `until` days after 2026-01-01.
    fn started(
        folder: &tempfile::TempDir,
        city: &City,
        until: i64,
        open: bool,
    ) -> (Upkeep, watch::Sender<bool>) {
        let key = KeyPair::generate().unwrap();
        let identity = Identity {
            signing: SecretKey::from_seed(Suite::Ed25519, &[5; 32]).unwrap(),
            role: KeyRole::Agent,
            unit: UNIT.parse().unwrap(),
            tls_key_pem: key.serialize_pem(),
            certificate_pem: made(UNIT, &key, 0, until).pem(),
            authority_pem: String::new(),
            log_key: log_key(),
        };
        let duty = Duty {
            server: "https://city.example:7443".to_owned(),
            folder: folder.path().to_owned(),
            identity,
            link: LinkSettings::default(),
            heartbeat: Duration::from_secs(60),
            software: "granary-agent/test",
            clock: third_of_january,
        };
        let (connected, connection) = watch::channel(open);
        (Upkeep::start(city.channel(), duty, connection), connected)
    }

    #[tokio::test(start_paused = true)]
    async fn the_city_hears_how_the_agent_stands_and_the_agent_how_its_clock_does() {
        let (folder, city) = (tempfile::tempdir().unwrap(), City::start(Manner::Honest));
        let (mut upkeep, _line) = started(&folder, &city, 700, true);
        upkeep.set(Facts {
            spooled_records: 7,
            spooled_bytes: 900,
            problems: 2,
        });
        let Upkept::Beaten { clock_ahead_ms } = upkeep.next().await else {
            panic!("no heartbeat");
        };
        let city_ms = crate::run::now_ms() - CITY_BEHIND_MS;
        let off = (third_of_january() - city_ms) - clock_ahead_ms;
        assert!(off.abs() < 30_000, "{off}");
        upkeep.next().await;
        let beats = city.heartbeats();
        assert_eq!(
            (
                beats[0].spooled_records,
                beats[0].spooled_bytes,
                beats[0].problems
            ),
            (7, 900, 2)
        );
        assert_eq!(beats[0].clock_ahead_ms, None, "nothing was measured yet");
        assert_eq!(beats[1].clock_ahead_ms, Some(clock_ahead_ms));
        assert_eq!(beats[1].software, "granary-agent/test");
        assert!(beats[1].certificate_until_ms > third_of_january());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_told_while_the_line_is_down_and_an_older_city_is_left_alone() {
        let (folder, city) = (tempfile::tempdir().unwrap(), City::start(Manner::Honest));
        let (mut upkeep, line) = started(&folder, &city, 700, false);
        let hours = timeout(Duration::from_secs(7_200), upkeep.next()).await;
        assert!(hours.is_err() && city.heartbeats().is_empty());
        line.send_replace(true);
        assert!(matches!(upkeep.next().await, Upkept::Beaten { .. }));
        let older = City::start(Manner::WithoutRecords);
        let (mut upkeep, _line) = started(&folder, &older, 700, true);
        assert!(
            timeout(Duration::from_secs(7_200), upkeep.next())
                .await
                .is_err()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_certificate_in_its_last_third_is_renewed_without_being_asked() {
        let (folder, city) = (tempfile::tempdir().unwrap(), City::start(Manner::Honest));
        let (mut upkeep, _line) = started(&folder, &city, 3, false);
        let Upkept::Renewed { until_ms } = upkeep.next().await else {
            panic!("not renewed");
        };
        let pem = std::fs::read_to_string(folder.path().join("tls.crt")).unwrap();
        assert_eq!(Certificate::from_pem(&pem).unwrap().until_ms, until_ms);
        // One that has time left stays.
        let (mut upkeep, _line) = started(&folder, &city, 700, false);
        assert!(
            timeout(Duration::from_secs(7_200), upkeep.next())
                .await
                .is_err()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_fails_says_until_when_there_is_time_and_is_tried_again() {
        let (folder, city) = (
            tempfile::tempdir().unwrap(),
            City::start(Manner::RefuseFor(0)),
        );
        let (mut upkeep, _line) = started(&folder, &city, 3, false);
        for _ in 0..2 {
            let Upkept::NotRenewed {
                until_ms,
                expired,
                why,
            } = upkeep.next().await
            else {
                panic!("renewed");
            };
            assert!(!expired && until_ms > third_of_january());
            assert!(!why.zh.is_empty() && !why.en.is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_certificate_is_known_by_the_clock_or_by_the_citys_word() {
        let (folder, city) = (tempfile::tempdir().unwrap(), City::start(Manner::Honest));
        // The stored authority is none, so the line without a certificate cannot be opened: that it was tried is what counts.
        let (mut upkeep, _line) = started(&folder, &city, 1, false);
        assert!(matches!(
            upkeep.next().await,
            Upkept::NotRenewed { expired: true, .. }
        ));
        let (mut upkeep, _line) = started(&folder, &city, 700, false);
        upkeep.certificate_expired();
        assert!(matches!(
            upkeep.next().await,
            Upkept::NotRenewed { expired: true, .. }
        ));
    }
}
