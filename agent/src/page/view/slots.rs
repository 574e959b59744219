//! The unit's own slots with their deadlines, and one of them with what stands and the form that withdraws it.

use granary_core::{catalogue::Catalogue, snapshot::SlotKey};
use maud::{Markup, html};

use super::{Frame, names, scrolling};
use crate::{
    acts::{
        changes::Stated,
        slots::{OwnSlot, Standing},
    },
    history::{Origin, Seen},
    report::Outcome,
};

/// Slots that are listed.
const SLOTS_MAX: usize = 600;
const DAY_MS: i64 = 24 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;

pub(in crate::page) fn list(
    frame: &Frame<'_>,
    catalogue: &Catalogue,
    slots: &[OwnSlot],
    now_ms: i64,
) -> Markup {
    let table = html! {
        table {
            thead { tr {
                th scope="col" { (frame.pick("报表", "Dataset")) }
                th scope="col" { (frame.pick("报告期", "Period")) }
                th scope="col" { (frame.pick("截止", "Due")) }
                th scope="col" { (frame.pick("状态", "State")) }
                th scope="col" { (frame.pick("市局收到", "Received by the city")) }
            } }
            tbody { @for own in slots.iter().take(SLOTS_MAX) { tr {
                th scope="row" { a href=(path(&own.slot)) { (dataset(frame, catalogue, &own.slot)) } }
                td.nowrap { (own.slot.period) }
                td.nowrap { (frame.time(own.due_at_ms)) }
                td { (standing(frame, own, now_ms)) }
                td.nowrap { @if let Some(at_ms) = own.received_at_ms { (frame.time(at_ms)) } }
            } } }
        }
    };
    html! {
        h1 { (frame.pick("应报与期限", "Owed and due")) }
        p.quiet { (frame.pick(
            "期限按报表制度；市局批准的延期、免报本机不掌握。欠报在前，其余由近到远。",
            "Deadlines are the catalogue's; extensions and exemptions that the city has granted are not known here. What is owed comes first, then the newest.")) }
        @if slots.is_empty() {
            p { (frame.pick("目前没有应报。", "Nothing is owed at present.")) }
        } @else {
            (scrolling(frame.pick("应报", "What is owed"), &table))
        }
        @if slots.len() > SLOTS_MAX { p.quiet { (frame.pick("只列出前面的。", "Only the first are listed.")) } }
    }
}

/// One owed slot in a line.
pub(super) fn line(frame: &Frame<'_>, catalogue: &Catalogue, own: &OwnSlot, now_ms: i64) -> Markup {
    html! {
        a href=(path(&own.slot)) { (dataset(frame, catalogue, &own.slot)) " " (own.slot.period) }
        " " (standing(frame, own, now_ms))
    }
}

/// How a slot stands, with a colour and how much time there is.
fn standing(frame: &Frame<'_>, own: &OwnSlot, now_ms: i64) -> Markup {
    let back = |outcome: Outcome| match outcome {
        Outcome::Returned => frame.pick("退回", "Returned"),
        Outcome::Refused
        | Outcome::Ready
        | Outcome::Sent
        | Outcome::Repeated
        | Outcome::Accepted => frame.pick("未受理", "Refused"),
    };
    let revision = frame.pick("版次 ", "revision ");
    html! {
        @match own.standing {
            Standing::Accepted(n) => { span.badge.good { (frame.pick("已受理", "Accepted")) } " " span.quiet { (revision) (n) } },
            Standing::Sent(n, _) => { span.badge.wait { (frame.pick("待答复", "Sent")) } " " span.quiet { (revision) (n) } },
            Standing::Back(outcome, Some(n)) => {
                span.badge.wait { (back(outcome)) } " " span.quiet { (frame.pick("现行", "stands: ")) (revision) (n) }
            },
            Standing::Back(outcome, None) => { span.badge.bad { (back(outcome)) } " " (time_left(frame, own, now_ms)) },
            Standing::Open => (time_left(frame, own, now_ms)),
        }
    }
}

fn time_left(frame: &Frame<'_>, own: &OwnSlot, now_ms: i64) -> Markup {
    let left_ms = own.timely_until_ms.saturating_sub(now_ms);
    let span = |ms: i64| match (ms / DAY_MS, ms / HOUR_MS) {
        (0, hours) => format!("{hours} {}", frame.pick("小时", "h")),
        (days, _) => format!("{days} {}", frame.pick("天", "days")),
    };
    match left_ms {
        ..0 => html! { span.badge.bad { (frame.pick("已逾期 ", "overdue by ")) (span(-left_ms)) } },
        0..=259_200_000 => {
            html! { span.badge.wait { (frame.pick("还剩 ", "")) (span(left_ms)) (frame.pick("", " left")) } }
        }
        _ => {
            html! { span.badge { (frame.pick("还剩 ", "")) (span(left_ms)) (frame.pick("", " left")) } }
        }
    }
}

fn path(slot: &SlotKey) -> String {
    format!("/slots/{}/{}", slot.dataset, slot.period)
}

pub(super) fn dataset(frame: &Frame<'_>, catalogue: &Catalogue, slot: &SlotKey) -> String {
    let found = catalogue.dataset(&slot.dataset);
    found.map_or(slot.dataset.to_string(), |d| {
        d.name().get(frame.visitor.language).to_owned()
    })
}

/// What stands of one slot.
pub(in crate::page) fn one(
    frame: &Frame<'_>,
    catalogue: &Catalogue,
    slot: &SlotKey,
    seen: Option<&Seen>,
) -> Markup {
    html! {
        h1 { (dataset(frame, catalogue, slot)) " " (slot.period) }
        @match seen {
            None => p { (frame.pick(
                "本机没有这一期的数据：尚未报送，或尚未从市局取回。",
                "Nothing of this period is known here: it was not reported, or was not fetched from the city yet.")) },
            Some(seen) => {
                (figures(frame, catalogue, seen))
                @if seen.snapshot.observations.iter().any(|one| one.value.is_some()) { (withdrawing(frame, slot)) }
            },
        }
        p { a href="/slots" { (frame.pick("回到应报", "Back to what is owed")) } }
    }
}

fn figures(frame: &Frame<'_>, catalogue: &Catalogue, seen: &Seen) -> Markup {
    let snapshot = &seen.snapshot;
    let table = html! {
        table {
            thead { tr {
                th scope="col" { (frame.pick("指标", "Indicator")) }
                th scope="col" { (frame.pick("明细项", "Item")) }
                th.figure scope="col" { (frame.pick("数值", "Value")) }
            } }
            tbody { @for one in snapshot.observations.iter().take(SLOTS_MAX) { tr {
                @let name = catalogue.indicator(&one.indicator);
                th scope="row" { @match name { Some(i) => (i.name().get(frame.visitor.language)), None => (one.indicator) } }
                td { @if let Some(item) = &one.item { (item) } }
                td.figure { (Stated { value: one.value, status: one.status }.text()) }
            } } }
        }
    };
    html! {
        dl {
            dt { (frame.pick("版次", "Revision")) } dd { (snapshot.revision) }
            dt { (frame.pick("来源", "Known from")) }
            dd { @match seen.origin {
                Origin::City => (frame.pick("市局现行数据", "the city's current records")),
                Origin::Spool | Origin::File => (frame.pick("本机报送，待市局确认", "what was handed in here, to be confirmed by the city")),
            } }
            @if !snapshot.sign_offs.is_empty() {
                dt { (frame.pick("签名", "Signed off by")) } dd { @for (index, one) in snapshot.sign_offs.iter().enumerate() { @if index > 0 { ", " } (one.name) } }
            }
        }
        (scrolling(frame.pick("数值", "Figures"), &table))
        @if !snapshot.explanations.is_empty() {
            h2 { (frame.pick("说明", "Explanations")) }
            ul { @for one in snapshot.explanations.iter().take(SLOTS_MAX) { li { code { (one.edit) } " " @if let Some(item) = &one.item { "[" (item) "] " } (one.text) } } }
        }
    }
}

fn withdrawing(frame: &Frame<'_>, slot: &SlotKey) -> Markup {
    html! {
        details.withdraw {
            summary { (frame.pick("撤回这一期", "Withdraw this period")) }
            form method="post" action={ (path(slot)) "/withdraw" } {
                (frame.secret())
                p id="withdraw-help" { (frame.pick(
                    "撤回是一次新的修订：全部数值改为“缺报”（状态 O），原来的数值仍留在日志里，什么也不删除。核实后把正确的数值再报一次即可。",
                    "Withdrawing is a new revision: every figure is stated to be missing (status O). What was said before stays in the journal; nothing is deleted. Hand in the right figures when you have them.")) }
                label for="reason" { (frame.pick("原因（必填）", "The reason (required)")) }
                textarea id="reason" name="reason" rows="2" maxlength="2000" required aria-describedby="withdraw-help" {}
                (names(frame, &|_| String::new()))
                label.check { input type="checkbox" name="sure" value="yes" required; " " (frame.pick("我确认撤回", "I do withdraw it")) }
                div.row { button type="submit" { (frame.pick("签名并撤回", "Sign and withdraw")) } }
            }
        }
    }
}
