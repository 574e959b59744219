//! *Units*: the tree as it stands today, with the keys that are in force, how the agents are, and where tokens are issued.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{code::UnitCode, envelope::KeyRole};
use granary_proto::v1;
use jiff::civil::Date;
use maud::{Markup, html};

use super::agents;
use crate::{
    people::Right,
    serve::console::{
        Console,
        routes::{Room, asked, page},
        view::{
            Frame, Tab, Visitor, encoded,
            table::{Cell, Table},
        },
    },
};

/// Units that are listed.
const UNITS_MAX: usize = 5_000;
/// Steps by which a unit is drawn in under the one above it.
const DEPTH_MAX: usize = 6;

/// `GET /units`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let frame = room.frame(Tab::Units);
        let tree = tree(room, frame.day(room.visitor.now_ms));
        let table = table(room, &frame, &tree, agents::listed(room)?.agents);
        if let Some(file) = table.csv(asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let title = frame.pick("单位", "Units");
        let body = html! {
            h1 { (title) " " span.quiet { (frame.day(frame.visitor.now_ms)) } }
            p.row { a href="/agents" { (frame.pick("采集端", "Agents")) } a href="/catalogue" { (frame.pick("报表制度", "Catalogue")) }
                @if room.may(Right::Act) { span.quiet { (frame.pick("发登记码、吊销密钥：点开单位。", "To issue a token or revoke a key open the unit.")) } } }
            (table.show(&frame))
            @if tree.len() > UNITS_MAX { p.quiet { (frame.pick("单位过多，只列出前 ", "there are more units than are listed: the first ")) (UNITS_MAX) } }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// The units that the person sees and that are in force on a day, each below the one above it, with its depth.
fn tree(room: &Room<'_>, day: Date) -> Vec<(UnitCode, usize)> {
    let is_seen = |unit: &UnitCode| room.scope.holds(unit.as_str());
    let mut below: BTreeMap<Option<&UnitCode>, Vec<&UnitCode>> = BTreeMap::new();
    for unit in room.catalogue.units() {
        if unit.in_force_on(day) && is_seen(unit.code()) {
            let above = room.catalogue.parent_on(unit.code(), day);
            let stands = |above: &&UnitCode| {
                let unit = room.catalogue.unit(above);
                is_seen(above) && unit.is_some_and(|unit| unit.in_force_on(day))
            };
            below
                .entry(above.filter(stands))
                .or_default()
                .push(unit.code());
        }
    }
    let top = below.remove(&None).unwrap_or_default();
    let mut waiting: Vec<(&UnitCode, usize)> =
        top.into_iter().rev().map(|unit| (unit, 0)).collect();
    let mut tree = Vec::new();
    // Each unit stands below one other at most, so each is taken once.
    while let Some((unit, depth)) = waiting.pop() {
        tree.push((unit.clone(), depth));
        let children = below.remove(&Some(unit)).unwrap_or_default();
        waiting.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
    }
    tree
}

fn table(
    room: &Room<'_>,
    frame: &Frame<'_>,
    tree: &[(UnitCode, usize)],
    listed: Vec<v1::Agent>,
) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("单位", "Unit"),
        pick("代码", "Code"),
        pick("有效密钥", "Keys in force"),
        pick("采集端", "Agents"),
        pick("最近收到", "Last received"),
    ];
    let registry = room.console.city.handle.registry();
    let mut keys: BTreeMap<&UnitCode, BTreeMap<KeyRole, u64>> = BTreeMap::new();
    for (_, key) in registry
        .keys()
        .filter(|(_, key)| key.row.revoked_index.is_none())
    {
        *keys
            .entry(&key.unit)
            .or_default()
            .entry(key.role)
            .or_default() += 1;
    }
    let mut agents: BTreeMap<String, Vec<v1::Agent>> = BTreeMap::new();
    for agent in listed {
        agents.entry(agent.unit.clone()).or_default().push(agent);
    }
    let board = room.console.city.board();
    let mut table = Table::new("units", pick("单位", "Units"), &columns);
    for (unit, depth) in tree.iter().take(UNITS_MAX) {
        let held: Vec<String> = keys
            .get(unit)
            .into_iter()
            .flatten()
            .map(|(role, count)| format!("{} {count}", frame.visitor.say(&role.name())))
            .collect();
        let own = agents.get(unit.as_str()).map_or(&[][..], Vec::as_slice);
        let seen = board
            .as_ref()
            .and_then(|board| board.last_seen_ms(unit, room.visitor.now_ms));
        table.push(vec![
            named(room, frame, unit, *depth),
            Cell::text(unit.to_string()).shown(html! { code { (unit) } }),
            Cell::text(held.join("，")),
            Cell::text(own.len().to_string())
                .shown(html! { @for agent in own { (agents::badges(frame, agent)) " " } }),
            Cell::text(seen.map(|at_ms| frame.time(at_ms)).unwrap_or_default())
                .by(seen.unwrap_or(0)),
        ]);
    }
    table
}

fn named(room: &Room<'_>, frame: &Frame<'_>, unit: &UnitCode, depth: usize) -> Cell {
    let name = super::unit_name(frame, &room.catalogue, unit.as_str());
    let path = format!("/unit/{}", encoded(unit.as_str()));
    let drawn: Markup =
        html! { span class={ "depth-" (depth.min(DEPTH_MAX)) } { a href=(path) { (name) } } };
    Cell::text(name).shown(drawn)
}
