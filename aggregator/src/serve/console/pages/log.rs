//! *Log*: how far the journal is, its newest checkpoint and who has cosigned it, and whether a receipt holds.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    ledger::{JournalEntry, LogIndex, Subject},
    log::{Receipt, ReceiptError},
    text::Bilingual,
};
use maud::{Markup, html};

use super::{dataset_name, unit_name};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            problem::Problem,
            routes::{Room, download, field, fields, page},
            view::{Frame, Tab, Visitor, slot_path},
        },
        failure::Failure,
        transparency,
    },
};

/// Witnesses that are listed.
const WITNESSES_MAX: usize = 200;

/// What became of a receipt that was dropped.
enum Checked {
    /// It holds: the entry, and the size of the tree that it is proved in.
    Holds {
        entry: JournalEntry,
        index: u64,
        size: u64,
    },
    /// It does not, for this reason; beside it, what a program says about it.
    Fails(Bilingual, String),
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
        return Ok(Checked::Fails(why, String::new()));
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
    Checked::Fails(why, error.to_string())
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
        section { h2 { (frame.pick("最新检查点", "The newest checkpoint")) } pre tabindex="0" { (newest) } }
        section { h2 { (frame.pick("联署最多的检查点", "The most cosigned checkpoint")) }
            @match &cosigned {
                Some((size, note)) => { p { (frame.pick("条数", "entries")) " " (size) } pre tabindex="0" { (note) } }
                None => p.quiet { (frame.pick("还没有见证方联署", "no witness has cosigned yet")) },
            } }
        section { h2 { (frame.pick("见证方", "Witnesses")) } (witnesses(room, &frame)) }
    };
    Ok(frame.page(title, &body).into_response())
}

fn form(frame: &Frame<'_>) -> Markup {
    html! {
        form method="post" action="/log" data-drop {
            (frame.visitor.secret())
            label for="receipt" { (frame.pick("粘贴回执，或把回执文件拖到这里", "Paste a receipt, or drop its file here")) }
            textarea id="receipt" name="receipt" rows="5" spellcheck="false" required {}
            div.row { button type="submit" { (frame.pick("核验", "Check")) } }
        }
    }
}

fn outcome(room: &Room<'_>, frame: &Frame<'_>, checked: &Checked) -> Markup {
    match checked {
        Checked::Fails(why, detail) => {
            html! { div.notice.bad role="alert" { p { span aria-hidden="true" { "✕ " } (frame.pick("回执不成立：", "The receipt does not hold: ")) (frame.visitor.say(why)) } @if !detail.is_empty() { p { code lang="en" { (detail) } } } } }
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
    let due = room
        .catalogue
        .dataset(&slot.dataset)
        .and_then(|one| one.due_at_ms(slot.period));
    html! {
        p { (frame.pick("它证明市局当时收到了：", "It proves that the city then received: ")) a href=(slot_path(unit, dataset, &slot.period.to_string())) { (name) } }
        @if let Some(due) = due { p {
            (frame.pick("按报表制度截止于 ", "By the catalogue it was due at ")) (frame.instant(due)) "："
            @if entry.received_at_ms <= due { (frame.pick("在截止之前收到。", "received before that.")) } @else { (frame.pick("晚于截止 ", "received later, by ")) (frame.span(entry.received_at_ms - due)) (frame.pick("（未计延期与宽限）。", " (extensions and grace not counted).")) }
        } }
        p.quiet { (frame.pick("回执只证明何时收到了什么；受理还是退回，见这一项的经过。", "A receipt proves what was received when; whether it was accepted or returned, the slot tells.")) }
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
