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
    log::Receipt,
};
use maud::{Markup, html};

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
    /// It does not, for this reason.
    Fails(String),
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
        Err(error) => return Ok(Checked::Fails(error.to_string())),
    };
    let checkpoint = match receipt.verify(city.handle.verifier()) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Ok(Checked::Fails(error.to_string())),
    };
    let ours = city
        .handle
        .journal()
        .entry(LogIndex(receipt.index))
        .map_err(Failure::internal)?;
    if ours.as_ref() != Some(&receipt.entry) {
        let why =
            "the journal holds another entry in this place: keep the receipt, and call the auditor";
        return Ok(Checked::Fails(why.into()));
    }
    let entry = JournalEntry::decode(&receipt.entry).map_err(Failure::internal)?;
    Ok(Checked::Holds {
        entry,
        index: receipt.index,
        size: checkpoint.size(),
    })
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
        Checked::Fails(why) => {
            html! { p.notice.bad role="alert" { span aria-hidden="true" { "✕ " } (frame.pick("回执不成立：", "The receipt does not hold: ")) (why) } }
        }
        Checked::Holds { entry, index, size } => html! {
            div.notice.good role="status" {
                p { span aria-hidden="true" { "✓ " } (frame.pick("回执成立：日志第", "The receipt holds: entry")) " " (index) " " (frame.pick("条，收到于", "received at")) " " strong { (frame.instant(entry.received_at_ms)) } }
                p { (frame.pick("证明于", "proved in the tree of")) " " (size) " " (frame.pick("条的树中", "entries")) }
                @if let Subject::Snapshot(slot) = &entry.subject { @if room.scope.holds(slot.unit.as_str()) {
                    p { a href=(slot_path(slot.unit.as_str(), slot.dataset.as_str(), &slot.period.to_string())) { (slot) } }
                } }
            }
        },
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
            a href={ "/unit/" (witness.unit) } { (super::unit_name(frame, &room.catalogue, witness.unit.as_str())) } " "
            span.quiet { (frame.pick("日志第", "entry")) " " (witness.enrolled_index) " " (frame.pick("条登记", "")) }
        } } }
        @if known.is_empty() { p.quiet { (frame.pick("还没有登记见证密钥", "no witness key is enrolled yet")) } }
    }
}
