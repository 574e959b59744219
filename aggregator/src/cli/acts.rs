//! Commands that change something: each makes one act, signs it with the operator's key here, and sends it to the server,
//! which enters it in the journal.

use std::path::Path;

use granary_core::{
    code::{DatasetCode, EditId, ItemKey, UnitCode},
    digest::Digest,
    envelope::{KeyId, KeyRole},
    fingerprint,
    ledger::{Act, Deed, LogIndex, act},
    period::Period,
    snapshot::SlotKey,
};
use granary_proto::v1::{self, submit_act_response};
use jiff::{SignedDuration, Timestamp};

use super::{
    Connection, DecideArgs, SlotArgs, TokenArgs, Verdict, local,
    remote::{self, block_on},
    screen::{Complaint, Screen},
};
use crate::{
    clock::{Clock as _, SystemClock},
    convert, init,
    site::{self, OperatorFolder},
    tls::EnrolmentToken,
};

/// Puts a catalogue into force.
pub(super) fn publish(
    folder: &Path,
    connection: &Connection,
    screen: &Screen,
) -> Result<(), Complaint> {
    let bundle = local::check_catalogue(folder, screen)?;
    let index = submit(Deed::PublishCatalogue(bundle), connection)?;
    screen.say(
        format!("目录已生效，日志第 {index} 条"),
        format!("the catalogue is in force, entry {index}"),
    );
    Ok(())
}

/// Issues a token and prints it on a line of its own.
pub(super) fn token(args: TokenArgs, screen: &Screen) -> Result<(), Complaint> {
    let unit = UnitCode::new(&args.unit)?;
    let expires_at =
        Timestamp::from_millisecond(SystemClock.now_ms())?.checked_add(span(&args.expires)?)?;
    let folder = OperatorFolder::new(&args.connection.operator);
    let pem = site::read(&folder.authority_certificate())?;
    let (_, authority) = x509_parser::pem::parse_x509_pem(pem.as_bytes())?;
    let token = EnrolmentToken::new(Digest::of(&authority.contents), init::random()?);
    let role = KeyRole::parse(&args.role).unwrap_or_default();
    let deed = token.deed(unit.clone(), role, expires_at.as_millisecond());
    let index = submit(deed, &args.connection)?;
    let until = expires_at.strftime("%Y-%m-%d %H:%M UTC");
    let name = role.name();
    screen.say(
        format!(
            "单位 {unit} 的登记码（{}），{until} 前有效，只能用一次（日志第 {index} 条）：",
            name.zh
        ),
        format!(
            "a token for {} of unit {unit}, good once until {until} (entry {index}):",
            name.en
        ),
    );
    let words = fingerprint::words(&token.authority_sha256(), screen.language());
    screen.say(
        format!("请与单位电话核对市局证书，双方念出的词语应相同：{words}"),
        format!("compare the city's authority by telephone, both sides read out: {words}"),
    );
    screen.say("单位只需执行这一行：", "what the office runs, one line:");
    let command = token.command(&unit, &args.connection.server);
    screen.print(format!("  {command}"));
    screen.say("登记码本身：", "the token alone:");
    screen.print(token);
    Ok(())
}

/// Moves a slot's due instant later.
pub(super) fn extend(
    slot: &SlotArgs,
    until: &str,
    reason: String,
    connection: &Connection,
    screen: &Screen,
) -> Result<(), Complaint> {
    let slot = slot_key(slot)?;
    let due_at: Timestamp = until.parse().map_err(|_| {
        Complaint::new(
            format!("{until:?} 不是带时区的时间，例如 2021-10-20T12:00+08:00"),
            format!(
                "{until:?} is not an instant with its offset, for instance 2021-10-20T12:00+08:00"
            ),
        )
    })?;
    let deed = Deed::Extend {
        slot: slot.clone(),
        due_at_ms: due_at.as_millisecond(),
        reason,
    };
    let index = submit(deed, connection)?;
    screen.say(
        format!("{slot} 延期至 {until}，日志第 {index} 条"),
        format!("{slot} is due at {until} now, entry {index}"),
    );
    Ok(())
}

/// Says that a slot is not owed.
pub(super) fn exempt(
    slot: &SlotArgs,
    reason: String,
    connection: &Connection,
    screen: &Screen,
) -> Result<(), Complaint> {
    let slot = slot_key(slot)?;
    let index = submit(
        Deed::Exempt {
            slot: slot.clone(),
            reason,
        },
        connection,
    )?;
    screen.say(
        format!("{slot} 免报，日志第 {index} 条"),
        format!("{slot} is exempt, entry {index}"),
    );
    Ok(())
}

/// Revokes a key, named by its id or the first digits of it.
pub(super) fn revoke(
    key: &str,
    reason: String,
    connection: &Connection,
    screen: &Screen,
) -> Result<(), Complaint> {
    let key_id = match KeyId::from_hex(key) {
        Some(key_id) => key_id,
        None => find_key(key, &block_on(remote::keys(String::new(), connection))?)?,
    };
    let index = submit(Deed::RevokeKey { key_id, reason }, connection)?;
    let short = key_id.short();
    screen.say(
        format!("密钥 {short} 已吊销，日志第 {index} 条"),
        format!("key {short} is revoked, entry {index}"),
    );
    Ok(())
}

/// Accepts or rejects an explanation.
pub(super) fn decide(args: DecideArgs, screen: &Screen) -> Result<(), Complaint> {
    let slot = slot_key(&args.slot)?;
    let edit = EditId::new(&args.edit)?;
    let item = args.item.as_deref().map(ItemKey::new).transpose()?;
    let snapshot_index = match args.snapshot {
        Some(index) => index,
        None => find_snapshot(&slot, &edit, item.as_ref(), &args.connection, screen)?,
    };
    let accepted = matches!(args.verdict, Verdict::Accept);
    let deed = Deed::Decide {
        slot: slot.clone(),
        edit: edit.clone(),
        item,
        snapshot_index: LogIndex(snapshot_index),
        accepted,
        reason: args.reason,
    };
    let index = submit(deed, &args.connection)?;
    let (zh, en) = if accepted {
        ("已认可", "accepted")
    } else {
        ("已退回", "rejected")
    };
    screen.say(
        format!("{slot} 的 {edit} 说明{zh}，日志第 {index} 条"),
        format!("the explanation of {edit} in {slot} is {en}, entry {index}"),
    );
    Ok(())
}

/// Signs a deed with the operator's key, sends it, and gives its index once it is in force.
pub(super) fn submit(deed: Deed, connection: &Connection) -> Result<u64, Complaint> {
    let key = OperatorFolder::new(&connection.operator).secret_key()?;
    let payload = Act {
        issued_at_ms: SystemClock.now_ms(),
        nonce: init::random()?,
        deed,
        person: String::new(),
    }
    .encode();
    let signature = key.sign(act::PAYLOAD_TYPE, &payload).map_err(|error| {
        Complaint::new(
            format!("操作员密钥无法签名：{error}"),
            format!("the operator's key cannot sign: {error}"),
        )
    })?;
    let envelope = convert::envelope(act::PAYLOAD_TYPE, payload, &[signature]);
    let response = block_on(async {
        let mut client = remote::administration(connection).await?;
        let request = v1::SubmitActRequest {
            envelope: Some(envelope),
        };
        Ok(client
            .submit_act(request)
            .await
            .map_err(|status| remote::failed(&status))?
            .into_inner())
    })?;
    match response.result {
        Some(submit_act_response::Result::Receipt(receipt)) => Ok(receipt.index),
        Some(submit_act_response::Result::Refusal(refusal)) => Err(refused(&refusal)),
        None => Err(Complaint::new("应答为空", "the answer is empty")),
    }
}

fn refused(refusal: &v1::Refusal) -> Complaint {
    let word = refusal
        .code()
        .as_str_name()
        .trim_start_matches("REFUSAL_CODE_")
        .to_lowercase();
    Complaint::new(
        format!("被拒（{word}）：{}", refusal.message_zh),
        format!("refused ({word}): {}", refusal.message_en),
    )
}

fn slot_key(args: &SlotArgs) -> Result<SlotKey, Complaint> {
    Ok(SlotKey::new(
        UnitCode::new(&args.unit)?,
        DatasetCode::new(&args.dataset)?,
        Period::parse(&args.period)?,
    ))
}

fn find_key(prefix: &str, keys: &[v1::EnrolledKey]) -> Result<KeyId, Complaint> {
    let ids = keys.iter().filter_map(|key| KeyId::from_slice(&key.key_id));
    let mut found = ids.filter(|id| prefix.len() >= 8 && id.to_string().starts_with(prefix));
    match (found.next(), found.next()) {
        (Some(key_id), None) => Ok(key_id),
        (None, _) => Err(Complaint::new(
            format!("没有以 {prefix} 开头的密钥（至少 8 位），见 key list"),
            format!("no key begins with {prefix} (give at least 8 digits); see key list"),
        )),
        (Some(_), Some(_)) => Err(Complaint::new(
            format!("多把密钥以 {prefix} 开头，请写得更长"),
            format!("more than one key begins with {prefix}: write more of it"),
        )),
    }
}

/// The snapshot that a finding is about; its explanation is shown, so that people see what they decide on.
fn find_snapshot(
    slot: &SlotKey,
    edit: &EditId,
    item: Option<&ItemKey>,
    connection: &Connection,
    screen: &Screen,
) -> Result<u64, Complaint> {
    let filter = v1::SlotFilter {
        units: vec![slot.unit.to_string()],
        datasets: vec![slot.dataset.to_string()],
        periods: vec![slot.period.to_string()],
    };
    let request = v1::ListFindingsRequest {
        filter: Some(filter),
        page_size: 10_000,
        ..Default::default()
    };
    let answer = block_on(async {
        let mut client = remote::monitoring(connection).await?;
        Ok(client
            .list_findings(request)
            .await
            .map_err(|status| remote::failed(&status))?
            .into_inner())
    })?;
    let is_wanted = |failure: &v1::Failure| {
        failure.edit == edit.as_str() && failure.item.as_deref() == item.map(ItemKey::as_str)
    };
    let found = answer
        .findings
        .iter()
        .find(|finding| finding.failure.as_ref().is_some_and(is_wanted));
    let Some(finding) = found else {
        return Err(Complaint::new(
            format!("{slot} 没有问题 {edit}"),
            format!("{slot} has no finding {edit}"),
        ));
    };
    if let Some(failure) = &finding.failure {
        screen.say(&failure.message_zh, &failure.message_en);
        screen.say(
            format!("说明：{}", failure.explanation),
            format!("explanation: {}", failure.explanation),
        );
    }
    Ok(finding.snapshot_index)
}

/// Reads `30m`, `12h`, `7d` or `4w`.
fn span(text: &str) -> Result<SignedDuration, Complaint> {
    let minutes = match text.char_indices().last() {
        Some((at, 'm')) => Some((at, 1)),
        Some((at, 'h')) => Some((at, 60)),
        Some((at, 'd')) => Some((at, 60 * 24)),
        Some((at, 'w')) => Some((at, 60 * 24 * 7)),
        Some(_) | None => None,
    };
    let count =
        minutes.and_then(|(at, each)| Some(i64::from(text.get(..at)?.parse::<u16>().ok()?) * each));
    match count {
        Some(minutes) if minutes > 0 => Ok(SignedDuration::from_mins(minutes)),
        Some(_) | None => Err(Complaint::new(
            format!("{text:?} 不是有效期，例如 30m、12h、7d、4w"),
            format!("{text:?} is not a span, for instance 30m, 12h, 7d, 4w"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_number_and_a_letter() {
        assert_eq!(span("30m").unwrap(), SignedDuration::from_mins(30));
        assert_eq!(span("7d").unwrap(), SignedDuration::from_hours(24 * 7));
        assert_eq!(span("4w").unwrap(), SignedDuration::from_hours(24 * 28));
        for bad in ["", "d", "7", "0d", "-1d", "1.5h", "7天", "70000d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_found_by_enough_digits_and_no_fewer() {
        let key = |byte: u8| v1::EnrolledKey {
            key_id: vec![byte; 32],
            ..Default::default()
        };
        let mut twin = vec![1; 31];
        twin.push(2);
        let keys = [
            key(1),
            key(2),
            v1::EnrolledKey {
                key_id: twin,
                ..Default::default()
            },
        ];
        assert_eq!(
            find_key("02020202", &keys).unwrap(),
            KeyId::from_slice(&[2; 32]).unwrap()
        );
        assert!(find_key("0202", &keys).is_err());
        assert!(find_key("01010101", &keys).is_err());
        assert!(find_key("ffffffff", &keys).is_err());
    }
}
