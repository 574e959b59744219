//! Acts about the keys of a unit: a token is issued with which a key may be enrolled, a key is revoked.

use granary_core::{
    code::UnitCode,
    envelope::{KeyId, KeyRole},
    ledger::{Deed, EnrolledKey},
    text::Bilingual,
};
use maud::{Markup, html};

use super::{After, Handout, Proposal, REASON_CHARS_MAX, reason};
use crate::{
    init,
    serve::console::{
        pages::{select, unit_name},
        problem::Problem,
        routes::{Room, field},
        view::{Frame, Tab},
    },
    tls::EnrolmentToken,
};

/// How long a token may be good, in hours, and the one that is chosen beforehand.
const HOURS: [i64; 4] = [24, 72, 168, 672];
const HOURS_CHOSEN: i64 = 168;

/// What a form asks for.
pub(super) fn proposal(room: &Room<'_>, fields: &[(String, String)]) -> Result<Proposal, Problem> {
    match field(fields, "kind").unwrap_or_default() {
        "token" => token(room, fields),
        "revoke" => revocation(room, fields),
        _ => Err(Problem::NotFound),
    }
}

fn token(room: &Room<'_>, fields: &[(String, String)]) -> Result<Proposal, Problem> {
    let given = |name: &str| field(fields, name).unwrap_or_default();
    let unit = room.scope.unit(given("unit"))?;
    room.catalogue.unit(&unit).ok_or(Problem::NotFound)?;
    let role = KeyRole::parse(given("role")).ok_or(Problem::NotFound)?;
    let hours: Option<i64> = given("hours").parse().ok();
    let hours = hours.filter(|hours| HOURS.contains(hours));
    let hours = hours.ok_or(Problem::NotFound)?;
    let secret = init::random().map_err(|error| Problem::Failed(error.to_string()))?;
    let authority = room.console.city.authority.certificate_sha256();
    let token = EnrolmentToken::new(authority, secret);
    let expires_at_ms = room.visitor.now_ms + hours * 3_600_000;
    let frame = room.frame(Tab::None);
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    let name = unit_name(&frame, &room.catalogue, unit.as_str());
    Ok(Proposal {
        deed: token.deed(unit.clone(), role, expires_at_ms),
        what: format!("token {unit} {}", role.word()),
        words: vec![
            line(
                "操作",
                "Act",
                frame.pick("发放登记码", "issue a token").to_owned(),
            ),
            line("单位", "Unit", format!("{name} ({unit})")),
            line(
                "登记的密钥",
                "The key that it enrols",
                frame.visitor.say(&role.name()).to_owned(),
            ),
            line("有效至", "Good until", frame.instant(expires_at_ms)),
            line(
                "登记码摘要",
                "Digest of the token",
                token.secret_sha256().to_string(),
            ),
        ],
        after: After::Token(Handout {
            unit,
            role,
            token,
            expires_at_ms,
        }),
    })
}

fn revocation(room: &Room<'_>, fields: &[(String, String)]) -> Result<Proposal, Problem> {
    let key_id = field(fields, "key").and_then(KeyId::from_hex);
    let key_id = key_id.ok_or(Problem::NotFound)?;
    let registry = room.console.city.handle.registry();
    let key = registry.key(&key_id).ok_or(Problem::NotFound)?;
    if !room.scope.holds(key.unit.as_str()) {
        return Err(Problem::NotAllowed);
    }
    let reason = reason(room, fields)?;
    let frame = room.frame(Tab::None);
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    let name = unit_name(&frame, &room.catalogue, key.unit.as_str());
    Ok(Proposal {
        what: format!("revoke {} {}", key.unit, key_id.short()),
        words: vec![
            line(
                "操作",
                "Act",
                frame.pick("吊销密钥", "revoke a key").to_owned(),
            ),
            line("单位", "Unit", format!("{name} ({})", key.unit)),
            line("密钥", "Key", format!("{key_id} {}", key.row.label)),
            line(
                "后果",
                "What follows",
                frame
                    .pick(
                        "此前的签名仍有效，此后的一律拒收",
                        "what it signed before stays, what comes after is refused",
                    )
                    .to_owned(),
            ),
            line("原因", "Reason", reason.clone()),
        ],
        after: After::Unit(key.unit.clone()),
        deed: Deed::RevokeKey { key_id, reason },
    })
}

/// The form that issues a token for a unit.
pub(in crate::serve::console) fn issue_form(frame: &Frame<'_>, unit: &UnitCode) -> Markup {
    let roles = KeyRole::ALL.map(|role| {
        (
            role.word().to_owned(),
            frame.visitor.say(&role.name()).to_owned(),
        )
    });
    let spans = HOURS.map(|hours| {
        let text = format!("{} {}", hours / 24, frame.pick("天", "d"));
        (hours.to_string(), text)
    });
    html! { details.act {
        summary { (frame.pick("发放登记码", "Issue a token")) }
        form method="post" action="/act" {
            (frame.visitor.secret())
            input type="hidden" name="unit" value=(unit);
            div.choice {
                (select("role", frame.pick("登记的密钥", "The key that it enrols"), KeyRole::default().word(), &roles))
                (select("hours", frame.pick("有效期", "Good for"), &HOURS_CHOSEN.to_string(), &spans))
                button type="submit" name="kind" value="token" { (frame.pick("发放", "Issue")) }
            }
        }
    } }
}

/// The form that revokes a key.
pub(in crate::serve::console) fn revoke_form(
    frame: &Frame<'_>,
    id: &KeyId,
    key: &EnrolledKey,
) -> Markup {
    html! { details.act {
        summary { (frame.pick("吊销", "Revoke")) " " code { (id.short()) } }
        form method="post" action="/act" {
            (frame.visitor.secret())
            input type="hidden" name="key" value=(id);
            p.quiet { (key.row.label) }
            label { span { (frame.pick("原因（记入日志）", "Reason (it is journaled)")) } textarea name="reason" rows="2" maxlength=(REASON_CHARS_MAX) required {} }
            button type="submit" name="kind" value="revoke" { (frame.pick("吊销这把密钥", "Revoke this key")) }
        }
    } }
}
