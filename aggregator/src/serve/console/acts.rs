//! Acts from the console: prepared here, signed in the browser, entered here.
//!
//! The act that is signed is the one that was shown: its bytes travel to the browser and back, and what comes back is read again and held
//! against what this person may do, before the journal's own admission checks the signature over exactly these bytes. The reason of an act ends
//! with who asked for it ([`signed_by`]), so that the person's name is in the journal; the key is the operator's, which the server does not hold.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use granary_core::{
    code::{EditId, ItemKey},
    envelope::{Signature, Suite},
    ledger::{Act, Deed, LogIndex, act},
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_proto::v1;
use jiff::{Timestamp, civil::DateTime};
use maud::{Markup, html};

use super::{
    Console,
    pages::{dataset_name, slot::named, unit_name},
    problem::Problem,
    routes::{Room, failed, field, fields, page},
    view::{Frame, Tab, Visitor, slot_path},
};
use crate::{
    ingress::Received,
    init,
    people::{Person, Right},
    serve::administration,
};

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;
/// How old an act may be when it comes back signed, in milliseconds.
const SIGNING_MS_MAX: i64 = 3_600_000;

/// What stands at the end of the reason of each act that a person asks for.
fn signed_by(person: &Person) -> String {
    format!("——{}（{}，控制台 console）", person.name, person.login)
}

/// `POST /act`: shows the act that is to be signed.
pub(super) async fn prepare(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    page(console, visitor, (Right::Act, None), move |room| {
        let fields = fields(room.visitor, &body)?;
        let deed = deed(room, &fields)?;
        let nonce = init::random().map_err(|error| Problem::Failed(error.to_string()))?;
        let words = words(room, &deed)?;
        let payload = Act {
            issued_at_ms: room.visitor.now_ms,
            nonce,
            deed,
        }
        .encode();
        let frame = room.frame(Tab::None);
        let title = frame.pick("签署", "Sign");
        Ok(frame
            .page(title, &to_sign(room, &frame, &payload, &words))
            .into_response())
    })
    .await
}

/// `POST /act/enter`: enters the act that was signed.
pub(super) async fn enter(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    match entered(&console, &visitor, body).await {
        Ok((index, slot)) => shown(console, visitor, index, slot).await,
        Err(problem) => failed(&visitor, &problem),
    }
}

async fn entered(
    console: &Arc<Console>,
    visitor: &Visitor,
    body: Bytes,
) -> Result<(u64, SlotKey), Problem> {
    let person = visitor
        .person
        .as_ref()
        .filter(|person| person.role.may(Right::Act))
        .ok_or(Problem::NotAllowed)?;
    let fields = fields(visitor, &body)?;
    let bytes = |name: &str| {
        let text = field(&fields, name).unwrap_or_default();
        STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
    };
    let payload = bytes("payload").ok_or_else(unsigned)?;
    let signature = bytes("signature").ok_or_else(unsigned)?;
    let slot = permitted(console, person, visitor.now_ms, &payload)?;
    let city = &console.city;
    let registry = city.handle.registry();
    let operator = registry.operator().ok_or(Problem::NotAllowed)?;
    let received = Received {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures: vec![Signature {
            key_id: operator.key_id(),
            bytes: signature,
        }],
    };
    if let Some(refusal) = administration::contradiction(city, &received).await? {
        return Err(refusal.into());
    }
    let receipt = administration::in_force(city, received).await??;
    tracing::info!(
        login = person.login,
        index = receipt.index,
        "an act from the console is in force"
    );
    Ok((receipt.index, slot))
}

/// Whether an act that came back is one that this person may have asked for; gives the slot that it is about.
fn permitted(
    console: &Console,
    person: &Person,
    now_ms: i64,
    payload: &[u8],
) -> Result<SlotKey, Problem> {
    let act = Act::decode(payload).map_err(|_| unsigned())?;
    if !(0..=SIGNING_MS_MAX).contains(&(now_ms - act.issued_at_ms)) {
        return Err(Problem::unfit(
            "签署用时过长，没有提交；请重新开始",
            "signing took too long and nothing was entered: begin again",
        ));
    }
    let (slot, reason) = match act.deed {
        Deed::Decide { slot, reason, .. }
        | Deed::Extend { slot, reason, .. }
        | Deed::Exempt { slot, reason } => (slot, reason),
        Deed::Genesis { .. }
        | Deed::PublishCatalogue(_)
        | Deed::IssueToken { .. }
        | Deed::EnrolKey { .. }
        | Deed::RevokeKey { .. }
        | Deed::RotateKey { .. }
        | Deed::ImportHistory { .. }
        | Deed::RequestEvidence { .. }
        | Deed::AnchorAccess { .. }
        | Deed::Sample(_)
        | Deed::EnrolWitness { .. } => return Err(Problem::NotAllowed),
    };
    let catalogue = console
        .city
        .handle
        .registry()
        .catalogue()
        .cloned()
        .ok_or(Problem::NotFound)?;
    let scope = super::scope::Scope::of(person, &catalogue)?;
    if !scope.holds(slot.unit.as_str()) || !reason.ends_with(&signed_by(person)) {
        return Err(Problem::NotAllowed);
    }
    Ok(slot)
}

fn unsigned() -> Problem {
    Problem::unfit(
        "没有收到签名，没有提交；签署需要浏览器脚本和操作员密钥文件",
        "there is no signature, and nothing was entered: signing needs the browser's scripts and the operator's key file",
    )
}

async fn shown(console: Arc<Console>, visitor: Visitor, index: u64, slot: SlotKey) -> Response {
    page(console, visitor, (Right::Act, None), move |room| {
        let frame = room.frame(Tab::None);
        let body = html! {
            h1 { (frame.pick("已生效", "In force")) }
            p.notice.good { (frame.pick("操作已记入日志第", "The act is entry")) " " (index) " " (frame.pick("条。", "of the journal.")) }
            p.row { a.button href=(slot_path(slot.unit.as_str(), slot.dataset.as_str(), &slot.period.to_string())) { (frame.pick("查看这一项", "See the slot")) }
                a href="/findings" { (frame.pick("回到问题", "Back to the findings")) }
                a href={ "/receipt/" (index) } download { (frame.pick("回执", "Receipt")) } }
        };
        Ok(frame.page(frame.pick("已生效", "In force"), &body).into_response())
    })
    .await
}

/// What a form asks for.
fn deed(room: &Room<'_>, fields: &[(String, String)]) -> Result<Deed, Problem> {
    let given = |name: &str| field(fields, name).unwrap_or_default();
    let slot = named(room, (given("unit"), given("dataset"), given("period")))?;
    let why = given("reason");
    if why.is_empty() || why.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::unfit(
            "请写明原因（至多 500 字），它将记入日志",
            "write a reason of at most 500 characters: it is journaled",
        ));
    }
    let reason = format!("{why} {}", signed_by(room.person));
    match given("kind") {
        "accept" | "reject" => {
            let edit = EditId::new(given("edit")).map_err(|_| Problem::NotFound)?;
            let item = Some(given("item")).filter(|item| !item.is_empty());
            let item = item
                .map(ItemKey::new)
                .transpose()
                .map_err(|_| Problem::NotFound)?;
            let snapshot_index =
                LogIndex(given("snapshot").parse().map_err(|_| Problem::NotFound)?);
            Ok(Deed::Decide {
                slot,
                edit,
                item,
                snapshot_index,
                accepted: given("kind") == "accept",
                reason,
            })
        }
        "extend" => Ok(Deed::Extend {
            due_at_ms: instant(room, given("until"))?,
            slot,
            reason,
        }),
        "exempt" => Ok(Deed::Exempt { slot, reason }),
        _ => Err(Problem::NotFound),
    }
}

/// A civil time as the browser's field writes it, in the catalogue's zone.
fn instant(room: &Room<'_>, text: &str) -> Result<i64, Problem> {
    let civil: Option<DateTime> = text.parse().ok();
    let at: Option<Timestamp> =
        civil.and_then(|civil| room.catalogue.zone().to_timestamp(civil).ok());
    at.map(Timestamp::as_millisecond)
        .ok_or_else(|| Problem::unfit("请填写新的截止时间", "give the new due instant"))
}

/// What an act does, for whoever signs it.
fn words(room: &Room<'_>, deed: &Deed) -> Result<Vec<(Bilingual, String)>, Problem> {
    let frame = room.frame(Tab::None);
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    let mut lines = Vec::new();
    let (what, slot, reason) = match deed {
        Deed::Decide {
            slot,
            edit,
            snapshot_index,
            accepted,
            reason,
            ..
        } => {
            lines.push(line("规则", "Rule", edit.to_string()));
            lines.push(line(
                "针对的报送",
                "Submission",
                format!("#{snapshot_index}", snapshot_index = snapshot_index.0),
            ));
            let what = if *accepted {
                frame.pick("认可说明", "accept the explanation")
            } else {
                frame.pick("退回说明", "reject the explanation")
            };
            (what, slot, reason)
        }
        Deed::Extend {
            slot,
            due_at_ms,
            reason,
        } => {
            lines.push(line("延期至", "Due at", frame.instant(*due_at_ms)));
            (frame.pick("延长期限", "extend the deadline"), slot, reason)
        }
        Deed::Exempt { slot, reason } => (frame.pick("免报", "exempt the slot"), slot, reason),
        Deed::Genesis { .. }
        | Deed::PublishCatalogue(_)
        | Deed::IssueToken { .. }
        | Deed::EnrolKey { .. }
        | Deed::RevokeKey { .. }
        | Deed::RotateKey { .. }
        | Deed::ImportHistory { .. }
        | Deed::RequestEvidence { .. }
        | Deed::AnchorAccess { .. }
        | Deed::Sample(_)
        | Deed::EnrolWitness { .. } => return Err(Problem::NotAllowed),
    };
    lines.insert(0, line("操作", "Act", what.to_owned()));
    lines.insert(1, line("应报", "Slot", called(room, &frame, slot)));
    lines.push(line("原因", "Reason", reason.clone()));
    Ok(lines)
}

/// A slot by its names and its key.
fn called(room: &Room<'_>, frame: &Frame<'_>, slot: &SlotKey) -> String {
    let unit = unit_name(frame, &room.catalogue, slot.unit.as_str());
    let dataset = dataset_name(frame, &room.catalogue, slot.dataset.as_str());
    format!("{unit} · {dataset} · {} ({slot})", slot.period)
}

fn to_sign(
    room: &Room<'_>,
    frame: &Frame<'_>,
    payload: &[u8],
    words: &[(Bilingual, String)],
) -> Markup {
    let registry = room.console.city.handle.registry();
    let operator = registry.operator();
    let is_ed25519 = operator.is_some_and(|key| key.suite() == Suite::Ed25519);
    let key_id = operator
        .map(|key| key.key_id().to_string())
        .unwrap_or_default();
    html! {
        h1 { (frame.pick("核对并签署", "Look it over and sign")) }
        dl.facts { @for (name, text) in words { dt { (frame.visitor.say(name)) } dd { (text) } } }
        @if is_ed25519 {
            form id="sign" method="post" action="/act/enter" data-type=(act::PAYLOAD_TYPE)
                data-failed=(frame.pick("无法签名：请选择 operator.key（Ed25519，PEM）", "cannot sign: choose operator.key (Ed25519, PEM)"))
                data-unable=(frame.pick("此浏览器不能签名（需要 HTTPS 或本机地址，以及较新的浏览器）；请用命令行 granary-aggregator", "this browser cannot sign (it needs HTTPS or a loopback address, and a recent browser): use the command line granary-aggregator")) {
                (room.visitor.secret())
                input type="hidden" name="payload" value=(STANDARD.encode(payload));
                input type="hidden" name="signature" value="";
                div data-choose {
                    label for="key" { (frame.pick("操作员密钥文件 operator.key", "The operator's key file, operator.key")) }
                    input type="file" id="key" accept=".key,.pem";
                    label.check { input type="checkbox" data-keep; " " (frame.pick("本浏览器记住（不可导出），直到退出登录", "keep it in this browser, not exportable, until signing out")) }
                }
                p.quiet data-kept hidden { (frame.pick("使用本浏览器记住的密钥。", "The key that this browser keeps is used.")) " " button.quiet type="button" data-forget { (frame.pick("忘记", "Forget it")) } }
                p.quiet { (frame.pick("密钥只在浏览器里签名，不会发给服务器。密钥标识：", "The key signs in the browser and is not sent to the server. Its id: ")) code { (key_id) } }
                p.notice.bad role="alert" data-error hidden {}
                button.primary type="submit" { (frame.pick("签署并生效", "Sign and enter")) }
            }
            noscript { p.notice.bad { (frame.pick("签署需要浏览器脚本", "signing needs the browser's scripts")) } }
        } @else {
            p.notice.wait { (frame.pick(
                "操作员密钥是国密 SM2，浏览器不能用它签名。请用命令行：granary-aggregator decide 或 unit extend / exempt。",
                "The operator's key is of SM2, with which browsers cannot sign. Use the command line: granary-aggregator decide, or unit extend / exempt.")) }
        }
    }
}

/// The form that decides about an explanation.
pub(super) fn decision(frame: &Frame<'_>, finding: &v1::Finding, failure: &v1::Failure) -> Markup {
    html! { details.act {
        summary { (frame.pick("核定说明", "Decide on the explanation")) }
        form method="post" action="/act" {
            (frame.visitor.secret())
            (slot_fields(&finding.unit, &finding.dataset, &finding.period))
            input type="hidden" name="edit" value=(failure.edit);
            input type="hidden" name="item" value=(failure.item.as_deref().unwrap_or_default());
            input type="hidden" name="snapshot" value=(finding.snapshot_index);
            label { span { (frame.pick("意见（记入日志）", "Reason (it is journaled)")) } textarea name="reason" rows="2" maxlength=(REASON_CHARS_MAX) required {} }
            div.row {
                button type="submit" name="kind" value="accept" { (frame.pick("认可", "Accept")) }
                button.quiet type="submit" name="kind" value="reject" { (frame.pick("退回", "Reject")) }
            }
        }
    } }
}

/// The forms that extend or exempt a slot.
pub(super) fn on_slot(frame: &Frame<'_>, slot: &v1::Slot) -> Markup {
    html! { details.act {
        summary { (frame.pick("延期或免报", "Extend or exempt")) }
        form method="post" action="/act" {
            (frame.visitor.secret())
            (slot_fields(&slot.unit, &slot.dataset, &slot.period))
            label { span { (frame.pick("新的截止时间（延期时填写，当地时间）", "New due instant (for an extension, local time)")) } input type="datetime-local" name="until"; }
            label { span { (frame.pick("原因（记入日志）", "Reason (it is journaled)")) } textarea name="reason" rows="2" maxlength=(REASON_CHARS_MAX) required {} }
            div.row {
                button type="submit" name="kind" value="extend" { (frame.pick("延期", "Extend")) }
                button.quiet type="submit" name="kind" value="exempt" { (frame.pick("免报", "Exempt")) }
            }
        }
    } }
}

fn slot_fields(unit: &str, dataset: &str, period: &str) -> Markup {
    html! {
        input type="hidden" name="unit" value=(unit);
        input type="hidden" name="dataset" value=(dataset);
        input type="hidden" name="period" value=(period);
    }
}
