//! *Log*: how far the journal is, its newest checkpoint and who has cosigned it, and whether a receipt holds.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    ledger::{EnrolledWitness, JournalEntry, LogIndex, Subject},
    log::{Receipt, ReceiptError, SignedNote},
    text::{Bilingual, Language},
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{dataset_name, slot::told, unit_name};
use crate::{
    people::Right,
    serve::{
        console::{
            Console, acts,
            problem::Problem,
            routes::{Room, download, field, fields, page},
            view::{Frame, Tab, Visitor, encoded, slot_path, state},
        },
        failure::Failure,
        transparency,
    },
};

/// Witnesses that are listed.
const WITNESSES_MAX: usize = 200;
/// Cosigners of one head that are named.
const COSIGNERS_MAX: usize = 30;

/// What became of a receipt that was dropped.
enum Checked {
    /// It holds: the entry, and the size of the tree that it is proved in.
    Holds {
        entry: JournalEntry,
        index: u64,
        size: u64,
    },
    /// It does not, for this reason; beside it, where it is.
    Fails(Bilingual, Option<Bilingual>),
}

/// `GET /log`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    page(console, visitor, (Right::Look, None), |room| {
        shown(room, None)
    })
    .await
}

/// `POST /log`: a receipt is checked.
pub(in crate::serve::console) async fn verify(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let fields = fields(room.visitor, &body)?;
        let checked = check(room, field(&fields, "receipt").unwrap_or_default())?;
        shown(room, Some(&checked))
    })
    .await
}

/// `GET /receipt/{index}`
pub(in crate::serve::console) async fn receipt(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(index): Path<String>,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let index = LogIndex(index.parse().map_err(|_| Problem::NotFound)?);
        let city = &room.console.city;
        let bytes = city
            .handle
            .journal()
            .entry(index)
            .map_err(Failure::internal)?;
        let entry =
            JournalEntry::decode(&bytes.ok_or(Problem::NotFound)?).map_err(Failure::internal)?;
        if let Subject::Snapshot(slot) = &entry.subject
            && !room.scope.holds(slot.unit.as_str())
        {
            return Err(Problem::NotAllowed);
        }
        let receipt = transparency::witnessed_receipt(city, index)?.ok_or(Problem::NotFound)?;
        Ok(download(
            &format!("receipt-{}.txt", index.0),
            "text/plain; charset=utf-8",
            receipt.to_text(),
        ))
    })
    .await
}

/// Against the log's own key, and against the entry that the journal holds.
fn check(room: &Room<'_>, text: &str) -> Result<Checked, Problem> {
    let city = &room.console.city;
    // A browser sends line ends as CR LF.
    let text = format!("{}\n", text.replace("\r\n", "\n").trim_end());
    let receipt = match Receipt::parse(&text) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(not_a_receipt(&error)),
    };
    let checkpoint = match receipt.verify(city.handle.verifier()) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Ok(not_a_receipt(&error)),
    };
    let ours = city
        .handle
        .journal()
        .entry(LogIndex(receipt.index))
        .map_err(Failure::internal)?;
    if ours.as_ref() != Some(&receipt.entry) {
        let why = Bilingual::new(
            "日志这个位置上是另一条记录。回执由日志的密钥签出，却与日志不符：请保存好回执，并联系审计员",
            "the journal holds another entry in this place. The log's own key has signed the receipt, and the log does not bear it out: keep the receipt, and call the auditor",
        );
        return Ok(Checked::Fails(why, None));
    }
    let entry = JournalEntry::decode(&receipt.entry).map_err(Failure::internal)?;
    Ok(Checked::Holds {
        entry,
        index: receipt.index,
        size: checkpoint.size(),
    })
}

/// What does not hold, in words.
fn not_a_receipt(error: &ReceiptError) -> Checked {
    let why = match error {
        ReceiptError::Header => Bilingual::new(
            "这不是回执文件。回执是一段文字，首行以 c2sp.org/tlog-proof 开头",
            "this is no receipt. A receipt is a text whose first line begins with c2sp.org/tlog-proof",
        ),
        ReceiptError::TooLong { .. }
        | ReceiptError::Entry
        | ReceiptError::Index
        | ReceiptError::ProofLine { .. }
        | ReceiptError::NoCheckpoint => Bilingual::new(
            "回执残缺，或有一行被改动过；请取原来的文件再试",
            "the receipt is torn, or a line of it was altered: try the original file",
        ),
        ReceiptError::Checkpoint(_) => Bilingual::new(
            "回执里的检查点不是本市日志的密钥签出的：来自别的日志，或被改动过",
            "the receipt's checkpoint was not signed by this city's log: it is of another log, or was altered",
        ),
        ReceiptError::Proof(_) => Bilingual::new(
            "回执里的记录不在它所称的日志里：记录或位置被改动过",
            "the entry in the receipt is not in the log that it names: the entry or its place was altered",
        ),
    };
    Checked::Fails(why, place(error))
}

/// Where in the receipt it is, as far as that can be told.
fn place(error: &ReceiptError) -> Option<Bilingual> {
    let line = |line: usize| Bilingual::new(format!("第 {line} 行"), format!("line {line}"));
    match error {
        ReceiptError::Header => Some(line(1)),
        ReceiptError::Entry => Some(line(2)),
        ReceiptError::Index => Some(line(3)),
        ReceiptError::ProofLine { line: at } => Some(line(*at)),
        ReceiptError::TooLong { bytes } => Some(Bilingual::new(
            format!("共 {bytes} 字节，过长"),
            format!("{bytes} bytes, which is too long"),
        )),
        ReceiptError::NoCheckpoint => Some(Bilingual::new(
            "结尾缺少检查点",
            "it ends before its checkpoint",
        )),
        ReceiptError::Checkpoint(_) | ReceiptError::Proof(_) => None,
    }
}

fn shown(room: &Room<'_>, checked: Option<&Checked>) -> Result<Response, Problem> {
    let city = &room.console.city;
    let frame = room.frame(Tab::Log);
    let status = city.handle.status();
    let newest = city
        .witnesses
        .published(&city.handle.journal().checkpoint());
    let cosigned = city.witnesses.most_cosigned();
    let title = frame.pick("日志", "Log");
    let body = html! {
        h1 { (title) }
        @if let Some(alarm) = &status.alarm { p.notice.bad role="alert" { (frame.pick("已停止受理：", "Nothing is taken: ")) (alarm) } }
        dl.facts {
            dt { (frame.pick("日志条数", "Entries")) } dd { (status.size) }
            dt { (frame.pick("已入账", "Folded")) } dd { (status.applied) }
            dt { (frame.pick("日志公钥", "The log's key")) } dd { code { (city.log_verifier_key) } }
            dt { (frame.pick("报表制度版本", "Catalogue version")) } dd { code { (room.catalogue.version()) } }
            dt { (frame.pick("程序版本", "Program version")) } dd { (env!("CARGO_PKG_VERSION")) }
        }
        section { h2 { (frame.pick("核验回执", "Check a receipt")) } (form(&frame)) @if let Some(checked) = checked { (outcome(room, &frame, checked)) } }
        @match &cosigned {
            Some((_, note)) if *note == newest => section {
                h2 { (frame.pick("最新检查点，也是联署最多的", "The newest checkpoint, which is also the most cosigned")) }
                (cosigners(room, &frame, note)) pre tabindex="0" { (note) }
            },
            other => {
                section { h2 { (frame.pick("最新检查点", "The newest checkpoint")) } (cosigners(room, &frame, &newest)) pre tabindex="0" { (newest) } }
                section { h2 { (frame.pick("联署最多的检查点", "The most cosigned checkpoint")) }
                    @match other {
                        Some((size, note)) => { p { (frame.pick("条数", "entries")) " " (size) } (cosigners(room, &frame, note)) pre tabindex="0" { (note) } }
                        None => p.quiet { (frame.pick("还没有见证方联署", "no witness has cosigned yet")) },
                    } }
            }
        }
        section { h2 { (frame.pick("见证方", "Witnesses")) } (witnesses(room, &frame)) }
    };
    Ok(frame.page(title, &body).into_response())
}

/// Who of the witnesses has cosigned a head, by signatures that hold; and of how many.
fn cosigners(room: &Room<'_>, frame: &Frame<'_>, note: &str) -> Markup {
    let registry = room.console.city.handle.registry();
    let signed = SignedNote::parse(note.as_bytes()).ok();
    let has_signed = |witness: &EnrolledWitness| {
        signed.as_ref().is_some_and(|signed| {
            let mut own = signed
                .signatures()
                .iter()
                .filter(|line| witness.key.made(line));
            own.any(|line| witness.key.verify(signed.unverified_text(), line).is_ok())
        })
    };
    let mut units: Vec<&str> = Vec::new();
    let (mut count, mut elsewhere) = (0_usize, 0_usize);
    for (_, witness) in registry.witnesses() {
        if !has_signed(witness) {
            continue;
        }
        count += 1;
        if room.scope.holds(witness.unit.as_str()) {
            units.push(witness.unit.as_str());
        } else {
            elsewhere += 1;
        }
    }
    units.sort_unstable();
    let all = registry.witnesses().count();
    let cut = units.len().saturating_sub(COSIGNERS_MAX) + elsewhere;
    html! { div.cosigners {
        p { strong { (count) " / " (all) } " " (frame.pick("个已登记的见证方联署了它。须有多少联署才算数，由核验者自己的策略（policy 文件的 quorum）规定：", "of the enrolled witnesses have cosigned it. How many are required is for the verifier's own policy to say (the quorum of its file): ")) code { "granary-audit verify --policy" } }
        @if count > 0 { p.quiet {
            (frame.pick("联署者：", "Cosigned by: "))
            @for (at, unit) in units.iter().take(COSIGNERS_MAX).enumerate() { @if at > 0 { (frame.pick("、", ", ")) } a href={ "/unit/" (encoded(unit)) } { (unit_name(frame, &room.catalogue, unit)) } }
            @if cut > 0 { " " (frame.pick("另有 ", "and ")) (cut) (frame.pick(" 个", " more")) }
        } }
    } }
}

fn form(frame: &Frame<'_>) -> Markup {
    html! {
        form method="post" action="/log" data-drop {
            (frame.visitor.secret())
            label for="receipt" { (frame.pick("粘贴回执，或选择、拖入回执文件", "Paste a receipt, or choose or drop its file")) }
            p { input type="file" accept=".txt,text/plain" data-fill hidden aria-label=(frame.pick("选择回执文件", "Choose the receipt's file")); }
            textarea id="receipt" name="receipt" rows="5" spellcheck="false" required {}
            div.row { button type="submit" { (frame.pick("核验", "Check")) } }
        }
    }
}

fn outcome(room: &Room<'_>, frame: &Frame<'_>, checked: &Checked) -> Markup {
    match checked {
        Checked::Fails(why, place) => {
            html! { div.notice.bad role="alert" { p { span aria-hidden="true" { "✕ " } (frame.pick("回执不成立：", "The receipt does not hold: ")) (frame.visitor.say(why)) } @if let Some(place) = place { p { (frame.pick("问题所在：", "Where: ")) (frame.visitor.say(place)) } } } }
        }
        Checked::Holds { entry, index, size } => html! {
            div.notice.good role="status" {
                p { span aria-hidden="true" { "✓ " } (frame.pick("回执成立：日志第", "The receipt holds: entry")) " " (index) " " (frame.pick("条，收到于", "received at")) " " strong { (frame.instant(entry.received_at_ms)) } }
                p { (frame.pick("证明于", "proved in the tree of")) " " (size) " " (frame.pick("条的树中", "entries")) }
                (about(room, frame, entry))
            }
        },
    }
}

/// What the entry of a receipt is about.
fn about(room: &Room<'_>, frame: &Frame<'_>, entry: &JournalEntry) -> Markup {
    let slot = match &entry.subject {
        Subject::Snapshot(slot) if room.scope.holds(slot.unit.as_str()) => slot,
        Subject::Snapshot(_) => {
            return html! { p { (frame.pick("是您管辖范围以外单位的报送。", "It is a submission of a unit outside your part of the tree.")) } };
        }
        Subject::Act => {
            return html! { p { (frame.pick("是市局或单位签署的一项操作。", "It is an act that the city or a unit has signed.")) } };
        }
    };
    let (unit, dataset) = (slot.unit.as_str(), slot.dataset.as_str());
    let name = format!(
        "{} · {} · {}",
        unit_name(frame, &room.catalogue, unit),
        dataset_name(frame, &room.catalogue, dataset),
        slot.period
    );
    // As the slot's own page tells it, with its extensions; a slot that is not owed any more has no page.
    let known = told(room, slot).ok().flatten();
    let grace_ms = acts::grace_ms(&room.catalogue, slot);
    html! {
        p { (frame.pick("它证明市局当时收到了：", "It proves that the city then received: ")) a href=(slot_path(unit, dataset, &slot.period.to_string())) { (name) } }
        @if let Some(known) = &known { (timing(frame, known, grace_ms, entry.received_at_ms)) }
        p.quiet { (frame.pick("回执只证明何时收到了什么；受理还是退回，见这一项的经过。", "A receipt proves what was received when; whether it was accepted or returned, the slot tells.")) }
    }
}

/// How the receipt's instant lies to the slot's deadline, and the state that the slot is in.
fn timing(frame: &Frame<'_>, slot: &v1::Slot, grace_ms: i64, received_at_ms: i64) -> Markup {
    let due = slot.due_at_ms;
    let verdict = if received_at_ms <= due {
        frame
            .pick("在截止之前收到。", "received before that.")
            .to_owned()
    } else if received_at_ms <= due.saturating_add(grace_ms) {
        frame
            .pick(
                "在宽限期内收到，算按时。",
                "received within the grace, which counts as timely.",
            )
            .to_owned()
    } else {
        let late = frame.span(received_at_ms - due);
        match frame.visitor.language {
            Language::Zh => format!("晚于截止 {late}。"),
            Language::En => format!("received later, by {late}."),
        }
    };
    html! {
        p { (frame.pick("这一项（含延期）截止于 ", "With its extensions the slot was due at ")) (frame.instant(due)) (frame.pick("：", ": ")) (verdict) }
        p { (frame.pick("这一项现在的状态：", "The slot's state now: ")) (state(frame, slot.state()))
            @if let Some(at_ms) = slot.imported_at_ms { " " span.quiet { (frame.pick("以导入的历史为准，到达于 ", "by imported history, arrived at ")) (frame.instant(at_ms)) } }
            @else if let Some(at_ms) = slot.first_accepted_at_ms { " " span.quiet { (frame.pick("首次受理于 ", "first accepted at ")) (frame.instant(at_ms)) } } }
    }
}

fn witnesses(room: &Room<'_>, frame: &Frame<'_>) -> Markup {
    let registry = room.console.city.handle.registry();
    let mut known: Vec<_> = registry
        .witnesses()
        .map(|(_, witness)| witness)
        .filter(|one| room.scope.holds(one.unit.as_str()))
        .collect();
    known.sort_by_key(|witness| (&witness.unit, witness.enrolled_index));
    html! {
        ul.plain { @for witness in known.iter().take(WITNESSES_MAX) { li {
            a href={ "/unit/" (witness.unit) } { (unit_name(frame, &room.catalogue, witness.unit.as_str())) } " "
            span.quiet { (frame.pick("日志第", "entry")) " " (witness.enrolled_index) " " (frame.pick("条登记", "")) }
        } } }
        @if known.is_empty() { p.quiet { (frame.pick("还没有登记见证密钥", "no witness key is enrolled yet")) } }
    }
}
