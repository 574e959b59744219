//! Random verification for programs: everything that the seed and the draw are made of.

use std::collections::BTreeMap;

use granary_core::{
    ledger::{
        LogIndex,
        sampling::{Announcement, Element, Public, Seal, Visit},
    },
    sample::{Estimates, Frame, Money, Rate, Selected},
};
use serde_json::{Value, json};

use super::{given, texts};
use crate::sample::{Drawing, Estimated};

/// What is announced; `entry` is its log index, where it was submitted.
#[must_use]
pub fn announced(
    announcement: &Announcement,
    frame: &Frame,
    sizes: &BTreeMap<String, usize>,
    entry: Option<u64>,
) -> Value {
    json!({
        "entry": entry,
        "announcement": announcement_value(announcement),
        "without_size": frame.without_size,
        "sizes": sizes,
    })
}

/// A draw; `entry` is the log index of the act that states it, where it was submitted now.
#[must_use]
pub fn drawn(drawing: &Drawing, entry: Option<u64>) -> Value {
    let draws = (1_u32..).zip(&drawing.selected);
    let stated = drawing.stated;
    json!({
        "sample": drawing.index.0,
        "announcement": announcement_value(&drawing.announcement),
        "leaf_hash": drawing.sealed.leaf.to_string(),
        "tree_size": drawing.sealed.size,
        "root_hash": drawing.sealed.root.to_string(),
        "public": drawing.public,
        "seed": drawing.seed.to_string(),
        "without_size": drawing.frame.without_size,
        "drawn": draws.map(|(at, one)| selected(drawing, at, one)).collect::<Vec<_>>(),
        "stated_by": stated.map(|(at, _)| at.0),
        "stated_is_this": stated.map(|(_, same)| same),
        "entry": entry,
    })
}

/// What visits found, and the estimates.
#[must_use]
pub fn estimated(estimated: &Estimated) -> Value {
    let Estimates {
        strata,
        all,
        money: sums,
        warnings,
    } = &estimated.estimates;
    let visits = (1_u32..).zip(&estimated.visits);
    json!({
        "draw": drawn(&estimated.drawing, None),
        "confidence_percent": estimated.level_percent,
        "visits": visits.filter_map(|(at, one)| visit(at, one.as_ref())).collect::<Vec<_>>(),
        "corrected": estimated.corrected,
        "all": rate(all),
        "strata": strata.iter().map(rate).collect::<Vec<_>>(),
        "figures": sums.as_ref().map(money),
        "warnings": texts(warnings),
    })
}

fn announcement_value(announcement: &Announcement) -> Value {
    let Announcement {
        scope,
        seal,
        public,
        ..
    } = announcement;
    let (seal_size, seal_after_ms) = match seal {
        Seal::Size(size) => (Some(size), None),
        Seal::After(at_ms) => (None, Some(at_ms)),
    };
    let (agreed, awaited) = match public {
        Public::Agreed(text) => (Some(text), None),
        Public::Awaited(text) => (None, Some(text)),
    };
    let sizes = announcement.allocations.iter();
    let sizes: BTreeMap<&String, u32> = sizes.map(|a| (&a.stratum, a.size)).collect();
    json!({
        "title": announcement.title,
        "kind": scope.kind.word(),
        "datasets": words(&scope.datasets),
        "periods": words(&scope.periods),
        "indicators": words(&scope.indicators),
        "figure": scope.measure.as_ref().map(ToString::to_string),
        "strata": scope.strata.word(),
        "method": announcement.method.word(),
        "size": announcement.size,
        "allocations": sizes,
        "seal_size": seal_size,
        "seal_after_ms": seal_after_ms,
        "public_agreed": agreed,
        "public_awaited": awaited,
        "frame_entries": announcement.frame.entries,
        "frame_elements": announcement.frame.elements,
        "frame_sha256": announcement.frame.sha256.to_string(),
    })
}

fn selected(drawing: &Drawing, at: u32, one: &Selected) -> Value {
    let line = drawing.line(one);
    json!({
        "number": at,
        "line": one.line + 1,
        "element": line.map(|line| element(&line.element)),
        "stratum": line.and_then(|line| given(&line.stratum)),
        "figure": line.and_then(|line| line.value).map(|value| value.to_string()),
        "probability": one.chance.to_string(),
    })
}

fn element(element: &Element) -> Value {
    json!({
        "unit": element.slot.unit.to_string(),
        "dataset": element.slot.dataset.to_string(),
        "period": element.slot.period.to_string(),
        "indicator": element.indicator.as_ref().map(ToString::to_string),
        "item": element.item.as_ref().map(ToString::to_string),
    })
}

fn visit(at: u32, found: Option<&(LogIndex, Visit)>) -> Option<Value> {
    let (index, visit) = found?;
    Some(json!({
        "number": at,
        "entry": index.0,
        "result": visit.result.word(),
        "verified": visit.verified.map(|value| value.to_string()),
        "note": given(&visit.note),
        "visitor": visit.visitor,
        "visited_at_ms": visit.visited_at_ms,
    }))
}

fn rate(rate: &Rate) -> Value {
    json!({
        "stratum": given(&rate.stratum),
        "elements": rate.elements,
        "drawn": rate.drawn,
        "visited": rate.visited,
        "wrong": rate.wrong,
        "no_evidence": rate.no_evidence,
        "share": rate.share,
        "interval": rate.interval,
    })
}

fn money(money: &Money) -> Value {
    json!({
        "reported": money.reported.to_string(),
        "error": money.error,
        "standard_error": money.standard_error,
        "interval": money.interval,
        "stringer_upper": money.stringer.as_ref().map(|bound| bound.upper.clone()),
    })
}

fn words<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
