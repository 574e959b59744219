//! What may be announced, drawn and recorded, and the rows that keep it.
//!
//! Admission asks [`permit`]; what depends on the act's own place in the log is asked by [`early`], before an act is sequenced and
//! again by the fold, which has the last word.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use prost::Message as _;

use super::{
    Announcement, Draw, Kind, Method, Public, Sample, Seal, Step, Strata, Visit, VisitResult,
};
use crate::ledger::{
    Act, Change, Deed, FoldError, JournalEntry, LogIndex, Refusal, RefusalCode, Registry, View,
    keys::{self, Table},
    rows::{SampleRow, VisitRow},
};

type Permitted = Result<(), Refusal>;

/// Whether a step may be taken, by the registry alone.
pub(in crate::ledger) fn permit(registry: &Registry, step: &Step, now_ms: i64) -> Permitted {
    match step {
        Step::Announce(announcement) => announced(registry, announcement, now_ms),
        Step::Draw(draw) => drawn(sample(registry, draw.sample)?, draw, now_ms),
        Step::Visit(visit) => visited(sample(registry, visit.sample)?, visit, now_ms),
    }
}

/// Why a step comes at the wrong time, where `index` is its place in the log: an announcement must stand, with one entry more, in
/// the tree that seals its draw, and a draw behind that tree.
#[must_use]
pub fn early(registry: &Registry, step: &Step, index: LogIndex) -> Option<Refusal> {
    let refusal = match step {
        Step::Announce(announcement) => {
            if announcement.frame.entries > index.0 {
                (
                    "抽样框取自尚不存在的日志",
                    "the frame is of a log that is not there yet",
                )
            } else if matches!(announcement.seal, Seal::Size(size) if size < index.0 + 2) {
                (
                    "公告晚于封存点：封存的日志须包含公告及其后至少一条",
                    "it is announced too late: the tree that seals the draw must hold the announcement and an entry more",
                )
            } else {
                return None;
            }
        }
        Step::Draw(draw) => {
            let sample = registry.sample(draw.sample);
            if draw.tree_size > index.0 {
                ("封存点尚未到达", "the log has not reached the seal")
            } else if sample.is_some() && draw.tree_size < draw.sample.0 + 2 {
                (
                    "封存的日志不包含公告及其后一条",
                    "the sealed tree does not hold the announcement and an entry more",
                )
            } else {
                return None;
            }
        }
        Step::Visit(_) => return None,
    };
    Some(refuse(refusal.0, refusal.1))
}

/// The rows of a step.
pub(in crate::ledger) fn fold(step: &Step, index: LogIndex, entry: &JournalEntry) -> Change {
    let (key, value) = match step {
        Step::Announce(_) => {
            let row = SampleRow { drawn_index: None };
            (keys::sample(index), row.encode_to_vec())
        }
        Step::Draw(draw) => {
            let row = SampleRow {
                drawn_index: Some(index.0),
            };
            (keys::sample(draw.sample), row.encode_to_vec())
        }
        Step::Visit(visit) => {
            let row = VisitRow {
                received_at_ms: entry.received_at_ms,
            };
            (keys::visit(visit.sample, index), row.encode_to_vec())
        }
    };
    Change {
        key,
        value: Some(value),
    }
}

/// Every sample, read back from rows and payloads; those that are known already are taken over.
pub(in crate::ledger) fn load(
    view: &dyn View,
    known: &BTreeMap<LogIndex, Arc<Sample>>,
) -> Result<BTreeMap<LogIndex, Arc<Sample>>, FoldError> {
    let mut rows = Vec::new();
    view.scan(&keys::table(Table::Sample), &mut |key, value| {
        rows.push((keys::parse_index(key), SampleRow::decode_row(value)));
        ControlFlow::Continue(())
    })?;
    let mut samples = BTreeMap::new();
    for (index, row) in rows {
        let index = index.ok_or_else(|| FoldError::Row("a sample's key".into()))?;
        let drawn_index = row?.drawn_index.map(LogIndex);
        let same = known.get(&index).filter(|sample| {
            sample.draw.as_ref().map(|(drawn_index, _)| *drawn_index) == drawn_index
        });
        let sample = match same {
            Some(same) => Arc::clone(same),
            None => Arc::new(read(view, index, drawn_index)?),
        };
        samples.insert(index, sample);
    }
    Ok(samples)
}

/// Every visit of a sample with its index and receive time, in the order of the log: the last one of an element counts.
///
/// # Errors
/// [`FoldError`] where rows are damaged or a payload is gone.
pub fn visits(view: &dyn View, sample: LogIndex) -> Result<Vec<(LogIndex, i64, Visit)>, FoldError> {
    let mut rows = Vec::new();
    view.scan(&keys::visits(sample), &mut |key, value| {
        rows.push((keys::parse_index(key), VisitRow::decode_row(value)));
        ControlFlow::Continue(())
    })?;
    let mut visits = Vec::new();
    for (index, row) in rows {
        let index = index.ok_or_else(|| FoldError::Row("a visit's key".into()))?;
        let Step::Visit(visit) = step(view, index)? else {
            return Err(FoldError::Payload(index, "it records no visit".into()));
        };
        visits.push((index, row?.received_at_ms, visit));
    }
    Ok(visits)
}

fn read(
    view: &dyn View,
    index: LogIndex,
    drawn_index: Option<LogIndex>,
) -> Result<Sample, FoldError> {
    let Step::Announce(announcement) = step(view, index)? else {
        return Err(FoldError::Payload(index, "it announces no sample".into()));
    };
    let draw = match drawn_index {
        None => None,
        Some(drawn_index) => match step(view, drawn_index)? {
            Step::Draw(draw) => Some((drawn_index, draw)),
            Step::Announce(_) | Step::Visit(_) => {
                return Err(FoldError::Payload(drawn_index, "it states no draw".into()));
            }
        },
    };
    Ok(Sample { announcement, draw })
}

fn step(view: &dyn View, index: LogIndex) -> Result<Step, FoldError> {
    let payload = view.payload(index)?.ok_or(FoldError::PayloadGone(index))?;
    let act = Act::decode(&payload).map_err(|e| FoldError::Payload(index, e.to_string()))?;
    let Deed::Sample(step) = act.deed else {
        let why = "it is no step of a random verification";
        return Err(FoldError::Payload(index, why.into()));
    };
    Ok(step)
}

fn sample(registry: &Registry, index: LogIndex) -> Result<&Sample, Refusal> {
    registry.sample(index).ok_or_else(|| {
        refuse(
            format!("日志第 {index} 条没有公告抽样"),
            format!("entry {index} announces no sample"),
        )
    })
}

fn announced(registry: &Registry, announcement: &Announcement, now_ms: i64) -> Permitted {
    let Some(catalogue) = registry.catalogue() else {
        return Err(refuse(
            "尚未发布目录",
            "no catalogue has been published yet",
        ));
    };
    let scope = &announcement.scope;
    let missing = scope.datasets.iter();
    if let Some(code) = missing.into_iter().find(|d| catalogue.dataset(d).is_none()) {
        return Err(refuse(
            format!("没有报表 {code}"),
            format!("there is no dataset {code}"),
        ));
    }
    if let Some((zh, en)) = misfit(announcement) {
        return Err(refuse(zh, en));
    }
    match announcement.seal {
        Seal::After(at_ms) if at_ms <= now_ms => Err(refuse(
            "封存时点已过：公告须早于封存",
            "the instant of the seal has passed: a sample is announced before it",
        )),
        Seal::After(_) | Seal::Size(_) => Ok(()),
    }
}

/// What in a design does not fit the rest of it.
fn misfit(announcement: &Announcement) -> Option<(&'static str, &'static str)> {
    let Announcement {
        scope,
        method,
        size,
        allocations,
        frame,
        ..
    } = announcement;
    let set: u64 = allocations.iter().map(|a| u64::from(a.size)).sum();
    let twice = allocations
        .iter()
        .enumerate()
        .any(|(at, a)| allocations.iter().take(at).any(|b| a.stratum == b.stratum));
    let by_size = matches!(method, Method::BySize);
    let strata = !matches!(scope.strata, Strata::None);
    let slots = matches!(scope.kind, Kind::Slots);
    if *size > frame.elements {
        Some(("样本多于抽样框", "the sample is larger than the frame"))
    } else if !allocations.is_empty() && (set != u64::from(*size) || twice || !strata) {
        Some((
            "各层样本量之和不等于总样本量，或有重复、无分层",
            "the strata's sizes do not sum to the size, name a stratum twice, or there are no strata",
        ))
    } else if by_size && strata {
        Some(("按规模不等概率抽样不分层", "a sample by size has no strata"))
    } else if by_size && slots && scope.measure.is_none() {
        Some((
            "按规模抽取应报须给出指标",
            "slots are drawn by the size of an indicator, which is missing",
        ))
    } else if !slots && scope.measure.is_some() {
        Some((
            "抽取数值时规模即数值本身，不另给指标",
            "an observation's size is its own figure: name no indicator for it",
        ))
    } else if slots && matches!(scope.strata, Strata::Department) {
        Some((
            "应报不按部门分层：一份报表可有多个部门的指标",
            "slots have no department: a dataset holds indicators of several",
        ))
    } else {
        None
    }
}

fn drawn(sample: &Sample, draw: &Draw, now_ms: i64) -> Permitted {
    let announcement = &sample.announcement;
    let sealed = match announcement.seal {
        Seal::Size(size) => size == draw.tree_size,
        Seal::After(at_ms) => at_ms <= now_ms,
    };
    let agreed = match &announcement.public {
        Public::Agreed(text) => *text == draw.public,
        Public::Awaited(_) => true,
    };
    let mut elements: Vec<_> = draw.elements.iter().collect();
    elements.sort();
    elements.dedup();
    let (zh, en) = if sample.draw.is_some() {
        (
            "该样本已抽取，不得重抽",
            "this sample has been drawn: there is no second draw",
        )
    } else if !sealed {
        (
            "不是公告的封存点，或封存时点未到",
            "it is not the announced seal, or its instant has not come",
        )
    } else if !agreed {
        (
            "公开字符串与公告不符",
            "the public string is not the one agreed on",
        )
    } else if elements.len() != draw.elements.len()
        || u32::try_from(elements.len()) != Ok(announcement.size)
    {
        (
            "样本数与公告不符或有重复",
            "the elements are not as many as announced, or one occurs twice",
        )
    } else {
        return Ok(());
    };
    Err(refuse(zh, en))
}

fn visited(sample: &Sample, visit: &Visit, now_ms: i64) -> Permitted {
    let Some((_, draw)) = &sample.draw else {
        return Err(refuse("该样本尚未抽取", "this sample has not been drawn"));
    };
    if !draw.elements.contains(&visit.element) {
        let slot = &visit.element.slot;
        return Err(refuse(
            format!("{slot} 的这一项未被抽中"),
            format!("this element of {slot} was not drawn"),
        ));
    }
    let fits = match visit.result {
        VisitResult::Confirmed | VisitResult::NoEvidence => visit.verified.is_none(),
        VisitResult::Wrong => visit.verified.is_some() || visit.element.indicator.is_none(),
    };
    if !fits {
        return Err(refuse(
            "有误的数值须写明核实数，其余不写",
            "a wrong figure needs the one that the evidence shows; nothing else has one",
        ));
    }
    if visit.visited_at_ms > now_ms {
        return Err(refuse("核查时间在未来", "the visit lies in the future"));
    }
    Ok(())
}

fn refuse(zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Act, zh, en)
}
