//! The desk's side of the upkeep: what a heartbeat and a renewed certificate do to status and alarms.

use std::time::Duration;

use granary_core::text::Bilingual;
use tokio::sync::watch;
use tonic::transport::Channel;

use super::{CLOCK_DIFFERENCE_MS_MAX, Desk, SOFTWARE, now_ms};
use crate::certificate::Certificate;
use crate::cli::out::instant;
use crate::identity::Identity;
use crate::inbox::Step;
use crate::settings::Settings;
use crate::upkeep::{Duty, Facts, Upkeep, Upkept};

/// From this change on, a clock's difference is told anew: less is the line's.
const CLOCK_CHANGE_MS_MIN: i64 = 1_000;
/// How an alarm about the clock begins, so that the next one takes its place.
const CLOCK_ALARM: &str = "this computer's clock differs";
/// How an alarm about the certificate begins.
const CERTIFICATE_ALARM: &str = "this agent's certificate";

/// Begins to look after heartbeat and certificate.
pub(super) fn start(
    settings: &Settings,
    identity: &Identity,
    channel: Channel,
    connection: watch::Receiver<bool>,
) -> Upkeep {
    let duty = Duty {
        server: settings.server.clone(),
        folder: settings.identity.clone(),
        identity: identity.clone(),
        link: settings.link,
        heartbeat: Duration::from_millis(settings.poll.heartbeat_ms),
        software: SOFTWARE,
        clock: now_ms,
    };
    Upkeep::start(channel, duty, connection)
}

/// Until when the certificate lasts, where that can be read.
pub(super) fn certificate_until_ms(identity: &Identity) -> Option<i64> {
    let certificate = Certificate::from_pem(&identity.certificate_pem).ok()?;
    Some(certificate.until_ms)
}

impl Desk {
    /// Takes what the upkeep tells.
    pub(in crate::run) fn upkept(&mut self, news: Upkept) {
        match news {
            Upkept::Beaten { clock_ahead_ms } => {
                self.status.heartbeat_at_ms = Some(now_ms());
                self.check_clock(clock_ahead_ms);
            }
            Upkept::Renewed { until_ms } => {
                let until = instant(until_ms, &self.settings.time_zone);
                tracing::info!(
                    until,
                    "the certificate was renewed; connecting anew with it"
                );
                self.status.certificate_until_ms = Some(until_ms);
                self.unraise(CERTIFICATE_ALARM);
                self.renewed = true;
            }
            Upkept::NotRenewed {
                until_ms,
                expired,
                why,
            } => {
                let until = instant(until_ms, &self.settings.time_zone);
                self.unraise(CERTIFICATE_ALARM);
                self.raise(&not_renewed(&until, expired, &why));
            }
        }
    }

    /// Whether a new certificate is in place, so that the line has to be opened anew.
    pub(in crate::run) const fn is_renewed(&self) -> bool {
        self.renewed
    }

    /// A wrong clock is told, once, and again when it has changed; receive times do not depend on it.
    pub(super) fn check_clock(&mut self, ahead_ms: i64) {
        let known_ms = self.status.clock_ahead_ms;
        let same = known_ms.is_some_and(|known| (known - ahead_ms).abs() < CLOCK_CHANGE_MS_MIN);
        if same {
            return;
        }
        self.status.clock_ahead_ms = Some(ahead_ms);
        self.unraise(CLOCK_ALARM);
        if ahead_ms.abs() > CLOCK_DIFFERENCE_MS_MAX {
            let seconds = ahead_ms / 1_000;
            self.raise(&Bilingual::new(
                format!("本机时钟与市局相差 {seconds} 秒，请校准。是否按时以市局时间为准"),
                format!("{CLOCK_ALARM} from the city's by {seconds} seconds: set it. Punctuality goes by the city's"),
            ));
        }
    }

    /// The line was refused; perhaps because of the certificate, whatever this clock says.
    pub(super) fn look_at_refusal(&self, reason: &str) {
        let reason = reason.to_lowercase();
        if reason.contains("alert") && reason.contains("expired") {
            self.upkeep.certificate_expired();
        }
    }

    /// Counts files that could not be handled at the last look.
    pub(super) fn count_blocked(&mut self, steps: &[Step]) {
        let is_blocked = |step: &&Step| matches!(step, Step::Blocked { .. } | Step::Failed { .. });
        self.blocked = steps.iter().filter(is_blocked).count();
    }

    /// Says how the agent stands, for the next heartbeat.
    pub(super) fn note_facts(&self) {
        let problems = self.status.alarms.len().saturating_add(self.blocked);
        self.upkeep.set(Facts {
            spooled_records: self.status.pending_records,
            spooled_bytes: self.status.used_bytes,
            problems: u32::try_from(problems).unwrap_or(u32::MAX),
        });
    }

    fn unraise(&mut self, begins: &str) {
        self.status
            .alarms
            .retain(|alarm| !alarm.en.starts_with(begins));
    }
}

fn not_renewed(until: &str, expired: bool, why: &Bilingual) -> Bilingual {
    let (zh, en) = (&why.zh, &why.en);
    if expired {
        return Bilingual::new(
            format!(
                "本机证书已于 {until} 到期，换发未成功（{zh}），连不上市局。已入队的报送没有丢失，程序每十分钟再试。请打电话告知市局：“证书到期，换发未成功”"
            ),
            format!(
                "{CERTIFICATE_ALARM} ended on {until} and could not be renewed ({en}), so the city cannot be reached. What is spooled is not lost, and it is tried again every ten minutes. Ring the city's office and say so"
            ),
        );
    }
    Bilingual::new(
        format!(
            "本机证书将于 {until} 到期，换发未成功（{zh}）。程序每十分钟再试；到期前一周仍未换发，请打电话告知市局"
        ),
        format!(
            "{CERTIFICATE_ALARM} ends on {until} and could not be renewed ({en}). It is tried again every ten minutes; a week before that day, ring the city's office"
        ),
    )
}
