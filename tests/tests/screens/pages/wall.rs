//! The wall.

use std::cmp::Reverse;

use serde_json::Value;

use super::{
    Look,
    day::{Counts, Day, Sheet, curves, due_ms},
};
use crate::{
    audit::Audit,
    catalogue::UNITS,
    told::Told,
    words::{arrived, bar, countdown, short, span, text},
};

/// Compares all of its scenes, which stand below each other in the page.
pub(super) fn look(look: &mut Look<'_>, day: &Day) {
    let (audit, now_ms) = (look.audit, look.audit.now_ms);
    let mut told = Told::default();
    let (counts, due_ms) = day.counts(now_ms);
    let heading = format!("Due {} {}", short(due_ms), countdown(due_ms, now_ms));
    told.block(&heading, "h1", &heading);
    let (here, owed) = arrived(&counts);
    // Whole per cent, so that it reads from afar: never more than there is.
    told.block(
        &heading,
        "p",
        format!("{here} / {owed} {} %", here * 100 / owed),
    );
    told.block(&heading, "drawing", bar(&counts));
    for (name, count) in [
        ("late now", day.late.len()),
        ("likely late", day.risks.len()),
        ("returned", day.returned.len()),
        ("unexplained", day.open.len()),
    ] {
        told.block(&heading, "number", format!("{count} {name}"));
    }
    let open = |sheet: &&Sheet| sheet.due_ms > now_ms || sheet.counts["missing"].as_u64() > Some(0);
    for sheet in day.sheets.iter().filter(open).take(7) {
        let (arrived, owed) = arrived(&sheet.counts);
        let (name, left) = (
            audit.dataset(&sheet.dataset),
            countdown(sheet.due_ms, now_ms),
        );
        let line = format!(
            "{name} {} {arrived} / {owed} {} {left}",
            sheet.period,
            bar(&sheet.counts)
        );
        told.block("Deadlines", "li", line);
    }
    let first = day.drawn(now_ms)[0].0;
    let heading = format!("How reports come in · {}", audit.dataset(&first.dataset));
    curves(&mut told, audit, day, &heading, "h2");
    areas(&mut told, audit, day);
    to_ring(&mut told, audit, day);
    look.page("/wall", &told, &[]);
}

/// The counties and the zone, least of which has come first.
fn areas(told: &mut Told, audit: &Audit, day: &Day) {
    let mut areas = Vec::new();
    for unit in UNITS.into_iter().skip(1) {
        let mut counts = Counts::default();
        for sheet in day.today(audit.now_ms) {
            let question = [
                "completeness",
                "--dataset",
                &sheet.dataset,
                "--period",
                &sheet.period,
                "--under",
                unit,
            ];
            counts.add(&audit.ask(&question)["total"]);
        }
        let counts = Value::from(counts);
        let (arrived, owed) = arrived(&counts);
        areas.push((
            counts["missing"].as_u64().unwrap() + counts["pending"].as_u64().unwrap(),
            format!("{} {arrived} / {owed} {}", audit.unit(unit), bar(&counts)),
        ));
    }
    areas.sort_by_key(|(open, _)| Reverse(*open));
    for (_, line) in areas {
        told.block("Progress by area", "li", line);
    }
}

fn to_ring(told: &mut Told, audit: &Audit, day: &Day) {
    let name = |slot: &Value| {
        format!(
            "{} {}",
            audit.unit(&text(&slot["unit"])),
            text(&slot["period"])
        )
    };
    for slot in day.late.iter().take(10) {
        told.block(
            "Late",
            "li",
            format!("{} {}", name(slot), span(audit.now_ms - due_ms(slot))),
        );
    }
    for risk in day.risks.iter().take(10) {
        let (unit, period) = (text(&risk["unit"]["name"]["en"]), text(&risk["period"]));
        let line = format!("{unit} {period} {} %", text(&risk["chance_percent"]));
        told.block("Likely to be late", "li", line);
    }
    for slot in day.returned.iter().take(10) {
        told.block(
            "Returned",
            "li",
            format!("{} {} ×", name(slot), slot["returned_count"]),
        );
    }
    for (heading, count) in [
        ("Late", day.late.len()),
        ("Likely to be late", day.risks.len()),
        ("Returned", day.returned.len()),
    ] {
        if count > 10 {
            told.block(heading, "p", format!("+ {}", count - 10));
        }
    }
}
