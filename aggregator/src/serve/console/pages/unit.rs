//! One unit: how well it reports, by dataset and over time; its slots that are open, its agents, and whom to ring.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{access::Access, code::UnitCode, ledger::EnrolledKey};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    agents,
    contacts::contacts,
    dataset_name,
    record::{self, Tallies},
};
use crate::{
    people::Right,
    serve::{
        console::{
            Console, acts,
            problem::Problem,
            routes::{Room, asked, page},
            view::{
                Frame, Tab, Visitor, encoded, slot_path, state,
                table::{Cell, Table},
            },
        },
        fleet, measures, slots,
    },
};

/// Open slots that the page lists; the file has all.
const LINES_MAX: usize = 100;
/// Keys that are listed.
const KEYS_MAX: usize = 20;

/// `GET /unit/{unit}`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    // Its revisions are figures, for whoever may read them.
    let reads = visitor
        .person
        .as_ref()
        .is_some_and(|person| person.may(Right::Figures));
    let read = reads.then(|| (Access::Series, format!("{unit} revisions")));
    page(console, visitor, (Right::Look, read), move |room| {
        let unit = room.scope.unit(&unit)?;
        let known = room.catalogue.unit(&unit).ok_or(Problem::NotFound)?;
        let frame = room.frame(Tab::Units);
        let name = frame.visitor.say(known.name()).to_owned();
        let tallies = Tallies { unit: &unit, by_dataset: tallied(room, &unit, v1::GroupBy::Dataset)?, by_period: tallied(room, &unit, v1::GroupBy::Period)? };
        let open = open(room, &unit)?;
        let wanted = asked(query.as_deref(), "csv");
        let most = if wanted.is_some() { usize::MAX } else { LINES_MAX };
        let revised = record::revised(room, &unit)?;
        let cards = record::cards(room, &frame, &unit)?;
        let tables = [
            record::timeliness(room, &frame, &tallies),
            record::quality(room, &frame, &tallies),
            slots_table(room, &frame, &open[..open.len().min(most)]),
            record::revisions(&frame, &unit, &revised[..revised.len().min(most)]),
        ];
        if let Some(file) = { tables.iter().chain([&cards]) }.find_map(|table| table.csv(wanted.as_deref())) {
            return file;
        }
        let [timeliness, quality, slots, revisions] = &tables;
        let more = |count: usize| html! { @if count > LINES_MAX { p.quiet { (frame.pick("其余在 CSV 中：", "the rest is in the CSV: ")) (count - LINES_MAX) } } };
        let none = html! { p.quiet { (frame.pick("没有", "none")) } };
        let body = html! {
            h1 { (name) " " span.quiet { (unit) } }
            (record::head(room, &frame, &tallies))
            section { h2 { (frame.pick("计分卡", "Scorecards")) } @if cards.is_empty() { (none) } @else { (cards.show(&frame)) } }
            section { h2 { (frame.pick("按时率走势", "On-time rate over time")) } (record::trend(&frame, &tallies)) }
            section { h2 { (frame.pick("各报表：及时", "By dataset: timeliness")) } div.narrow { (timeliness.show(&frame)) } }
            section { h2 { (frame.pick("各报表：质量", "By dataset: quality")) } div.narrow { (quality.show(&frame)) } }
            section { h2 { (frame.pick("全部应报中待办的", "Open slots")) } @if slots.is_empty() { (none) } @else { (slots.show(&frame)) } (more(open.len())) }
            @if room.may(Right::Figures) { section { h2 { (frame.pick("最近的修订", "Newest revisions")) } @if revisions.is_empty() { (none) } @else { div.narrow { (revisions.show(&frame)) } } (more(revised.len())) } }
            div.columns {
                section { h2 { (frame.pick("联系人", "Contacts")) } (people(room, &frame, &unit)) }
                section { h2 { (frame.pick("密钥", "Keys")) } (keys(room, &frame, &unit)?) }
            }
            p.row {
                @if room.may(Right::Figures) { a href={ "/findings?status=0&under=" (encoded(unit.as_str())) } { (frame.pick("全部问题", "All findings")) } }
                a href={ "/completeness?under=" (encoded(unit.as_str())) } { (frame.pick("完整性", "Completeness")) }
            }
        };
        Ok(frame.page(&name, &body).into_response())
    })
    .await
}

/// The unit's slots, of the reports that the person sees.
fn filter(room: &Room<'_>, unit: &UnitCode) -> Result<Option<v1::SlotFilter>, Problem> {
    let whole = room
        .scope
        .filter(&room.catalogue, None, Vec::new(), Vec::new())?;
    let units = vec![unit.to_string()];
    Ok(Some(v1::SlotFilter { units, ..whole }))
}

fn tallied(
    room: &Room<'_>,
    unit: &UnitCode,
    by: v1::GroupBy,
) -> Result<v1::ListMeasuresResponse, Problem> {
    let request = v1::ListMeasuresRequest {
        filter: filter(room, unit)?,
        group_by: by.into(),
        page_size: slots::PAGE_MAX,
        ..Default::default()
    };
    Ok(measures::list(&room.console.city, request)?)
}

fn open(room: &Room<'_>, unit: &UnitCode) -> Result<Vec<v1::Slot>, Problem> {
    let request = v1::ListSlotsRequest {
        filter: filter(room, unit)?,
        states: vec![v1::SlotState::Missing.into(), v1::SlotState::Pending.into()],
        page_size: slots::PAGE_MAX,
        ..Default::default()
    };
    let mut open = slots::list(&room.console.city, request)?.slots;
    open.sort_by_key(|slot| std::cmp::Reverse(slot.due_at_ms));
    Ok(open)
}

fn slots_table(room: &Room<'_>, frame: &Frame<'_>, open: &[v1::Slot]) -> Table {
    let columns = [
        frame.pick("报表", "Dataset"),
        frame.pick("报告期", "Period"),
        frame.pick("状态", "State"),
        frame.pick("截止", "Due"),
        frame.pick("#退回次数", "#Times returned"),
    ];
    let mut table = Table::new("open", frame.pick("待办", "Open slots"), &columns);
    for slot in open {
        table.push(vec![
            Cell::link(
                &slot_path(&slot.unit, &slot.dataset, &slot.period),
                dataset_name(frame, &room.catalogue, &slot.dataset),
            ),
            Cell::text(slot.period.clone()),
            Cell::text(
                slot.state()
                    .as_str_name()
                    .trim_start_matches("SLOT_STATE_")
                    .to_lowercase(),
            )
            .shown(state(frame, slot.state())),
            Cell::time(frame, slot.due_at_ms),
            Cell::count(slot.returned_count.into()),
        ]);
    }
    table
}

fn people(room: &Room<'_>, frame: &Frame<'_>, unit: &UnitCode) -> Markup {
    let contacts = contacts(room, unit.as_str());
    html! {
        ul.plain { @for contact in &contacts { li { (contact.show()) } } }
        @if contacts.is_empty() { p.quiet { (frame.pick("通知文件 notices.toml 中没有这个单位的联系人", "the notices file, notices.toml, names no contact of this unit")) } }
    }
}

fn keys(room: &Room<'_>, frame: &Frame<'_>, unit: &UnitCode) -> Result<Markup, Problem> {
    let registry = room.console.city.handle.registry();
    let mut keys: Vec<_> = registry
        .keys()
        .filter(|(_, key)| key.unit == *unit)
        .collect();
    keys.sort_by_key(|(_, key)| std::cmp::Reverse(key.row.enrolled_index));
    let seen = room
        .console
        .city
        .handle
        .board(|board| board.last_seen_ms(unit, room.visitor.now_ms))
        .flatten();
    let request = v1::ListAgentsRequest {
        units: vec![unit.to_string()],
        ..Default::default()
    };
    let agents = fleet::list(&room.console.city, request)?.agents;
    let is_in_force = |key: &EnrolledKey| key.row.revoked_index.is_none();
    Ok(html! {
        p.quiet { (frame.pick("最近收到：", "Last received: ")) @match seen { Some(at_ms) => (frame.instant(at_ms)), None => (frame.pick("从未", "never")) } }
        ul.plain { @for (id, key) in keys.iter().take(KEYS_MAX) { li {
            code { (id.short()) } " " (frame.visitor.say(&key.role.name())) " " (key.row.label) " "
            @if is_in_force(key) { span.badge.good { (frame.pick("有效", "in force")) } } @else { span.badge.bad { (frame.pick("已吊销", "revoked")) } }
            @for agent in agents.iter().filter(|agent| agent.key_id == id.as_bytes()) { " " (agents::badges(frame, agent)) }
        } } }
        @if keys.is_empty() { p.quiet { (frame.pick("还没有登记密钥", "no key is enrolled yet")) } }
        @if room.may(Right::Act) {
            (acts::issue_form(frame, unit))
            @for (id, key) in keys.iter().filter(|(_, key)| is_in_force(key)).take(KEYS_MAX) { (acts::revoke_form(frame, id, key)) }
        }
    })
}
