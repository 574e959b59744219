//! Telling the clerk who asked for which file, why, and what became of it: in `evidence/requests.report.txt` and in the log.

use std::path::Path;

use granary_core::text::{Bilingual, Language};
use granary_proto::v1::EvidenceState;
use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

use super::{Outcome, Shown};
use crate::durable::write_durably;

/// The file in the folder `evidence`.
const FILE: &str = "requests.report.txt";

/// Tells of everything that was asked for; where nothing was, the last report stays as it is.
pub(super) fn tell(root: &Path, shown: &[Shown], language: Language, zone: &TimeZone) {
    if shown.is_empty() {
        return;
    }
    for one in shown {
        let outcome = words(&one.outcome).en;
        tracing::info!(
            file = one.pending.name,
            outcome,
            "the city asks for evidence"
        );
    }
    let text = report(shown, language, zone);
    let path = root.join("evidence").join(FILE);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return;
    }
    if let Err(error) = write_durably(&path, text.as_bytes()) {
        tracing::warn!(%error, "the report on evidence could not be written");
    }
}

fn report(shown: &[Shown], language: Language, zone: &TimeZone) -> String {
    let title = Bilingual::new("市局调取的佐证", "Evidence that the city asks for");
    let mut text = format!("{}\n", title.get(language));
    for one in shown {
        let pending = &one.pending;
        let request = pending.request.clone().unwrap_or_default();
        let at = Timestamp::from_millisecond(request.requested_at_ms).unwrap_or_default();
        let at = ZonedDateTime::new(at, zone.clone());
        let at = at.strftime("%Y-%m-%d %H:%M");
        let (dataset, period, name) = (&pending.dataset, &pending.period, &pending.name);
        let who = request.requester.split(' ').next().unwrap_or_default();
        let (who, reason) = (asker(who), &request.reason);
        let outcome = words(&one.outcome);
        let line = Bilingual::new(
            format!(
                "\n{name}（{dataset} {period}）\n  {at} {}调取，原因：{reason}\n  {}\n",
                who.zh, outcome.zh
            ),
            format!(
                "\n{name} ({dataset} {period})\n  {at}, asked for by {}: {reason}\n  {}\n",
                who.en, outcome.en
            ),
        );
        text.push_str(line.get(language));
    }
    text
}

fn asker(who: &str) -> Bilingual {
    match who {
        "role:auditor" => Bilingual::new("审计员", "an auditor"),
        _ => Bilingual::new("市局", "the city's operator"),
    }
}

fn words(outcome: &Outcome) -> Bilingual {
    match outcome {
        Outcome::Sent => Bilingual::new(
            "已送达，市局已核对摘要",
            "handed in; the city has checked its digest",
        ),
        Outcome::Failed(why) => Bilingual::new(
            format!("{}；将自动重试", why.zh),
            format!("{}; it is tried again", why.en),
        ),
        Outcome::Missing(state) => match state {
            EvidenceState::Gone => Bilingual::new(
                "文件已不在，已如实答复。请把原文件放回 evidence 文件夹，文件名不变，将自动送出",
                "the file is gone, and the city was told so. Put it back into the folder evidence under its name, and it is sent",
            ),
            EvidenceState::Changed => Bilingual::new(
                "同名文件的内容已与报送时不同，已如实答复。请把报送时的原文件放回 evidence 文件夹",
                "the file of this name is not the one that was stated, and the city was told so. Put the original back into the folder evidence",
            ),
            EvidenceState::TooLarge => Bilingual::new(
                "文件超过可送出的大小，已如实答复。请与市局联系",
                "the file is larger than is handed in, and the city was told so. Ring the city's office",
            ),
            EvidenceState::Unspecified
            | EvidenceState::NotRequested
            | EvidenceState::Requested
            | EvidenceState::Held => Bilingual::new("无需处理", "nothing is to be done"),
        },
    }
}
