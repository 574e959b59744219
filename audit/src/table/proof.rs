//! What a verified receipt or checkpoint says, and what it does not: the second list is as important as the first.

use granary_core::{
    ledger::{Act, Deed, Subject, sampling::Step},
    log::{Checkpoint, VerifierKey},
    snapshot::Snapshot,
    text::Bilingual,
};

use crate::{
    verify::{Fault, Payload, Proof},
    witnessed::Stand,
    words::{self, Manner},
};

/// A receipt that holds, and its payload where one was given and is the right one.
#[must_use]
pub fn proof(
    manner: &Manner,
    log_key: &VerifierKey,
    proof: &Proof,
    payload: Option<&Payload>,
    stand: Option<&Stand>,
) -> String {
    let entry = &proof.entry;
    let received = manner.exact_instant(entry.received_at_ms);
    let mut text = headline(manner.say("回执成立。", "The receipt holds."));
    text.push_str(manner.say(
        "它证明，日志的主人在签名的日志中收录了这一条：\n",
        "It proves that the log's owner has committed, in the signed log, to this entry:\n",
    ));
    let clock = manner.say("以市级系统的时钟为准", "by the city's clock");
    field(
        &mut text,
        manner.say("收到时间", "received"),
        &format!("{received} ({}), {clock}", manner.zone_name()),
    );
    subject(manner, &mut text, &entry.subject);
    field(
        &mut text,
        manner.say("内容 SHA-256", "payload SHA-256"),
        &entry.payload_sha256.to_string(),
    );
    let signers = words::key_ids(entry.signatures.iter().map(|signature| &signature.key_id));
    field(&mut text, manner.say("签名密钥", "signing key"), &signers);
    field(
        &mut text,
        manner.say("日志序号", "log index"),
        &proof.index.to_string(),
    );
    head(manner, &mut text, log_key, &proof.checkpoint);
    if let Some(payload) = payload {
        field(
            &mut text,
            manner.say("内容文件", "payload file"),
            &describe(manner, payload),
        );
    }
    text.push('\n');
    witnesses(manner, &mut text, stand);
    let limit = unproven(payload.is_some(), proof.unchecked_signatures, stand);
    limits(manner, &mut text, &limit);
    text
}

/// A checkpoint that holds by itself.
#[must_use]
pub fn checkpoint(
    manner: &Manner,
    log_key: &VerifierKey,
    checkpoint: &Checkpoint,
    unchecked: usize,
    stand: Option<&Stand>,
) -> String {
    let mut text = headline(manner.say("检查点成立。", "The checkpoint holds."));
    text.push_str(manner.say(
        "它证明，日志的主人签署了这样一棵树：\n",
        "It proves that the log's owner has signed this tree:\n",
    ));
    head(manner, &mut text, log_key, checkpoint);
    text.push('\n');
    witnesses(manner, &mut text, stand);
    let limit = unproven_by_checkpoint(unchecked, stand);
    limits(manner, &mut text, &limit);
    text
}

/// Why nothing is proved.
#[must_use]
pub fn fault(manner: &Manner, fault: &Fault) -> String {
    let reason = fault.message();
    let verdict = manner.say(
        "不成立，什么也没有证明。",
        "It does not hold, and nothing is proved.",
    );
    format!(
        "{verdict}\n{}: {}\n",
        manner.say("原因", "reason"),
        reason.get(manner.language)
    )
}

/// What a receipt that holds does not prove.
#[must_use]
pub fn unproven(
    with_payload: bool,
    unchecked_signatures: usize,
    stand: Option<&Stand>,
) -> Vec<Bilingual> {
    let mut list = vec![
        Bilingual::new(
            "数字是否属实、是否通过审核、是否为现行值：退回的报送同样入账，之后也可能有修订",
            "that the figures are true, were accepted or are current: a returned snapshot is journaled too, and revisions may follow",
        ),
        Bilingual::new(
            "市级时钟是否准确：收到时间是市级系统自己写下的，只能保证前后有序",
            "that the city's clock was right: the receive time is the city's own word, and only its order is held",
        ),
        Bilingual::new(
            "签名是否出自该单位：条目记有签名和密钥标识，核对签名还需要内容和该单位的公钥",
            "that the signature is the unit's: the entry holds it with the key's id, and checking it takes the payload and the unit's public key",
        ),
        witness(unchecked_signatures, stand),
    ];
    if !with_payload {
        list.push(Bilingual::new(
            "内容是什么：没有给出内容文件，只知道它的 SHA-256（--payload 可核对）",
            "what the payload says: none was given, so only its SHA-256 is known (--payload checks one)",
        ));
    }
    list
}

/// What a checkpoint that holds does not prove.
#[must_use]
pub fn unproven_by_checkpoint(
    unchecked_signatures: usize,
    stand: Option<&Stand>,
) -> Vec<Bilingual> {
    vec![
        Bilingual::new(
            "签署的时间：检查点没有时间戳",
            "when it was signed: a checkpoint has no timestamp",
        ),
        Bilingual::new(
            "树里有什么：收录某一条要用回执证明",
            "what is in the tree: that takes a receipt for each entry",
        ),
        witness(unchecked_signatures, stand),
    ]
}

fn witness(unchecked: usize, stand: Option<&Stand>) -> Bilingual {
    if let Some(stand) = stand {
        return stand.unproven();
    }
    let (zh, en) = match unchecked {
        0 => (
            "没有见证人的联署".to_owned(),
            "it carries no witness's cosignature".to_owned(),
        ),
        n => (
            format!("另有 {n} 个签名没有核对"),
            format!("{n} signatures of other keys were not checked"),
        ),
    };
    Bilingual::new(
        format!("市里给所有人看的是同一份日志（{zh}）"),
        format!("that the city shows everybody the same log ({en})"),
    )
}

fn witnesses(manner: &Manner, text: &mut String, stand: Option<&Stand>) {
    if let Some(stand) = stand {
        text.push_str(&stand.text(manner));
        text.push('\n');
    }
}

fn headline(sentence: &str) -> String {
    format!("{sentence}\n\n")
}

fn subject(manner: &Manner, text: &mut String, subject: &Subject) {
    match subject {
        Subject::Act => {
            field(
                text,
                manner.say("类别", "kind"),
                manner.say("管理操作", "an administrative act"),
            );
        }
        Subject::Snapshot(slot) => {
            field(
                text,
                manner.say("类别", "kind"),
                manner.say("报送", "a snapshot"),
            );
            field(text, manner.say("单位", "unit"), slot.unit.as_str());
            field(text, manner.say("报表", "dataset"), slot.dataset.as_str());
            field(
                text,
                manner.say("报告期", "period"),
                &slot.period.to_string(),
            );
        }
    }
}

fn head(manner: &Manner, text: &mut String, log_key: &VerifierKey, checkpoint: &Checkpoint) {
    let key = format!(
        "{} ({} {})",
        checkpoint.origin(),
        manner.say("密钥", "key"),
        log_key.id()
    );
    field(text, manner.say("日志", "log"), &key);
    field(
        text,
        manner.say("树的大小", "tree size"),
        &checkpoint.size().to_string(),
    );
    field(
        text,
        manner.say("根哈希", "root hash"),
        &checkpoint.root().to_string(),
    );
}

fn describe(manner: &Manner, payload: &Payload) -> String {
    match payload {
        Payload::Snapshot(snapshot) => describe_snapshot(manner, snapshot),
        Payload::Act(act) => {
            let same = manner.say("SHA-256 相符", "its SHA-256 is the entry's");
            let by = if act.person.is_empty() {
                String::new()
            } else {
                let by = manner.say("控制台经办", "asked for at the console by");
                format!("; {by}: {}", act.person)
            };
            format!("{same}; {}{by}", deed(manner, act))
        }
    }
}

fn describe_snapshot(manner: &Manner, snapshot: &Snapshot) -> String {
    let prepared = manner.instant(snapshot.prepared_at_ms);
    let (revision, count) = (snapshot.revision, snapshot.observations.len());
    match manner.language {
        granary_core::text::Language::Zh => {
            format!(
                "SHA-256 相符；第 {revision} 次，{count} 个数值，填报方写明的完成时间 {prepared}"
            )
        }
        granary_core::text::Language::En => format!(
            "its SHA-256 is the entry's; revision {revision}, {count} observations, prepared {prepared} by the unit's clock"
        ),
    }
}

pub(super) const fn deed(manner: &Manner, act: &Act) -> &'static str {
    match &act.deed {
        Deed::Genesis { .. } => manner.say("创世记录", "the first entry"),
        Deed::PublishCatalogue(_) => manner.say("发布目录", "a catalogue is published"),
        Deed::IssueToken { .. } => manner.say("发放登记码", "a token is issued"),
        Deed::EnrolKey { .. } => manner.say("登记密钥", "a key is enrolled"),
        Deed::RevokeKey { .. } => manner.say("吊销密钥", "a key is revoked"),
        Deed::RotateKey { .. } => manner.say("更换密钥", "a key hands over to another"),
        Deed::Extend { .. } => manner.say("延期", "a slot is extended"),
        Deed::Exempt { .. } => manner.say("免报", "a slot is exempted"),
        Deed::ImportHistory { .. } => manner.say("导入历史", "history is imported"),
        Deed::RequestEvidence { .. } => manner.say("调取佐证", "evidence is asked for"),
        Deed::AnchorAccess { .. } => manner.say("锚定访问记录", "the access log is anchored"),
        Deed::PublishBulletin(_) => manner.say("发布通报", "a bulletin is published"),
        Deed::Sample(Step::Announce(_)) => manner.say("公告抽样", "a sample is announced"),
        Deed::Sample(Step::Draw(_)) => manner.say("抽取样本", "a sample is drawn"),
        Deed::Sample(Step::Visit(_)) => manner.say("记录核查结果", "a visit is recorded"),
        Deed::EnrolWitness { .. } => manner.say("登记见证密钥", "a witness key is enrolled"),
        Deed::Decide { .. } => manner.say("对说明的批示", "an explanation is decided on"),
    }
}

fn limits(manner: &Manner, text: &mut String, unproven: &[Bilingual]) {
    text.push_str(manner.say("它不证明：\n", "It does not prove:\n"));
    for line in unproven {
        text.push_str(&format!("  - {}\n", line.get(manner.language)));
    }
}

fn field(text: &mut String, label: &str, value: &str) {
    text.push_str(&format!("  {label}: {value}\n"));
}
