//! `granary-agent verify`.

use std::path::{Path, PathBuf};

use granary_core::{
    ledger::{JournalEntry, Subject},
    log::{Checkpoint, Receipt, VerifierKey},
    text::{Bilingual, Language},
};
use jiff::tz::TimeZone;

use crate::cli::{Ended, not_now, out};
use crate::identity;
use crate::receipts::verify_file;
use crate::settings::{FILE, Settings};

pub(super) const HELP: &str = "Examples (示例):
  granary-agent verify state/receipts/quarterly-accounts_2021-Q3_r1_0f3a….tlog-proof --dir /srv/granary
  granary-agent verify receipt.tlog-proof --key 'city.example+0123abcd+AbC…' --lang en

Needs no connection and trusts nobody but the log's public key. Exit status: 0 it holds, 3 it does not.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The receipt
    receipt: PathBuf,
    /// The log's verifier key; otherwise that of the enrolment in --dir
    #[arg(long)]
    key: Option<String>,
    /// The language; otherwise that of the settings
    #[arg(long, value_parser = ["zh", "en"])]
    lang: Option<String>,
}

/// Verifies a receipt and says what follows from it.
pub(super) fn verify(
    dir: &Path,
    arguments: &Arguments,
    fallback: Language,
) -> Result<Ended, Ended> {
    let settings = dir
        .join(FILE)
        .exists()
        .then(|| Settings::load(dir, &std::collections::BTreeMap::new()).ok())
        .flatten();
    let asked = arguments.lang.as_deref().and_then(Language::parse);
    let language = asked
        .or(settings.as_ref().map(|settings| settings.language))
        .unwrap_or(fallback);
    let zone = settings.map_or_else(
        || TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        |settings| settings.time_zone,
    );
    let key = match &arguments.key {
        Some(text) => VerifierKey::parse(text).map_err(|error| not_now(&error))?,
        None => identity::load_log_key(&dir.join("identity")).map_err(|error| not_now(&error))?,
    };
    match verify_file(&arguments.receipt, &key) {
        Ok((receipt, entry, checkpoint)) => {
            out::line(holds(&receipt, &entry, &checkpoint, &zone).get(language));
            Ok(Ended::Done)
        }
        Err(error) => {
            let words = Bilingual::new(
                format!("回执无效：{error}"),
                format!("The receipt does not hold: {error}"),
            );
            out::line(words.get(language));
            Ok(Ended::Refused)
        }
    }
}

fn holds(
    receipt: &Receipt,
    entry: &JournalEntry,
    checkpoint: &Checkpoint,
    zone: &TimeZone,
) -> Bilingual {
    let (zh_subject, en_subject) = match &entry.subject {
        Subject::Snapshot(slot) => (
            format!(
                "单位 {} 报表 {} 报告期 {} 的报送",
                slot.unit, slot.dataset, slot.period
            ),
            format!(
                "the statement of unit {} on {} for {}",
                slot.unit, slot.dataset, slot.period
            ),
        ),
        Subject::Act => (
            "一项管理事项".to_owned(),
            "an administrative act".to_owned(),
        ),
    };
    let at = out::instant(entry.received_at_ms, zone);
    let digest = entry.payload_sha256;
    let keys = entry
        .signatures
        .iter()
        .map(|signature| signature.key_id.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let (origin, size, index) = (checkpoint.origin(), checkpoint.size(), receipt.index);
    let root = checkpoint.root().to_base64();
    Bilingual::new(
        format!(
            "回执有效。\n  账本      {origin}\n  条目      第 {index} 条（共 {size} 条，根 {root}）\n  内容      {zh_subject}\n  \
             市局收到  {at}\n  数据摘要  {digest}\n  签名密钥  {keys}\n\
             它证明：账本的主人签字承诺，账本第 {index} 条正是上述内容、上述摘要、上述签名。\n\
             它不证明：数据通过了审核（见 accepted 或 returned 中的报告）；收到时间未被写早（须见证方联署）；\
             别人看到的是同一本账（须核对一致性）。"
        ),
        format!(
            "The receipt holds.\n  log          {origin}\n  entry        {index} of {size}, root {root}\n  subject      {en_subject}\n  \
             received     {at}\n  payload      {digest}\n  signing key  {keys}\n\
             It proves that the log's owner has signed that entry {index} is exactly this subject, this payload and these signatures.\n\
             It does not prove that the figures passed the edits (see the report in accepted or returned), nor that the receive \
             time was not set back (witnesses cosign for that), nor that others are shown the same log (compare heads for that)."
        ),
    )
}
